"""Networks on OpenVINO: the default on CPUs."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from efface.domain.errors import WeightsError

_MAX_COMPILED = 6
"""Compiled input sizes kept; one costs 0.2 to 0.5 s to make."""
_LARGE_PX = 1 << 20
"""Pictures of more pixels run one at a time: the inner tensors of one take 0.4 GB at 1920x1088."""


@dataclass(slots=True)
class _Compiled:
    """The network for one input size, and the requests that are free to run it."""

    network: ov.CompiledModel
    free: list[ov.InferRequest] = field(default_factory=list)


# The first look at a tensor's data sets up NumPy inside the bindings, and two threads that do it at once wait for
# each other for ever: one holds the GIL, the other the lock. So it is done here, under the import lock.
_ = ov.Tensor(np.zeros(1, np.uint8)).data


class OpenVinoSession:
    """A network compiled once for each input size that is asked for; any number of threads may call it.

    Each call runs on one core: two searches side by side take a quarter less time than two after each other on two
    cores each.
    """

    def __init__(self, weights: Path, *, threads: int | None = None) -> None:
        self._core = ov.Core()
        self._weights = weights
        has_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        precision = "bf16" if has_bf16 else "f32"
        self._config: dict[str, object] = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "THROUGHPUT",
            "ENABLE_CPU_PINNING": False,
        }
        if threads is not None:
            self._config |= {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": threads}
        self._backend = f"openvino {precision}"
        self._compiled: OrderedDict[tuple[int, int], _Compiled] = OrderedDict()
        self._lock = threading.Lock()
        self._large = threading.Lock()
        try:
            outputs = self._core.read_model(str(weights)).outputs
        except RuntimeError as error:
            raise WeightsError(
                f"{weights} cannot be loaded as an ONNX network: {_first_line(error)}"
            ) from error
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
        height, width = picture.shape[:2]
        with (
            self._large if height * width > _LARGE_PX else nullcontext(),
            self._request(height, width) as request,
        ):
            results = request.infer([np.ascontiguousarray(picture)[None]])
            return [np.array(results[output], np.float32) for output in request.model_outputs]

    @contextmanager
    def _request(self, height: int, width: int) -> Iterator[ov.InferRequest]:
        """A request for one input size that nobody else uses."""
        with self._lock:
            compiled = self._compiled.get((height, width)) or self._compile(height, width)
            self._compiled.move_to_end((height, width))
            request = compiled.free.pop() if compiled.free else compiled.network.create_infer_request()
        try:
            yield request
        finally:
            compiled.free.append(request)

    def _compile(self, height: int, width: int) -> _Compiled:
        network = self._core.read_model(str(self._weights))
        try:
            network.reshape([1, 3, height, width])
            # Layout and type conversion inside the graph: 3 ms less per 640x384 picture than transposing in NumPy.
            steps = PrePostProcessor(network)
            steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
            steps.input().model().set_layout(ov.Layout("NCHW"))
            compiled = _Compiled(self._core.compile_model(steps.build(), "CPU", self._config))
        except RuntimeError as error:
            raise WeightsError(
                f"{self._weights} cannot be run at {width}x{height}: {_first_line(error)}; give a network with "
                "one NCHW image input of free size"
            ) from error
        self._compiled[height, width] = compiled
        if len(self._compiled) > _MAX_COMPILED:
            self._compiled.popitem(last=False)
        return compiled


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
