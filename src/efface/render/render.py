"""The pass that writes the finished file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from efface.domain.errors import IndexMismatchError
from efface.domain.media import Damage, EncodeSettings, VideoInfo
from efface.domain.time import Timeline
from efface.media.files import atomic_output
from efface.media.frame import VideoFrame
from efface.media.planes import EditableFrame
from efface.media.reader import VideoReader, open_video
from efface.media.writer import VideoWriter, create_video
from efface.plan import RedactionPlan
from efface.ports import Progress
from efface.render.effects import apply_regions


@dataclass(frozen=True, slots=True)
class RenderReport:
    """What a render did."""

    num_frames: int
    """Frames written."""
    num_masked_frames: int
    """Frames among them that hold a region of the plan."""
    notices: tuple[str, ...]
    """What the output could not keep of the source, for people."""
    damage: Damage
    """What of the source could not be read."""


def render_video(
    source: Path,
    plan: RedactionPlan,
    timeline: Timeline,
    output: Path,
    settings: EncodeSettings,
    progress: Progress,
    *,
    overwrite: bool = True,
) -> RenderReport:
    """Write the redacted video; the file appears under its name only when it is whole.

    Every frame is treated before it goes to the encoder, so the temporary file never holds a bare face
    either. Frame ``i`` is written at ``timeline.pts[i]``; subtitles are copied, and sound
    but for what the plan mutes.

    Args:
        source: the video that the plan was made for.
        plan: what is treated.
        timeline: PTS of each frame as indexed.
        output: the file to make; its suffix decides the container.
        settings: how it is encoded.
        progress: hears ``"render"`` after each frame.
        overwrite: whether a file that is there already may be replaced; never the source.

    Raises:
        IndexMismatchError: the source holds other frames than the plan was made for.
        InputError: the source cannot be read.
        OutputError: the output cannot be written.
        Cancelled: ``progress`` asked to stop.
    """
    if plan.num_frames != timeline.num_frames:
        raise ValueError(f"plan is for {plan.num_frames} frames, timeline has {timeline.num_frames}")
    with (
        open_video(source) as reader,
        atomic_output(output, overwrite=overwrite, never=(source,)) as temporary,
    ):
        check_source(reader.info, plan, timeline)
        with create_video(temporary, reader, settings, plan.mutes) as writer:
            num_masked = _render_frames(reader, writer, plan, timeline, progress)
        return RenderReport(timeline.num_frames, num_masked, (*plan.notices, *writer.notices), reader.damage)


class FrameSink(Protocol):
    """Takes frames to encode, and opens them for painting."""

    def edit(self, frame: VideoFrame) -> EditableFrame:
        """Open a frame for painting."""
        ...

    def write(self, frame: VideoFrame | EditableFrame, pts: int) -> None:
        """Encode the next frame."""
        ...


def write_frame(sink: FrameSink, frame: VideoFrame, plan: RedactionPlan, frame_index: int, pts: int) -> bool:
    """Treat a frame as planned and hand it to the encoder; True where it holds a region."""
    regions = plan.regions_at(frame_index)
    if not regions:
        sink.write(frame, pts)
        return False
    picture = sink.edit(frame)
    apply_regions(picture, regions, frame.orientation)
    sink.write(picture, pts)
    return True


def check_source(info: VideoInfo, plan: RedactionPlan, timeline: Timeline) -> None:
    """Refuse a video that differs from the indexed one by what its header says.

    Raises:
        IndexMismatchError: another size of frames, or another time base.
    """
    if info.upright_size != plan.size:
        raise _mismatch(info.path, f"its frames are {info.upright_size}, not {plan.size}")
    if info.time_base != timeline.time_base:
        raise _mismatch(info.path, f"its time base is {info.time_base} s, not {timeline.time_base} s")


def _render_frames(
    reader: VideoReader, writer: VideoWriter, plan: RedactionPlan, timeline: Timeline, progress: Progress
) -> int:
    """Write every frame and copy every packet; returns how many frames held a region."""
    num_frames = num_treated = 0
    for item in reader.items():
        if not isinstance(item, VideoFrame):
            writer.copy(item)
            continue
        if item.index >= timeline.num_frames:
            raise _mismatch(reader.info.path, f"it has more than {timeline.num_frames} frames")
        pts = int(timeline.pts[item.index])
        num_treated += write_frame(writer, item, plan, item.index, pts)
        num_frames += 1
        progress.report("render", num_frames, timeline.num_frames)
    if num_frames != timeline.num_frames:
        raise _mismatch(reader.info.path, f"it has {num_frames} frames, not {timeline.num_frames}")
    return num_treated


def _mismatch(path: str, difference: str) -> IndexMismatchError:
    return IndexMismatchError(
        f"{path} is not the video that the index was made from ({difference}): index it anew"
    )
