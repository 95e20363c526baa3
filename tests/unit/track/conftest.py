"""Synthetic pictures that have enough texture to be followed."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.geometry import Size

Gray = NDArray[np.uint8]
Box = NDArray[np.float32]

_BORDER = 230
"""How far patches may leave the picture."""


def make_texture(width: int, height: int, seed: int, *, grain_px: float = 3) -> Gray:
    """(h, w) noise with details of all sizes from ``grain_px`` up, as in nature."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width), np.float32)
    for coarser in (1, 3, 8):
        noise = rng.normal(size=(height, width)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), grain_px * coarser)
        total += smooth / smooth.std()
    return np.asarray(np.clip(total / total.std() * 45 + 128, 0, 255), np.uint8)


@dataclass
class Stage:
    """A still textured background over which textured patches move; positions may lie outside of it."""

    size: Size = field(default_factory=lambda: Size(320, 240))
    seed: int = 1

    def __post_init__(self) -> None:
        background = make_texture(self.size.width, self.size.height, self.seed, grain_px=6)
        border = (_BORDER, _BORDER, _BORDER, _BORDER)
        self._background = cv2.copyMakeBorder(background, *border, cv2.BORDER_REFLECT_101)
        self._patches: dict[tuple[int, int, int], Gray] = {}

    def show(self, *actors: tuple[Box, int]) -> Gray:
        """The picture with (box, seed of its texture, 0 for plain gray) painted one over the other."""
        canvas = self._background.copy()
        for box, seed in actors:
            x1, y1, x2, y2 = (float(value) + _BORDER for value in box)
            left, top, right, bottom = round(x1), round(y1), round(x2), round(y2)
            source = self._patch(seed)
            scale_x, scale_y = (x2 - x1) / source.shape[1], (y2 - y1) / source.shape[0]
            matrix = np.array([[scale_x, 0, x1 - left], [0, scale_y, y1 - top]], np.float32)
            canvas[top:bottom, left:right] = cv2.warpAffine(
                source, matrix, (right - left, bottom - top), borderMode=cv2.BORDER_REPLICATE
            )
        inside = canvas[_BORDER : _BORDER + self.size.height, _BORDER : _BORDER + self.size.width]
        return np.ascontiguousarray(inside, np.uint8)

    def _patch(self, seed: int) -> Gray:
        key = (60, 72, seed)
        if key not in self._patches:
            self._patches[key] = make_texture(*key) if seed else np.full((72, 60), 128, np.uint8)
        return self._patches[key]


@pytest.fixture(scope="session")
def texture() -> Callable[..., Gray]:
    """Makes (h, w) noise: ``(width, height, seed, grain_px=3)``."""
    return make_texture


@pytest.fixture
def stage() -> Stage:
    """A background of 320x240 over which patches move."""
    return Stage()
