"""How well one view shows a face, and how far its identity can be trusted."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Size

_SMALLEST_PX, _FULL_PX = 20.0, 100.0
"""Face sides between which an embedding goes from worthless to fully reliable (see :func:`trust_of`)."""
_WEAK_SCORE, _SURE_SCORE = 0.4, 0.8
_UNKNOWN_FRONTALITY = 0.7
_SHARPNESS_SIDE = 64
_SHARP = 0.1
"""Laplacian over contrast of a crisp face at 64 px: portraits measure 0.06 to 0.13, smeared by an eighth of
their width 0.03 to 0.06."""


def trust_of(side_px: float, score: float) -> float:
    """How far the identity read off a view can be trusted, in [0, 1].

    Embeddings of small, blurred and half-hidden faces move towards one common point, so that strangers come
    near each other: the nearest 1 % of strangers lie at distance 0.59 for faces over 100 px, 0.40 at 32 to
    40 px and 0.31 at 26 to 32 px. Profiles and motion blur do the same at any size, and are what a detector
    is unsure of.

    Args:
        side_px: longer side of the face in pixels of the frame.
        score: detector confidence in [0, 1].
    """
    by_size = math.log(max(side_px, 1e-3) / _SMALLEST_PX) / math.log(_FULL_PX / _SMALLEST_PX)
    by_score = (score - _WEAK_SCORE) / (_SURE_SCORE - _WEAK_SCORE)
    return float(np.clip(min(by_size, by_score), 0, 1))


def frontality_of(landmarks: NDArray[np.float32]) -> float:
    """How far a face looks at the camera, in [0, 1]: 1 where the nose lies midway between the eyes.

    Args:
        landmarks: (5, 2) as in ``Detections``; NaN gives a middling value.
    """
    left, right, nose = landmarks[:3].astype(float)
    across = right - left
    length = float(across @ across)
    if not np.isfinite(length) or not np.isfinite(nose).all():
        return _UNKNOWN_FRONTALITY
    if length < 1e-6:
        return 0.0
    offset = float((nose - left) @ across) / length
    return max(0.0, 1 - abs(offset - 0.5) / 0.5)


def view_quality(
    box: NDArray[np.float32], score: float, landmarks: NDArray[np.float32], frame: Size
) -> float:
    """How well a detection shows its face, in [0, 1], before its pixels are looked at.

    Args:
        box: (4,) xyxy in pixels of the upright frame.
        score: detector confidence in [0, 1].
        landmarks: (5, 2) in the same pixels, or NaN.
        frame: size of the upright frame.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    side = max(x2 - x1, y2 - y1)
    by_size = np.clip(side / 120, 0, 1) ** 0.5
    by_score = np.clip((score - 0.2) / 0.6, 0.05, 1)
    by_pose = 0.5 + 0.5 * frontality_of(landmarks)
    inside = max(0.0, min(x2, frame.width) - max(x1, 0)) * max(0.0, min(y2, frame.height) - max(y1, 0))
    by_border = (inside / max((x2 - x1) * (y2 - y1), 1e-6)) ** 2
    return float(by_size * by_score * by_pose * np.clip(by_border, 0, 1))


def sharpness_of(rgb: NDArray[np.uint8]) -> float:
    """Factor from 0.6 (blurred) to 1 (crisp) for a face picture (h, w, 3) uint8, seen at 64 px."""
    size = (_SHARPNESS_SIDE, _SHARPNESS_SIDE)
    small = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    contrast = float(gray.std())
    if contrast < 1:
        return 0.6
    detail = float(np.abs(cv2.Laplacian(gray, cv2.CV_32F)).mean()) / contrast / 4
    return 0.6 + 0.4 * min(1.0, detail / _SHARP)
