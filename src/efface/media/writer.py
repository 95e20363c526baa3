"""Writes a redacted video: the picture encoded anew, sound and subtitles copied, nothing else kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av

from efface.domain.media import EncodeSettings
from efface.domain.time import TimeRange
from efface.media.encoders import check_settings
from efface.media.frame import CopiedPacket, VideoFrame
from efface.media.output_file import OutputFile
from efface.media.picture_track import PictureTrack, plan_picture
from efface.media.planes import EditableFrame, editable
from efface.media.reader import VideoReader


class VideoWriter:
    """An output video in the making. ``create_video`` gives one.

    Frames are given in presentation order, packets at any time between them. The file's header is written
    with the first frame.
    """

    def __init__(
        self, path: Path, source: VideoReader, settings: EncodeSettings, mutes: Sequence[TimeRange] = ()
    ) -> None:
        self._source = source
        self._settings = settings
        self._output = OutputFile(path, source, settings, mutes)
        self._picture: PictureTrack | None = None
        self._last_pts: int | None = None

    @property
    def notices(self) -> tuple[str, ...]:
        """What the output does not keep of the source, for people; complete when the output is closed."""
        return tuple(self._output.notices)

    def edit(self, frame: VideoFrame) -> EditableFrame:
        """Open a frame for painting, in the pixel format of the output.

        The frame's own samples change when it has that format already, so take what is wanted of it
        beforehand.

        Raises:
            OutputError, RequestError: the output cannot be encoded as asked.
        """
        return editable(self._track_for(frame.native).conform(frame.native))

    def write(self, frame: VideoFrame | EditableFrame, pts: int) -> None:
        """Encode the next frame.

        Args:
            frame: a frame of the source, painted or as it came; it belongs to the writer from now on.
            pts: when it is shown, in ticks of the source's ``info.time_base``.

        Raises:
            ValueError: ``pts`` does not lie after that of the frame before.
            OutputError: the output cannot be written.
        """
        if self._last_pts is not None and pts <= self._last_pts:
            raise ValueError(f"pts {pts} does not lie after {self._last_pts}")
        self._last_pts = pts
        picture = self._track_for(frame.native)
        native = picture.conform(frame.native)
        if not self._output.has_begun:
            field_order = int(self._source.picture_track.codec_context.field_order)
            self._output.begin(picture, native, field_order, pts)
        with self._output.mapped_errors():
            packets = picture.encode(native, self._output.shifted(pts))
        self._output.mux(packets)

    def copy(self, packet: CopiedPacket) -> None:
        """Take a sound or subtitle packet over as it is; one that the container refuses is left out."""
        self._output.copy(packet)

    def finish(self) -> None:
        """Write what the encoder still holds, and the end of the file. ``create_video`` calls it.

        Raises:
            OutputError: no frame was written, or the output cannot be written.
        """
        if self._picture is not None and self._output.has_begun:
            with self._output.mapped_errors():
                packets = self._picture.finish()
            self._output.mux(packets)
        self._output.close()

    def abandon(self) -> None:
        """Remove the unfinished file. ``create_video`` calls it when its block raises."""
        self._output.abandon()

    def _track_for(self, native: av.VideoFrame) -> PictureTrack:
        if self._picture is None:
            info = self._source.info
            plan = plan_picture(info, native, self._output.container_choice, self._settings)
            self._output.notices.extend(plan.notices)
            self._picture = PictureTrack(plan, info)
        return self._picture


@contextmanager
def create_video(
    path: Path, source: VideoReader, settings: EncodeSettings, mutes: Sequence[TimeRange] = ()
) -> Iterator[VideoWriter]:
    """Write a video to ``path``, in the container of its suffix; ``atomic_output`` makes it appear whole.

    The output shows as the source does: same size, times, frame rate, orientation, sample aspect, colours,
    depth and HDR10 metadata. Everything else, names and places first, stays behind unless
    ``settings.keep_metadata``. When the block raises, the file is removed. In the spans of ``mutes``, in seconds of
    the source's own clock, every sound track is silent.

    Example::

        with open_video(Path("clip.mp4")) as source, atomic_output(Path("safe.mp4")) as part:
            with create_video(part, source, EncodeSettings()) as writer:
                for item in source.items():
                    ...

    Raises:
        OutputError: the suffix is unknown, or the file cannot be written.
        RequestError: ``settings`` hold a value that no encoder takes.
    """
    check_settings(settings)
    writer = VideoWriter(path, source, settings, mutes)
    try:
        yield writer
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
