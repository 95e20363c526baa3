"""Insights: for each person, when and for how long they are on screen, and which thumbnails show them.

Plain values with neutral names, times as exact seconds from the first frame; a service maps them to its own
wire names, and ``plain_insights`` gives them as JSON-ready dictionaries.
"""

from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID, uuid5

import numpy as np

from efface.domain.time import TimeRange
from efface.domain.track import FaceGroup, FaceTrack
from efface.index.model import FaceIndex

PROMINENT_SECONDS = 4
PROMINENT_SHARE = Fraction(1, 10)
"""Video Indexer lists a face only if it is seen that long, or for that share of the video."""

_NAMESPACE = UUID("6f1d2f0c-52f0-5c3e-9a53-3a6a0c9a3d11")


@dataclass(frozen=True, slots=True)
class ThumbnailInsight:
    """A picture of one person in thumbnails.zip."""

    thumbnail_id: UUID
    """The same for the same video and track."""
    file_name: str
    """Entry in thumbnails.zip."""
    track_id: int
    shown: TimeRange
    """When the frame is on screen, in seconds from the first frame."""


@dataclass(frozen=True, slots=True)
class FaceInstance:
    """One appearance of a person."""

    shown: TimeRange
    """In seconds from the first frame."""
    thumbnail_ids: tuple[UUID, ...]
    """Of the tracks that begin in it."""


@dataclass(frozen=True, slots=True)
class FaceInsight:
    """One person."""

    face_id: int
    name: str
    """As a user named the person, else ``Unknown #n`` with n counted by face id."""
    is_named: bool
    confidence: float
    """Mean score over the frames in which the face was detected, in [0, 1]."""
    seen_duration: Fraction
    """Seconds on screen, gaps not counted."""
    seen_ratio: Fraction
    """Share of the video, in [0, 1]."""
    is_prominent: bool
    """True where Video Indexer would list the face: 4 s or a tenth of the video."""
    thumbnail_id: UUID
    """Of the best view."""
    thumbnails: tuple[ThumbnailInsight, ...]
    """One per track, in order of time."""
    instances: tuple[FaceInstance, ...]
    """Appearances in order of time."""


def face_insights(index: FaceIndex) -> tuple[FaceInsight, ...]:
    """Everybody in a video, by face id."""
    numbers = {face_id: i for i, face_id in enumerate(index.face_ids, start=1)}
    return tuple(_insight(index, index.face(face_id), numbers[face_id]) for face_id in index.face_ids)


def plain_insights(index: FaceIndex) -> list[dict[str, object]]:
    """The same as dictionaries of strings and numbers, times in seconds rounded to microseconds.

    Keys per face: ``id, name, is_named, confidence, seen_duration_s, seen_ratio, is_prominent, thumbnail_id,
    thumbnails`` (``id, file_name, track_id, start_s, end_s``) and ``appearances`` (``start_s, end_s,
    thumbnail_ids``).
    """
    return [_plain(face) for face in face_insights(index)]


def thumbnail_id(index: FaceIndex, track_id: int) -> UUID:
    """Stable id of a track's thumbnail."""
    return uuid5(_NAMESPACE, f"{index.source.sha256}/{track_id}")


def track_file_name(track_id: int) -> str:
    """Entry of a track's thumbnail in thumbnails.zip."""
    return f"track-{track_id:06d}.jpg"


def face_file_name(face_id: int) -> str:
    """Entry of a person's best thumbnail in thumbnails.zip."""
    return f"face-{face_id}.jpg"


def display_name(face: FaceGroup, number: int) -> str:
    """The given name, or ``Unknown #number``."""
    return face.name or f"Unknown #{number}"


def _insight(index: FaceIndex, face: FaceGroup, number: int) -> FaceInsight:
    tracks = index.tracks_of(face.face_id)
    seen = index.seen_duration(face.face_id)
    ratio = seen / index.timeline.duration
    return FaceInsight(
        face_id=face.face_id,
        name=display_name(face, number),
        is_named=face.name is not None,
        confidence=_confidence(tracks),
        seen_duration=seen,
        seen_ratio=ratio,
        is_prominent=seen >= PROMINENT_SECONDS or ratio >= PROMINENT_SHARE,
        thumbnail_id=thumbnail_id(index, face.thumbnail_track),
        thumbnails=tuple(_thumbnail(index, face, track) for track in tracks),
        instances=tuple(_instance(index, span, tracks) for span in index.appearances(face.face_id)),
    )


def _confidence(tracks: tuple[FaceTrack, ...]) -> float:
    scores = np.concatenate([track.scores for track in tracks])
    detected = scores[scores > 0]
    return float(detected.mean(dtype=np.float64)) if len(detected) else 0.0


def _thumbnail(index: FaceIndex, face: FaceGroup, track: FaceTrack) -> ThumbnailInsight:
    track_id = track.track_id
    is_best = track_id == face.thumbnail_track
    frame = face.thumbnail_frame if is_best else index.thumbnail_frame(track_id)
    shown = _from_start(index, index.timeline.span(frame, frame + 1))
    return ThumbnailInsight(thumbnail_id(index, track_id), track_file_name(track_id), track_id, shown)


def _instance(index: FaceIndex, span: TimeRange, tracks: tuple[FaceTrack, ...]) -> FaceInstance:
    starts = {track.track_id: index.timeline.start_of(track.first_frame) for track in tracks}
    inside = (track_id for track_id, start in starts.items() if span.start <= start < span.end)
    return FaceInstance(_from_start(index, span), tuple(thumbnail_id(index, i) for i in inside))


def _from_start(index: FaceIndex, span: TimeRange) -> TimeRange:
    start = index.timeline.start_of(0)
    return TimeRange(span.start - start, span.end - start)


def _plain(face: FaceInsight) -> dict[str, object]:
    return {
        "id": face.face_id,
        "name": face.name,
        "is_named": face.is_named,
        "confidence": round(face.confidence, 4),
        "seen_duration_s": _seconds(face.seen_duration),
        "seen_ratio": round(float(face.seen_ratio), 6),
        "is_prominent": face.is_prominent,
        "thumbnail_id": str(face.thumbnail_id),
        "thumbnails": [
            {
                "id": str(picture.thumbnail_id),
                "file_name": picture.file_name,
                "track_id": picture.track_id,
                "start_s": _seconds(picture.shown.start),
                "end_s": _seconds(picture.shown.end),
            }
            for picture in face.thumbnails
        ],
        "appearances": [
            {
                "start_s": _seconds(instance.shown.start),
                "end_s": _seconds(instance.shown.end),
                "thumbnail_ids": [str(i) for i in instance.thumbnail_ids],
            }
            for instance in face.instances
        ],
    }


def _seconds(value: Fraction) -> float:
    return round(float(value), 6)
