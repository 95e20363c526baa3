"""The protocol of a network session, and the choice of a backend."""

from enum import Enum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import WeightsError


class NetworkSession(Protocol):
    """A convolutional network that takes pictures of any size divisible by 32."""

    @property
    def backend(self) -> str:
        """Backend and precision, e.g. ``openvino f32``."""
        ...

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs, in the order ``infer`` gives them."""
        ...

    def infer(self, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Run the network on one picture.

        Args:
            picture: (h, w, 3) uint8, both sides divisible by 32; reaches the network as NCHW float32, 0..255, in
                the colour order given.

        Returns:
            The outputs, each with its leading batch axis of 1.
        """
        ...


class Backend(Enum):
    """Who runs the network."""

    OPENVINO = "openvino"
    """CPU: bfloat16 where the processor has it, else float32."""
    ONNXRUNTIME = "onnxruntime"
    """CUDA where a GPU build of ONNX Runtime finds one, else CPU float32."""

    @classmethod
    def parse(cls, name: str) -> "Backend":
        """Read a backend by name.

        Raises:
            WeightsError: no such backend.
        """
        for backend in cls:
            if backend.value == name.strip().lower():
                return backend
        raise WeightsError(f"backend {name!r} is unknown: use {' or '.join(b.value for b in cls)}")


def open_session(
    weights: Path, backend: Backend = Backend.OPENVINO, *, threads: int | None = None
) -> NetworkSession:
    """Load a network.

    Args:
        weights: an ONNX file.
        backend: who runs it.
        threads: CPU threads, None for all cores.

    Raises:
        WeightsError: the file cannot be run.
    """
    if backend is Backend.OPENVINO:
        from efface.inference.openvino_session import OpenVinoSession

        return OpenVinoSession(weights, threads=threads)
    from efface.inference.onnx_session import OnnxSession

    return OnnxSession(weights, threads=threads)
