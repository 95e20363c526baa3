"""All rows of all tracks of an index as columns, so that signs of risk are found without a loop over frames."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes, Size
from efface.index.model import FaceIndex

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TrackRows:
    """Columns of T tracks, by track id, and of their n rows, track after track."""

    size: Size
    """Upright frame in pixels."""
    seconds: NDArray[np.float64]
    """(num_frames + 1,) when each frame is shown, from 0; the last is the end of the video."""
    track_ids: Ints
    """(T,) ascending."""
    face_ids: Ints
    """(T,) the person of each track."""
    first_frame: Ints
    end_frame: Ints
    shot_first: Ints
    """(T,) first frame of the shot that a track begins in."""
    shot_end: Ints
    """(T,) index behind the last frame of that shot."""
    boxes: Boxes
    """(n, 4)"""
    scores: Floats
    """(n,)"""
    starts: Ints = field(init=False)
    """(T,) row at which each track begins."""
    ends: Ints = field(init=False)
    """(T,) index behind its last row."""
    track: Ints = field(init=False)
    """(n,) position of the track that a row belongs to."""
    frame: Ints = field(init=False)
    """(n,) frame of a row."""
    sides: Floats = field(init=False)
    """(n,) longer side of the box in pixels."""
    frame_s: float = field(init=False)
    """Median seconds of a frame."""

    def __post_init__(self) -> None:
        lengths = self.end_frame - self.first_frame
        ends = np.cumsum(lengths)
        track = np.repeat(np.arange(len(lengths)), lengths)
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "starts", ends - lengths)
        object.__setattr__(self, "track", track)
        object.__setattr__(
            self, "frame", np.arange(len(track)) - (ends - lengths)[track] + self.first_frame[track]
        )
        object.__setattr__(self, "sides", longer_sides(self.boxes))
        object.__setattr__(self, "frame_s", float(np.median(np.diff(self.seconds))))

    @property
    def num_frames(self) -> int:
        """Frames of the video."""
        return len(self.seconds) - 1

    def frames_within(self, seconds: float) -> int:
        """Frames that last for ``seconds`` at the median frame rate, at least 1."""
        return max(1, round(seconds / self.frame_s))

    def frame_at(self, seconds: NDArray[np.float64]) -> Ints:
        """The frames that are on screen at these times; those before and behind the video are its ends."""
        shown = np.searchsorted(self.seconds, seconds + 1e-9, side="right") - 1
        return np.clip(shown, 0, self.num_frames - 1).astype(np.int64)


def collect_rows(index: FaceIndex) -> TrackRows:
    """The columns of an index that has at least one track."""
    tracks = sorted(index.tracks, key=lambda track: track.track_id)
    first = np.array([track.first_frame for track in tracks], np.int64)
    end = np.array([track.end_frame for track in tracks], np.int64)
    shot_first, shot_end = _shots_of(index, first, end)
    timeline = index.timeline
    ticks = np.append(timeline.pts, timeline.end_pts) - timeline.pts[0]
    return TrackRows(
        size=index.size,
        seconds=ticks * float(timeline.time_base),
        track_ids=np.array([track.track_id for track in tracks], np.int64),
        face_ids=np.array([index.face_of(track.track_id).face_id for track in tracks], np.int64),
        first_frame=first,
        end_frame=end,
        shot_first=shot_first,
        shot_end=shot_end,
        boxes=np.concatenate([track.boxes for track in tracks]),
        scores=np.concatenate([track.scores for track in tracks]),
    )


def longer_sides(boxes: Boxes) -> Floats:
    """(n,) longer side of boxes (n, 4) in pixels."""
    return np.asarray(np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]), np.float32)


def centres(boxes: Boxes) -> Floats:
    """(n, 2) middle of boxes (n, 4) in pixels."""
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)


def _shots_of(index: FaceIndex, first: Ints, end: Ints) -> tuple[Ints, Ints]:
    """First and end frame of the shots of tracks; a track that does not fit its shot widens it."""
    if not index.shots:
        return np.zeros_like(first), np.full_like(end, index.timeline.num_frames)
    starts = np.array([shot.first_frame for shot in index.shots], np.int64)
    stops = np.array([shot.end_frame for shot in index.shots], np.int64)
    which = np.maximum(0, np.searchsorted(starts, first, side="right") - 1)
    return np.minimum(starts[which], first), np.maximum(stops[which], end)


def distances(a: Floats, b: Floats) -> Floats:
    """(n,) distances of points (n, 2) from their counterparts, in pixels."""
    return np.asarray(np.hypot(a[:, 0] - b[:, 0], a[:, 1] - b[:, 1]), np.float32)
