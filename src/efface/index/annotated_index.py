"""Annotations fitted to a video: each box gets to the frames that it was meant for."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import IndexFormatError, IndexMismatchError
from efface.domain.geometry import Orientation, Size
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.annotations import AnnotatedRun, Annotations
from efface.index.codec import MAX_BOXES
from efface.index.model import FaceIndex, SourceFile, best_frame

MAX_SHAPE_FACTOR = 1.5
"""How far the shape of the annotated frame may be from the video's: anamorphic video is 1.46 off at most."""

_MIN_SIDE_PX = 0.125


@dataclass(frozen=True, slots=True)
class AnnotatedVideo:
    """The video that annotations are fitted to."""

    source: SourceFile
    coded_size: Size
    """Of a decoded frame before it is turned."""
    orientation: Orientation
    """How players turn it."""
    timeline: Timeline


def index_from_annotations(annotations: Annotations, video: AnnotatedVideo) -> FaceIndex:
    """The face index that an annotations file describes; face ids are those of the file, scores are 1.

    A box holds for its interval; where intervals are longer than frames, boxes move straight between entries.

    Raises:
        IndexMismatchError: the annotations are of a frame of another shape, or of a longer video.
        IndexFormatError: too many boxes.
    """
    is_coded, notices = _check_match(annotations, video)
    timeline = video.timeline
    clock = _FrameClock.of(timeline)
    size = video.orientation.upright_size(video.coded_size)
    frame = video.coded_size if is_coded else size
    placed: list[tuple[int, int, NDArray[np.float32]]] = []
    num_boxes = 0
    for run in annotations.runs:
        first, end = clock.frames_of(run)
        num_boxes += end - first
        if num_boxes > MAX_BOXES:
            raise IndexFormatError(
                f"{annotations.path} holds more than {MAX_BOXES} boxes, which no index may have"
            )
        if first < end:
            boxes = _boxes_px(run, clock.starts_s[first:end], frame)
            if is_coded:
                boxes = boxes_to_upright(boxes, video.orientation, video.coded_size)
            placed.append((run.face_id, first, boxes))
    placed.sort(key=lambda item: (item[1], item[0]))
    tracks = [
        (face_id, FaceTrack(i, first, boxes, np.ones(len(boxes), np.float32)))
        for i, (face_id, first, boxes) in enumerate(placed, start=1)
    ]
    return FaceIndex(
        source=video.source,
        size=size,
        timeline=timeline,
        frame_rate=None,
        shots=(Shot(0, timeline.num_frames),),
        tracks=tuple(track for _, track in tracks),
        faces=tuple(_group(tracks)),
        engine=f"annotations: {annotations.path.name}",
        notices=tuple(notices),
    )


def boxes_to_upright(
    boxes: NDArray[np.float32], orientation: Orientation, coded: Size
) -> NDArray[np.float32]:
    """Map (n, 4) boxes of the coded picture to boxes of the upright one; undoes ``boxes_to_coded``."""
    x1, y1, x2, y2 = (boxes[:, i] for i in range(4))
    if orientation.is_mirrored:
        x1, x2 = coded.width - x2, coded.width - x1
    turned = {
        0: (x1, y1, x2, y2),
        1: (coded.height - y2, x1, coded.height - y1, x2),
        2: (coded.width - x2, coded.height - y2, coded.width - x1, coded.height - y1),
        3: (y1, coded.width - x2, y2, coded.width - x1),
    }[orientation.quarter_turns]
    return np.stack(turned, axis=1).astype(np.float32)


def _check_match(annotations: Annotations, video: AnnotatedVideo) -> tuple[bool, list[str]]:
    """Whether the boxes refer to the coded picture, and what the user should know."""
    path, name = annotations.path, video.source.name
    shape = math.log(annotations.width / annotations.height)
    upright = video.orientation.upright_size(video.coded_size)
    off_upright, off_coded = (abs(shape - math.log(s.width / s.height)) for s in (upright, video.coded_size))
    is_turned = video.orientation is not Orientation.UPRIGHT
    is_coded = is_turned and not annotations.is_upright and off_coded <= off_upright
    if (off_coded if is_coded else off_upright) > math.log(MAX_SHAPE_FACTOR):
        said = f"{annotations.width}x{annotations.height}"
        raise IndexMismatchError(
            f"{path} is of a {said} video, {name} is {upright}: give the annotations of this video"
        )
    duration = float(video.timeline.duration)
    if max((run.starts_s[-1] for run in annotations.runs), default=0.0) > duration + max(
        1.0, duration * 0.02
    ):
        raise IndexMismatchError(
            f"{path} has faces after the end of {name}: give the annotations of this video"
        )
    notices = []
    if is_coded:
        notices.append("the annotations were taken to refer to the picture as coded, before it is turned")
    if annotations.num_empty:
        notices.append(f"{annotations.num_empty} faces without width or height were left out")
    if annotations.end_s < duration - max(1.0, duration * 0.02):
        notices.append(f"the annotations end at {annotations.end_s:.1f} s: nothing is covered after that")
    return is_coded, notices


@dataclass(frozen=True, slots=True, eq=False)
class _FrameClock:
    """When frames are shown, in seconds from the first."""

    starts_s: NDArray[np.float64]
    middles_s: NDArray[np.float64]
    end_s: float

    @classmethod
    def of(cls, timeline: Timeline) -> "_FrameClock":
        ticks = np.append(timeline.pts, timeline.end_pts) - timeline.pts[0]
        times = ticks.astype(np.float64) * float(timeline.time_base)
        return cls(times[:-1], (times[:-1] + times[1:]) / 2, float(times[-1]))

    def frames_of(self, run: AnnotatedRun) -> tuple[int, int]:
        """First frame and end frame that a run covers: those whose middle it covers, which no rounding can
        shift, and at least the one in which it begins; an empty span outside the video.
        """
        start = float(run.starts_s[0])
        first, end = (int(i) for i in np.searchsorted(self.middles_s, [start, run.end_s]))
        if first == end and start < self.end_s and run.end_s > 0:
            first = max(0, int(np.searchsorted(self.starts_s, start, side="right")) - 1)
            end = first + 1
        return first, end


def _boxes_px(run: AnnotatedRun, times_s: NDArray[np.float64], frame: Size) -> NDArray[np.float32]:
    """(n, 4) boxes in pixels at the given times, straight lines between entries."""
    scale = np.array([frame.width, frame.height, frame.width, frame.height], np.float64)
    columns = [np.interp(times_s, run.starts_s, run.boxes_rel[:, i]) for i in range(4)]
    boxes = np.stack(columns, axis=1) * scale
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + _MIN_SIDE_PX)
    return boxes.astype(np.float32)


def _group(tracks: list[tuple[int, FaceTrack]]) -> Iterable[FaceGroup]:
    by_face: dict[int, list[FaceTrack]] = {}
    for face_id, track in tracks:
        by_face.setdefault(face_id, []).append(track)
    for face_id, own in sorted(by_face.items()):
        longest = max(own, key=lambda track: (track.num_frames, -track.track_id))
        ids = tuple(track.track_id for track in own)
        yield FaceGroup(face_id, ids, best_frame(longest), longest.track_id)
