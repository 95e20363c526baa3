"""Exact time: integer presentation time stamps on a rational time base.

Seconds as floats exist only for people and settings; whatever is stored or compared is an integer PTS.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A half-open span ``[start, end)`` in seconds, exact."""

    start: Fraction
    end: Fraction

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"time range ends before it starts: {self.start} .. {self.end}")

    @property
    def duration(self) -> Fraction:
        """Length in seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class PtsSpan:
    """A half-open span of presentation times ``[start_pts, end_pts)``, in ticks of a time base known elsewhere."""

    start_pts: int | None = None
    """First tick; None for the beginning of the video, whenever that is."""
    end_pts: int | None = None
    """First tick behind; None for the end of the video."""

    def __post_init__(self) -> None:
        if self.start_pts is not None and self.end_pts is not None and self.end_pts <= self.start_pts:
            raise ValueError(f"PTS span holds nothing: {self.start_pts} .. {self.end_pts}")

    @property
    def is_whole(self) -> bool:
        """True for the span that leaves nothing out."""
        return self.start_pts is None and self.end_pts is None

    def contains(self, pts: int) -> bool:
        """Whether a frame of this PTS lies in the span."""
        return (self.start_pts is None or pts >= self.start_pts) and not self.is_before(pts)

    def is_before(self, pts: int) -> bool:
        """Whether the span has ended when a frame of this PTS is shown."""
        return self.end_pts is not None and pts >= self.end_pts


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """When each frame of a video is shown: the PTS list, frame index → PTS, strictly increasing."""

    time_base: Fraction
    """Seconds per tick."""
    pts: NDArray[np.int64]
    """(num_frames,) presentation time stamps in ticks of ``time_base``."""
    end_pts: int
    """Where the last frame ends, in ticks; greater than ``pts[-1]``."""

    def __post_init__(self) -> None:
        if self.time_base <= 0:
            raise ValueError(f"time base must be positive, not {self.time_base}")
        if self.pts.ndim != 1 or len(self.pts) == 0:
            raise ValueError(f"pts must be a non-empty 1-d array, not of shape {self.pts.shape}")
        if len(self.pts) > 1 and not bool(np.all(np.diff(self.pts) > 0)):
            raise ValueError("pts must increase strictly")
        if self.end_pts <= int(self.pts[-1]):
            raise ValueError("end_pts must lie after the last frame")

    @property
    def num_frames(self) -> int:
        """Number of frames."""
        return len(self.pts)

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's start to the last frame's end."""
        return (self.end_pts - int(self.pts[0])) * self.time_base

    def start_of(self, frame_index: int) -> Fraction:
        """Seconds at which the frame is shown; ``num_frames`` gives the end of the video."""
        ticks = self.end_pts if frame_index >= self.num_frames else int(self.pts[frame_index])
        return ticks * self.time_base

    def span(self, first_frame: int, end_frame: int) -> TimeRange:
        """Time span of the frames ``first_frame .. end_frame - 1``."""
        return TimeRange(self.start_of(first_frame), self.start_of(end_frame))

    def frames_within(self, seconds: float) -> int:
        """How many frames a span of ``seconds`` holds at the median frame rate, at least 1."""
        return max(1, round(seconds / self.median_frame_s))

    @property
    def median_frame_s(self) -> float:
        """Median duration of a frame in seconds."""
        ends = np.append(self.pts[1:], self.end_pts)
        return float(np.median(ends - self.pts) * float(self.time_base))


def complete_pts(
    raw: Sequence[int | None],
    time_base: Fraction,
    frame_rate: Fraction | None,
    last_duration: int | None = None,
) -> Timeline:
    """Make a timeline out of the time stamps that a decoder gave, some of which may be missing.

    A missing PTS counts on from the frame before it (or back from the first known one) by one frame duration; a PTS
    that does not lie after its predecessor is moved one tick behind it, because no container can hold it otherwise.

    Args:
        raw: PTS of each frame in presentation order, ``None`` where the file has none.
        time_base: seconds per tick.
        frame_rate: frames per second to count on with; the median of the known steps goes before it.
        last_duration: duration of the last frame in ticks, if known.
    """
    if not raw:
        raise ValueError("a timeline needs at least one frame")
    step = _median_step(raw)
    if step is None:
        rate = frame_rate if frame_rate and frame_rate > 0 else Fraction(25)
        step = max(1, round(1 / (rate * time_base)))
    first_known = next((i for i, value in enumerate(raw) if value is not None), None)
    pts = np.empty(len(raw), np.int64)
    previous: int | None = None
    for i, value in enumerate(raw):
        if value is None and first_known is not None and i < first_known:
            known = raw[first_known]
            assert known is not None
            current = known - (first_known - i) * step
        elif value is None:
            current = 0 if previous is None else previous + step
        else:
            current = value
        if previous is not None and current <= previous:
            current = previous + 1
        pts[i] = previous = current
    assert previous is not None
    return Timeline(
        time_base, pts, previous + (last_duration if last_duration and last_duration > 0 else step)
    )


def _median_step(raw: Iterable[int | None]) -> int | None:
    known = [(i, value) for i, value in enumerate(raw) if value is not None]
    # A step over frames without a time stamp is that of several frames.
    steps = [(b - a) / (j - i) for (i, a), (j, b) in pairwise(known) if b > a]
    return max(1, int(np.median(steps))) if steps else None
