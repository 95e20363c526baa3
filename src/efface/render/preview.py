"""One frame as it will be rendered, before anything is."""

from pathlib import Path

from efface.domain.errors import RequestError
from efface.domain.media import EncodeSettings
from efface.domain.time import Timeline
from efface.media.encoders import choose_container, default_output_suffix
from efface.media.frame import VideoFrame
from efface.media.frame_span import read_frame_span
from efface.media.opening import read_opening
from efface.media.planes import editable
from efface.media.still import frame_jpeg
from efface.plan import RedactionPlan
from efface.render.effects import apply_regions
from efface.render.render import check_source

_QUALITY = 90


def preview_frame(
    source: Path, plan: RedactionPlan, timeline: Timeline, frame_index: int, *, max_side: int = 1280
) -> bytes:
    """A frame as a render treats it, before it is encoded: upright, with square pixels, as a JPEG.

    The effects are those of the render, on the same planes in full size; only then is the picture scaled. What is
    hidden in the video is hidden here. Only the frames since the last key frames are decoded, where the file can be
    trusted to seek.

    Args:
        source: the video that the plan was made for.
        plan: what is treated.
        timeline: PTS of each frame as indexed.
        frame_index: which frame.
        max_side: greatest width and height in pixels; the picture is never enlarged.

    Raises:
        RequestError: there is no such frame, or ``max_side`` is out of range.
        IndexMismatchError: the source holds other frames than the plan was made for.
        InputError: the source cannot be read.
        OutputError: no output can hold the picture.
    """
    if not 0 <= frame_index < timeline.num_frames:
        raise RequestError(
            f"frame {frame_index} is not in the video: its frames are 0 to {timeline.num_frames - 1}"
        )
    opening = read_opening(source)
    check_source(opening.info, plan, timeline)
    container = choose_container(Path(f"video{default_output_suffix(opening.info)}"))
    track, _ = opening.picture_track(container, EncodeSettings())
    ((_, frame),) = read_frame_span(source, timeline, range(frame_index, frame_index + 1))
    picture = editable(track.conform(frame.native))
    apply_regions(picture, plan.regions_at(frame_index), frame.orientation)
    treated = VideoFrame(frame_index, picture.native, frame.orientation)
    return frame_jpeg(treated, opening.info, max_side=max_side, quality=_QUALITY)
