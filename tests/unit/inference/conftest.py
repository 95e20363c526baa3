"""A real photograph to run networks on."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.media.sample_clip import find_sample_picture


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """(256, 256, 3) RGB photograph of one face."""
    picture_bgr = cv2.imread(str(find_sample_picture()), cv2.IMREAD_COLOR)
    assert picture_bgr is not None
    small = cv2.resize(picture_bgr, (256, 256), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1], np.uint8)
