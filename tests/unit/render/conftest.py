"""Planar frames of noise, for tests of what paints on them."""

import re
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.geometry import Orientation, Size
from efface.media.planes import EditableFrame, Plane

_SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "411": (2, 0), "410": (2, 2)}


def _noise_frame(size: Size, pixel_format: str = "yuv420p", seed: int = 0) -> EditableFrame:
    found = re.fullmatch(r"(?:yuv(4\d\d)p|gray|gbrp)(\d*)", pixel_format)
    assert found is not None
    depth = int(found[2] or 8)
    parts = [("luma", 0, 0, 16)]
    if found[1]:
        parts += [("chroma", *_SHIFTS[found[1]], 128)] * 2
    elif pixel_format.startswith("gbrp"):
        parts = [("green", 0, 0, 0), ("blue", 0, 0, 0), ("red", 0, 0, 0)]
    rng = np.random.default_rng(seed)
    planes = []
    for role, shift_x, shift_y, black in parts:
        shape = (-(-size.height >> shift_y), -(-size.width >> shift_x))
        pixels = rng.integers(0, 1 << depth, shape).astype(np.uint8 if depth == 8 else np.uint16)
        planes.append(Plane(pixels, shift_x, shift_y, depth, role, black << (depth - 8)))
    # No effect looks at PyAV's frame behind the planes.
    return EditableFrame(cast("Any", None), tuple(planes), size)


def _to_coded(upright: NDArray[Any], orientation: Orientation) -> NDArray[Any]:
    turned = np.rot90(upright, orientation.quarter_turns)
    return np.ascontiguousarray(turned[:, ::-1] if orientation.is_mirrored else turned)


def _turned_frame(frame: EditableFrame, orientation: Orientation) -> EditableFrame:
    planes = tuple(
        Plane(_to_coded(p.pixels, orientation), p.shift_x, p.shift_y, p.depth, p.role, p.black)
        for p in frame.planes
    )
    height, width = planes[0].pixels.shape
    return EditableFrame(cast("Any", None), planes, Size(width, height))


@pytest.fixture(scope="session")
def noise_frame() -> Callable[..., EditableFrame]:
    """Makes a frame of noise over the whole range of a format: ``(coded size, pixel_format, seed)``."""
    return _noise_frame


@pytest.fixture(scope="session")
def turned_frame() -> Callable[[EditableFrame, Orientation], EditableFrame]:
    """Makes the coded frame that is seen as the given one when turned; for planes without subsampling."""
    return _turned_frame
