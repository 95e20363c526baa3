"""A render in segments: each becomes a part, by whichever process; the join makes one file of all parts."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from efface.domain.errors import SegmentError
from efface.domain.media import Damage, EncodeSettings
from efface.domain.time import PtsSpan, Timeline
from efface.media.encoders import check_settings, choose_container
from efface.media.files import atomic_output
from efface.media.join import join_parts
from efface.media.opening import read_opening
from efface.media.output_file import OutputFile
from efface.media.packet_file import PacketFile, read_packet_file
from efface.media.reader import VideoReader, open_video
from efface.media.segment_writer import SegmentWriter, create_segment
from efface.plan import RedactionPlan
from efface.ports import Progress
from efface.render.render import RenderReport, check_source, write_frame

_MAX_MESSAGES = 5


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """One redacted video in the making: what all of its segments and their join agree on."""

    source: Path
    """The video that the plan was made for."""
    plan: RedactionPlan
    """What is treated."""
    timeline: Timeline
    """PTS of each frame as indexed."""
    suffix: str
    """Of the finished video, e.g. ``.mp4``: it decides about container and encoder."""
    settings: EncodeSettings
    """How it is encoded."""

    def __post_init__(self) -> None:
        if self.plan.num_frames != self.timeline.num_frames:
            raise ValueError(
                f"plan is for {self.plan.num_frames} frames, timeline has {self.timeline.num_frames}"
            )
        choose_container(Path(f"video{self.suffix}"))
        check_settings(self.settings)

    @property
    def digest(self) -> str:
        """SHA-256 of all but the source: differs for any other request, index or settings."""
        plan, timeline = self.plan, self.timeline
        head = [
            plan.kind.name,
            str(plan.size),
            str(timeline.time_base),
            timeline.end_pts,
            self.suffix.lower(),
            asdict(self.settings),
            [
                (track.first_frame, len(track.boxes), track.label, plan.kind_of(track).name)
                for track in plan.tracks
            ],
            [(str(span.start), str(span.end)) for span in plan.mutes],
        ]
        digest = hashlib.sha256(json.dumps(head).encode())
        digest.update(timeline.pts.tobytes())
        for track in plan.tracks:
            for array in (track.boxes, track.face_px, track.is_box):
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """What the render of one segment did."""

    num_frames: int
    """Frames encoded."""
    num_masked_frames: int
    """Frames among them that hold a region of the plan."""
    damage: Damage
    """What of the source could not be read within the segment and shortly before."""


def render_segment(rendering: Rendering, frames: range, part: Path, progress: Progress) -> SegmentReport:
    """Encode some frames of the redacted video; the part appears under its name only when it is whole.

    A part holds pictures that are treated as planned, and nothing of anybody who is hidden. It is no video that
    players open; ``join_rendered`` makes one of all parts. All frames at once are rendered without seeking,
    which every readable video allows.

    Args:
        rendering: what is made.
        frames: indexes on the timeline, of step 1 and not empty.
        part: the file to make.
        progress: hears ``"render"`` after each frame.

    Raises:
        SegmentError: seeking leads to other frames than the index has; render the video in one piece.
        IndexMismatchError: the source is another video than the plan was made for.
        InputError: the source cannot be read.
        OutputError: the part cannot be written.
        Cancelled: ``progress`` asked to stop.
    """
    timeline = rendering.timeline
    if not (0 <= frames.start < frames.stop <= timeline.num_frames and frames.step == 1):
        raise ValueError(f"{frames} is no span of the {timeline.num_frames} frames of the video")
    opening = read_opening(rendering.source)
    shown = [int(pts) for pts in timeline.pts[frames.start : frames.stop]]
    with (
        open_video(rendering.source) as reader,
        atomic_output(part, never=(rendering.source,)) as temporary,
    ):
        check_source(reader.info, rendering.plan, timeline)
        start_s = timeline.start_of(0)
        with create_segment(
            temporary, opening, rendering.suffix, rendering.settings, start_s, shown
        ) as writer:
            num_masked = _encode(rendering, frames, reader, writer, progress)
            writer.finish(writer.notes(rendering.digest, frames, num_masked, reader.damage))
        return SegmentReport(len(frames), num_masked, reader.damage)


def join_rendered(
    rendering: Rendering, parts: Sequence[Path], output: Path, progress: Progress, *, overwrite: bool = True
) -> RenderReport:
    """Make the redacted video of its parts; it appears under its name only when it is whole.

    The video is that of ``render_video`` but for the places where a segment begins, which are key frames. Sound
    and subtitles come from the source, but for what the plan mutes.

    Args:
        rendering: what is made, as it was given to ``render_segment``.
        parts: made by ``render_segment`` of all frames, in order.
        output: the file to make, of the rendering's suffix.
        progress: hears ``"join"`` after each frame.
        overwrite: whether a file that is there already may be replaced; never the source.

    Raises:
        SegmentError: the parts do not fit together, belong to another render, or are damaged; render the video
            in one piece.
        IndexMismatchError: the source is another video than the plan was made for.
        InputError: the source cannot be read.
        OutputError: the output cannot be written.
        Cancelled: ``progress`` asked to stop.
    """
    if output.suffix.lower() != rendering.suffix.lower():
        raise ValueError(f"{output} is no {rendering.suffix}, which the parts were made for")
    timeline = rendering.timeline
    digest = rendering.digest
    read = [_of_this_render(read_packet_file(part), digest) for part in parts]
    opening = read_opening(rendering.source)
    with (
        open_video(rendering.source) as reader,
        atomic_output(output, overwrite=overwrite, never=(rendering.source, *parts)) as temporary,
    ):
        check_source(reader.info, rendering.plan, timeline)
        notices = join_parts(
            reader,
            opening,
            read,
            timeline,
            OutputFile(temporary, reader, rendering.settings, rendering.plan.mutes),
            rendering.settings,
            lambda done: progress.report("join", done, timeline.num_frames),
        )
    num_masked = sum(part.notes.num_masked_frames for part in read)
    notices = (*rendering.plan.notices, *notices)
    return RenderReport(timeline.num_frames, num_masked, notices, _damage(read))


def _encode(
    rendering: Rendering, frames: range, reader: VideoReader, writer: SegmentWriter, progress: Progress
) -> int:
    """Encode every frame of the segment; returns how many held a region."""
    timeline = rendering.timeline
    span = _span(timeline, frames)
    num_frames = num_masked = 0
    for frame in reader.frames(span=span):
        index = frames.start + frame.index
        # A whole video may lack times, which the index has made up for; found by its time, a frame has one.
        if index >= frames.stop or (span is not None and frame.pts != int(timeline.pts[index])):
            raise _other_frames(rendering.source, frames)
        num_masked += write_frame(writer, frame, rendering.plan, index, int(timeline.pts[index]))
        num_frames += 1
        progress.report("render", num_frames, len(frames))
    if num_frames != len(frames):
        raise _other_frames(rendering.source, frames)
    return num_masked


def _span(timeline: Timeline, frames: range) -> PtsSpan | None:
    """Where the frames lie in time; None for all of them."""
    is_first, is_last = frames.start == 0, frames.stop == timeline.num_frames
    if is_first and is_last:
        return None
    start = None if is_first else int(timeline.pts[frames.start])
    end = None if is_last else int(timeline.pts[frames.stop])
    return PtsSpan(start, end)


def _of_this_render(part: PacketFile, digest: str) -> PacketFile:
    # A part of an earlier request for the same video may show a face that this one hides.
    if part.notes.rendering != digest:
        raise SegmentError(
            f"{part.path} is a part of another render: render that segment again, or the video in one piece"
        )
    return part


def _damage(parts: Sequence[PacketFile]) -> Damage:
    messages = dict.fromkeys(message for part in parts for message in part.notes.damage.messages)
    return Damage(sum(part.notes.damage.bad_packets for part in parts), tuple(messages)[:_MAX_MESSAGES])


def _other_frames(source: Path, frames: range) -> SegmentError:
    return SegmentError(
        f"{source} gives other frames than the index has where frames {frames.start} to {frames.stop - 1} are sought: "
        "render the video in one piece"
    )
