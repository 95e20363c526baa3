"""Reads all packets of a video once, without decoding them, to know what may be copied and when all starts."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from efface.media.reader import VideoReader
from efface.media.source import read_packets
from efface.media.streaming.h264 import H264Packets
from efface.ports import Progress

STAGE = "stream"
"""What progress calls the work of this package."""
_PACKETS_PER_REPORT = 500
_FALLBACK_RATE = Fraction(25)


@dataclass(frozen=True, slots=True, eq=False)
class PictureSurvey:
    """What the packets of the picture track tell."""

    pts: NDArray[np.int64]
    """(num_packets,) in file order, in ticks of the track; those without a time are left out."""
    idr_positions: NDArray[np.int64]
    """Positions in ``pts`` at which a decoder can start afresh; empty where the codec is not H.264."""
    num_packets: int
    last_duration: int
    """Ticks that the last frame is shown."""
    obstacle: str | None
    """Why the packets cannot be copied as they are, None where they can."""

    @property
    def step(self) -> int:
        """Median ticks from one frame to the next, at least 1; 0 where no two times are known."""
        if len(self.pts) < 2:
            return 0
        return max(1, int(np.median(np.diff(np.sort(self.pts)))))


@dataclass(frozen=True, slots=True)
class SoundSurvey:
    """What the packets of the sound track tell."""

    stream_index: int
    start: Fraction
    """Seconds at which the first packet starts, priming included."""
    audible_start: Fraction
    """Seconds at which the first sample that is to be heard is."""
    end: Fraction
    """Seconds at which the last packet ends."""
    max_deviation_s: float
    """Furthest that a packet's time lies from where the count of samples puts it."""
    num_unfit: int
    """Packets that are damaged or carry no time."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What reading all packets told."""

    picture: PictureSurvey
    sound: SoundSurvey | None
    """Of the first sound track that decodes; None where there is none."""


def survey_packets(reader: VideoReader, progress: Progress) -> Survey:
    """Read the packets of a video that was opened for this alone.

    Args:
        reader: fresh from ``open_video``.
        progress: hears of it, so that it can stop the work; the count of frames stays at 0.

    Raises:
        Cancelled: ``progress`` stopped it.
    """
    picture = _PictureCollector(reader)
    sounds = [_SoundCollector(track) for track in reader.copied_tracks if isinstance(track, AudioStream)]
    by_index = {sound.track.index: sound for sound in sounds}
    tracks = [reader.picture_track, *(sound.track for sound in sounds)]
    for count, packet in enumerate(read_packets(reader.container, tracks)):
        if count % _PACKETS_PER_REPORT == 0:
            progress.report(STAGE, 0, reader.info.num_frames_estimate)
        if isinstance(packet, av.error.FFmpegError):
            picture.refuse("the file is damaged")
        elif packet.stream_index == reader.info.stream_index:
            picture.add(packet)
        else:
            by_index[packet.stream_index].add(packet)
    heard = next((sound for sound in sounds if sound.can_be_decoded), None)
    return Survey(picture.finish(), heard.finish() if heard else None)


class _PictureCollector:
    def __init__(self, reader: VideoReader) -> None:
        self._pts, self._idr = array("q"), array("q")
        self._num_packets = 0
        self._last = (-(1 << 62), 0)
        self._obstacle: str | None = None
        self._packets = self._reads_packets_of(reader)

    def _reads_packets_of(self, reader: VideoReader) -> H264Packets | None:
        if reader.info.codec != "h264":
            self.refuse(f"{reader.info.codec} is not H.264")
            return None
        try:
            packets = H264Packets(reader.picture_track.codec_context.extradata or b"")
        except ValueError as error:
            self.refuse(str(error))
            return None
        if not packets.is_of_copyable_profile:
            self.refuse("the H.264 profile is not one that every browser decodes")
        return packets

    def refuse(self, reason: str) -> None:
        """Note why the packets cannot be copied; the first reason is kept."""
        self._obstacle = self._obstacle or reason

    def add(self, packet: "av.Packet[Any]") -> None:
        self._num_packets += 1
        if packet.pts is None:
            return self.refuse("frames without a time")
        if packet.is_discard:
            # Decoded but never shown: without an edit list, which players differ over, it would be.
            return self.refuse("an edit list hides frames")
        self._last = max(self._last, (packet.pts, packet.duration or 0))
        if packet.is_corrupt:
            self.refuse("the file is damaged")
        if self._packets is not None:
            facts = self._packets.look_at(memoryview(packet))
            if not facts.is_whole:
                self.refuse("the file is damaged")
            if not facts.is_self_consistent:
                self.refuse("the picture's parameters change on the way")
            if facts.has_idr:
                self._idr.append(len(self._pts))
        return self._pts.append(packet.pts)

    def finish(self) -> PictureSurvey:
        pts = np.array(self._pts, np.int64)
        return PictureSurvey(
            pts, np.array(self._idr, np.int64), self._num_packets, self._last[1], self._obstacle
        )


@dataclass(slots=True)
class _SoundCollector:
    track: AudioStream
    can_be_decoded: bool = False
    _first_pts: int | None = None
    _skipped: int = 0
    _num_samples: int = 0
    _end_pts: int = 0
    _max_deviation_s: float = 0.0
    _num_unfit: int = 0
    _num_tried: int = 0

    def add(self, packet: "av.Packet[Any]") -> None:
        if not self.can_be_decoded:
            self.can_be_decoded = any(frame.samples for frame in self._decoded(packet))
        rate = self.track.codec_context.sample_rate
        if packet.is_corrupt or packet.pts is None or not rate:
            self._num_unfit += 1
            return
        if self._first_pts is None:
            self._first_pts = self._end_pts = packet.pts
            if packet.has_sidedata("skip_samples"):
                self._skipped = int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[:4], "little")
        # Floats, because exact fractions made up half of the time that a copy takes.
        tick_s, duration = float(self._base), packet.duration or 0
        deviation_s = (packet.pts - self._first_pts) * tick_s - self._num_samples / rate
        self._max_deviation_s = max(self._max_deviation_s, abs(deviation_s))
        self._num_samples += self.track.codec_context.frame_size or round(duration * tick_s * rate)
        self._end_pts = max(self._end_pts, packet.pts + duration)

    @property
    def _base(self) -> Fraction:
        assert self.track.time_base is not None
        return self.track.time_base

    def _decoded(self, packet: "av.Packet[Any]") -> Iterator[av.AudioFrame]:
        # A format that FFmpeg cannot decode after this many packets it will not decode at all.
        if self._num_tried > 50:
            return
        self._num_tried += 1
        try:
            yield from self.track.decode(packet)
        except av.error.FFmpegError:
            return

    def finish(self) -> SoundSurvey | None:
        if self._first_pts is None:
            return None
        first = self._first_pts * self._base
        audible = first + Fraction(self._skipped, self.track.codec_context.sample_rate)
        end = self._end_pts * self._base
        return SoundSurvey(self.track.index, first, audible, end, self._max_deviation_s, self._num_unfit)


def frame_rate_of(survey: PictureSurvey, time_base: Fraction, claimed: Fraction | None) -> Fraction:
    """Average frames per second: counted where two times are known, else as claimed, else 25."""
    if len(survey.pts) > 1:
        span = int(survey.pts.max() - survey.pts.min()) * time_base
        if span > 0:
            return Fraction(len(survey.pts) - 1) / span
    return claimed or _FALLBACK_RATE
