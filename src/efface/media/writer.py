"""Writes a redacted video: the picture encoded anew, sound and subtitles copied, nothing else kept."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import OutputContainer

from efface.domain.errors import OutputError
from efface.domain.media import EncodeSettings
from efface.media.copied_tracks import BAD_PACKET, CopiedTrack, add_track, can_hold, label_stream, track_name
from efface.media.encoders import check_settings, choose_container
from efface.media.files import output_error
from efface.media.frame import CopiedPacket, VideoFrame
from efface.media.picture_track import PictureTrack, plan_picture
from efface.media.planes import EditableFrame, editable
from efface.media.reader import VideoReader
from efface.media.source import NOT_PICTURES

_OF_THE_FILE_ITSELF = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
_TICKS_PER_S = {"matroska": 1000, "webm": 1000, "mpegts": 90_000}
"""Containers whose time base is fixed."""
_MAX_MOVIE_TIMESCALE = 1_000_000
"""Beyond it, an hour would not fit the 32 bits that old players read a duration from."""
_BITEXACT = 0x400
"""AVFMT_FLAG_BITEXACT: no version of any library in the file."""
_MAX_PRIMING_S = Fraction(3, 10)
"""Two blocks of AAC at 8 kHz."""


class VideoWriter:
    """An output video in the making. ``create_video`` gives one.

    Frames are given in presentation order, packets at any time between them. The file's header is written
    with the first frame, because only a decoded frame tells colours, HDR metadata, interlacing and
    orientation for sure.
    """

    def __init__(self, path: Path, source: VideoReader, settings: EncodeSettings) -> None:
        self._path = path
        self._source = source
        self._settings = settings
        self._container = choose_container(path)
        self._notices: list[str] = []
        self._picture: PictureTrack | None = None
        self._output: OutputContainer | None = None
        self._tracks: dict[int, CopiedTrack] = {}
        self._waiting: list[CopiedPacket] = []
        self._shift = Fraction(0)
        self._last_pts: int | None = None
        self._is_rounded = False

    @property
    def notices(self) -> tuple[str, ...]:
        """What the output does not keep of the source, for people; complete when the output is closed."""
        return tuple(self._notices)

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
        with self._mapped_errors():
            output = self._output or self._begin(picture, native, pts)
            packets = picture.encode(native, self._shifted(pts))
            self._mux(output, packets)

    def copy(self, packet: CopiedPacket) -> None:
        """Take a sound or subtitle packet over as it is; one that the container refuses is left out."""
        if self._output is None:
            # The header needs the first frame. Sound that starts before it is little.
            self._waiting.append(packet)
            return
        track = self._tracks.get(packet.stream_index)
        if track is None:
            return
        track.restamp(packet.native, self._shift)
        with self._mapped_errors():
            try:
                self._output.mux_one(packet.native)
            except BAD_PACKET:
                track.num_lost += 1

    def finish(self) -> None:
        """Write what the encoder still holds, and the end of the file. ``create_video`` calls it.

        Raises:
            OutputError: no frame was written, or the output cannot be written.
        """
        if self._picture is None or self._output is None:
            raise OutputError(f"cannot write {self._path}: no frame was given to it")
        with self._mapped_errors():
            self._mux(self._output, self._picture.finish())
            self._output.close()
        for track in self._tracks.values():
            if track.num_lost:
                self._notices.append(f"{track.name}: {track.num_lost} damaged packets left out")
        if self._is_rounded:
            self._notices.append(
                f"frame times are rounded to 1/{_TICKS_PER_S[self._container.muxer]} s, "
                f"the finest that {self._container.suffix} holds"
            )

    def _track_for(self, native: av.VideoFrame) -> PictureTrack:
        if self._picture is None:
            plan = plan_picture(self._source.info, native, self._container, self._settings)
            self._notices.extend(plan.notices)
            self._picture = PictureTrack(plan, self._source.info)
        return self._picture

    def _begin(self, picture: PictureTrack, first: av.VideoFrame, pts: int) -> OutputContainer:
        """Open the file, add all streams in the source's order, and write the header."""
        start_s = pts * self._source.info.time_base
        self._shift = self._shift_for(start_s)
        if self._shift:
            late = f"{float(self._shift):.3f} s later"
            self._notices.append(f"all times are {late}: the source starts before 0, which no output can")
        output = av.open(
            str(self._path), "w", format=self._container.muxer, container_options=self._muxer_options(start_s)
        )
        assert isinstance(output, OutputContainer)
        self._output = output
        output.flags |= _BITEXACT
        self._add_streams(output, picture, first, start_s + self._shift)
        if self._settings.keep_metadata:
            kept = self._source.container.metadata.items()
            output.metadata.update({key: value for key, value in kept if key not in _OF_THE_FILE_ITSELF})
            output.set_chapters(self._source.container.chapters())
        output.start_encoding()
        for waiting in self._waiting:
            self.copy(waiting)
        self._waiting.clear()
        return output

    def _shift_for(self, start_s: Fraction) -> Fraction:
        """Seconds to add to all times so that nothing is shown before 0, where players would drop it."""
        starts = [start_s]
        for track in self._source.copied_tracks:
            # The samples by which a sound decoder warms up may lie before 0, where the container has a place
            # for it.
            is_matroska = self._container.is_matroska and "matroska" in self._source.info.container
            has_place = self._container.is_mp4_family or is_matroska
            start = _start_of(track, self._waiting)
            starts.append(start if start < -_MAX_PRIMING_S or not has_place else max(start, Fraction(0)))
        return max(Fraction(0), -min(starts))

    def _add_streams(
        self, output: OutputContainer, picture: PictureTrack, first: av.VideoFrame, start_s: Fraction
    ) -> None:
        picture_source, keep = self._source.picture_track, self._settings.keep_metadata
        copied = {track.index for track in self._source.copied_tracks}
        for track in self._source.container.streams:
            if track.index == picture_source.index:
                field_order = int(picture_source.codec_context.field_order)
                stream = picture.open(output, first, field_order, start_s)
                label_stream(stream, picture_source, keep_metadata=keep)
            elif track.index in copied:
                if self._is_held(track):
                    self._tracks[track.index] = add_track(output, track, keep_metadata=keep)
            elif track.type == "video" and not track.disposition & NOT_PICTURES:
                self._notices.append(f"{track_name(track)} left out: only the largest picture is redacted")
            elif track.type in {"audio", "subtitle"}:
                self._notices.append(f"{track_name(track)} left out: its codec is unknown")

    def _muxer_options(self, start_s: Fraction) -> dict[str, str]:
        if self._container.is_mp4_family:
            keep = "+use_metadata_tags" if self._settings.keep_metadata else ""
            seen = {packet.stream_index for packet in self._waiting}
            starts: list[Fraction] = []
            for track in self._source.copied_tracks:
                # A track that is still to come may start at any tick.
                is_known = track.index in seen
                start = _start_of(track, self._waiting) + self._shift if is_known else track.time_base
                starts.append(Fraction(start or 0))
            scale = _movie_timescale(start_s + self._shift, starts)
            return {"movflags": f"+faststart{keep}", "movie_timescale": str(scale)}
        if self._container.muxer == "mpegts":
            # Without this, everything would be 1.4 s later.
            return {"mpegts_copyts": "1", "avoid_negative_ts": "disabled"}
        return {}

    def _is_held(self, track: Any) -> bool:
        if can_hold(self._container, track):
            return True
        self._notices.append(
            f"{track_name(track)} left out: {self._container.suffix} cannot hold it as it is"
        )
        return False

    def _shifted(self, pts: int) -> int:
        base = self._source.info.time_base
        shifted = pts + self._shift / base
        grid = _TICKS_PER_S.get(self._container.muxer)
        if grid and (shifted * base * grid).denominator != 1:
            self._is_rounded = True
        return int(shifted)

    def _mux(self, output: OutputContainer, packets: Iterable["av.Packet[Any]"]) -> None:
        for packet in packets:
            # A bad packet of a copied track may come to light here, when its turn in the interleaving comes;
            # FFmpeg has queued the picture's packet by then, so it is not lost.
            try:
                output.mux_one(packet)
            except BAD_PACKET:
                if not self._tracks:
                    raise
                next(iter(self._tracks.values())).num_lost += 1

    def abandon(self) -> None:
        """Remove the unfinished file. ``create_video`` calls it when its block raises."""
        # Removed before it is closed: closing would move gigabytes to put the index in front.
        with suppress(OSError):
            self._path.unlink()
        if self._output is not None:
            with suppress(av.error.FFmpegError):
                self._output.close()

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise output_error(self._path, error) from error
            raise OutputError(
                f"cannot write {self._path}: FFmpeg refused it ({error.strerror}): choose another container"
            ) from error


