"""The file that the streams of an output go into: its header, its copied tracks, and its place in time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

import av
import av.error
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream

from efface.domain.errors import OutputError
from efface.domain.media import EncodeSettings
from efface.domain.time import TimeRange
from efface.media.copied_tracks import BAD_PACKET, CopiedTrack, add_track, can_hold, label_stream, track_name
from efface.media.encoders import ContainerChoice, choose_container
from efface.media.files import output_error
from efface.media.frame import CopiedPacket
from efface.media.muting import MutedTrack, mute_track
from efface.media.picture_track import PictureTrack
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


class OutputFile:
    """One output file in the making, for packets of the picture and of the copied tracks.

    The header is written by ``begin``, because only a decoded frame tells colours, HDR metadata, interlacing
    and orientation for sure. Packets to copy may come before.
    """

    def __init__(
        self,
        path: Path,
        source: VideoReader,
        settings: EncodeSettings,
        mutes: Sequence[TimeRange] = (),
    ) -> None:
        """
        Args:
            path: the file to write.
            source: what is copied, and told from.
            settings: how it is encoded.
            mutes: when no sound is heard, in seconds of the source's own clock.
        """
        self.notices: list[str] = []
        """What the output does not keep of the source, for people; complete when the file is closed."""
        self.container_choice: ContainerChoice = choose_container(path)
        """What the suffix of the path names."""
        self._path = path
        self._source = source
        self._settings = settings
        self._mutes = mutes
        self._muted: dict[int, MutedTrack] = {}
        self._output: OutputContainer | None = None
        self._tracks: dict[int, CopiedTrack] = {}
        self._waiting: list[CopiedPacket] = []
        self._shift = Fraction(0)
        self._is_rounded = False

    @property
    def has_begun(self) -> bool:
        """True when the header is written."""
        return self._output is not None

    def begin(self, picture: PictureTrack, first: av.VideoFrame, field_order: int, pts: int) -> None:
        """Open the file, add all streams in the source's order, and write the header.

        Args:
            picture: the picture's track, not yet opened.
            first: the video's first frame, conformed.
            field_order: FFmpeg's number, of the source.
            pts: when the first frame is shown, in ticks of the source's time base.

        Raises:
            OutputError: the file cannot be written.
        """
        start_s = pts * self._source.info.time_base
        self._shift = self._shift_for(start_s)
        if self._shift:
            late = f"{float(self._shift):.3f} s later"
            self.notices.append(f"all times are {late}: the source starts before 0, which no output can")
        with self.mapped_errors():
            output = av.open(
                str(self._path),
                "w",
                format=self.container_choice.muxer,
                container_options=self._muxer_options(start_s),
            )
            assert isinstance(output, OutputContainer)
            self._output = output
            output.flags |= _BITEXACT
            self._add_streams(output, picture, first, field_order, start_s)
            if self._settings.keep_metadata:
                kept = self._source.container.metadata.items()
                output.metadata.update({key: value for key, value in kept if key not in _OF_THE_FILE_ITSELF})
                output.set_chapters(self._source.container.chapters())
            output.start_encoding()
        for waiting in self._waiting:
            self.copy(waiting)
        self._waiting.clear()

    def shifted(self, pts: int) -> int:
        """When a frame is shown in the output, in ticks of the source's time base; ``begin`` goes before."""
        base = self._source.info.time_base
        shifted = pts + self._shift / base
        grid = _TICKS_PER_S.get(self.container_choice.muxer)
        if grid and (shifted * base * grid).denominator != 1:
            self._is_rounded = True
        return int(shifted)

    def mux(self, packets: Iterable["av.Packet[Any]"]) -> None:
        """Write packets of the picture, in decoding order; their times are those of the output.

        Raises:
            OutputError: the file cannot be written.
        """
        assert self._output is not None
        with self.mapped_errors():
            for packet in packets:
                # A bad packet of a copied track may come to light here, when its turn in the interleaving
                # comes; FFmpeg has queued the picture's packet by then, so it is not lost.
                try:
                    self._output.mux_one(packet)
                except BAD_PACKET:
                    if not self._tracks:
                        raise
                    next(iter(self._tracks.values())).num_lost += 1

    def copy(self, packet: CopiedPacket) -> None:
        """Take a sound or subtitle packet over as it is; one that the container refuses is left out."""
        if self._output is None:
            # The header needs the first frame. Sound that starts before it is little.
            self._waiting.append(packet)
            return
        track = self._tracks.get(packet.stream_index)
        if track is None:
            return
        muted = self._muted.get(packet.stream_index)
        with self.mapped_errors():
            self._mux_copied(track, [packet.native] if muted is None else muted.take(packet.native))

    def _mux_copied(self, track: CopiedTrack, packets: Iterable["av.Packet[Any]"]) -> None:
        assert self._output is not None
        for packet in packets:
            track.restamp(packet, self._shift)
            try:
                self._output.mux_one(packet)
            except BAD_PACKET:
                track.num_lost += 1

    def close(self) -> None:
        """Write the end of the file.

        Raises:
            OutputError: no frame was given, or the file cannot be written.
        """
        if self._output is None:
            raise OutputError(f"cannot write {self._path}: no frame was given to it")
        with self.mapped_errors():
            for index, muted in self._muted.items():
                self._mux_copied(self._tracks[index], muted.finish())
                self._tracks[index].num_lost += muted.num_lost
            self._output.close()
        for track in self._tracks.values():
            if track.num_lost:
                self.notices.append(f"{track.name}: {track.num_lost} damaged packets left out")
        if self._is_rounded:
            self.notices.append(
                f"frame times are rounded to 1/{_TICKS_PER_S[self.container_choice.muxer]} s, "
                f"the finest that {self.container_choice.suffix} holds"
            )

    def abandon(self) -> None:
        """Remove the unfinished file."""
        # Removed before it is closed: closing would move gigabytes to put the index in front.
        with suppress(OSError):
            self._path.unlink()
        if self._output is not None:
            with suppress(av.error.FFmpegError):
                self._output.close()

    @contextmanager
    def mapped_errors(self) -> Iterator[None]:
        """Turn FFmpeg's errors into ``OutputError`` that names the file."""
        try:
            yield
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise output_error(self._path, error) from error
            raise OutputError(
                f"cannot write {self._path}: FFmpeg refused it ({error.strerror}): choose another container"
            ) from error

    def _shift_for(self, start_s: Fraction) -> Fraction:
        """Seconds to add to all times so that nothing is shown before 0, where players would drop it."""
        starts = [start_s]
        for track in self._source.copied_tracks:
            has_place = self._has_place_before_start
            start = _start_of(track, self._waiting)
            starts.append(start if start < -_MAX_PRIMING_S or not has_place else max(start, Fraction(0)))
        return max(Fraction(0), -min(starts))

    @property
    def _has_place_before_start(self) -> bool:
        """Whether the samples by which a sound decoder warms up may lie before 0."""
        is_matroska = self.container_choice.is_matroska and "matroska" in self._source.info.container
        return self.container_choice.is_mp4_family or is_matroska

    def _add_streams(
        self,
        output: OutputContainer,
        picture: PictureTrack,
        first: av.VideoFrame,
        field_order: int,
        start_s: Fraction,
    ) -> None:
        picture_source, keep = self._source.picture_track, self._settings.keep_metadata
        copied = {track.index for track in self._source.copied_tracks}
        for track in self._source.container.streams:
            if track.index == picture_source.index:
                stream = picture.open(output, first, field_order, start_s)
                label_stream(stream, picture_source, keep_metadata=keep)
            elif track.index in copied:
                if self._is_held(track):
                    self._add_copied(output, track)
            elif track.type == "video" and not track.disposition & NOT_PICTURES:
                self.notices.append(f"{track_name(track)} left out: only the largest picture is redacted")
            elif track.type in {"audio", "subtitle"}:
                self.notices.append(f"{track_name(track)} left out: its codec is unknown")
        if self._mutes and not any(
            isinstance(track, AudioStream) for track in self._source.container.streams
        ):
            self.notices.append("nothing was muted: the source has no sound")

    def _add_copied(self, output: OutputContainer, track: Stream) -> None:
        keep = self._settings.keep_metadata
        if not self._mutes or not isinstance(track, AudioStream):
            self._tracks[track.index] = add_track(output, track, keep_metadata=keep)
            if self._mutes:
                self.notices.append(
                    f"{track_name(track)} is kept as it is, whatever it tells of the muted sound"
                )
            return
        muted = mute_track(
            output,
            track,
            self.container_choice,
            self._mutes,
            earliest=None if self._has_place_before_start else -self._shift,
        )
        if muted is None:
            self.notices.append(f"{track_name(track)} left out: nothing here can silence it in part")
            return
        self.notices.extend(muted.notices)
        label_stream(muted.stream, track, keep_metadata=keep)
        self._tracks[track.index] = CopiedTrack(track, muted.stream, track_name(track))
        self._muted[track.index] = muted

    def _muxer_options(self, start_s: Fraction) -> dict[str, str]:
        if self.container_choice.is_mp4_family:
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
        if self.container_choice.muxer == "mpegts":
            # Without this, everything would be 1.4 s later.
            return {"mpegts_copyts": "1", "avoid_negative_ts": "disabled"}
        return {}

    def _is_held(self, track: Any) -> bool:
        if can_hold(self.container_choice, track):
            return True
        self.notices.append(
            f"{track_name(track)} left out: {self.container_choice.suffix} cannot hold it as it is"
        )
        return False


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
