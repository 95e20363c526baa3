"""Clips with a sound that is never quiet, and what is heard of a file."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from efface.domain.media import EncodeSettings
from efface.domain.time import TimeRange
from efface.media.frame import VideoFrame
from efface.media.reader import open_video
from efface.media.writer import create_video

RATE = 48_000
SECONDS = 4
VIDEO_RATE = 5
_BLOCK = 960
_QUICK_VP9 = {"deadline": "realtime", "cpu-used": "8"}


def _sound(num_channels: int, rate: int) -> NDArray[np.float32]:
    """(channels, n) a tone that wanders, another in each channel, and never falls silent."""
    t = np.arange(rate * SECONDS) / rate
    tones = [np.sin(2 * np.pi * (300 + 170 * i) * t + 3 * np.sin(2 * t)) for i in range(num_channels)]
    return (0.3 * np.array(tones)).astype(np.float32)


def _add_sound(
    container: Any, codec: str, layout: str, rate: int, options: dict[str, str]
) -> Callable[[], None]:
    stream = container.add_stream(codec, rate=rate, layout=layout, options=options)
    if not codec.startswith(("pcm_", "flac", "alac")):
        stream.bit_rate = 96_000 * av.AudioLayout(layout).nb_channels

    def write() -> None:
        resampler = av.AudioResampler(stream.format.name, layout, rate)
        wave = _sound(av.AudioLayout(layout).nb_channels, rate)
        for start in range(0, wave.shape[1], _BLOCK):
            block = np.ascontiguousarray(wave[:, start : start + _BLOCK])
            frame = av.AudioFrame.from_ndarray(block, "fltp", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            for piece in resampler.resample(frame):
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))

    return write


def make_sounding_clip(
    path: Path, *codecs: str, layout: str = "stereo", rate: int = RATE, options: dict[str, str] | None = None
) -> Path:
    """Write a clip of 4 s with one sound track for each codec given."""
    with av.open(str(path), "w") as container:
        is_webm = path.suffix == ".webm"
        video: Any = container.add_stream("libvpx-vp9" if is_webm else "libx264", rate=VIDEO_RATE)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.options = _QUICK_VP9 if is_webm else {"preset": "ultrafast"}
        sounds = [_add_sound(container, codec, layout, rate, options or {}) for codec in codecs]
        for i in range(VIDEO_RATE * SECONDS):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64), 40 + i, np.uint8), "gray8")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = i, Fraction(1, VIDEO_RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for write in sounds:
            write()
    return path


def mute(source: Path, final: Path, *spans: tuple[Fraction | int, Fraction | int]) -> tuple[str, ...]:
    """Copy a clip with some of its sound muted; gives the notices."""
    mutes = [TimeRange(Fraction(start), Fraction(end)) for start, end in spans]
    with (
        open_video(source) as reader,
        create_video(final, reader, EncodeSettings(), mutes) as writer,
    ):
        for item in reader.items():
            if isinstance(item, VideoFrame):
                writer.write(item, item.pts or 0)
            else:
                writer.copy(item)
    return writer.notices


def heard(path: Path, track: int = 0, rate: int = RATE) -> NDArray[np.float32]:
    """(channels, n) samples by their time, from 0 on; NaN where there is none."""
    with av.open(str(path)) as container:
        sound = container.streams.audio[track]
        places: list[tuple[int, NDArray[np.float32]]] = []
        position: int | None = None
        for frame in container.decode(sound):
            assert frame.pts is not None
            assert frame.time_base is not None
            assert frame.sample_rate == rate
            place = round(frame.pts * frame.time_base * rate)
            # A file that counts in milliseconds is off by some samples.
            place = position if position is not None and abs(place - position) < rate // 400 else place
            samples = _floats(frame)
            places.append((place, samples))
            position = place + samples.shape[1]
    whole = np.full((places[0][1].shape[0], max(p + s.shape[1] for p, s in places)), np.nan, np.float32)
    for place, samples in places:
        kept = samples[:, max(0, -place) :]
        whole[:, max(0, place) : max(0, place) + kept.shape[1]] = kept
    return whole


def _floats(frame: av.AudioFrame) -> NDArray[np.float32]:
    """(channels, n) samples in -1..1."""
    samples: NDArray[Any] = frame.to_ndarray()
    by_channel = samples if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels).T
    if by_channel.dtype == np.uint8:
        return np.asarray((by_channel.astype(np.float32) - 128) / 128, np.float32)
    full = 1.0 if by_channel.dtype.kind == "f" else float(1 << (8 * by_channel.dtype.itemsize - 1))
    return np.asarray(by_channel / full, np.float32)


def level_db(samples: NDArray[np.float32]) -> float:
    """RMS in dBFS."""
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) + 1e-12))


def sound_packets(path: Path, track: int = 0) -> list[tuple[Fraction, bytes]]:
    """Seconds and bytes of each packet of a sound track."""
    with av.open(str(path)) as container:
        sound = container.streams.audio[track]
        return [
            ((packet.pts or 0) * (packet.time_base or Fraction(1)), bytes(packet))
            for packet in container.demux(sound)
            if packet.size
        ]


def in_seconds(
    samples: NDArray[np.float32], start: float, end: float, rate: int = RATE
) -> NDArray[np.float32]:
    """(channels, n) samples of a span."""
    return samples[:, round(start * rate) : round(end * rate)]


SPANS: Sequence[tuple[Fraction, Fraction]] = ((Fraction(4, 3), Fraction(2)), (Fraction(3), Fraction(31, 10)))
