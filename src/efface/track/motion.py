"""Carrying boxes from one frame to another by the motion of what is inside them (median flow)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes

Gray = NDArray[np.uint8]
"""(h, w) uint8 picture."""

_COARSE_GRID, _FINE_GRID = 3, 5
"""Points per side that are followed in a small and in a larger box."""
_FINE_SIDE = 28.0
"""Shorter side in analysis pixels from which a box is no longer small."""
_MIN_SHIFT_POINTS, _MIN_SCALE_POINTS = 3, 7
"""Good points that a shift and a change of size must stand on."""
_WINDOW = (13, 13)
"""Pixels around a point that must look alike."""
_LEVELS = 3
"""Pyramid levels above the picture: reaches about 50 px of motion."""
_MIN_SIDE = 12.0
"""A box smaller than this (px of the analysis picture) borrows its surroundings, which move with it."""
_MAX_MOTION = 56
"""Pixels around the points that are looked at; a little more than the pyramid reaches."""
_MAX_RETURN_ERROR = 1.0
"""Pixels by which a point may miss its start when it is followed there and back."""


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """Where boxes have gone to."""

    boxes: Boxes
    """(n, 4) float32 boxes in the target picture, in its pixels."""
    trust: NDArray[np.float32]
    """(n,) share of the followed points that could be followed back, in [0, 1]; under 0.3 the box hardly means more
    than "where it was"."""


def carry_boxes(source: Gray, target: Gray, boxes: Boxes) -> Carried:
    """Follow the content of boxes from one picture to another.

    Args:
        source: (h, w) uint8, the picture the boxes lie on.
        target: (h, w) uint8, where they are wanted; the frame before or after, or one further away.
        boxes: (n, 4) in pixels of the pictures.
    """
    carried, trust = boxes.astype(np.float32), np.zeros(len(boxes), np.float32)
    # Points in a small box see the same pixels: few are enough, and each costs 8 microseconds.
    is_small = (boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) < _FINE_SIDE
    for which, grid in ((np.flatnonzero(is_small), _COARSE_GRID), (np.flatnonzero(~is_small), _FINE_GRID)):
        if len(which):
            carried[which], trust[which] = _carry(source, target, carried[which], grid)
    return Carried(carried, trust)


def _carry(source: Gray, target: Gray, boxes: Boxes, grid: int) -> tuple[Boxes, NDArray[np.float32]]:
    starts = grid_points(boxes, source.shape, grid)
    arrived, good = follow_points(source, target, starts)
    return _moved(boxes, starts, arrived, good), good.mean(axis=1).astype(np.float32)


def follow_points(
    source: Gray, target: Gray, starts: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Follow points from one picture to another, and back as a check.

    Args:
        source: (h, w) uint8, the picture the points lie on.
        target: (h, w) uint8, where they are wanted.
        starts: (n, m, 2) x, y in pixels of the pictures, inside of them.

    Returns:
        (n, m, 2) where they have gone, and (n, m) whether the way back led to the start.
    """
    # OpenCV makes the pyramids of both pictures anew in every call: give it no more than the points can reach.
    left, top, right, bottom = _reach(starts, source.shape)
    origin = np.array([left, top], np.float32)
    before, after = source[top:bottom, left:right], target[top:bottom, left:right]
    flat = (starts - origin).reshape(-1, 1, 2)
    ends, found = _flow(before, after, flat)
    backs, found_back = _flow(after, before, ends)
    miss = np.linalg.norm((backs - flat).reshape(starts.shape), axis=2)
    good = found.reshape(miss.shape) & found_back.reshape(miss.shape) & (miss <= _MAX_RETURN_ERROR)
    return ends.reshape(starts.shape) + origin, good


