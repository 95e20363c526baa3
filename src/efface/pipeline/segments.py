"""Cutting a video into segments that depend on the video alone, each to be worked on by itself."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from efface.domain.time import PtsSpan
from efface.media.packet_scan import PacketScan
from efface.pipeline.shot_frames import RATE_SAMPLE, median_frame_s
from efface.track.cuts import LOOKBACK

OVERLAP_S = 2.0
"""How far behind its end a segment looks for a cut, and follows faces where there is none. Longer than the tracker
looks back for where a face came from, so that the earlier segment has found all faces up to the boundary."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a video, and what its packets promise. Plain values only, so it can be stored and sent."""

    index: int
    """0, 1, 2 … in order of time."""
    span: PtsSpan
    """Ticks of the picture track; without an end where it is the last segment."""
    num_frames: int
    """Frames in ``span``; an estimate where the segment is the whole video."""
    first_frame: int = 0
    """Index of its first frame in the video."""
    lead_pts: int | None = None
    """From where frames must be seen to tell whether the first one starts a shot; None for the beginning."""
    frame_s: float | None = None
    """Median seconds that a frame of the video lasts; None to learn it from the frames."""
    pts_digest: str | None = None
    """SHA-256 of the PTS of its frames, see ``digest_pts``; None where nothing is promised."""

    def __post_init__(self) -> None:
        if self.index < 0 or self.first_frame < 0 or self.num_frames < 0:
            raise ValueError(f"numbers of a segment must not be negative: {self}")
        if self.frame_s is not None and not self.frame_s > 0:
            raise ValueError(f"a frame must last longer than {self.frame_s} s")

    def holds(self, pts: Iterable[int]) -> bool:
        """Whether frames of these PTS are what was promised."""
        stamps = list(pts)
        return self.pts_digest is None or (
            len(stamps) == self.num_frames and digest_pts(stamps) == self.pts_digest
        )


def digest_pts(pts: Iterable[int]) -> str:
    """SHA-256 of time stamps, as hexadecimal digits."""
    return hashlib.sha256(np.array(list(pts), "<i8").tobytes()).hexdigest()


def plan_segments(scan: PacketScan, time_base: Fraction, *, target_s: float = 60.0) -> tuple[Segment, ...]:
    """Cut a video at key frames into segments of about ``target_s`` seconds, none shorter than half of that.

    Args:
        scan: what the packets of its picture track tell.
        time_base: seconds per tick of the track.
        target_s: seconds of a segment; more where key frames are rare.

    Returns:
        One segment for a video that is short or cannot be cut, as ``whole_video`` gives it.
    """
    if not target_s > 0:
        raise ValueError(f"a segment must last longer than {target_s} s")
    starts = _starts(scan, target_s / float(time_base)) if scan.is_seekable and scan.num_frames else []
    if not starts:
        return (whole_video(scan),)
    frame_s = median_frame_s(scan.pts[:RATE_SAMPLE].tolist(), time_base)
    edges: list[int | None] = [None, *starts, None]
    segments: list[Segment] = []
    for index, (start, end) in enumerate(pairwise(edges)):
        first = 0 if start is None else int(np.searchsorted(scan.pts, start))
        behind = len(scan.pts) if end is None else int(np.searchsorted(scan.pts, end))
        segments.append(
            Segment(
                index,
                PtsSpan(start, end),
                behind - first,
                first,
                int(scan.pts[first - LOOKBACK]) if first > LOOKBACK else None,
                frame_s,
                digest_pts(scan.pts[first:behind].tolist()),
            )
        )
    return tuple(segments)


def whole_video(scan: PacketScan) -> Segment:
    """The one segment that promises nothing: for videos that cannot be cut, and where a cut one fell short."""
    return Segment(0, PtsSpan(), scan.num_frames)


def _starts(scan: PacketScan, target: float) -> list[int]:
    """PTS of the key frames at which segments begin, but for the first."""
    first, last = int(scan.pts[0]), int(scan.pts[-1])
    shown = np.intersect1d(scan.keyframe_pts, scan.pts)
    starts: list[int] = []
    start = first
    for pts in shown.tolist():
        if pts - start >= target and last - pts >= target / 2:
            starts.append(pts)
            start = pts
    return starts
