"""How much larger than the face, and how much longer than its track, a mask is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes, Size

_BORDER_REACH = 0.5
"""Share of its side by which a mask is pushed out of the frame where the face is cut off by the border."""
_NEAR_SHARE = 0.25
"""Distance to the border, as a share of its side, from which a face is pushed; gradually, because a mask that changes
its shape from one frame to the next flickers."""


@dataclass(frozen=True, slots=True)
class MaskMargin:
    """Padding of a mask in space and in time.

    The detector's boxes go from the upper forehead to the chin and leave the ears out. An ellipse of sqrt(2) times
    the box circumscribes it: hair line to chin, ear to ear, the corner of the jaw. The rest is for boxes that were
    carried by motion between two detections and may be some pixels off.
    """

    width: float = 1.5
    """Width of the ellipse over the width of the face box."""
    height: float = 1.5
    """Height of the ellipse over the height of the face box."""
    tiny: float = 1.6
    """Sides of the mask over those of the face box for tiny faces, which are covered by a whole box."""
    tiny_px: float = 24.0
    """Faces with a longer side below this many pixels are tiny: one pixel of error is much for them."""
    lead_in_s: float = 0.1
    """Seconds by which a mask is drawn before the first frame of a track."""
    hold_s: float = 0.1
    """Seconds by which a mask is drawn after the last frame of a track."""

    def __post_init__(self) -> None:
        if not (1 <= self.width < 10 and 1 <= self.height < 10 and 1 <= self.tiny < 10):
            raise ValueError(
                f"mask margins are factors from 1 to 10, not {self.width}, {self.height}, {self.tiny}"
            )
        if not (0 <= self.lead_in_s < 60 and 0 <= self.hold_s < 60 and self.tiny_px >= 0):
            raise ValueError(
                f"lead-in and hold are 0 to 60 s and tiny_px is not negative, "
                f"not {self.lead_in_s}, {self.hold_s} and {self.tiny_px}"
            )


DEFAULT_MARGIN = MaskMargin()


def longer_sides(boxes: Boxes) -> NDArray[np.float32]:
    """(n,) longer side of each box (n, 4) in pixels."""
    return np.asarray(np.max(boxes[:, 2:] - boxes[:, :2], axis=1), np.float32)


def pad_boxes(faces: Boxes, is_tiny: NDArray[np.bool_], size: Size, margin: MaskMargin) -> Boxes:
    """Boxes of the masks of faces.

    A mask is not clipped to the frame: the ellipse of a clipped box would leave the corners at the border
    bare. For the same reason the mask of a face that the border cuts off is pushed further out on that side.

    Args:
        faces: (n, 4) face boxes in pixels of the upright frame.
        is_tiny: (n,) True for faces that are covered by a whole box.
        size: upright size of the frame.
        margin: how much is added.
    """
    centres = (faces[:, :2] + faces[:, 2:]) / 2
    sides = faces[:, 2:] - faces[:, :2]
    factors = np.where(is_tiny[:, None], margin.tiny, np.array([[margin.width, margin.height]]))
    half = sides * factors / 2
    near, reach = sides * _NEAR_SHARE, sides * _BORDER_REACH
    low_gap, high_gap = faces[:, :2], np.array([[size.width, size.height]]) - faces[:, 2:]
    top_left = centres - half - reach * np.clip(1 - low_gap / near, 0, 1)
    bottom_right = centres + half + reach * np.clip(1 - high_gap / near, 0, 1)
    return np.concatenate([top_left, bottom_right], axis=1).astype(np.float32)


def steady_tiny(face_px: NDArray[np.float32], tiny_px: float, frames: int) -> NDArray[np.bool_]:
    """(n,) True where a face is tiny, or is so within ``frames`` frames.

    Widened in time so that a face of about ``tiny_px`` does not flip between box and ellipse in every frame.
    """
    is_tiny = face_px < tiny_px
    if frames < 1 or not is_tiny.any() or is_tiny.all():
        return np.asarray(is_tiny)
    hits = np.convolve(is_tiny, np.ones(2 * frames + 1), mode="full")
    return np.asarray(hits[frames : frames + len(is_tiny)] > 0.5)
