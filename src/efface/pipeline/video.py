"""Index a video; redact a video with its index."""

from collections.abc import Sequence
from pathlib import Path

from efface.detect.choice import DetectorChoice, create_detector
from efface.domain.edits import Edits
from efface.domain.media import EncodeSettings
from efface.domain.redaction import RedactionRequest
from efface.index.model import FaceIndex
from efface.index.source import describe_source, verify_source
from efface.media.packet_scan import scan_packets
from efface.media.probe import probe_video
from efface.pipeline.analysis import AnalysisSettings
from efface.pipeline.follow import follow_edits
from efface.pipeline.join_index import Analysis, join_segments
from efface.pipeline.segment_analysis import SegmentAnalysis, analyse_segment
from efface.pipeline.segments import Segment, plan_segments, whole_video
from efface.plan import plan_redaction
from efface.ports.progress import Progress
from efface.render.render import RenderReport, render_video


def index_video(
    path: Path,
    *,
    progress: Progress,
    detector: DetectorChoice | None = None,
    settings: AnalysisSettings | None = None,
    segment_s: float = 60.0,
) -> Analysis:
    """Find every face of a video, follow it, and tell people apart.

    The video is analysed in the segments that a service would spread over machines, so that both find the same.

    Args:
        path: a local video.
        progress: hears ``"index"`` after each frame.
        detector: who searches the pictures.
        settings: all knobs of the analysis.
        segment_s: seconds of a segment.

    Raises:
        InputError: the video cannot be read.
        WeightsError: a network cannot run.
        Cancelled: ``progress`` asked to stop.
    """
    info, scan, finder = probe_video(path), scan_packets(path), create_detector(detector)
    segments = plan_segments(scan, info.time_base, target_s=segment_s)
    parts: list[SegmentAnalysis] = []
    listener = _WholeProgress(progress, segments)
    while len(parts) < len(segments):
        listener.begin(segments[len(parts)])
        part = analyse_segment(
            path, segments, len(parts), detector=finder, settings=settings, progress=listener
        )
        parts.append(part)
        if not part.is_as_promised:
            # Damaged, or a decoder that gives less than the packets say: only one pass sees it all.
            segments, parts = (whole_video(scan),), []
    return join_segments(parts, info, describe_source(path), settings=settings)


def redact_video(  # noqa: PLR0913  one call for one wish; everything but the paths is by keyword
    path: Path,
    output: Path,
    *,
    index: FaceIndex,
    request: RedactionRequest,
    settings: EncodeSettings,
    progress: Progress,
    overwrite: bool = False,
    edits: Edits | None = None,
) -> RenderReport:
    """Write the redacted video that an index, a request and corrections by hand describe.

    Args:
        path: the video that the index was made from.
        output: the file to make.
        index: who is where and when, as detected.
        request: who is hidden, and how.
        settings: how to encode.
        progress: hears ``"follow"`` after each frame through which a drawn region is followed, then ``"render"``
            after each frame.
        overwrite: whether ``output`` may be replaced if it exists.
        edits: corrections by hand; regions that were not followed yet are followed first.

    Raises:
        UnknownFaceError: the request names a face that the index, as corrected, does not hold.
        IndexMismatchError: index, edits and video are not of one another.
        RequestError: the edits name what the index does not hold, or nothing at all is asked for.
        InputError: the video cannot be read.
        OutputError: the output cannot be written.
        Cancelled: ``progress`` asked to stop.
    """
    verify_source(index, path)
    if edits is not None:
        edits = follow_edits(path, index, edits, progress)
    plan = plan_redaction(index, request, edits=edits)
    return render_video(path, plan, index.timeline, output, settings, progress, overwrite=overwrite)


class _WholeProgress:
    """Makes one count of the counts of all segments; it never falls, even where the work begins anew."""

    def __init__(self, progress: Progress, segments: Sequence[Segment]) -> None:
        self._progress = progress
        self._is_cut = len(segments) > 1
        self._total = sum(segment.num_frames for segment in segments)
        self._before = self._last = 0

    def begin(self, segment: Segment) -> None:
        """A segment is to be analysed next."""
        self._before = segment.first_frame

    def report(self, stage: str, done: int, total: int | None) -> None:
        """Pass on the count of the segment in work."""
        self._last = max(self._last, self._before + done)
        self._progress.report(stage, self._last, self._total if self._is_cut else total)
