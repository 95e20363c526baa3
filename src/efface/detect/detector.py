"""The protocol of a face detector."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from efface.domain.detection import Detections


class Detector(Protocol):
    """Finds faces in one picture."""

    @property
    def name(self) -> str:
        """Family and backend, e.g. ``centerface/openvino f32``."""
        ...

    def detect(self, rgb: NDArray[np.uint8], min_score: float) -> Detections:
        """Find the faces of one picture.

        Args:
            rgb: (h, w, 3) uint8 upright RGB, of any size.
            min_score: least confidence to report, in [0, 1].

        Returns:
            Detections in pixels of ``rgb``, best first, without duplicates.
        """
        ...


def pad_to_multiple(rgb: NDArray[np.uint8], multiple: int = 32) -> NDArray[np.uint8]:
    """The picture with black rows and columns added below and right until both sides divide by ``multiple``."""
    height, width = rgb.shape[:2]
    padded_height, padded_width = -(-height // multiple) * multiple, -(-width // multiple) * multiple
    if (padded_height, padded_width) == (height, width):
        return rgb
    padded = np.zeros((padded_height, padded_width, 3), np.uint8)
    padded[:height, :width] = rgb
    return padded
