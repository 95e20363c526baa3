"""dlib's face networks: five landmarks, and the 128 numbers that tell people apart."""

from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from efface.inference.weights import find_weights

if TYPE_CHECKING:
    from efface.inference.dlib_landmarks import DlibLandmarks
    from efface.inference.dlib_resnet import DlibResNet

CHIP_SIDE = 150
"""Side of the aligned face picture that the recognition network takes."""


class DlibFaceNetwork:
    """The landmark predictor and the recognition network, each loaded when it is first asked.

    Raises:
        WeightsError: from the first call that needs them: the weights are missing, altered or cannot be loaded.
    """

    def align(self, rgb: NDArray[np.uint8], box: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Cut the face out of a picture, upright and centred, by dlib's own landmarks.

        Args:
            rgb: (h, w, 3) uint8.
            box: (4,) xyxy of the face in pixels of ``rgb``; dlib's predictor was trained on squares from brow to
                chin, which a square of the box's mean side around its centre comes nearest.

        Returns:
            (150, 150, 3) uint8 RGB.
        """
        return self._landmarks.align(rgb, box, CHIP_SIDE)

    def embed(self, chip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the (128,) float32 embedding of an aligned (150, 150, 3) uint8 RGB face."""
        return self._recognition.embed(chip)

    @cached_property
    def _landmarks(self) -> "DlibLandmarks":
        from efface.inference.dlib_landmarks import DlibLandmarks

        return DlibLandmarks()

    @cached_property
    def _recognition(self) -> "DlibResNet":
        from efface.inference.dlib_resnet import DlibResNet

        return DlibResNet(find_weights("dlib-recognition").path)


@cache
def dlib_face_network() -> DlibFaceNetwork:
    """The one instance of a process: loading takes 0.2 s, at the first face that is asked about."""
    return DlibFaceNetwork()
