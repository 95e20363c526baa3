"""Networks as dlib writes them to a file: Boost-licensed C++ on dlib's side, NumPy arrays on this one.

A file holds, in this order: the loss, one number for every nesting of the network, from the output in, and then
the input and the layers with their tensors, from the input out. An integer is a control byte (its length, and a
high bit for a minus) and little-endian bytes; a real number is an integer mantissa and an integer power of two.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import WeightsError

_NEWEST_NESTING = 3
"""Highest version number of a nesting; the input's name, which follows the last one, is longer."""
_FLOAT = np.dtype("<f4")


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """Correlation of the picture with filters, plus a bias."""

    filters: NDArray[np.float32]
    """(out, in, height, width)."""
    bias: NDArray[np.float32]
    """(out,)."""
    strides: tuple[int, int]
    """Down, across."""
    padding: tuple[int, int]
    """Rows above and below, columns at either side."""


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """One factor and one summand for each channel."""

    factor: NDArray[np.float32]
    """(channels,)."""
    summand: NDArray[np.float32]
    """(channels,)."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Largest value or mean of a window."""

    is_max: bool
    window: tuple[int, int]
    """Rows, columns; (0, 0) is the whole picture."""
    strides: tuple[int, int]
    """Down, across."""
    padding: tuple[int, int]
    """Rows above and below, columns at either side."""


@dataclass(frozen=True, slots=True)
class Rectifier:
    """Negative values become zero."""


@dataclass(frozen=True, slots=True)
class Sum:
    """The output of an earlier layer is added; which one is the network's type in C++ and not in the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """Product with a matrix, without a bias."""

    weights: NDArray[np.float32]
    """(in, out)."""


Layer = Convolution | Affine | Pool | Rectifier | Sum | Dense


@dataclass(frozen=True, slots=True, eq=False)
class DlibNetwork:
    """What one file holds."""

    mean_rgb: NDArray[np.float32]
    """(3,) what is subtracted from the picture, 0..255; dlib then divides by 256."""
    size: tuple[int, int]
    """Rows and columns of the picture."""
    layers: tuple[Layer, ...]
    """In the order of computation."""


def read_dlib_network(path: Path) -> DlibNetwork:
    """Read a network with an RGB picture of fixed size as input and a metric as loss.

    Raises:
        WeightsError: the file cannot be read, is cut short, or holds anything that is not known here.
    """
    try:
        stream = _Stream(path, path.read_bytes())
    except OSError as error:
        raise WeightsError(
            f"weights {path} cannot be read ({error.strerror}): give the path of a readable weights file"
        ) from error
    stream.expect(stream.integer(), 1, "version of the loss")
    stream.expect(stream.text(), "loss_metric_2", "loss")
    stream.skip_reals(2)
    name_length = stream.integer()
    while name_length <= _NEWEST_NESTING:
        name_length = stream.integer()
    stream.expect(stream.text(name_length), "input_rgb_image_sized", "input")
    mean = np.array([stream.real() for _ in range(3)], np.float32)
    size = (stream.integer(), stream.integer())
    layers: list[Layer] = []
    while not stream.is_at_end:
        layers.append(_read_layer(stream))
        _skip_training_state(stream, is_first=len(layers) == 1)
    return DlibNetwork(mean, size, tuple(layers))


def _read_layer(stream: "_Stream") -> Layer:
    kind = stream.text()
    match kind:
        case "con_4":
            return _read_convolution(stream)
        case "affine_":
            values = stream.tensor()
            channels = stream.shape()[1]
            stream.expect(stream.shape()[1], channels, "number of summands")
            stream.expect(stream.integer(), 0, "mode of an affine layer")
            factor, summand = values.reshape(2, -1)
            stream.expect(len(factor), channels, "number of factors")
            return Affine(factor, summand)
        case "relu_":
            return Rectifier()
        case "add_prev_":
            return Sum()
        case "max_pool_2" | "avg_pool_2":
            return Pool(kind == "max_pool_2", stream.pair(), stream.pair(), stream.pair())
        case "fc_2":
            return _read_dense(stream)
    raise stream.error(f"layer {kind!r}")


def _read_convolution(stream: "_Stream") -> Convolution:
    values = stream.tensor()
    num_filters = stream.integer()
    stream.pair()  # rows and columns of a filter, which its shape repeats
    strides, padding = stream.pair(), stream.pair()
    shape = stream.shape()
    stream.expect(stream.shape(), (1, num_filters, 1, 1), "shape of the biases")
    stream.skip_reals(4)
    num_weights = shape[0] * shape[1] * shape[2] * shape[3]
    stream.expect(len(values), num_weights + num_filters, "number of weights")
    return Convolution(values[:num_weights].reshape(shape), values[num_weights:], strides, padding)


def _read_dense(stream: "_Stream") -> Dense:
    num_outputs, num_inputs = stream.pair()
    values = stream.tensor()
    stream.shape()
    stream.expect(stream.shape(), (0, 0, 0, 0), "shape of the biases")
    stream.integer()  # says once more that there is no bias
    stream.skip_reals(4)
    stream.expect(len(values), num_inputs * num_outputs, "number of weights")
    return Dense(values.reshape(num_inputs, num_outputs))


def _skip_training_state(stream: "_Stream", *, is_first: bool) -> None:
    stream.skip_flags(3)
    for _ in range(3):  # gradients and the last output: dlib empties them before it publishes a network
        stream.tensor()
    if is_first:
        stream.expect(stream.integer(), 1, "pictures per sample")


class _Stream:
    """Reads dlib's items one after another; every method raises WeightsError where the file has ended."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = path
        self._content = content
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._content)

    def error(self, what: str) -> WeightsError:
        return WeightsError(
            f"{self._path} is not a network that efface knows ({what} near byte {self._at}): "
            "install the distribution face_recognition_models again"
        )

    def expect(self, value: object, wanted: object, what: str) -> None:
        if value != wanted:
            raise self.error(f"{what} is {value}, not {wanted}")

    def integer(self) -> int:
        control = self._take(1)[0]
        value = int.from_bytes(self._take(control & 0x0F), "little")
        return -value if control & 0x80 else value

    def pair(self) -> tuple[int, int]:
        return self.integer(), self.integer()

    def real(self) -> float:
        mantissa, exponent = self.pair()
        return mantissa * 2.0**exponent

    def skip_reals(self, count: int) -> None:
        for _ in range(count):
            self.pair()

    def skip_flags(self, count: int) -> None:
        if not set(self._take(count)) <= set(b"01"):
            raise self.error("a flag that is neither 0 nor 1")

    def text(self, length: int | None = None) -> str:
        return self._take(self.integer() if length is None else length).decode("latin-1")

    def shape(self) -> tuple[int, int, int, int]:
        """Where a layer's filters or biases lie among its values: their four sizes."""
        self.expect(self.integer(), 1, "version of a shape")
        return (*self.pair(), *self.pair())

    def tensor(self) -> NDArray[np.float32]:
        """All values of a tensor in one row; its sizes are said again by what it is made of."""
        self.expect(self.integer(), 2, "version of a tensor")
        sizes = (*self.pair(), *self.pair())
        count = sizes[0] * sizes[1] * sizes[2] * sizes[3]
        return np.frombuffer(self._take(count * _FLOAT.itemsize), _FLOAT).astype(np.float32, copy=False)

    def _take(self, count: int) -> bytes:
        if not 0 <= count <= len(self._content) - self._at:
            raise self.error("the end of the file, or a wrong length,")
        self._at += count
        return self._content[self._at - count : self._at]
