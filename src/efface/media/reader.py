"""Reads a video from its first frame to its last, in presentation order, with the packets to copy."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from efface.domain.errors import DamagedMediaError
from efface.domain.media import Damage, VideoInfo
from efface.domain.time import PtsSpan
from efface.media.decoder import TrackDecoder
from efface.media.frame import CopiedPacket, PictureConverter, VideoFrame
from efface.media.probe import probe_video
from efface.media.seeking import TRUSTED_CONTAINERS, seek_before
from efface.media.source import open_container, read_packets

_COPIED_KINDS = ("audio", "subtitle")


class VideoReader:
    """An open video, to be read once. ``open_video`` makes it.

    The damage and the frame count are those of this one pass; open the video again for another.
    """

    def __init__(self, info: VideoInfo, container: InputContainer) -> None:
        self.info = info
        """What probing told. Every frame has its ``coded_size`` and ``pixel_format``."""
        self.container = container
        """PyAV's container; for the writer only."""
        self._decoder: TrackDecoder | None = None

    @property
    def damage(self) -> Damage:
        """What could not be read so far; complete when the pass has come to its end."""
        return self._decoder.damage if self._decoder else Damage()

    @property
    def picture_track(self) -> VideoStream:
        """PyAV's stream of the picture; for the writer only."""
        track = self.container.streams[self.info.stream_index]
        assert isinstance(track, VideoStream)
        return track

    @property
    def copied_tracks(self) -> list[Stream]:
        """PyAV's streams whose packets ``items`` gives: sound and subtitles of a codec that FFmpeg knows."""
        return [
            track
            for track in self.container.streams
            if track.type in _COPIED_KINDS and track.codec_context is not None and track.time_base
        ]

    def frames(self, *, span: PtsSpan | None = None) -> Iterator[VideoFrame]:
        """All frames that can be decoded, in presentation order.

        Args:
            span: only the frames within, counted from 0; the same pictures as in a pass over everything. What lies
                before it is not read where the container can be trusted to seek, else decoded and dropped.

        Raises:
            DamagedMediaError: not one frame could be decoded. A span may hold none.
            RuntimeError: the video was read before.
        """
        return (item for item in self._read([], span) if isinstance(item, VideoFrame))

    def items(self, *, span: PtsSpan | None = None) -> Iterator[VideoFrame | CopiedPacket]:
        """The frames, with the packets of ``copied_tracks`` between them in file order.

        Args:
            span: only the frames within, as in ``frames``, and no packets.

        Raises:
            DamagedMediaError: not one frame could be decoded. A span may hold none.
            RuntimeError: the video was read before.
        """
        return self._read(self.copied_tracks if span is None else [], span)

    def _read(self, copied: list[Stream], span: PtsSpan | None) -> Iterator[VideoFrame | CopiedPacket]:
        if self._decoder is not None:
            raise RuntimeError(f"{self.info.path} was read before: open it again for another pass")
        self._decoder = TrackDecoder(self.picture_track, has_decode_order_pts=self.info.container == "avi")
        if span is None or span.is_whole:
            return self._iter_items(self._decoder, copied)
        return self._iter_span(self._decoder, span)

    def _iter_items(self, decoder: TrackDecoder, copied: list[Stream]) -> Iterator[VideoFrame | CopiedPacket]:
        canonical = _Canonical(self.info, decoder)
        for packet in read_packets(self.container, [self.picture_track, *copied]):
            if isinstance(packet, av.error.FFmpegError):
                decoder.record(str(packet.strerror))
            elif packet.stream_index != self.info.stream_index:
                yield CopiedPacket(packet, packet.stream_index)
            else:
                yield from canonical.frames(decoder.decode(packet))
        yield from canonical.frames(decoder.finish())
        if not canonical.num_frames:
            raise DamagedMediaError(
                f"{self.info.path} has no frame that can be decoded: fetch or export it again"
            )

    def _iter_span(self, decoder: TrackDecoder, span: PtsSpan) -> Iterator[VideoFrame]:
        canonical = _Canonical(self.info, decoder)
        for native in self._decode_from(decoder, span.start_pts):
            # Frames come as they are shown, so none of the span follows one that lies behind it.
            if native.pts is None or not span.contains(native.pts):
                if native.pts is not None and span.is_before(native.pts):
                    return
                continue
            yield from canonical.frames([native])

    def _decode_from(self, decoder: TrackDecoder, start_pts: int | None) -> Iterator[av.VideoFrame]:
        """Frames as decoded, from some key frame before ``start_pts`` on."""
        is_waiting = (
            start_pts is not None
            and self.info.container in TRUSTED_CONTAINERS
            and seek_before(self.container, self.picture_track, Path(self.info.path), start_pts)
        )
        for packet in read_packets(self.container, [self.picture_track]):
            if isinstance(packet, av.error.FFmpegError):
                decoder.record(str(packet.strerror))
            elif packet.is_keyframe or not is_waiting:
                is_waiting = False
                yield from decoder.decode(packet)
        yield from decoder.finish()


class _Canonical:
    """Numbers the frames, and brings those of another size or format to that of the first."""

    def __init__(self, info: VideoInfo, decoder: TrackDecoder) -> None:
        self.num_frames = 0
        self._info = info
        self._decoder = decoder
        self._converter = PictureConverter()

    def frames(self, decoded: list[av.VideoFrame]) -> Iterator[VideoFrame]:
        size, pixel_format = self._info.coded_size, self._info.pixel_format
        for native in decoded:
            frame = native
            if (native.width, native.height, native.format.name) != (size.width, size.height, pixel_format):
                try:
                    frame = self._converter.convert(native, size, pixel_format)
                except av.error.FFmpegError as error:
                    self._decoder.record(f"{native.format.name} became {pixel_format}: {error.strerror}")
                    continue
            yield VideoFrame(self.num_frames, frame, self._info.orientation, self._converter)
            self.num_frames += 1


@contextmanager
def open_video(path: Path) -> Iterator[VideoReader]:
    """Open a local video to read it once.

    Example::

        with open_video(Path("clip.mp4")) as video:
            for frame in video.frames():
                print(frame.index, frame.pts, frame.gray(video.info.upright_size).mean())

    Raises:
        MediaNotFoundError, UnsupportedMediaError, NoVideoError, DamagedMediaError, MediaTooLargeError: as
            ``probe_video``.
    """
    info = probe_video(path)
    with open_container(path) as container:
        yield VideoReader(info, container)
