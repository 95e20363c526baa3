"""Encodes some frames of a video so that the packets fit between those of the frames before and behind."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import OutputContainer

from efface.domain.errors import OutputError
from efface.domain.media import Damage, EncodeSettings
from efface.media.encoders import check_settings, choose_container
from efface.media.frame import VideoFrame
from efface.media.opening import Opening
from efface.media.packet_file import PacketFileWriter, PartNotes, create_packet_file
from efface.media.picture_track import PictureTrack
from efface.media.planes import EditableFrame, editable


class SegmentWriter:
    """The packets of one segment in the making. ``create_segment`` gives one."""

    def __init__(
        self, packets: PacketFileWriter, picture: PictureTrack, shown: Sequence[int], path: Path
    ) -> None:
        self._packets = packets
        self._picture = picture
        self._shown = shown
        self._path = path
        self._num_frames = 0

    def edit(self, frame: VideoFrame) -> EditableFrame:
        """Open a frame for painting, in the pixel format of the output; its own samples may change."""
        return editable(self._picture.conform(frame.native))

    def write(self, frame: VideoFrame | EditableFrame, pts: int) -> None:
        """Encode the next frame.

        Args:
            frame: a frame of the source, painted or as it came; it belongs to the writer from now on.
            pts: when it is shown, in ticks of the source's time base.

        Raises:
            ValueError: this is not when the next frame of the segment is shown.
            OutputError: the segment cannot be written.
        """
        if self._num_frames == len(self._shown) or pts != self._shown[self._num_frames]:
            raise ValueError(f"pts {pts} is not that of frame {self._num_frames} of the segment")
        self._num_frames += 1
        native = self._picture.conform(frame.native)
        with self._mapped_errors():
            # Counted from the segment's own start, because some encoders take no time before 0.
            self._keep(self._picture.encode(native, pts - self._shown[0]))

    def finish(self, notes: PartNotes) -> None:
        """Write what the encoder still holds, and the end of the file."""
        with self._mapped_errors():
            self._keep(self._picture.finish())
        self._packets.finish(notes)

    def notes(self, rendering: str, frames: range, num_masked_frames: int, damage: Damage) -> PartNotes:
        """The notes of this segment; its frames have gone to the encoder."""
        return PartNotes(
            rendering=rendering,
            first_frame=frames.start,
            end_frame=frames.stop,
            num_masked_frames=num_masked_frames,
            damage=damage,
            fingerprint=self._picture.fingerprint,
            extradata=self._picture.extradata,
        )

    def _keep(self, packets: Sequence["av.Packet[Any]"]) -> None:
        for packet in packets:
            assert packet.pts is not None
            self._packets.write(packet, packet.pts + self._shown[0])

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except av.error.FFmpegError as error:
            raise OutputError(
                f"cannot write {self._path}: FFmpeg refused it ({error.strerror}): choose another container"
            ) from error


@contextmanager
def create_segment(
    part: Path,
    opening: Opening,
    suffix: str,
    settings: EncodeSettings,
    start_s: Fraction,
    shown: Sequence[int],
) -> Iterator[SegmentWriter]:
    """Encode a segment into a packet file; the block calls ``finish`` at its end.

    The encoder is set up as for the whole video, so it starts with a key frame that refers to nothing, and the
    packets of all segments go into one stream.

    Args:
        part: the packet file to make.
        opening: the beginning of the video.
        suffix: of the finished video, e.g. ``.mp4``: the container decides about encoder and parameter sets.
        settings: how it is encoded.
        start_s: when the video's first frame is shown.
        shown: PTS of each frame of the segment.

    Raises:
        OutputError, RequestError: the output cannot be encoded as asked, or the file cannot be written.
    """
    check_settings(settings)
    container = choose_container(Path(f"video{suffix}"))
    picture, _ = opening.picture_track(container, settings)
    # Never written: it makes the encoder what it is in an output of this format.
    with create_packet_file(part) as packets, av.open(io.BytesIO(), "w", format=container.muxer) as form:
        assert isinstance(form, OutputContainer)
        picture.open(form, picture.conform(opening.first.native), opening.field_order, start_s)
        yield SegmentWriter(packets, picture, shown, part)
