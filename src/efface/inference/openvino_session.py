"""Networks on OpenVINO: the default on CPUs."""

import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from efface.domain.errors import WeightsError

_MAX_COMPILED = 6
"""Compiled input sizes kept; one costs 0.2 s to make and up to 250 MB at 1920x1088."""


class OpenVinoSession:
    """A network compiled once for each input size that is asked for."""

    def __init__(self, weights: Path, *, threads: int | None = None) -> None:
        self._core = ov.Core()
        self._weights = weights
        self._config: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY"}
        if threads is not None:
            self._config["INFERENCE_NUM_THREADS"] = threads
        has_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._config["INFERENCE_PRECISION_HINT"] = "bf16" if has_bf16 else "f32"
        self._backend = f"openvino {self._config['INFERENCE_PRECISION_HINT']}"
        self._compiled: OrderedDict[tuple[int, int], ov.InferRequest] = OrderedDict()
        self._lock = threading.Lock()
        try:
            outputs = self._core.read_model(str(weights)).outputs
        except RuntimeError as error:
            raise WeightsError(f"{weights} cannot be loaded as an ONNX network: {_first_line(error)}") from error
        self._output_names = tuple(str(output.any_name) for output in outputs)

    @property
    def backend(self) -> str:
        """``openvino bf16`` or ``openvino f32``."""
        return self._backend

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs in order."""
        return self._output_names

    def infer(self, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run the network on one (h, w, 3) uint8 picture; see ``NetworkSession``."""
        with self._lock:
            request = self._request(picture.shape[0], picture.shape[1])
            results = request.infer([np.ascontiguousarray(picture)[None]])
            return [np.array(results[output], np.float32) for output in request.model_outputs]

    def _request(self, height: int, width: int) -> ov.InferRequest:
        """The compiled network for one input size."""
        key = (height, width)
        if key in self._compiled:
            self._compiled.move_to_end(key)
            return self._compiled[key]
        network = self._core.read_model(str(self._weights))
        network.reshape([1, 3, height, width])
        # Layout and type conversion inside the graph: 3 ms less per 640x384 picture than transposing in NumPy.
        steps = PrePostProcessor(network)
        steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
        steps.input().model().set_layout(ov.Layout("NCHW"))
        try:
            request = self._core.compile_model(steps.build(), "CPU", self._config).create_infer_request()
        except RuntimeError as error:
            raise WeightsError(
                f"{self._weights} cannot be run at {width}x{height}: {_first_line(error)}; give a network with "
                "one NCHW image input of free size"
            ) from error
        self._compiled[key] = request
        if len(self._compiled) > _MAX_COMPILED:
            self._compiled.popitem(last=False)
        return request


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
