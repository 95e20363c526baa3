"""How something looks in gray, and where it is found again."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.track.motion import Gray

Edges = NDArray[np.float64]
"""(4,) box edges x1, y1, x2, y2 in pixels of an analysis picture."""

_TEMPLATE_SIDE = 36.0
"""Longer side of a template in pixels: enough to tell things apart, and quick to look for."""
_MIN_TEMPLATE_SIDE = 6
_MIN_CONTRAST = 3.0
"""Standard deviation in steps of gray under which a template is plain, and anything plain looks like it."""
_UNLIKE = 25.0
"""Root mean square difference in steps of gray from which something is quite unlike a plain template."""
_PART_HANDICAP = 0.1
"""By how much better a smaller plain template must fit."""
_SCALE_STEP = 1.05
"""From one size that is tried to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Find:
    """Where a template fits best."""

    box: Edges
    likeness: float
    """Normalised cross-correlation in [-1, 1]; of plain templates, likeness in brightness in [0, 1]. 0 where too little
    of it would be in view."""


class Template:
    """A small gray picture of what a box shows. The aspect of the box is kept, and so is the template's size."""

    def __init__(self, gray: Gray, box: Edges) -> None:
        sides = box[2:] - box[:2]
        scale = min(1.0, _TEMPLATE_SIDE / float(sides.max()))
        width, height = (max(_MIN_TEMPLATE_SIDE, round(float(side) * scale)) for side in sides)
        self._size = (width, height)
        self._pixels = self._sampled(gray, box)

    @property
    def is_plain(self) -> bool:
        """True when there is too little contrast to know it again."""
        return float(self._pixels.std()) < _MIN_CONTRAST

    def learn(self, gray: Gray, box: Edges, rate: float) -> None:
        """Become a little more like what the box shows now; ``rate`` in [0, 1]."""
        self._pixels += np.float32(rate) * (self._sampled(gray, box) - self._pixels)

    def find(self, gray: Gray, box: Edges, reach: float) -> Find:
        """Look for the template around a box, in its size and somewhat smaller and larger.

        Args:
            gray: (h, w) uint8 picture.
            box: where it is expected.
            reach: how far around the box is looked, in sides of the box.
        """
        smaller, same, larger = (
            self._find_in_size(gray, scaled(box, scale), reach)
            for scale in (1 / _SCALE_STEP, 1.0, _SCALE_STEP)
        )
        curve = np.array([smaller.likeness, same.likeness, larger.likeness], np.float32)
        if self.is_plain:
            # Any part of a plain thing looks like all of it.
            curve[0] -= _PART_HANDICAP
        best = (smaller, same, larger)[int(curve.argmax())]
        # Between the three sizes, where the curve through them is highest.
        steps = _peak(curve, 1) - 1 if best is same else float(curve.argmax()) - 1
        half = (box[2:] - box[:2]) / 2 * _SCALE_STEP**steps
        centre = (best.box[:2] + best.box[2:]) / 2
        return Find(np.concatenate([centre - half, centre + half]), best.likeness)

    def _find_in_size(self, gray: Gray, box: Edges, reach: float) -> Find:
        nothing = Find(box, 0.0)
        height, width = gray.shape
        sides = box[2:] - box[:2]
        to_template = np.array(self._size) / sides
        visible_low = np.clip(box[:2], 0, [width, height])
        visible_high = np.clip(box[2:], 0, [width, height])
        # Only the part that is in view can be compared.
        first = np.rint((visible_low - box[:2]) * to_template).astype(int)
        end = np.rint((visible_high - box[:2]) * to_template).astype(int)
        if (end - first).min() < _MIN_TEMPLATE_SIDE:
            return nothing
        part = self._pixels[first[1] : end[1], first[0] : end[0]]
        if not self.is_plain and float(part.std()) < _MIN_CONTRAST:
            return nothing
        low = np.clip(np.floor(visible_low - reach * sides), 0, None).astype(int)
        high = np.minimum(np.ceil(visible_high + reach * sides), [width, height]).astype(int)
        window_size = np.maximum(np.rint((high - low) * to_template), end - first).astype(int)
        area = gray[low[1] : high[1], low[0] : high[0]]
        window = cv2.resize(area, (int(window_size[0]), int(window_size[1])), interpolation=cv2.INTER_AREA)
        scores = self._scores(window.astype(np.float32), part)
        _, likeness, _, (column, row) = cv2.minMaxLoc(scores)
        peak = np.array([_peak(scores[row], column), _peak(scores[:, column], row)])
        shift = low + (peak - first) / to_template - box[:2]
        return Find(box + np.tile(shift, 2), float(likeness))

    def _scores(self, window: NDArray[np.float32], part: NDArray[np.float32]) -> NDArray[np.float32]:
        """Likeness of a part of the template to every place in a window."""
        if not self.is_plain:
            found = cv2.matchTemplate(window, part, cv2.TM_CCOEFF_NORMED)
            # A plain window makes 0 / 0.
            return np.nan_to_num(np.asarray(found, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        # Correlation is blind to what has no contrast; that it is plain, and as bright as before, can be seen.
        errors = np.asarray(cv2.matchTemplate(window, part, cv2.TM_SQDIFF), np.float32) / part.size
        return np.asarray(np.maximum(1 - np.sqrt(np.maximum(errors, 0)) / _UNLIKE, 0), np.float32)

    def _sampled(self, gray: Gray, box: Edges) -> NDArray[np.float32]:
        """The content of a box in the template's size; beyond the border of the picture, its last pixels go on."""
        height, width = gray.shape
        low, high = np.floor(box[:2]).astype(int), np.ceil(box[2:]).astype(int)
        columns = np.clip(np.arange(low[0], max(high[0], low[0] + 1)), 0, width - 1)
        rows = np.clip(np.arange(low[1], max(high[1], low[1] + 1)), 0, height - 1)
        content = np.ascontiguousarray(gray[rows[:, None], columns[None, :]])
        return cv2.resize(content, self._size, interpolation=cv2.INTER_AREA).astype(np.float32)


def scaled(box: Edges, factor: float) -> Edges:
    """A box grown around its centre."""
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * factor
    return np.concatenate([centre - half, centre + half])


def _peak(scores: NDArray[np.float32], at: int) -> float:
    """Where a curve is highest, to a fraction of a step, by a parabola through the highest point and its neighbours."""
    if not 0 < at < len(scores) - 1:
        return float(at)
    before, here, after = (float(value) for value in scores[at - 1 : at + 2])
    bend = before - 2 * here + after
    return at + (0.5 * (before - after) / bend if bend < 0 else 0.0)
