"""A video made of photos: each shown for a moment, one hard cut after the other."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 480
FRAME_RATE = 25
FRAMES_PER_PHOTO = 15
_SEED = 20240229


@dataclass(frozen=True, slots=True)
class Slide:
    """One photo in the video."""

    photo: Path
    first_frame: int

    @property
    def middle_frame(self) -> int:
        """Frame in which the photo is looked at: away from both cuts."""
        return self.first_frame + FRAMES_PER_PHOTO // 2


def make_slideshow(photos: Sequence[Path], output: Path) -> list[Slide]:
    """Write the photos in a fixed random order as H.264, letterboxed; gives where each of them lies."""
    order = sorted(photos)
    random.Random(_SEED).shuffle(order)
    output.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(output), "w") as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = Fraction(1, FRAME_RATE)
        slides = []
        for position, photo in enumerate(order):
            slides.append(Slide(photo, position * FRAMES_PER_PHOTO))
            picture = av.VideoFrame.from_ndarray(_letterboxed(_read(photo)), format="bgr24")
            for _ in range(FRAMES_PER_PHOTO):
                picture.pts = None
                container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return slides


def _read(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{path} cannot be read as a picture")
    return np.asarray(picture, np.uint8)


def _letterboxed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    left, top = (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas
