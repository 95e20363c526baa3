"""The five kinds, on the planes of a decoded frame, in place.

Each effect works on the small rectangle around a region, on every plane at its own subsampling: a chroma
sample is treated as soon as one of the pixels that it colours is.
"""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Orientation
from efface.domain.redaction import BlurringKind
from efface.media.planes import EditableFrame
from efface.plan import Region
from efface.render.labels import draw_labelled_box
from efface.render.masks import Box, Mask, draw_mask, pool

_CELLS = {BlurringKind.HIGH_BLUR: 8, BlurringKind.MEDIUM_BLUR: 12, BlurringKind.LOW_BLUR: 20}
"""Averaged cells that a blur leaves of the longer and of the shorter side of a region, at most."""
_MIN_CELL_PX = 4
"""Each cell averages at least this many pixels each way, however small the face."""
_CELL_STEPS = (1, 2, 3, 4, 6, 8, 12, 20)
"""Counts of cells that small faces get: few steps, so that a face that breathes in size does not flicker."""
_FEATHER_SHARE = 0.04
"""Width of the soft edge of a blur over the size of the face."""


def apply_regions(frame: EditableFrame, regions: Sequence[Region], orientation: Orientation) -> None:
    """Treat the regions of one frame, in place.

    Args:
        frame: planes in coded orientation; samples outside the regions (and the soft edge around a blur, 4 %
        of the
            face) stay as they are.
        regions: boxes in pixels of the upright frame, of which ``frame.size`` is the coded size.
        orientation: how the coded picture is turned to be upright.
    """
    if not regions:
        return
    upright = np.array([region.box for region in regions], np.float32)
    boxes = orientation.boxes_to_coded(upright, frame.size).tolist()
    for region, (x1, y1, x2, y2) in zip(regions, boxes, strict=True):
        _apply(frame, region, (x1, y1, x2, y2), orientation)


def _apply(frame: EditableFrame, region: Region, box: Box, orientation: Orientation) -> None:
    if region.kind is BlurringKind.BOUNDING_BOX:
        draw_labelled_box(frame, region, box, orientation)
    elif region.kind is BlurringKind.BLACK:
        mask = draw_mask(frame, box, region.shape)
        if mask is not None:
            _fill_black(frame, mask)
    else:
        mask = draw_mask(frame, box, region.shape, max(1.0, _FEATHER_SHARE * region.face_px))
        if mask is not None:
            _blur(frame, mask, _cells_of(mask, box, _CELLS[region.kind]))


def _fill_black(frame: EditableFrame, mask: Mask) -> None:
    inside: dict[tuple[int, int], NDArray[np.bool_]] = {}
    for plane in frame.planes:
        shifts = (plane.shift_x, plane.shift_y)
        if shifts not in inside:
            inside[shifts] = pool(mask.inside, plane)
        np.copyto(plane.pixels[mask.rect.on(plane)], plane.black, where=inside[shifts])


def _cells_of(mask: Mask, box: Box, most: int) -> tuple[int, int]:
    """Columns and rows of cells over the mask's rectangle.

    Where the frame cuts the region off, what is left gets its share of the cells, so that a face does not
    gain detail by leaving the picture.
    """
    rect = mask.rect
    return (
        _cells_along(rect.right - rect.left, box[2] - box[0], most),
        _cells_along(rect.bottom - rect.top, box[3] - box[1], most),
    )


def _cells_along(visible_px: int, full_px: float, most: int) -> int:
    allowed = min(visible_px // _MIN_CELL_PX, math.floor(most * min(1.0, visible_px / full_px)))
    return max(step for step in _CELL_STEPS if step <= max(1, allowed))


def _blur(frame: EditableFrame, mask: Mask, cells: tuple[int, int]) -> None:
    pooled: dict[tuple[int, int], tuple[NDArray[np.bool_], NDArray[np.float32] | None]] = {}
    for plane in frame.planes:
        shifts = (plane.shift_x, plane.shift_y)
        if shifts not in pooled:
            weight = None if mask.weight is None else pool(mask.weight, plane)
            pooled[shifts] = (pool(mask.inside, plane), weight)
        inside, weight = pooled[shifts]
        view = plane.pixels[mask.rect.on(plane)]
        smooth = _smoothed(view, cells)
        if weight is not None:
            _blend(view, smooth, weight)
        # Inside, the blend of floats would be right to a rounding error only: here nothing of the source may
        # stay.
        np.copyto(view, smooth, where=inside)


def _smoothed(view: NDArray[Any], cells: tuple[int, int]) -> NDArray[Any]:
    """The samples reduced to ``cells`` averages, and only these brought back to size."""
    height, width = view.shape
    averages = cv2.resize(view, cells, interpolation=cv2.INTER_AREA)
    # Cubic to a quarter and linear from there looks the same (1 step of 255 apart) in a sixth of the time.
    quarter = (max(cells[0], width // 4), max(cells[1], height // 4))
    curved = cv2.resize(averages, quarter, interpolation=cv2.INTER_CUBIC)
    # The cubic kernel swings over, which could leave the range of the bit depth.
    np.clip(curved, averages.min(), averages.max(), out=curved)
    return cv2.resize(curved, (width, height), interpolation=cv2.INTER_LINEAR)


def _blend(view: NDArray[Any], smooth: NDArray[Any], weight: NDArray[np.float32]) -> None:
    mixed = smooth.astype(np.float32)
    mixed -= view
    mixed *= weight
    mixed += view
    np.copyto(view, np.rint(mixed, out=mixed), casting="unsafe")
