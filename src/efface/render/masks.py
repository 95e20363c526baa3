"""Which samples of a plane belong to a region."""

import math
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.media.planes import EditableFrame, Plane
from efface.plan import Shape

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in luma pixels of the coded frame."""

_HALF_PX = 0.5
"""The ellipse is grown by this much, so that a pixel that it touches with its border counts as inside."""
_MIN_ELLIPSE_PX = 4.0
"""A narrower ellipse would miss the centres of the pixels it lies on, and is taken as a box."""


@dataclass(frozen=True, slots=True)
class Rect:
    """Whole luma pixels of the coded frame, half-open, not empty."""

    left: int
    top: int
    right: int
    bottom: int

    def on(self, plane: Plane) -> tuple[slice, slice]:
        """Rows and columns of the samples whose blocks touch the rectangle."""
        rows = slice(self.top >> plane.shift_y, -(-self.bottom >> plane.shift_y))
        return rows, slice(self.left >> plane.shift_x, -(-self.right >> plane.shift_x))


def clipped_rect(box: Box, size: Size, align: tuple[int, int] = (1, 1)) -> Rect | None:
    """The pixels that a box touches, clipped to the frame; None where there are none.

    Args:
        box: in luma pixels, may reach past the frame.
        size: coded size of the frame.
        align: columns and rows of a chroma block; left and top are moved out to a multiple of these, right
        and
            bottom too unless the frame ends before.
    """
    left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    right, bottom = min(size.width, math.ceil(box[2])), min(size.height, math.ceil(box[3]))
    if left >= right or top >= bottom:
        return None
    across, down = align
    return Rect(
        left - left % across,
        top - top % down,
        min(size.width, -(-right // across) * across),
        min(size.height, -(-bottom // down) * down),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A region in luma pixels of the coded frame."""

    rect: Rect
    inside: NDArray[np.bool_]
    """(h, w) over ``rect``: True for each pixel of the region."""
    weight: NDArray[np.float32] | None
    """(h, w) over ``rect``: 1 inside, falling to 0 over a soft edge wholly outside; None: no soft edge."""


def draw_mask(frame: EditableFrame, box: Box, shape: Shape, feather_px: float = 0) -> Mask | None:
    """Mask of a region of a frame, None where it lies outside.

    Args:
        frame: its size and its coarsest chroma decide the alignment of the mask's rectangle.
        box: outer limits of the region, not clipped.
        shape: outline of the region.
        feather_px: width of the soft edge around an ellipse.
    """
    align = (1 << max(p.shift_x for p in frame.planes), 1 << max(p.shift_y for p in frame.planes))
    if shape is Shape.BOX or min(box[2] - box[0], box[3] - box[1]) < _MIN_ELLIPSE_PX:
        return _draw_box(box, frame.size, align)
    return _draw_ellipse(box, frame.size, align, feather_px)


def _draw_box(box: Box, size: Size, align: tuple[int, int]) -> Mask | None:
    exact, rect = clipped_rect(box, size), clipped_rect(box, size, align)
    if exact is None or rect is None:
        return None
    inside = np.zeros((rect.bottom - rect.top, rect.right - rect.left), bool)
    left, top = exact.left - rect.left, exact.top - rect.top
    inside[top : top + exact.bottom - exact.top, left : left + exact.right - exact.left] = True
    return Mask(rect, inside, None)


def _draw_ellipse(box: Box, size: Size, align: tuple[int, int], feather_px: float) -> Mask | None:
    x1, y1, x2, y2 = box
    centre_x, centre_y = (x1 + x2) / 2, (y1 + y2) / 2
    radius_x, radius_y = (x2 - x1) / 2 + _HALF_PX, (y2 - y1) / 2 + _HALF_PX
    outer = 1 + feather_px / min(radius_x, radius_y)
    reach_x, reach_y = radius_x * outer, radius_y * outer
    limits = (centre_x - reach_x, centre_y - reach_y, centre_x + reach_x, centre_y + reach_y)
    rect = clipped_rect(limits, size, align)
    if rect is None:
        return None
    x = (np.arange(rect.left, rect.right) + (0.5 - centre_x)) / radius_x
    y = (np.arange(rect.top, rect.bottom) + (0.5 - centre_y)) / radius_y
    squared = (x * x).astype(np.float32)[None, :] + (y * y).astype(np.float32)[:, None]
    inside = squared <= 1
    if not inside.any():
        return None
    if feather_px <= 0:
        return Mask(rect, inside, None)
    weight = (np.float32(outer * outer) - squared) * np.float32(1 / (outer * outer - 1))
    return Mask(rect, inside, np.clip(weight, 0, 1, out=weight))


def pool(values: NDArray[Any], plane: Plane) -> NDArray[Any]:
    """Pixel values (h, w) of an aligned rectangle, brought to a plane: (rows, cols), largest of each block.

    A sample is inside as soon as one pixel of its block is, so no colour of a masked pixel stays.
    """
    across, down = 1 << plane.shift_x, 1 << plane.shift_y
    if across == 1 and down == 1:
        return values
    height, width = values.shape
    if height % down or width % across:
        # Blocks at the right and lower border may be cut; repeating their last pixel adds nothing.
        values = np.pad(values, ((0, -height % down), (0, -width % across)), mode="edge")
    parts = [values[y::down, x::across] for y in range(down) for x in range(across)]
    return np.asarray(reduce(np.maximum, parts))
