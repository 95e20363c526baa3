"""How a sound track is encoded that cannot be copied."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
from av import AudioCodecContext
from av.audio.stream import AudioStream

from efface.media.encoders import ContainerChoice, codecs_held_by

_OF_CODEC = {
    **{name: name for name in ("aac", "ac3", "eac3", "mp2", "flac", "alac")},
    "mp3": "libmp3lame",
    "opus": "libopus",
    # What Vorbis became; this FFmpeg's own encoder of Vorbis is a poor one.
    "vorbis": "libopus",
    # Lossless, and without an encoder.
    **{name: "flac" for name in ("truehd", "mlp", "ape", "tta", "wavpack")},
}
_AFTER = ("aac", "libopus")
_LOSSLESS = frozenset({"flac", "alac"})
_MIN_BIT_RATE_PER_CHANNEL, _MAX_BIT_RATE = 64_000, 320_000
"""What is encoded for a second time gets at least so much, that it does not suffer."""
_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
_UNSIGNED_ZERO = 128


@dataclass(frozen=True, slots=True)
class SoundEncoder:
    """An encoder that can be opened as told."""

    codec: str
    """FFmpeg's encoder name, e.g. ``libopus``."""
    sample_rate: int
    layout: str
    """FFmpeg's name of the channel layout."""
    num_channels: int
    sample_format: str
    """FFmpeg's name, e.g. ``fltp``."""
    bit_rate: int | None
    """None where nothing is lost and the sound decides."""

    @property
    def dtype(self) -> "np.dtype[Any]":
        """Of samples in ``sample_format``."""
        return np.dtype(_DTYPES[self.sample_format.removesuffix("p")])

    @property
    def zero(self) -> int:
        """The sample that is silent."""
        return _UNSIGNED_ZERO if self.sample_format.startswith("u8") else 0

    @property
    def is_lossless(self) -> bool:
        """True where what is encoded comes back to the bit."""
        return _is_lossless(self.codec)

    def add_to(self, output: Any) -> AudioStream:
        """Add a stream for this encoder to an output whose header is not yet written."""
        stream = output.add_stream(self.codec, rate=self.sample_rate, layout=self.layout)
        assert isinstance(stream, AudioStream)
        self._set_up(stream.codec_context)
        stream.time_base = Fraction(1, self.sample_rate)
        return stream

    def can_open(self) -> bool:
        """Whether FFmpeg takes all of it together."""
        context = AudioCodecContext.create(self.codec, "w")
        assert isinstance(context, AudioCodecContext)
        context.sample_rate, context.layout = self.sample_rate, self.layout
        self._set_up(context)
        try:
            context.open()
        except (ValueError, av.error.FFmpegError):
            return False
        return True

    def _set_up(self, context: AudioCodecContext) -> None:
        context.format = self.sample_format
        context.time_base = Fraction(1, self.sample_rate)
        if self.bit_rate is not None:
            context.bit_rate = self.bit_rate


def choose_sound_encoder(track: AudioStream, container: ContainerChoice) -> SoundEncoder | None:
    """The encoder of the track's own codec, else of one that the container holds; None where none can be opened."""
    source = track.codec_context.codec.canonical_name
    own = source if source.startswith("pcm_") else _OF_CODEC.get(source)
    held = codecs_held_by(container.muxer)
    for name in dict.fromkeys(filter(None, (own, *_AFTER))):
        if not held.intersection((name, _codec_of(name))):
            continue
        for encoder in _ways(track.codec_context, name):
            if encoder.can_open():
                return encoder
    return None


def _ways(source: AudioCodecContext, name: str) -> list[SoundEncoder]:
    try:
        codec = av.Codec(name, "w")
    except ValueError:
        return []
    rates = codec.audio_rates or [source.sample_rate]
    rate = min(rates, key=lambda each: (each < source.sample_rate, abs(each - source.sample_rate)))
    formats = [each.name for each in codec.audio_formats or []]
    base = source.format.name.removesuffix("p")
    own = [each for each in formats if each.removesuffix("p") == base]
    layouts = dict.fromkeys((source.layout.name, "stereo"))
    return [
        SoundEncoder(
            name,
            rate,
            layout,
            av.AudioLayout(layout).nb_channels,
            (own or formats)[0],
            None if _is_lossless(name) else bit_rate,
        )
        for layout in layouts
        for bit_rate in _bit_rates(source)
    ]


def _codec_of(encoder: str) -> str | None:
    try:
        return av.Codec(encoder, "w").canonical_name
    except ValueError:
        return None


def _bit_rates(source: AudioCodecContext) -> list[int]:
    """The source's own, and rounder ones for encoders that take only some."""
    least = _MIN_BIT_RATE_PER_CHANNEL * source.layout.nb_channels
    wanted = min(max(source.bit_rate or 0, least), max(_MAX_BIT_RATE, least))
    return [wanted, max(192_000, least)]


def _is_lossless(codec: str) -> bool:
    return codec in _LOSSLESS or codec.startswith("pcm_")
