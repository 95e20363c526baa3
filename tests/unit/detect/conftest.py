"""A real photograph, and the detectors that look at it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.detect.choice import DetectorChoice, create_detector
from efface.detect.detector import Detector
from efface.media.sample_clip import find_sample_picture


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """(512, 512, 3) RGB photograph of one face, see ``face_box``."""
    picture_bgr = cv2.imread(str(find_sample_picture()), cv2.IMREAD_COLOR)
    assert picture_bgr is not None
    return np.ascontiguousarray(picture_bgr[:, :, ::-1], np.uint8)


@pytest.fixture(scope="session")
def face_box() -> NDArray[np.float32]:
    """(1, 4) box of the face in ``portrait``, drawn by hand from brow to chin."""
    return np.array([[180, 62, 270, 178]], np.float32)


@pytest.fixture(scope="session")
def centerface() -> Detector:
    """The bundled detector."""
    return create_detector()


@pytest.fixture(scope="session")
def yunet(shared: Path) -> Detector:
    """The other family."""
    return create_detector(DetectorChoice(weights=shared / "models" / "face_detection_yunet_2023mar.onnx"))
