"""Boxes and picture orientation, as pure array maths.

Boxes are ``xyxy`` in pixels, half-open, origin top-left of the *upright* frame: the frame turned as a player shows it.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""(n, 4) float32 boxes, ``x1, y1, x2, y2`` in pixels."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"size must be positive, not {self.width}x{self.height}")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Orientation(Enum):
    """How the coded picture is turned to become the upright one: first mirrored (left-right), then turned clockwise.

    Value: ``(is_mirrored, quarter_turns_clockwise)``.
    """

    UPRIGHT = (False, 0)
    TURNED_90 = (False, 1)
    TURNED_180 = (False, 2)
    TURNED_270 = (False, 3)
    MIRRORED = (True, 0)
    MIRRORED_90 = (True, 1)
    MIRRORED_180 = (True, 2)
    MIRRORED_270 = (True, 3)

    @property
    def is_mirrored(self) -> bool:
        """True when the picture is mirrored left-right before it is turned."""
        return self.value[0]

    @property
    def quarter_turns(self) -> int:
        """Clockwise quarter turns, 0 to 3."""
        return self.value[1]

    @property
    def swaps_axes(self) -> bool:
        """True when width and height change places."""
        return self.quarter_turns % 2 == 1

    def upright_size(self, coded: Size) -> Size:
        """Size of the upright picture."""
        return Size(coded.height, coded.width) if self.swaps_axes else coded

    def to_upright(self, coded: NDArray[Any]) -> NDArray[Any]:
        """Turn an image array (h, w[, c]) from coded to upright; a view wherever NumPy allows."""
        image = coded[:, ::-1] if self.is_mirrored else coded
        return np.rot90(image, -self.quarter_turns) if self.quarter_turns else image

    def boxes_to_coded(self, boxes: NDArray[Any], coded: Size) -> NDArray[np.float32]:
        """Map (n, 4) boxes of the upright picture to boxes of the coded picture."""
        x1, y1, x2, y2 = (np.asarray(boxes, np.float32)[:, i] for i in range(4))
        width, height = coded.width, coded.height
        turned = {
            0: (x1, y1, x2, y2),
            1: (y1, height - x2, y2, height - x1),
            2: (width - x2, height - y2, width - x1, height - y1),
            3: (width - y2, x1, width - y1, x2),
        }[self.quarter_turns]
        a1, b1, a2, b2 = turned
        if self.is_mirrored:
            a1, a2 = width - a2, width - a1
        return np.stack([a1, b1, a2, b2], axis=1).astype(np.float32)


def areas(boxes: NDArray[Any]) -> NDArray[np.float32]:
    """(n,) areas of boxes in square pixels; 0 for empty ones."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def intersections(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
    """(n, m) areas that boxes ``a`` (n, 4) and ``b`` (m, 4) share."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(bottom_right - top_left, 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def iou(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
    """(n, m) intersection over union of boxes ``a`` (n, 4) and ``b`` (m, 4), values in [0, 1]."""
    shared = intersections(a, b)
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def ioa(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
    """(n, m) share of each box ``a`` (n, 4) that lies inside each box ``b`` (m, 4), values in [0, 1]."""
    return np.asarray(intersections(a, b) / np.maximum(areas(a)[:, None], 1e-9), np.float32)


def nms(boxes: NDArray[Any], scores: NDArray[Any], max_iou: float) -> NDArray[np.intp]:
    """Indexes of the boxes that greedy non-maximum suppression keeps, best score first."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    overlap = iou(boxes, boxes) if len(boxes) else np.zeros((0, 0), np.float32)
    suppressed = np.zeros(len(boxes), bool)
    for i in order:
        if not suppressed[i]:
            kept.append(int(i))
            suppressed |= overlap[i] > max_iou
    return np.asarray(kept, np.intp)


def clip_boxes(boxes: NDArray[Any], size: Size) -> Boxes:
    """Boxes cut to the frame; a box wholly outside becomes empty."""
    limits = np.array([size.width, size.height, size.width, size.height], np.float32)
    return np.asarray(np.clip(boxes, 0, limits), np.float32)
