"""Which detector searches: the bundled CenterFace, or weights that a user brings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from efface.detect.centerface import CenterFace
from efface.detect.detector import Detector
from efface.detect.yunet import YuNet
from efface.domain.errors import WeightsError
from efface.inference.session import Backend, NetworkSession, open_session
from efface.inference.weights import find_weights


@dataclass(frozen=True, slots=True)
class DetectorChoice:
    """Whose weights, and who runs them."""

    weights: Path | None = None
    """An ONNX file of the CenterFace or YuNet family; None for the bundled CenterFace."""
    backend: Backend = Backend.OPENVINO
    threads: int | None = None
    """CPU threads, None for all cores."""


def create_detector(choice: DetectorChoice | None = None) -> Detector:
    """Load a detector; its family is told by the network's outputs.

    Raises:
        WeightsError: the weights are missing, altered, or of no known family.
    """
    choice = choice or DetectorChoice()
    path = choice.weights or find_weights("centerface").path
    if not path.is_file():
        raise WeightsError(f"the detector weights {path} do not exist: name an ONNX file")
    session = open_session(path, choice.backend, threads=choice.threads)
    return CenterFace(session) if choice.weights is None else _of_family(session, path)


def _of_family(session: NetworkSession, path: Path) -> Detector:
    if {"cls_8", "obj_8", "bbox_8", "kps_8"} <= set(session.output_names):
        return YuNet(session)
    answers = session.infer(np.zeros((64, 64, 3), np.uint8))
    if [answer.shape for answer in answers] == [(1, channels, 16, 16) for channels in (1, 2, 2, 10)]:
        return CenterFace(session)
    raise WeightsError(
        f"{path} has the outputs {', '.join(session.output_names) or 'none'}, which are those of no detector that "
        "efface knows: bring CenterFace or YuNet weights"
    )
