"""Analysing one segment of a video by itself, in any process, so that the parts can be joined without a seam."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

from efface.detect.detector import Detector
from efface.domain.media import Damage, VideoInfo
from efface.domain.time import PtsSpan
from efface.media.reader import VideoReader, open_video
from efface.pipeline.analysis import AnalysedShot, AnalysisSettings, FrameAnalysis
from efface.pipeline.prefetch import Prefetched
from efface.pipeline.segments import OVERLAP_S, Segment
from efface.pipeline.shot_frames import (
    RATE_SAMPLE,
    Boundary,
    Prepared,
    ShotFrames,
    Start,
    find_start,
    median_frame_s,
    prepare_frames,
)
from efface.ports.progress import Progress

_AHEAD = 6
"""Frames decoded ahead of the analysis; 3 MB each at 1080p."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentAnalysis:
    """What one segment has yielded: the shots that begin in its span, and what it could not read."""

    index: int
    """Which segment it is."""
    first_frame: int
    """Index in the video of the first frame of its span."""
    raw_pts: tuple[int | None, ...]
    """PTS of each frame of its span, as decoded."""
    frame_s: float
    """Seconds that a frame of the video lasts, as taken by the analysis."""
    shots: tuple[AnalysedShot, ...]
    """In order of time; the last one may reach past the span."""
    detector: str
    """Who searched the frames."""
    damage: Damage
    """What could not be read on the way."""
    is_as_promised: bool
    """Whether the frames were what the packets promised. If not, no part of this cut may be used: analyse the
    video as one segment, see ``whole_video``."""


def analyse_segment(
    path: Path,
    segments: Sequence[Segment],
    index: int,
    *,
    detector: Detector,
    settings: AnalysisSettings | None = None,
    progress: Progress,
) -> SegmentAnalysis:
    """Find the faces of the shots that begin in one segment, and follow them.

    A segment runs on past its end to the first cut within ``OVERLAP_S``, and the next one starts at that cut. Where
    there is none, the shot is analysed by both up to there, and ``join_segments`` joins what they have found.

    Args:
        path: a local video.
        segments: all segments of the video.
        index: the one to analyse.
        detector: who searches the frames.
        settings: all knobs of the analysis; the same for all segments.
        progress: hears ``"index"`` and the frames done of this segment after each frame.

    Raises:
        InputError: the video cannot be read.
        WeightsError: a network cannot run.
        Cancelled: ``progress`` asked to stop.
    """
    segment = segments[index]
    start, damage_before = Start(None, True, None, ()), Damage()
    if index > 0:
        with open_video(path) as reader:
            start = _find_start(reader, segments, index, progress)
            damage_before = reader.damage
        if start.pts is None:
            progress.report("index", segment.num_frames, segment.num_frames)
            return _nothing(segment, start, detector, damage_before)
    with open_video(path) as reader:
        info, listener = reader.info, _Listener(progress, segment, reader.info, len(start.skipped))
        span = PtsSpan() if index == 0 else PtsSpan(start.lead_pts)
        with _prepared(reader, span, _AHEAD) as prepared:
            frame_s, frames = segment.frame_s, iter(prepared)
            if frame_s is None:
                frame_s, frames = _with_frame_s(frames, info.time_base)
            analysis = FrameAnalysis(
                detector,
                info.upright_size,
                info.time_base,
                frame_s,
                settings,
                segment.first_frame + len(start.skipped),
            )
            boundary = _boundary(segments, index + 1, info.time_base)
            shots = analysis.run(
                ShotFrames(frames, start.pts, boundary, begins_open=not start.is_cut), listener.report
            )
        damage = Damage(
            damage_before.bad_packets + reader.damage.bad_packets,
            tuple(dict.fromkeys((*damage_before.messages, *reader.damage.messages))),
        )
    own = [pts for pts in analysis.raw_pts if pts is None or not segment.span.is_before(pts)]
    raw_pts = (*start.skipped, *own)
    return SegmentAnalysis(
        segment.index,
        segment.first_frame,
        raw_pts,
        frame_s,
        shots,
        detector.name,
        damage,
        _is_as_promised(segment, raw_pts, damage),
    )


def _find_start(reader: VideoReader, segments: Sequence[Segment], index: int, progress: Progress) -> Start:
    """Where the segment takes over; decodes no further than the window behind its boundary."""
    segment = segments[index]
    boundary = _boundary(segments, index, reader.info.time_base)
    assert boundary is not None

    def watched(prepared: Iterable[Prepared]) -> Iterator[Prepared]:
        for item in prepared:
            progress.report("index", 0, segment.num_frames)
            yield item

    frames = reader.frames(span=PtsSpan(segment.lead_pts))
    return find_start(watched(prepare_frames(frames, reader.info.upright_size)), boundary, segment.lead_pts)


def _boundary(segments: Sequence[Segment], index: int, time_base: Fraction) -> Boundary | None:
    """Where the segment of this index takes over; None behind the last one."""
    if index >= len(segments):
        return None
    span = segments[index].span
    assert span.start_pts is not None
    limit_pts = span.start_pts + max(1, round(OVERLAP_S / time_base))
    return Boundary(span.start_pts, limit_pts if span.end_pts is None else min(limit_pts, span.end_pts))


@contextmanager
def _prepared(reader: VideoReader, span: PtsSpan, ahead: int) -> Iterator[Iterable[Prepared]]:
    frames = reader.frames(span=span)
    with Prefetched(prepare_frames(frames, reader.info.upright_size), ahead) as prepared:
        yield prepared


def _with_frame_s(frames: Iterator[Prepared], time_base: Fraction) -> tuple[float, Iterator[Prepared]]:
    head = list(islice(frames, RATE_SAMPLE))
    return median_frame_s([item.frame.pts for item in head], time_base), chain(head, frames)


def _nothing(segment: Segment, start: Start, detector: Detector, damage: Damage) -> SegmentAnalysis:
    assert segment.frame_s is not None
    return SegmentAnalysis(
        segment.index,
        segment.first_frame,
        start.skipped,
        segment.frame_s,
        (),
        detector.name,
        damage,
        _is_as_promised(segment, start.skipped, damage),
    )


def _is_as_promised(segment: Segment, raw_pts: Sequence[int | None], damage: Damage) -> bool:
    if segment.pts_digest is None:
        return True
    known = [pts for pts in raw_pts if pts is not None]
    return len(known) == len(raw_pts) and segment.holds(known) and not damage.bad_packets


class _Listener:
    """Tells how many frames of the segment are done; those that are looked at past its end do not count."""

    def __init__(self, progress: Progress, segment: Segment, info: VideoInfo, skipped: int) -> None:
        self._progress = progress
        self._is_exact = segment.pts_digest is not None
        self._total = segment.num_frames if self._is_exact else info.num_frames_estimate
        self._skipped = skipped

    def report(self, done: int) -> None:
        done += self._skipped
        if self._is_exact and self._total is not None:
            done = min(done, self._total)
        self._progress.report("index", done, self._total)
