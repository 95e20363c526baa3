"""Clips with a tone that starts at a known moment, and ways to look into what was made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.media.streaming.manifest import StreamManifest, StreamTrack
from efface.media.streaming.stream import make_stream
from efface.ports.progress import SilentProgress

ONSET_S = 0.5
"""When the tone of a clip starts, on the clock of its picture."""


@dataclass(frozen=True)
class Made:
    """A stream and the folder that it lies in."""

    folder: Path
    manifest: StreamManifest

    def bytes_of(self, track: StreamTrack) -> bytes:
        return (self.folder / track.file_name).read_bytes()

    def frames(self) -> list[av.VideoFrame]:
        with av.open(str(self.folder / "video.mp4")) as container:
            return list(container.decode(video=0))

    def times(self) -> list[Fraction]:
        """Seconds at which the frames are shown, the first at 0."""
        times = [frame.pts * Fraction(frame.time_base) for frame in self.frames()]  # type: ignore[operator, arg-type]
        return [time - times[0] for time in times]

    def lumas(self) -> list[int]:
        """Luma of each frame's bottom right corner, which tells its number."""
        return [int(frame.reformat(format="gray8").to_ndarray()[-4, -4]) for frame in self.frames()]

    def picture_start(self) -> float:
        first = self.frames()[0]
        return float(first.pts * Fraction(first.time_base))  # type: ignore[operator, arg-type]

    def sound(self) -> tuple[float, NDArray[np.float32], int]:
        """Start in seconds, mono samples, samples per second."""
        with av.open(str(self.folder / "audio.mp4")) as container:
            frames = list(container.decode(audio=0))
        start = frames[0].pts * Fraction(frames[0].time_base)  # type: ignore[operator, arg-type]
        samples = np.concatenate([np.asarray(frame.to_ndarray(), np.float32)[0] for frame in frames])
        return float(start), samples, frames[0].sample_rate

    def onset_s(self) -> float:
        """Seconds from the first frame of the picture to the first audible sample."""
        start, samples, rate = self.sound()
        loud = np.flatnonzero(np.abs(samples) > 0.05)
        return start + int(loud[0]) / rate - self.picture_start()


@pytest.fixture
def stream(tmp_path: Path) -> Callable[..., Made]:
    """Makes the stream of a clip in a folder of its own."""

    def make(source: Path, **options: Any) -> Made:
        folder = tmp_path / f"stream of {source.name}"
        folder.mkdir()
        return Made(folder, make_stream(source, folder, progress=SilentProgress(), **options))

    return make


@pytest.fixture
def sounding(tmp_path: Path) -> Callable[..., Path]:
    """Makes a clip of 2 s of H.264 with a tone from ``ONSET_S`` on."""

    def make(name: str, codec: str, **options: Any) -> Path:
        return _write_sounding(tmp_path / name, codec, **options)

    return make


def _write_sounding(
    path: Path,
    codec: str,
    *,
    rate: int = 44_100,
    layout: str = "stereo",
    sound_start_s: float = 0.0,
    sound_end_s: float = 2.0,
    picture_start_s: float = 0.0,
    gap_s: Sequence[float] = (),
    bf: int = 2,
) -> Path:
    """
    Args:
        sound_start_s: where the track starts; the tone is cut there if it is later than ``ONSET_S``.
        picture_start_s: when the first frame is shown.
        gap_s: start and end of a span for which the track has no packets.
    """
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=25, options={"bf": str(bf), "g": "25"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        audio: Any = container.add_stream(codec, rate=rate, layout=layout)
        for index in range(50):
            gray = av.VideoFrame.from_ndarray(np.full((48, 64), 40 + 3 * index, np.uint8), "gray8")
            frame = gray.reformat(format="yuv420p")
            frame.pts, frame.time_base = round(picture_start_s * 1000) + index * 40, Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for piece in _tone(rate, layout, sound_start_s, sound_end_s, gap_s):
            container.mux(audio.encode(piece))
        container.mux(audio.encode(None))
    return path


def _tone(
    rate: int, layout: str, start_s: float, end_s: float, gap_s: Sequence[float]
) -> list[av.AudioFrame]:
    channels = av.AudioLayout(layout).nb_channels
    pieces = []
    for first in range(round(start_s * rate), round(end_s * rate), 1024):
        if gap_s and gap_s[0] * rate <= first < gap_s[1] * rate:
            continue
        at = np.arange(first, first + 1024)
        wave = np.where(at >= ONSET_S * rate, np.sin(at * 2 * np.pi * 440 / rate), 0).astype(np.float32) * 0.5
        piece = av.AudioFrame.from_ndarray(np.repeat(wave[None], channels, 0), "fltp", layout)
        piece.sample_rate, piece.pts, piece.time_base = rate, first, Fraction(1, rate)
        pieces.append(piece)
    return pieces
