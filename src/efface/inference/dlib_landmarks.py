"""dlib's five landmarks, for faces whose detector gave none."""

import dlib
import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import WeightsError
from efface.inference.weights import find_weights


class DlibLandmarks:
    """The landmark predictor.

    Raises:
        WeightsError: the weights are missing, altered or cannot be loaded.
    """

    def __init__(self) -> None:
        weights = find_weights("dlib-landmarks5")
        try:
            self._predict = dlib.shape_predictor(str(weights.path))
        except RuntimeError as error:
            raise WeightsError(
                f"weights {weights.path} cannot be loaded by dlib: install dlib-bin again"
            ) from error

    def align(self, rgb: NDArray[np.uint8], box: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
        """Cut a face out as (side, side, 3) uint8 RGB; see ``DlibFaceNetwork.align``."""
        x1, y1, x2, y2 = (float(value) for value in box)
        half = (x2 - x1 + y2 - y1) / 4
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        square = dlib.rectangle(round(x - half), round(y - half), round(x + half), round(y + half))
        picture = np.ascontiguousarray(rgb)
        chip = dlib.get_face_chip(picture, self._predict(picture, square), side)
        return np.asarray(chip, np.uint8)
