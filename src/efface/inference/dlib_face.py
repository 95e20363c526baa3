"""dlib's face networks: five landmarks, and the 128 numbers that tell people apart."""

from collections.abc import Callable
from functools import cache
from typing import Any

import dlib
import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import WeightsError
from efface.inference.weights import find_weights

CHIP_SIDE = 150
"""Side of the aligned face picture that the recognition network takes."""


class DlibFaceNetwork:
    """The landmark predictor and the recognition network.

    dlib holds Python's lock while it computes (two threads were slower than one), so there is nothing to
    gain from calling it in parallel; one picture takes about 90 ms on one core.

    Raises:
        WeightsError: the weights are missing, altered or cannot be loaded.
    """

    def __init__(self) -> None:
        self._recognition = _load(dlib.face_recognition_model_v1, "dlib-recognition")
        self._landmarks = _load(dlib.shape_predictor, "dlib-landmarks5")

    def align(self, rgb: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Cut the face out of a picture, upright and centred, by dlib's own landmarks.

        Args:
            rgb: (h, w, 3) uint8.
            box: (4,) xyxy of the face in pixels of ``rgb``; dlib's predictor was trained on squares from
            brow to
                chin, which a square of the box's mean side around its centre comes nearest.

        Returns:
            (150, 150, 3) uint8 RGB.
        """
        x1, y1, x2, y2 = (float(value) for value in box)
        half = (x2 - x1 + y2 - y1) / 4
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        square = dlib.rectangle(round(x - half), round(y - half), round(x + half), round(y + half))
        picture = np.ascontiguousarray(rgb)
        chip = dlib.get_face_chip(picture, self._landmarks(picture, square), CHIP_SIDE)
        return np.asarray(chip, np.uint8)

    def embed(self, chip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the (128,) float32 embedding of an aligned (150, 150, 3) uint8 RGB face."""
        return np.asarray(self._recognition.compute_face_descriptor(np.ascontiguousarray(chip)), np.float32)


@cache
def dlib_face_network() -> DlibFaceNetwork:
    """The one instance of a process: loading takes 0.2 s."""
    return DlibFaceNetwork()


def _load(kind: Callable[[str], Any], name: str) -> Any:
    weights = find_weights(name)
    try:
        return kind(str(weights.path))
    except RuntimeError as error:
        raise WeightsError(
            f"weights {weights.path} cannot be loaded by dlib: install dlib-bin again"
        ) from error
