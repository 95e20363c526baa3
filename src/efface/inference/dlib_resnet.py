"""dlib's face recognition network on OpenVINO: the same numbers as from dlib's own code, for a tenth of the time."""

import threading
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from efface.domain.errors import WeightsError
from efface.inference.dlib_format import (
    Affine,
    Convolution,
    Dense,
    DlibNetwork,
    Layer,
    Pool,
    Rectifier,
    Sum,
    read_dlib_network,
)

_DIVISOR = 256
"""What dlib divides colours by, after the mean is gone."""
_CONFIG: dict[str, object] = {
    # dlib computes in float32, and the distances that tell people apart were measured on that.
    "INFERENCE_PRECISION_HINT": "f32",
    "PERFORMANCE_HINT": "LATENCY",
    "ENABLE_CPU_PINNING": False,
}


class DlibResNet:
    """The ResNet with 29 convolutions; any number of threads may call it, one face is computed at a time.

    Other threads of Python run meanwhile. There is no call for several faces: eight at once cost a sixth less each,
    which is not worth a second compiled network.

    Raises:
        WeightsError: the file cannot be read, or holds another network.
    """

    def __init__(self, weights: Path) -> None:
        network = read_dlib_network(weights)
        try:
            compiled = ov.Core().compile_model(_graph_of(network), "CPU", _CONFIG)
        except RuntimeError as error:
            raise WeightsError(
                f"weights {weights} do not fit together as a network: install the distribution "
                "face_recognition_models again"
            ) from error
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()

    def embed(self, chip: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the (128,) embedding of an aligned (150, 150, 3) RGB face."""
        with self._lock:
            outputs = self._request.infer([np.ascontiguousarray(chip)[None]])
            return np.array(outputs[0][0], np.float32)


def _graph_of(network: DlibNetwork) -> ov.Model:
    """Lay the layers out as a graph: (1, rows, columns, 3) uint8 RGB in, (1, d) float32 out.

    The file does not tell what a sum adds. In dlib's type of the network it is what the block started from, through
    the pool that precedes the sum, if any; a block ends with the rectifier after the sum, and the first one starts
    at the first pool.
    """
    picture = ops.parameter([1, *network.size, 3], np.uint8)
    planes = ops.transpose(ops.convert(picture, "f32"), np.array([0, 3, 1, 2]))
    centred = ops.subtract(planes, _per_channel(network.mean_rgb))
    now = start = ops.multiply(centred, np.float32(1 / _DIVISOR)).output(0)
    for before, layer in pairwise([None, *_folded(network.layers)]):
        match layer:
            case Convolution() | Dense():
                now = _weighted(now, layer)
            case Pool(is_max=False, window=(0, 0)):
                now = ops.reduce_mean(now, np.array([2, 3])).output(0)
            case Pool(is_max=True):
                now = start = _pooled(now, layer)
            case Pool():
                start = _pooled(start, layer)
            case Sum():
                now = _sum(now, start)
            case Rectifier():
                now = ops.relu(now).output(0)
                start = now if isinstance(before, Sum) else start
            case _:
                raise RuntimeError(f"{layer} follows {before}")
    return ov.Model([now], [picture])


def _folded(layers: Iterable[Layer]) -> list[Layer]:
    """Multiply factors per channel into the convolutions before them, which halves the time to compile."""
    folded: list[Layer] = []
    for layer in layers:
        last = folded[-1] if folded else None
        if isinstance(layer, Affine) and isinstance(last, Convolution):
            filters = last.filters * layer.factor[:, None, None, None]
            folded[-1] = replace(last, filters=filters, bias=last.bias * layer.factor + layer.summand)
        else:
            folded.append(layer)
    return folded


def _weighted(data: ov.Output, layer: Convolution | Dense) -> ov.Output:
    if isinstance(layer, Dense):
        return ops.matmul(data, ops.constant(layer.weights), False, False).output(0)
    padding, undilated = list(layer.padding), [1, 1]
    filters = ops.constant(layer.filters)
    summed = ops.convolution(data, filters, list(layer.strides), padding, padding, undilated)
    return ops.add(summed, _per_channel(layer.bias)).output(0)


def _pooled(data: ov.Output, layer: Pool) -> ov.Output:
    strides, padding, window = list(layer.strides), list(layer.padding), list(layer.window)
    if layer.is_max:
        return ops.max_pool(data, strides, [1, 1], padding, padding, window).output(0)
    return ops.avg_pool(data, strides, padding, padding, window, exclude_pad=True).output(0)


def _sum(a: ov.Output, b: ov.Output) -> ov.Output:
    """Add as dlib does: where one tensor has more channels, rows or columns, the other counts as zero there."""
    sizes = np.array([a.get_shape(), b.get_shape()])
    ends = sizes.max(axis=0) - sizes
    grown = [_grown(data, end) for data, end in zip((a, b), ends, strict=True)]
    return ops.add(*grown).output(0)


def _grown(data: ov.Output, ends: NDArray[np.int64]) -> ov.Output:
    if not ends.any():
        return data
    return ops.pad(data, np.zeros_like(ends), ends, "constant", np.float32(0)).output(0)


def _per_channel(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values.reshape(1, -1, 1, 1)
