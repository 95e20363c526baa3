"""Networks on ONNX Runtime: the backend for CUDA GPUs, and a second opinion on CPUs."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from efface.domain.errors import WeightsError

_LOAD_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
)


class OnnxSession:
    """A network whose declared input size is lifted, so that pictures of any size can be run."""

    def __init__(self, weights: Path, *, threads: int | None = None) -> None:
        try:
            graph = onnx.load(str(weights))
        except (DecodeError, OSError, ValueError) as error:
            raise WeightsError(f"{weights} cannot be loaded as an ONNX network: {error}") from error
        if not graph.graph.input:
            raise WeightsError(f"{weights} is not an ONNX network: it has no input")
        if len(graph.graph.input[0].type.tensor_type.shape.dim) != 4:
            raise WeightsError(f"{weights} takes no NCHW picture: give a face detector's network")
        self._weights = weights
        options = ort.SessionOptions()
        options.log_severity_level = 3  # sizes that differ from the declared ones are wanted, no warning
        if threads is not None:
            options.intra_op_num_threads = threads
        wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
        providers = [name for name in wanted if name in ort.get_available_providers()]
        try:
            self._session = ort.InferenceSession(_with_free_size(graph), options, providers=providers)
        except _LOAD_ERRORS as error:
            raise WeightsError(f"{weights} cannot be run by ONNX Runtime: {error}") from error
        self._input_name = self._session.get_inputs()[0].name
        self._output_names = tuple(output.name for output in self._session.get_outputs())

    @property
    def backend(self) -> str:
        """``onnxruntime cuda`` or ``onnxruntime cpu``."""
        name = self._session.get_providers()[0].removesuffix("ExecutionProvider").lower()
        return f"onnxruntime {name}"

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs in order."""
        return self._output_names

    def infer(self, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run the network on one (h, w, 3) uint8 picture; see ``NetworkSession``."""
        tensor = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)
        try:
            outputs = self._session.run(None, {self._input_name: tensor})
        except _LOAD_ERRORS as error:
            height, width = picture.shape[:2]
            raise WeightsError(
                f"{self._weights} cannot be run at {width}x{height}: {error}; give a network with one NCHW image "
                "input of free size"
            ) from error
        return [np.asarray(output, np.float32) for output in outputs]


def _with_free_size(graph: "onnx.ModelProto") -> bytes:
    """The network with batch 1 and free height and width; shapes noted for inner tensors are dropped as stale."""
    dims = graph.graph.input[0].type.tensor_type.shape.dim
    dims[0].dim_value = 1
    for dim, name in zip(dims[2:], ("height", "width"), strict=False):
        dim.dim_param = name
    for output in graph.graph.output:
        output.type.tensor_type.ClearField("shape")
    del graph.graph.value_info[:]
    return bytes(graph.SerializeToString())
