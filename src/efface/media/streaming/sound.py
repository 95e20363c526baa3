"""The sound of a stream: AAC packets copied as they are, or any sound decoded and encoded as AAC."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any

import av
import av.error
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from numpy.typing import NDArray

from efface.media.streaming.fragments import MAX_START_GAP_S, FragmentWriter
from efface.media.streaming.survey import SoundSurvey

SAMPLE_RATE = 48_000
BIT_RATE = 128_000
_FRAME_SAMPLES = 1024
"""Samples of one packet of AAC-LC."""
_MAX_DEVIATION_S = 0.015
"""A Matroska file rounds times to milliseconds; more than a few of them is a gap or a clock that drifts."""
_MAX_SHORT_S = 1
"""Sound that ends earlier than this before the picture is filled up: players wait for the track that lacks."""
_RESYNC_SAMPLES = SAMPLE_RATE // 100
_COPYABLE_RATES = frozenset({48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000})
_LC = 2
"""Audio object type of AAC-LC."""
_ADTS_SYNC = 0xFFF


def why_not_copied(track: AudioStream, survey: SoundSurvey, picture: tuple[Fraction, Fraction]) -> str | None:
    """The reason for which the sound must be encoded anew, None where its packets can be copied.

    Args:
        picture: seconds at which the picture starts and ends.
    """
    context = track.codec_context
    config = context.extradata or b""
    layout = (config[1] >> 3) & 15 if len(config) > 1 else context.channels
    reasons = (
        (context.codec.canonical_name != "aac" or context.profile != "LC", f"{context.name} is not AAC-LC"),
        (bool(config) and config[0] >> 3 != _LC, "its header does not say AAC-LC"),
        (context.sample_rate not in _COPYABLE_RATES, "its sample rate is not one of AAC's up to 48 kHz"),
        (not 1 <= layout <= 7, "its channels are laid out in a way of their own"),
        (survey.num_unfit > 0, "packets are damaged"),
        (survey.max_deviation_s > _MAX_DEVIATION_S, "it has gaps"),
        (first_kept(track, survey)[1] - picture[0] > MAX_START_GAP_S, "it starts after the picture"),
        (picture[1] - survey.end > _MAX_SHORT_S, "it ends before the picture"),
    )
    return next((reason for applies, reason in reasons if applies), None)


def first_kept(track: AudioStream, survey: SoundSurvey) -> tuple[int, Fraction]:
    """How many packets of priming come before the first audible sample, and seconds at which the next starts."""
    length = Fraction(_samples_per_packet(track), track.codec_context.sample_rate)
    num_priming = int((survey.audible_start - survey.start) / length)
    return num_priming, survey.start + num_priming * length


def _samples_per_packet(track: AudioStream) -> int:
    return track.codec_context.frame_size or _FRAME_SAMPLES


class SoundCopy:
    """Writes AAC packets as they are, from the first that can be heard, timed by the count of their samples."""

    def __init__(
        self, writer: FragmentWriter, track: AudioStream, survey: SoundSurvey, start: Fraction
    ) -> None:
        rate = track.codec_context.sample_rate
        num_priming, first_s = first_kept(track, survey)
        self._writer = writer
        self._source = track
        self._num_dropped = num_priming
        self._samples = _samples_per_packet(track)
        self._next = round((first_s - start) * rate)
        self._base = Fraction(1, rate)
        self._stream: AudioStream | None = None
        self._strip: BitStreamFilterContext | None = None

    def write(self, packet: "av.Packet[Any]") -> None:
        """Take over the next packet, which changes."""
        if self._num_dropped > 0:
            self._num_dropped -= 1
            return
        stream = self._stream or self._begin(packet)
        for bare in self._strip.filter(packet) if self._strip else [packet]:
            bare.time_base = self._base
            bare.pts = bare.dts = self._next
            bare.duration = self._samples
            bare.stream = stream
            self._writer.mux([bare])
            self._next += self._samples

    def finish(self) -> None:
        """Nothing is held back."""

    def _begin(self, first: "av.Packet[Any]") -> AudioStream:
        stream = self._writer.container.add_stream_from_template(self._source)
        stream.time_base = self._base
        head = bytes(memoryview(first)[:4])
        if not self._source.codec_context.extradata and int.from_bytes(head[:2], "big") >> 4 == _ADTS_SYNC:
            # The file's header is written before a packet is, so it cannot wait for what the filter finds.
            stream.codec_context.extradata = _config_of_adts(head)
            self._strip = BitStreamFilterContext("aac_adtstoasc", self._source)
        self._stream = stream
        return stream


def _config_of_adts(head: bytes) -> bytes:
    """AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) out of an ADTS header."""
    object_type = (head[2] >> 6) + 1
    rate_index = (head[2] >> 2) & 15
    channels = (head[2] & 1) << 2 | head[3] >> 6
    return (object_type << 11 | rate_index << 7 | channels << 3).to_bytes(2, "big")


class SoundTranscode:
    """Decodes sound and writes it as 48 kHz stereo AAC-LC, without a gap from the start of the stream on."""

    def __init__(
        self, writer: FragmentWriter, track: AudioStream, start: Fraction, offset: Fraction, end: Fraction
    ) -> None:
        """
        Args:
            start: seconds on the source's clock at which the stream starts.
            offset: seconds at which that moment lies on the clock of the output.
            end: seconds on the source's clock at which the picture ends; the sound is filled up to there.
        """
        self._writer = writer
        self._track = track
        self._start = start
        self._end_sample = ceil((end - start) * SAMPLE_RATE)
        self._offset = round(offset * SAMPLE_RATE)
        self._position = 0
        self._resampler = _new_resampler()
        stream: Any = writer.container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        stream.bit_rate = BIT_RATE
        stream.time_base = Fraction(1, SAMPLE_RATE)
        self._stream: AudioStream = stream

    def write(self, packet: "av.Packet[Any]") -> None:
        """Decode the next packet and encode what it holds; damaged ones are passed over."""
        try:
            frames = self._track.decode(packet)
        except av.error.FFmpegError:
            return
        for frame in frames:
            self._take(frame)

    def finish(self) -> None:
        """Encode what is held back, and silence up to the end of the picture."""
        try:
            for frame in self._track.decode(None):
                self._take(frame)
        except av.error.FFmpegError:
            pass
        self._flush()
        # Sound of which nothing could be decoded is silent, but it is there.
        self._fill(max(self._end_sample, _FRAME_SAMPLES))
        self._mux(self._stream.encode(None))

    def _take(self, frame: av.AudioFrame) -> None:
        if not frame.samples or not frame.sample_rate:
            return
        skipped = 0
        if frame.pts is not None and frame.time_base:
            skipped = self._come_to(
                round((frame.pts * Fraction(frame.time_base) - self._start) * SAMPLE_RATE)
            )
        frame.pts = None
        try:
            pieces = self._resampler.resample(frame)
        except ValueError:
            # Rate or channels changed on the way.
            self._flush()
            self._resampler = _new_resampler()
            pieces = self._resampler.resample(frame)
        for piece in pieces:
            samples = _stereo(piece)
            self._write(samples[:, skipped:])
            skipped = max(0, skipped - samples.shape[1])

    def _come_to(self, place: int) -> int:
        """Fill a gap before a frame with silence; gives the samples of the frame to leave out where it overlaps.

        Small differences are left alone: times in files are rounded, and the resampler holds a few samples.
        """
        ahead = place - self._position
        tolerance = _RESYNC_SAMPLES if self._position else 0
        if ahead > tolerance and place <= self._end_sample + SAMPLE_RATE:
            # A time far behind the picture's end is wrong rather than late.
            self._flush()
            self._fill(place)
        return max(0, -ahead) if ahead < -tolerance else 0

    def _flush(self) -> None:
        """Take out what the resampler holds, after which it can take no more."""
        for piece in self._resampler.resample(None):
            if piece is not None:
                self._write(_stereo(piece))
        self._resampler = _new_resampler()

    def _fill(self, place: int) -> None:
        while self._position < place:
            self._write(np.zeros((2, min(place - self._position, SAMPLE_RATE)), np.float32))

    def _write(self, samples: NDArray[np.float32]) -> None:
        count = samples.shape[1]
        if not count:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
        frame.sample_rate, frame.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
        frame.pts = self._offset + self._position
        self._position += count
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: "list[av.Packet[Any]]") -> None:
        self._writer.mux(_without_priming(packets, self._offset))


def _without_priming(packets: "list[av.Packet[Any]]", start: int) -> "Iterator[av.Packet[Any]]":
    """Packets from the first audible sample on; the encoder's first holds nothing but the silence it starts from.

    Without an edit list a player would play it, and all the rest 21 ms late.
    """
    return (packet for packet in packets if packet.pts is None or packet.pts >= start)


def _new_resampler() -> AudioResampler:
    return AudioResampler("fltp", "stereo", SAMPLE_RATE)


def _stereo(frame: av.AudioFrame) -> NDArray[np.float32]:
    """(2, n) float32 samples in -1..1."""
    return np.asarray(frame.to_ndarray(), np.float32)
