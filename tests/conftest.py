"""Fixtures for all tests: the shared real media, and small synthetic clips made on the spot."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real media beside the project; tests that need it are skipped where it is missing."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder of real media ../shared, which is not here")
    return folder


@pytest.fixture(scope="session")
def leakbench(shared: Path) -> ModuleType:
    """The scorer beside the labels, which is a program and no package."""
    spec = importlib.util.spec_from_file_location("leakbench", shared / "leakbench" / "leakbench.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["leakbench"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes, where this user may mount one."""
    with mounted_disk(tmp_path / "tiny disk", megabytes=4) as disk:
        yield disk


@contextmanager
def mounted_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A disk that can be filled, while the block runs; whoever may mount none skips the test."""
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"needs a disk that can be filled, and mounting one failed: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def clips(tmp_path: Path) -> "ClipMaker":
    """Makes small videos whose content tells which frame it is and which way is up."""
    return ClipMaker(tmp_path)


@dataclass(frozen=True)
class ClipRecipe:
    """How a synthetic clip is made: frame ``i`` is plain ``luma_of(i)`` with a white top-left quarter."""

    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    width: int = 64
    height: int = 48
    pts: Sequence[int] = tuple(range(0, 12))
    time_base: Fraction = Fraction(1, 25)
    rotation_deg: float = 0.0
    is_mirrored: bool = False
    audio_tracks: int = 0
    sample_aspect_ratio: Fraction = Fraction(1)
    options: dict[str, str] = field(default_factory=dict)


class ClipMaker:
    """Writes synthetic clips into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def luma_of(index: int) -> int:
        """Full-range luma of the plain part of frame ``index``; in steps that survive lossy coding."""
        return 30 + 12 * index % 150

    def picture(self, recipe: ClipRecipe, index: int) -> NDArray[np.uint8]:
        """(h, w) full-range gray of a frame as coded, before any rotation."""
        image = np.full((recipe.height, recipe.width), self.luma_of(index), np.uint8)
        image[: recipe.height // 2, : recipe.width // 2] = 250
        return image

    def make(self, name: str, **fields: Any) -> Path:
        """Write a clip by a ``ClipRecipe`` of these fields; its container is that of the name."""
        recipe, path = ClipRecipe(**fields), self.folder / name
        with av.open(str(path), "w") as container:
            # Typed as any stream, because the stub cannot tell from a name in a variable that it is a video.
            track: Any = container.add_stream(recipe.codec, rate=25, options=_steady(recipe))
            track.width, track.height, track.pix_fmt = recipe.width, recipe.height, recipe.pixel_format
            track.codec_context.time_base = recipe.time_base
            track.codec_context.sample_aspect_ratio = recipe.sample_aspect_ratio
            if recipe.rotation_deg or recipe.is_mirrored:
                track.set_display_rotation(recipe.rotation_deg, hflip=recipe.is_mirrored)
            sounds = [
                container.add_stream("aac", rate=16000, layout="mono") for _ in range(recipe.audio_tracks)
            ]
            for index, pts in enumerate(recipe.pts):
                gray = av.VideoFrame.from_ndarray(self.picture(recipe, index), "gray8")
                frame = gray.reformat(format=recipe.pixel_format)
                frame.pts, frame.time_base = pts, recipe.time_base
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
            for sound in sounds:
                for samples in _tone(len(recipe.pts) * 640 // 1024 + 1):
                    container.mux(sound.encode(samples))
                container.mux(sound.encode(None))
        return path


def _steady(recipe: ClipRecipe) -> dict[str, str]:
    """The options of a recipe. x265 gets one thread: with more, its end has crashed a test run, once in many."""
    if recipe.codec not in {"libx265", "hevc"}:
        return recipe.options
    asked = recipe.options.get("x265-params", "")
    single = ":".join(filter(None, [asked, "pools=none", "frame-threads=1"]))
    return {**recipe.options, "x265-params": single}


def _tone(num_blocks: int) -> Iterator[av.AudioFrame]:
    for block in range(num_blocks):
        wave = np.sin(np.arange(block * 1024, (block + 1) * 1024) * 0.2).astype(np.float32)
        samples = av.AudioFrame.from_ndarray(wave[None] * 0.3, "fltp", "mono")
        samples.sample_rate, samples.pts, samples.time_base = 16000, block * 1024, Fraction(1, 16000)
        yield samples
