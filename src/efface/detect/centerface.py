"""CenterFace: an anchor-free detector that answers with a heat map at a quarter of the input size."""

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import pad_to_multiple
from efface.domain.detection import Detections
from efface.domain.geometry import nms
from efface.inference.session import NetworkSession

_STRIDE = 4
_MAX_IOU = 0.3


class CenterFace:
    """CenterFace (Xu et al., 2019) on any backend."""

    def __init__(self, session: NetworkSession) -> None:
        self._session = session

    @property
    def name(self) -> str:
        """``centerface`` and the backend."""
        return f"centerface/{self._session.backend}"

    def detect(self, rgb: NDArray[np.uint8], min_score: float) -> Detections:
        """Find the faces of one (h, w, 3) RGB picture; see ``Detector``."""
        heat, log_sizes, offsets, marks = self._session.infer(pad_to_multiple(rgb))[:4]
        heat = heat[0, 0]
        # The three cells around a peak answer for the same face: keep local maxima before the costlier NMS.
        rows, columns = np.nonzero((heat >= min_score) & (heat >= _largest_neighbour(heat)))
        if len(rows) == 0:
            return Detections.empty()
        scores = heat[rows, columns].astype(np.float32)
        sizes = np.exp(np.clip(log_sizes[0, :, rows, columns], -4, 8)) * _STRIDE
        heights, widths = sizes[:, 0], sizes[:, 1]
        centre_y = (rows + offsets[0, 0, rows, columns] + 0.5) * _STRIDE
        centre_x = (columns + offsets[0, 1, rows, columns] + 0.5) * _STRIDE
        left, top = centre_x - widths / 2, centre_y - heights / 2
        boxes = np.stack([left, top, left + widths, top + heights], axis=1).astype(np.float32)
        points = marks[0, :, rows, columns].reshape(-1, 5, 2)  # y, x in units of the box
        landmarks = np.stack(
            [
                left[:, None] + points[:, :, 1] * widths[:, None],
                top[:, None] + points[:, :, 0] * heights[:, None],
            ],
            axis=2,
        ).astype(np.float32)
        inside = (centre_x < rgb.shape[1]) & (centre_y < rgb.shape[0])
        found = Detections(boxes, scores, landmarks).select(inside)
        return found.select(nms(found.boxes, found.scores, _MAX_IOU))


def _largest_neighbour(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) the largest of the eight neighbours of each cell."""
    padded = np.pad(heat, 1, constant_values=-1)
    height, width = heat.shape
    shifts = [
        padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
        if (dy, dx) != (0, 0)
    ]
    return np.asarray(np.maximum.reduce(shifts), np.float32)
