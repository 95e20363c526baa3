"""Index a video; redact a video with its index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from efface.detect.choice import DetectorChoice, create_detector
from efface.domain.media import Damage, EncodeSettings
from efface.domain.redaction import RedactionRequest
from efface.domain.time import complete_pts
from efface.identify.crops import FaceCrop
from efface.identify.embed import DlibEmbedder
from efface.identify.group import group_faces
from efface.index.model import FaceIndex
from efface.index.source import describe_source, verify_source
from efface.media.reader import open_video
from efface.pipeline.analysis import AnalysedFrames, AnalysisSettings, FrameAnalysis, prepare_frames
from efface.pipeline.prefetch import Prefetched
from efface.plan import plan_redaction
from efface.ports import Progress
from efface.render.render import RenderReport, render_video

_AHEAD = 6
"""Frames decoded ahead of the analysis; 3 MB each at 1080p."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """An index and the pictures that its views are made of."""

    index: FaceIndex
    crops: Mapping[int, Sequence[FaceCrop]]
    """Best views of each track, best first, by track id; a track may be missing."""


def index_video(
    path: Path,
    *,
    progress: Progress,
    detector: DetectorChoice | None = None,
    settings: AnalysisSettings | None = None,
) -> Analysis:
    """Find every face of a video, follow it, and tell people apart.

    Args:
        path: a local video.
        progress: hears ``"index"`` after each frame.
        detector: who searches the pictures.
        settings: all knobs of the analysis.

    Raises:
        InputError: the video cannot be read.
        WeightsError: a network cannot run.
        Cancelled: ``progress`` asked to stop.
    """
    with open_video(path) as reader:
        info = reader.info
        finder = create_detector(detector)
        analysis = FrameAnalysis(finder, info.upright_size, info.time_base, settings)
        with Prefetched(prepare_frames(reader.frames(is_draft=True), info.upright_size), _AHEAD) as prepared:
            found = analysis.run(
                prepared, lambda done: progress.report("index", done, info.num_frames_estimate)
            )
        damage = reader.damage
    index = FaceIndex(
        source=describe_source(path),
        size=info.upright_size,
        timeline=complete_pts(found.raw_pts, info.time_base, info.frame_rate),
        frame_rate=info.frame_rate,
        shots=found.shots,
        tracks=found.tracks,
        faces=group_faces(found.tracks, found.crops, DlibEmbedder()),
        engine=f"efface {version('efface')}; {finder.name}",
        notices=_notices(damage),
        thumbnail_frames=_best_frames(found),
    )
    return Analysis(index, found.crops)


def redact_video(
    path: Path,
    output: Path,
    *,
    index: FaceIndex,
    request: RedactionRequest,
    settings: EncodeSettings,
    progress: Progress,
    overwrite: bool = False,
) -> RenderReport:
    """Write the redacted video that an index and a request describe.

    Args:
        path: the video that the index was made from.
        output: the file to make.
        index: who is where and when.
        request: who is hidden, and how.
        settings: how to encode.
        progress: hears ``"render"`` after each frame.
        overwrite: whether ``output`` may be replaced if it exists.

    Raises:
        UnknownFaceError: the request names a face that the index does not hold.
        IndexMismatchError: the index is of another video.
        InputError: the video cannot be read.
        OutputError: the output cannot be written.
        Cancelled: ``progress`` asked to stop.
    """
    plan = plan_redaction(index, request)
    verify_source(index, path)
    return render_video(path, plan, index.timeline, output, settings, progress, overwrite=overwrite)


def _notices(damage: Damage) -> tuple[str, ...]:
    if not damage.bad_packets:
        return ()
    reasons = f": {'; '.join(damage.messages)}" if damage.messages else ""
    number = damage.bad_packets
    passed_over = "1 damaged packet was" if number == 1 else f"{number} damaged packets were"
    return (f"{passed_over} passed over{reasons}",)


def _best_frames(found: AnalysedFrames) -> dict[int, int]:
    """Track id → frame of its best view, for tracks that have one inside their span."""
    tracks = {track.track_id: track for track in found.tracks}
    best = {track_id: crops[0].frame_index for track_id, crops in found.crops.items() if crops}
    return {i: frame for i, frame in best.items() if tracks[i].box_at(frame) is not None}
