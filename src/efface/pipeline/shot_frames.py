"""Frames on their way into the analysis: with a small gray picture, and with where shots start and end."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.media.frame import VideoFrame
from efface.track.cuts import LOOKBACK, CutDetector

_ANALYSIS_SIDE = 960
"""Longer side of the gray pictures in which motion is followed."""
RATE_SAMPLE = 8
"""Frames looked at to learn how long a frame lasts; headers lie."""
_MIN_FRAME_S, _MAX_FRAME_S, _DEFAULT_FRAME_S = 1 / 120, 10.0, 1 / 25


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A decoded frame with its analysis picture; made ahead by the decoding thread."""

    frame: VideoFrame
    gray: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class MarkedFrame:
    """A frame that is to be analysed, and its place in its shot."""

    item: Prepared
    starts_shot: bool
    ends_shot: bool


def prepare_frames(frames: Iterable[VideoFrame], size: Size) -> Iterator[Prepared]:
    """Frames with their gray analysis pictures."""
    picture = analysis_size(size)
    for frame in frames:
        yield Prepared(frame, frame.gray(picture))


def analysis_size(frame: Size) -> Size:
    """Size of the gray pictures for frames of this size."""
    scale = min(1.0, _ANALYSIS_SIDE / max(frame.width, frame.height))
    return Size(max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))


def frame_per_analysis_px(frame: Size) -> NDArray[np.float32]:
    """(4,) what box edges in analysis pixels are multiplied with to be pixels of the frame."""
    small = analysis_size(frame)
    return np.tile(np.array([frame.width / small.width, frame.height / small.height], np.float32), 2)


def median_frame_s(raw: Sequence[int | None], time_base: Fraction) -> float:
    """Seconds that a frame lasts, by the first few PTS of a video."""
    steps = [b - a for a, b in pairwise(raw) if a is not None and b is not None and b > a]
    if not steps:
        return _DEFAULT_FRAME_S
    return float(np.clip(float(np.median(steps)) * float(time_base), _MIN_FRAME_S, _MAX_FRAME_S))


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where one segment hands over to the next: at the first cut in the window, else at its first frame."""

    pts: int
    """First tick of the next segment."""
    limit_pts: int
    """First tick behind the window in which a cut is looked for."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a segment takes over from the one before it."""

    pts: int | None
    """The first frame that it analyses; None where the last shot of the video belongs to the segment before."""
    is_cut: bool
    """False where the shot goes on across the boundary and both segments follow it."""
    lead_pts: int | None
    """From where frames must be seen to find cuts behind the start."""
    skipped: tuple[int, ...]
    """PTS of its frames before the start."""


def find_start(prepared: Iterable[Prepared], boundary: Boundary, lead_pts: int | None) -> Start:
    """Decide where a segment starts; the one before it decides the same from the same frames.

    Args:
        prepared: frames from ``lead_pts`` on, ``LOOKBACK`` of them before the boundary.
        boundary: the boundary between the two.
        lead_pts: from where the frames come.
    """
    recent = deque([lead_pts], maxlen=LOOKBACK)
    skipped: list[int] = []
    for item, starts_shot in _with_starts(prepared):
        pts = item.frame.pts
        assert pts is not None, "a span holds no frame without a time stamp"
        if pts >= boundary.limit_pts:
            return Start(boundary.pts, False, lead_pts, ())
        if pts >= boundary.pts:
            if starts_shot:
                return Start(pts, True, recent[0], tuple(skipped))
            skipped.append(pts)
        recent.append(pts)
    return Start(None, True, None, tuple(skipped))


class ShotFrames:
    """The frames that a segment analyses, from its start to where the next segment takes over.

    Args:
        prepared: frames in order of time, ``LOOKBACK`` of them before the start.
        start_pts: where the first shot starts; None for the first frame.
        boundary: where the next segment takes over; None for the last segment.
        begins_open: whether the first shot began before these frames.
    """

    def __init__(
        self,
        prepared: Iterable[Prepared],
        start_pts: int | None = None,
        boundary: Boundary | None = None,
        *,
        begins_open: bool = False,
    ) -> None:
        self.begins_open = begins_open
        """Whether the first shot began before these frames."""
        self._prepared = prepared
        self._start_pts = start_pts
        self._boundary = boundary
        self.ends_open = False
        """Once all frames are out: whether the last shot goes on behind them."""

    def __iter__(self) -> Iterator[MarkedFrame]:
        held: tuple[Prepared, bool] | None = None
        for item, starts_shot in self._own():
            if held is not None:
                yield MarkedFrame(*held, ends_shot=starts_shot)
            held = item, starts_shot
        if held is not None:
            yield MarkedFrame(*held, ends_shot=True)

    def _own(self) -> Iterator[tuple[Prepared, bool]]:
        is_first = True
        for item, starts_shot in _with_starts(self._prepared):
            pts = item.frame.pts
            if is_first and self._start_pts is not None and pts is not None and pts < self._start_pts:
                continue
            if self._boundary is not None and pts is not None and pts >= self._boundary.pts:
                if pts >= self._boundary.limit_pts:
                    self.ends_open = True
                    return
                if starts_shot:
                    return
            yield item, starts_shot or is_first
            is_first = False


def _with_starts(prepared: Iterable[Prepared]) -> Iterator[tuple[Prepared, bool]]:
    """Frames with whether they start a shot; the very first one does."""
    cuts, waiting = CutDetector(), deque[Prepared]()
    for item in prepared:
        waiting.append(item)
        starts_shot = cuts.push(item.gray)
        if starts_shot is not None:
            yield waiting.popleft(), starts_shot
    for starts_shot in cuts.finish():
        yield waiting.popleft(), starts_shot
