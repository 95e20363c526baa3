"""One analysis of the sample clip for all tests that look at its result."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.media.sample_clip import find_sample_picture
from efface.pipeline import Analysis, index_video
from efface.ports import SilentProgress


@pytest.fixture(scope="session")
def sample_analysis(sample_clip: Path) -> Analysis:
    """The sample clip, indexed."""
    return index_video(sample_clip, progress=SilentProgress())


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """(512, 512, 3) RGB photograph of one face, around x 180 to 270 and y 62 to 178."""
    picture_bgr = cv2.imread(str(find_sample_picture()), cv2.IMREAD_COLOR)
    assert picture_bgr is not None
    return np.ascontiguousarray(picture_bgr[:, :, ::-1], np.uint8)