def _flow(
    source: Gray, target: Gray, points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where (n, 1, 2) points have gone, and whether they were found."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03)
    ends, found, _ = cv2.calcOpticalFlowPyrLK(
        source, target, points, np.zeros_like(points), winSize=_WINDOW, maxLevel=_LEVELS, criteria=criteria
    )
    return np.asarray(ends, np.float32), np.asarray(found == 1)


def _reach(points: NDArray[np.float32], shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the part of the picture that the points can get to."""
    low, high = points.min(axis=(0, 1)) - _MAX_MOTION, points.max(axis=(0, 1)) + _MAX_MOTION
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    return left, top, min(shape[1], int(high[0]) + 1), min(shape[0], int(high[1]) + 1)


def grid_points(boxes: Boxes, shape: tuple[int, ...], grid: int) -> NDArray[np.float32]:
    """(n, grid * grid, 2) points inside the visible part of each box (n, 4), or around it where it is tiny."""
    limits = np.array([shape[1] - 1, shape[0] - 1], np.float32)
    low, high = np.clip(boxes[:, :2], 0, limits), np.clip(boxes[:, 2:], 0, limits)
    sides = np.maximum((high - low) * 0.8, _MIN_SIDE)
    steps = (np.arange(grid, dtype=np.float32) + 0.5) / grid - 0.5
    offsets = np.stack(np.meshgrid(steps, steps), axis=2).reshape(1, -1, 2)
    points = ((low + high) / 2)[:, None] + offsets * sides[:, None]
    # A point outside the picture cannot be followed: pull it in, the median ignores the few that lie.
    return np.asarray(np.clip(points, 0, limits), np.float32)


def _moved(
    boxes: Boxes, starts: NDArray[np.float32], ends: NDArray[np.float32], good: NDArray[np.bool_]
) -> Boxes:
    """Boxes moved by the median shift of their good points and grown by the change of their median spread."""
    shift = _medians(ends - starts, good)
    before, after = _spread(starts, good), _spread(ends, good)
    is_measured = (good.sum(axis=1) >= _MIN_SCALE_POINTS) & (before > 1)
    scale = np.where(is_measured, np.clip(after / np.maximum(before, 1e-6), 0.9, 1.1), 1.0)[:, None]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 + shift
    halves = (boxes[:, 2:] - boxes[:, :2]) / 2 * scale
    moved = np.concatenate([centres - halves, centres + halves], axis=1)
    return np.where((good.sum(axis=1) >= _MIN_SHIFT_POINTS)[:, None], moved, boxes).astype(np.float32)


def _spread(points: NDArray[np.float32], good: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n,) median distance of the good points from their median point."""
    away = np.abs(points - _medians(points, good)[:, None]).sum(axis=2, keepdims=True)
    return _medians(away, good)[:, 0]


def _medians(values: NDArray[np.float32], good: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n, d) medians over the good ones of (n, m, d) values; 0 where none is good."""
    ordered = np.sort(np.where(good[:, :, None], values, np.inf), axis=1)
    counts = good.sum(axis=1)
    rows = np.arange(len(values))
    middle = (ordered[rows, np.maximum(counts - 1, 0) // 2] + ordered[rows, counts // 2 * (counts > 0)]) / 2
    return np.asarray(np.where((counts > 0)[:, None], middle, 0), np.float32)


def likeness(a: Gray, b: Gray, box_a: NDArray[np.float32], box_b: NDArray[np.float32]) -> float:
    """Normalised cross-correlation of what two boxes show, in [-1, 1]; 0 where one lies outside its picture."""
    patches = [_patch(a, box_a), _patch(b, box_b)]
    if patches[0] is None or patches[1] is None:
        return 0.0
    first, second = (p.astype(np.float32) - float(p.mean()) for p in patches if p is not None)
    norm = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum() / norm) if norm > 1e-6 else 0.0


def _patch(gray: Gray, box: NDArray[np.float32]) -> Gray | None:
    height, width = gray.shape
    x1, y1 = max(0, int(box[0])), max(0, int(box[1]))
    x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if x2 - x1 < 3 or y2 - y1 < 3:
        return None
    return np.asarray(cv2.resize(gray[y1:y2, x1:x2], (20, 20), interpolation=cv2.INTER_AREA), np.uint8)
