"""One frame as it will be rendered, before anything is."""

import os
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from efface.domain.errors import RequestError
from efface.domain.media import EncodeSettings
from efface.domain.time import Timeline
from efface.media.encoders import choose_container, default_output_suffix
from efface.media.kept_frames import KeptFrames
from efface.media.opening import read_opening
from efface.media.planes import editable
from efface.media.sniff import sniff_container
from efface.media.still import frame_jpeg
from efface.plan import RedactionPlan
from efface.render.effects import apply_regions
from efface.render.render import check_source

PREVIEW_BYTES = 64_000_000
"""Twenty frames of 1080p, five of 2160p."""
_QUALITY = 90


def preview_frame(
    source: Path, plan: RedactionPlan, timeline: Timeline, frame_index: int, *, max_side: int = 1280
) -> bytes:
    """A frame as a render treats it; see ``PreviewDesk.preview``, which is for more than one."""
    with closing(PreviewDesk(capacity_bytes=0)) as desk:
        return desk.preview(source, plan, timeline, frame_index, max_side=max_side)


class PreviewDesk:
    """Shows frames as they will be rendered, one after another, and keeps what the next one may need.

    Kept are frames as decoded, of the video that was looked at last and never of two; nothing treated is. A file that
    is no longer the one it was read from counts as another video.

    Args:
        capacity_bytes: of decoded samples, beside what the decoder itself needs.
    """

    def __init__(self, capacity_bytes: int = PREVIEW_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._seen: _SeenVideo | None = None

    def preview(
        self,
        source: Path,
        plan: RedactionPlan,
        timeline: Timeline,
        frame_index: int,
        *,
        max_side: int = 1280,
    ) -> bytes:
        """A frame as a render treats it, before it is encoded: upright, with square pixels, as a JPEG.

        The effects are those of the render, on the same planes in full size; only then is the picture scaled. What is
        hidden in the video is hidden here. Only the frames since the last key frames are decoded, where the file can be
        trusted to seek, or those since the frame that was shown before; none if this one was.

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
        seen = self._opened(source, timeline)
        check_source(seen.opening.info, plan, timeline)
        frame = seen.frames.frame(frame_index)
        picture = editable(seen.track.conform(frame.native))
        apply_regions(picture, plan.regions_at(frame_index), frame.orientation)
        treated = frame.with_native(picture.native)
        return frame_jpeg(treated, seen.opening.info, max_side=max_side, quality=_QUALITY)

    @property
    def held_bytes(self) -> int:
        """Bytes of the decoded samples that are kept."""
        return 0 if self._seen is None else self._seen.frames.held_bytes

    def close(self) -> None:
        """Close the file that was read last, and let go of its frames."""
        if self._seen is not None:
            self._seen.close()
            self._seen = None

    def _opened(self, source: Path, timeline: Timeline) -> "_SeenVideo":
        if self._seen is not None and not self._seen.is_of(source, timeline):
            self.close()
        if self._seen is None:
            self._seen = _SeenVideo(source, timeline, self._capacity_bytes)
        return self._seen


class _SeenVideo:
    """A video that is looked at, with what was read of it.

    Raises:
        InputError, OutputError: as ``PreviewDesk.preview``.
    """

    def __init__(self, path: Path, timeline: Timeline, capacity_bytes: int) -> None:
        self._path, self._timeline = path, timeline
        sniff_container(path)  # tells of files that are none, or cannot be opened
        with ExitStack() as stack:
            # Held open, so that no other file can come by its inode.
            self._file = stack.enter_context(path.open("rb"))
            self._mark = os.fstat(self._file.fileno())
            self.opening = read_opening(path)
            container = choose_container(Path(f"video{default_output_suffix(self.opening.info)}"))
            self.track, _ = self.opening.picture_track(container, EncodeSettings())
            self.frames = KeptFrames(path, timeline, capacity_bytes)
            stack.pop_all()

    def is_of(self, path: Path, timeline: Timeline) -> bool:
        """Whether a file is still the one that was read, and the frames are counted in the same way."""
        try:
            now = path.stat()
        except OSError:
            return False
        then = self._mark
        return (
            path == self._path
            and os.path.samestat(now, then)
            and (now.st_size, now.st_mtime_ns) == (then.st_size, then.st_mtime_ns)
            and timeline.time_base == self._timeline.time_base
            and np.array_equal(timeline.pts, self._timeline.pts)
        )

    def close(self) -> None:
        self.frames.close()
        self._file.close()
