"""Packets that hold silence and fit between those of a track."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
from av import AudioCodecContext
from av.audio.stream import AudioStream

_ENCODERS = {"aac": "aac", "ac3": "ac3", "eac3": "eac3", "mp2": "mp2", "opus": "libopus"}
"""Codecs whose packets can be decoded after any other. MP3 is none: a packet lends its bytes to those around it."""
_NUM_ENCODED, _STEADY = 8, 4
"""By the fifth packet, no encoder is still starting."""
_MAX_LEVEL = 1e-4
"""Greatest sample of what counts as silence: -80 dBFS."""
_AAC_LC, _AAC_SAMPLES = 2, 1024
_DEFAULT_BIT_RATE = 128_000
_OPUS_RATE = 48_000
_OPUS_SILK_TICKS = (480, 960, 1920, 2880)
_OPUS_CELT_TICKS = (120, 240, 480, 960)
_ADTS_SYNC, _ADTS_BYTES, _ADTS_MAX_BYTES = 0xFFF, 7, 8191


class SilentPackets:
    """Silent packets for one track. ``silent_packets`` makes it."""

    def __init__(self, track: AudioStream, codec: str) -> None:
        self._context = track.codec_context
        self._codec = codec
        self._known: dict[int | None, bytes | None] = {}

    def like(self, packet: "av.Packet[Any]") -> bytes | None:
        """A silent packet that lasts as long as this one; None where there is none, as for a damaged packet."""
        head = bytes(memoryview(packet)[:_ADTS_BYTES])
        if self._codec == "opus":
            ticks = _opus_ticks(head)
            return None if ticks is None else self._of(ticks)
        body = self._of(None)
        if self._codec == "aac" and not self._context.extradata:
            return None if body is None else _framed_as(head, body)
        return body

    @property
    def is_possible(self) -> bool:
        """Whether such packets decode to silence between those of the track."""
        return self._of(_OPUS_RATE // 50 if self._codec == "opus" else None) is not None

    def _of(self, ticks: int | None) -> bytes | None:
        if ticks not in self._known:
            self._known[ticks] = self._made(ticks)
        return self._known[ticks]

    def _made(self, ticks: int | None) -> bytes | None:
        try:
            body, num_samples = _encode_silence(self._context, _ENCODERS[self._codec], ticks)
            return body if self._decodes_to_silence(body, num_samples) else None
        except (ValueError, av.error.FFmpegError):
            return None

    def _decodes_to_silence(self, body: bytes, num_samples: int) -> bool:
        source = self._context
        decoder = AudioCodecContext.create(source.codec, "r")
        assert isinstance(decoder, AudioCodecContext)
        decoder.sample_rate, decoder.layout = source.sample_rate, source.layout.name
        decoder.extradata = source.extradata
        if self._codec == "aac" and not source.extradata:
            body = _framed_as(_adts_head(source.sample_rate, source.channels), body) or b""
        for _ in range(_NUM_ENCODED):
            for frame in decoder.decode(av.Packet(body)):
                is_alike = (frame.sample_rate, frame.layout.nb_channels) == (
                    source.sample_rate,
                    source.layout.nb_channels,
                )
                # Priming makes the first frame shorter.
                if not is_alike or frame.samples > num_samples or _level(frame) > _MAX_LEVEL:
                    return False
        return frame.samples == num_samples


def silent_packets(track: AudioStream) -> SilentPackets | None:
    """Silent packets that fit a track; None where its codec or the way it is used allows none."""
    context = track.codec_context
    codec = context.codec.canonical_name
    if codec not in _ENCODERS:
        return None
    config = context.extradata or b""
    if codec == "aac":
        is_low_complexity = context.profile == "LC" and (not config or config[0] >> 3 == _AAC_LC)
        if not is_low_complexity or context.frame_size != _AAC_SAMPLES:
            return None
    found = SilentPackets(track, codec)
    return found if found.is_possible else None


def _encode_silence(source: AudioCodecContext, encoder: str, ticks: int | None) -> tuple[bytes, int]:
    """One packet, and how many samples it holds."""
    codec = av.Codec(encoder, "w")
    context = AudioCodecContext.create(codec, "w")
    assert isinstance(context, AudioCodecContext)
    assert codec.audio_formats
    context.sample_rate, context.layout = source.sample_rate, source.layout.name
    context.format = codec.audio_formats[0]
    context.bit_rate = source.bit_rate or _DEFAULT_BIT_RATE
    context.time_base = Fraction(1, source.sample_rate)
    if ticks is not None:
        context.options = {"frame_duration": str(ticks / (_OPUS_RATE // 1000))}
    context.open()
    num_samples = context.frame_size
    packets: list[Any] = []
    for i in range(_NUM_ENCODED):
        frame = av.AudioFrame(context.format.name, source.layout.name, num_samples)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.time_base = source.sample_rate, context.time_base
        frame.pts = i * num_samples
        packets += context.encode(frame)
    if len(packets) <= _STEADY:
        raise ValueError(f"{encoder} gave {len(packets)} packets of {_NUM_ENCODED} frames")
    return bytes(packets[_STEADY]), num_samples


def _level(frame: av.AudioFrame) -> float:
    """Greatest sample in 0..1."""
    samples = frame.to_ndarray()
    # Decoders of these codecs give floats or 16 bits.
    full = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(np.int16).max)
    return float(np.abs(samples.astype(np.float64)).max()) / full


def _opus_ticks(head: bytes) -> int | None:
    """Samples at 48 kHz of an Opus packet (RFC 6716, 3.1), None where it is damaged."""
    if not head:
        return None
    config, code = head[0] >> 3, head[0] & 3
    if config < 12:
        frame = _OPUS_SILK_TICKS[config % 4]
    elif config < 16:
        frame = _OPUS_SILK_TICKS[config % 2]
    else:
        frame = _OPUS_CELT_TICKS[config % 4]
    if code == 3 and len(head) < 2:
        return None
    count = head[1] & 63 if code == 3 else (1, 2, 2)[code]
    return frame * count or None


_ADTS_RATES: Callable[[int], int] = (
    *(96000, 88200, 64000, 48000, 44100, 32000, 24000),
    *(22050, 16000, 12000, 11025, 8000, 7350),
).index


def _adts_head(sample_rate: int, channels: int) -> bytes:
    """An ADTS header (ISO/IEC 14496-3, 1.A.2.2) for AAC-LC, its length left open."""
    layout = channels if channels < 8 else 7
    rate = _ADTS_RATES(sample_rate)
    return bytes([0xFF, 0xF1, 1 << 6 | rate << 2 | layout >> 2, (layout & 3) << 6, 0, 0x1F, 0xFC])


def _framed_as(head: bytes, body: bytes) -> bytes | None:
    """A body behind an ADTS header like that of another packet; None where that is none of a single block."""
    length = _ADTS_BYTES + len(body)
    is_adts = len(head) == _ADTS_BYTES and int.from_bytes(head[:2], "big") >> 4 == _ADTS_SYNC
    if not is_adts or head[6] & 3 or length > _ADTS_MAX_BYTES:
        return None
    framed = bytearray(head)
    framed[1] |= 1  # no checksum follows
    framed[3] = framed[3] & 0xFC | length >> 11
    framed[4] = length >> 3 & 0xFF
    framed[5] = (length & 7) << 5 | 0x1F
    framed[6] = 0xFC
    return bytes(framed) + body
