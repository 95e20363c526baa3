"""Reading dlib's file format: what is in the real file, and what is said of files that are not it."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from efface.domain.errors import WeightsError
from efface.inference.dlib_format import Affine, Convolution, Dense, Pool, read_dlib_network
from efface.inference.weights import find_weights

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def real() -> bytes:
    return find_weights("dlib-recognition").path.read_bytes()


def test_recognition_network_has_the_published_layers() -> None:
    network = read_dlib_network(find_weights("dlib-recognition").path)
    assert network.size == (150, 150)
    np.testing.assert_allclose(network.mean_rgb, [122.782, 117.001, 104.298], rtol=1e-6)
    assert Counter(type(layer).__name__ for layer in network.layers) == {
        "Convolution": 29, "Affine": 29, "Rectifier": 29, "Sum": 14, "Pool": 6, "Dense": 1,
    }  # fmt: skip
    first, second, last = network.layers[0], network.layers[1], network.layers[-1]
    assert isinstance(first, Convolution)
    assert (first.filters.shape, first.bias.shape) == ((32, 3, 7, 7), (32,))
    assert (first.strides, first.padding) == ((2, 2), (0, 0))
    assert isinstance(second, Affine)
    assert second.factor.shape == second.summand.shape == (32,)
    assert network.layers[3] == Pool(is_max=True, window=(3, 3), strides=(2, 2), padding=(0, 0))
    assert isinstance(last, Dense)
    assert last.weights.shape == (256, 128)


@pytest.mark.parametrize("share", [0.0, 1e-6, 1e-5, 0.5, 0.999999])
def test_file_that_is_cut_short_is_refused(tmp_path: Path, real: bytes, share: float) -> None:
    path = tmp_path / "short.dat"
    path.write_bytes(real[: int(len(real) * share)])
    with pytest.raises(WeightsError, match=r"short\.dat is not a network that efface knows"):
        read_dlib_network(path)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"relu_", b"gelu_", "layer 'gelu_'"),
        (b"loss_metric_2", b"loss_metric_9", "loss is loss_metric_9"),
        (b"input_rgb_image_sized", b"input_rgb_image_sizes", "input is input_rgb_image_sizes"),
        (b"con_4\x01\x02\x02\x80\x12", b"con_4\x01\x02\x02\x7f\x12", "byte"),
        (b"con_4\x01\x02\x02", b"con_4\x01\x03\x02", "version of a tensor is 3"),
    ],
)
def test_file_of_another_network_is_refused(
    tmp_path: Path, real: bytes, old: bytes, new: bytes, complaint: str
) -> None:
    assert old in real
    path = tmp_path / "other.dat"
    path.write_bytes(real.replace(old, new, 1))
    with pytest.raises(WeightsError, match=complaint):
        read_dlib_network(path)


def test_bytes_after_the_last_layer_are_refused(tmp_path: Path, real: bytes) -> None:
    path = tmp_path / "long.dat"
    path.write_bytes(real + b"\x01\x00")
    with pytest.raises(WeightsError, match="is not a network that efface knows"):
        read_dlib_network(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none\.dat cannot be read \(No such file or directory\)"):
        read_dlib_network(tmp_path / "none.dat")
