"""The recognition network beside dlib's own code."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.errors import WeightsError
from efface.inference.dlib_face import CHIP_SIDE, DlibFaceNetwork
from efface.inference.dlib_resnet import DlibResNet
from efface.inference.weights import find_weights

pytestmark = pytest.mark.weights

EMBED_ALIGNED_FACE = """
import sys
import numpy as np
from efface.identify.embed import DlibEmbedder
from efface.inference.dlib_face import dlib_face_network
assert "openvino" not in sys.modules
assert dlib_face_network().embed(np.zeros((150, 150, 3), np.uint8)).shape == (128,)
assert not {"dlib", "_dlib_pybind11"} & set(sys.modules)
"""


@pytest.fixture(scope="module")
def network() -> DlibResNet:
    return DlibResNet(find_weights("dlib-recognition").path)


@pytest.fixture(scope="module")
def pictures(portrait: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Aligned faces, a face upside down, a face in reversed colours (a view with negative strides), and noise."""
    align = DlibFaceNetwork().align
    boxes = np.array([[85, 20, 140, 95], [80, 25, 135, 90], [75, 10, 150, 110]], np.float32)
    faces = [align(portrait, box) for box in boxes]
    noise = np.random.default_rng(3).integers(0, 256, (CHIP_SIDE, CHIP_SIDE, 3), np.uint8)
    plain = [np.full_like(noise, value) for value in (0, 255)]
    return [*faces, faces[0][::-1], faces[0][..., ::-1], noise, *plain]


def test_embeddings_are_those_that_dlib_computes(
    network: DlibResNet, pictures: list[NDArray[np.uint8]]
) -> None:
    reference = dlib.face_recognition_model_v1(str(find_weights("dlib-recognition").path))
    for picture in pictures:
        expected = np.array(reference.compute_face_descriptor(np.ascontiguousarray(picture)))
        embedding = network.embed(picture)
        assert embedding.dtype == np.float32
        assert np.abs(embedding - expected).max() < 1e-5


def test_threads_that_share_the_network_get_their_own_embeddings(
    network: DlibResNet, pictures: list[NDArray[np.uint8]]
) -> None:
    alone = [network.embed(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(network.embed, pictures * 3))
    for i, embedding in enumerate(together):
        np.testing.assert_allclose(embedding, alone[i % len(pictures)], atol=1e-6)


def test_embedding_stays_as_it_was_when_the_next_face_is_asked(
    network: DlibResNet, pictures: list[NDArray[np.uint8]]
) -> None:
    first = network.embed(pictures[0])
    before = first.copy()
    network.embed(pictures[-1])
    np.testing.assert_array_equal(first, before)


def test_filters_that_do_not_fit_the_picture_are_refused(tmp_path: Path) -> None:
    real = find_weights("dlib-recognition").path.read_bytes()
    stem, swapped = b"\x01\x20\x01\x03\x01\x07\x01\x07", b"\x01\x20\x01\x07\x01\x03\x01\x07"
    assert real.count(stem) == 1
    path = tmp_path / "swapped.dat"
    path.write_bytes(real.replace(stem, swapped))
    with pytest.raises(WeightsError, match=r"swapped\.dat do not fit together"):
        DlibResNet(path)


def test_dlib_is_not_loaded_for_faces_that_are_aligned_already() -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", EMBED_ALIGNED_FACE], check=True, timeout=60, env=environment)