@contextmanager
def create_video(path: Path, source: VideoReader, settings: EncodeSettings) -> Iterator[VideoWriter]:
    """Write a video to ``path``, in the container of its suffix; ``atomic_output`` makes it appear whole.

    The output shows as the source does: same size, times, frame rate, orientation, sample aspect, colours,
    depth and HDR10 metadata. Everything else, names and places first, stays behind unless
    ``settings.keep_metadata``. When the block raises, the file is removed.

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
    writer = VideoWriter(path, source, settings)
    try:
        yield writer
        writer.finish()
    except BaseException:
        writer.abandon()
        raise


def _start_of(track: Any, waiting: Iterable[CopiedPacket]) -> Fraction:
    """Seconds at which a track's first packet plays."""
    first = next((packet.native.pts for packet in waiting if packet.stream_index == track.index), None)
    ticks = track.start_time if first is None else first
    return (ticks or 0) * Fraction(track.time_base)


def _movie_timescale(picture_start: Fraction, other_starts: Iterable[Fraction]) -> int:
    """The unit, in parts of a second, in which MP4 notes how late each track starts.

    The picture's start is exact. FFmpeg rounds a start down to this unit and readers round it to the track's
    own: half of the latter is fine enough. In milliseconds, 353/44100 s would be off by 4 samples.
    """
    scale = lcm(1000, picture_start.denominator)
    if scale > _MAX_MOVIE_TIMESCALE:
        scale = picture_start.denominator
    finest = max((2 * start.denominator for start in other_starts if scale % start.denominator), default=0)
    return scale * max(1, -(-finest // scale))
