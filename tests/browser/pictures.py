"""Clips with something that moves, and what is seen of it in another file."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.media.reader import open_video

Box = tuple[float, float, float, float]
SIZE = Size(320, 240)
NUM_FRAMES = 50
_SIDE = 48


def object_box(frame: int) -> Box:
    """Where the object is in a frame of ``write_moving_object``."""
    x, y = 30 + 4 * frame, 90 + round(20 * np.sin(frame / 8))
    return (x, y, x + _SIDE, y + _SIDE)


def write_moving_object(path: Path) -> Path:
    """A clip of two seconds: a patch with a pattern of its own crosses a picture that stands still."""
    random = np.random.default_rng(7)
    ground = _smooth(random.integers(60, 200, (SIZE.height, SIZE.width, 3), np.uint8), 12)
    patch = np.kron(random.integers(30, 255, (6, 6, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = SIZE.width, SIZE.height, "yuv420p"
        for frame in range(NUM_FRAMES):
            picture = ground.copy()
            x1, y1, x2, y2 = (int(v) for v in object_box(frame))
            picture[y1:y2, x1:x2] = patch
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


def lumas(path: Path, size: Size) -> list[NDArray[np.uint8]]:
    """The luma of every frame, full range."""
    with open_video(path) as reader:
        return [frame.rgb(size).mean(axis=2).astype(np.uint8) for frame in reader.frames()]


def black_share(luma: NDArray[np.uint8], box: Box) -> float:
    """How much of a box is black, 0 to 1."""
    return float((_within(luma, box) <= 16).mean())


def likeness_db(one: NDArray[np.uint8], other: NDArray[np.uint8], box: Box) -> float:
    """How alike two pictures are in a box, as PSNR: 30 dB and more look the same."""
    difference = _within(one, box).astype(float) - _within(other, box)
    return float(10 * np.log10(255**2 / max(1e-6, (difference**2).mean())))


def detail(luma: NDArray[np.uint8], box: Box) -> float:
    """How much fine detail is in a box: the mean step from pixel to pixel."""
    inside = _within(luma, box).astype(float)
    return float(np.abs(np.diff(inside, axis=0)).mean() + np.abs(np.diff(inside, axis=1)).mean())


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared)


def _within(luma: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    x1, y1, x2, y2 = (round(v) for v in box)
    return luma[max(0, y1) : y2, max(0, x1) : x2]


def _smooth(picture: NDArray[np.uint8], reach: int) -> NDArray[np.uint8]:
    kernel = np.ones(reach) / reach
    soft = picture.astype(float)
    for axis in (0, 1):
        soft = np.apply_along_axis(lambda line: np.convolve(line, kernel, "same"), axis, soft)
    return soft.astype(np.uint8)


def write_vanishing_face(path: Path, sample: Path) -> Path:
    """The bundled clip, whose face is behind something for most of a second: a moment that asks to be looked at."""
    with open_video(sample) as reader, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for frame in reader.frames():
            picture = frame.rgb(Size(640, 480)).copy()
            if 40 <= frame.index < 60:
                picture[:, :] = 128
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path
