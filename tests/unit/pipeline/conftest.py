"""One analysis of the sample clip for all tests that look at its result."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.detection import Detections
from efface.identify.crops import FaceCrop
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


class RedPatchDetector:
    """Stands in for a network: what is red is a face. Quick, and knows nothing but the picture."""

    name = "red patches"

    def detect(self, rgb: NDArray[np.uint8], min_score: float) -> Detections:
        """A detection around each red patch."""
        colours = rgb.astype(np.int16)
        is_red = (colours[..., 0] - colours[..., 1:].max(axis=2) > 60).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(is_red)
        boxes = [(x, y, x + w, y + h) for x, y, w, h, area in stats[1:].tolist() if area > 60]
        if not boxes:
            return Detections.empty()
        return Detections(
            np.array(boxes, np.float32),
            np.full(len(boxes), 0.9, np.float32),
            np.full((len(boxes), 5, 2), np.nan, np.float32),
        )


class BrightnessEmbedder:
    """Stands in for a network: people are told apart by how green they are."""

    person_distance = 0.3

    def embed(self, crop: FaceCrop, *, is_mirrored: bool = False) -> NDArray[np.float32]:
        """One number of the middle of the picture."""
        height, width = crop.rgb.shape[:2]
        middle = crop.rgb[height // 3 : -height // 3, width // 3 : -width // 3]
        return np.array([float(middle[..., 1].mean()) / 64, 0], np.float32)


@dataclass(frozen=True)
class Scene:
    """A shot of red patches that swing over a still texture."""

    num_frames: int
    seed: int
    patches: tuple[tuple[float, float, int], ...]
    """x, y and greenness of each."""


@pytest.fixture(scope="session")
def red_patches() -> RedPatchDetector:
    """A detector of red patches."""
    return RedPatchDetector()


@pytest.fixture(scope="session")
def embedder() -> BrightnessEmbedder:
    """Tells red patches apart."""
    return BrightnessEmbedder()


@pytest.fixture(scope="session")
def make_scenes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a video of scenes: ``(name, *scenes)``; 320x240, 25 frames/s, a key frame every 10 frames."""
    folder = tmp_path_factory.mktemp("scenes")

    def make(name: str, *scenes: Scene) -> Path:
        options = {"g": "10", "bf": "2", "crf": "16", "preset": "ultrafast", "sc_threshold": "0"}
        with av.open(str(folder / name), "w") as container:
            track: Any = container.add_stream("libx264", rate=25, options=options)
            track.width, track.height, track.pix_fmt = 320, 240, "yuv420p"
            for index, picture in enumerate(frame for scene in scenes for frame in _pictures(scene)):
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts = index
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
        return folder / name

    return make


def _pictures(scene: Scene) -> Iterator[NDArray[np.uint8]]:
    rng = np.random.default_rng(scene.seed)
    coarse = rng.integers(0, 255, (8, 10), np.uint8)
    background = cv2.cvtColor(
        cv2.resize(coarse, (320, 240), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB
    )
    for i in range(scene.num_frames):
        picture = background.copy()
        for x, y, green in scene.patches:
            left, top = round(x + 30 * np.sin(i / 25)), round(y + 10 * np.cos(i / 19))
            picture[top : top + 48, left : left + 40] = (230, green, 20)
            picture[top + 10 : top + 16, left + 8 : left + 32 : 3] = (160, green // 2, 10)
        yield np.asarray(picture, np.uint8)
