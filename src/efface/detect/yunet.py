"""YuNet: an anchor-free detector with three strides; the weights are the user's, given by path."""

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import pad_to_multiple
from efface.domain.detection import Detections
from efface.domain.errors import WeightsError
from efface.domain.geometry import nms
from efface.inference.session import NetworkSession

_STRIDES = (8, 16, 32)
_MAX_IOU = 0.3


class YuNet:
    """YuNet (Wu et al., 2023), as the OpenCV Zoo and libfacedetection.train export it: 12 outputs, BGR input."""

    def __init__(self, session: NetworkSession) -> None:
        wanted = {f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in _STRIDES}
        if missing := sorted(wanted - set(session.output_names)):
            raise WeightsError(
                f"these weights are not a YuNet network: outputs {', '.join(missing)} are missing"
            )
        self._session = session

    @property
    def name(self) -> str:
        """``yunet`` and the backend."""
        return f"yunet/{self._session.backend}"

    def detect(self, rgb: NDArray[np.uint8], min_score: float) -> Detections:
        """Find the faces of one (h, w, 3) RGB picture; see ``Detector``."""
        padded = pad_to_multiple(rgb)
        answers = dict(zip(self._session.output_names, self._session.infer(padded[:, :, ::-1]), strict=True))
        parts = [self._decode(answers, stride, padded.shape[1] // stride, min_score) for stride in _STRIDES]
        found = Detections.concatenate(parts)
        return found.select(nms(found.boxes, found.scores, _MAX_IOU))

    @staticmethod
    def _decode(
        answers: dict[str, NDArray[np.float32]], stride: int, columns: int, min_score: float
    ) -> Detections:
        """Faces of one stride; cells run row by row."""
        classes, objects = answers[f"cls_{stride}"][0, :, 0], answers[f"obj_{stride}"][0, :, 0]
        scores = np.sqrt(np.clip(classes, 0, 1) * np.clip(objects, 0, 1)).astype(np.float32)
        cells = np.nonzero(scores >= min_score)[0]
        origin = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
        box = answers[f"bbox_{stride}"][0, cells]
        centres = (origin + box[:, :2]) * stride
        halves = np.exp(np.clip(box[:, 2:], -4, 8)) * stride / 2
        boxes = np.concatenate([centres - halves, centres + halves], axis=1).astype(np.float32)
        landmarks = (answers[f"kps_{stride}"][0, cells].reshape(-1, 5, 2) + origin[:, None]) * stride
        return Detections(boxes, scores[cells], landmarks.astype(np.float32))
