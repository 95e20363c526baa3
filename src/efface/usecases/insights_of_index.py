"""From the whole index of a video to the insights that readers are told."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from efface.domain.time import TimeRange
from efface.index.insights import FaceInsight, face_insights
from efface.index.model import FaceIndex
from efface.pipeline.key_frames import KeyFrame as IndexKeyFrame
from efface.usecases.insights import (
    Appearance,
    Face,
    FaceThumbnail,
    KeyFrame,
    Picture,
    ShotInsight,
    VideoInsights,
)
from efface.usecases.work_pictures import key_frame_id

_TICK_S = 7
"""Decimals that are kept of seconds: clients are told tenths of microseconds."""


def summarise(
    index: FaceIndex,
    key_frames: Sequence[IndexKeyFrame],
    face_pictures: tuple[Picture, ...],
    key_frame_pictures: tuple[Picture, ...],
) -> VideoInsights:
    """What readers are told of an index."""
    return VideoInsights(
        duration_s=_seconds(index.timeline.duration),
        width=index.size.width,
        height=index.size.height,
        num_frames=index.timeline.num_frames,
        frame_rate=float(index.frame_rate) if index.frame_rate else None,
        engine=index.engine,
        faces=tuple(
            _face(face, {picture.picture_id for picture in face_pictures}) for face in face_insights(index)
        ),
        shots=tuple(_shots(index, key_frames)),
        face_pictures=face_pictures,
        key_frame_pictures=key_frame_pictures,
        notices=index.notices,
    )


def _face(face: FaceInsight, pictured: set[str]) -> Face:
    thumbnails = tuple(
        FaceThumbnail(str(picture.thumbnail_id), _seconds(picture.shown.start), _seconds(picture.shown.end))
        for picture in face.thumbnails
        if str(picture.thumbnail_id) in pictured
    )
    best = str(face.thumbnail_id)
    if best not in pictured and thumbnails:
        best = thumbnails[0].picture_id
    return Face(
        face_id=face.face_id,
        name=face.name,
        is_named=face.is_named,
        confidence=round(face.confidence, 4),
        seen_s=_seconds(face.seen_duration),
        seen_ratio=round(float(face.seen_ratio), 4),
        is_prominent=face.is_prominent,
        picture_id=best,
        thumbnails=thumbnails,
        appearances=tuple(
            Appearance(
                _seconds(stay.shown.start),
                _seconds(stay.shown.end),
                tuple(str(guid) for guid in stay.thumbnail_ids if str(guid) in pictured),
            )
            for stay in face.instances
        ),
    )


def _shots(index: FaceIndex, key_frames: Sequence[IndexKeyFrame]) -> Iterable[ShotInsight]:
    for number, shot in enumerate(index.shots):
        span = _from_start(index, shot.first_frame, shot.end_frame)
        yield ShotInsight(
            _seconds(span.start),
            _seconds(span.end),
            tuple(_key_frame(index, frame) for frame in key_frames if frame.shot_index == number),
        )


def _key_frame(index: FaceIndex, key_frame: IndexKeyFrame) -> KeyFrame:
    span = _from_start(index, key_frame.frame_index, key_frame.frame_index + 1)
    return KeyFrame(key_frame_id(index, key_frame), _seconds(span.start), _seconds(span.end))


def _from_start(index: FaceIndex, first_frame: int, end_frame: int) -> TimeRange:
    start = index.timeline.start_of(0)
    span = index.timeline.span(first_frame, end_frame)
    return TimeRange(span.start - start, span.end - start)


def _seconds(value: Fraction) -> float:
    return round(float(value), _TICK_S)
