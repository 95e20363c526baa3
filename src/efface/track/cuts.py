"""Finding cuts: where one frame shows another scene than the frame before it."""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

LOOKAHEAD = 2
"""Frames that must be seen behind a frame before it is known whether it starts a shot."""

LOOKBACK = LOOKAHEAD + 1
"""Frames before a frame that have a say in it. Who begins in the middle of a video must push as many before it."""

_THUMBNAIL = (48, 27)
_RULES = ((0.42, 2.6), (0.15, 6.0))
"""(least change, least ratio) of a cut. Change is the mean change over the contrast: unrelated scenes reach about 1,
two portraits of like framing 0.27, steady shots stay under 0.1. The ratio says how much it stands out from the changes
around it, because pans and shakes change every frame: a small change must stand out more."""

_ALIKE = 0.35
"""Change up to which two pictures may show the same scene; against a black frame any change is huge."""


class CutDetector:
    """Decides frame by frame, ``LOOKAHEAD`` frames late, whether a shot starts.

    A flash is no cut: the pictures around it look alike. A pan is no cut: the change does not stand out.
    """

    def __init__(self) -> None:
        self._thumbnails: deque[NDArray[np.float32]] = deque(maxlen=LOOKBACK + 1 + LOOKAHEAD)
        self._undecided = 0
        self._is_first = True

    def push(self, gray: NDArray[np.uint8]) -> bool | None:
        """Take the next frame's picture; answer for the frame ``LOOKAHEAD`` before it, None while there is none."""
        # Every fourth pixel of a large picture is enough to average over, at a tenth of the cost.
        step = max(1, min(4, gray.shape[0] // 100))
        small = cv2.resize(gray[::step, ::step], _THUMBNAIL, interpolation=cv2.INTER_AREA)
        self._thumbnails.append(small.astype(np.float32))
        self._undecided += 1
        return self._decide() if self._undecided > LOOKAHEAD else None

    def finish(self) -> list[bool]:
        """Answers for the frames still undecided at the end."""
        answers = []
        while self._undecided:
            answers.append(self._decide())
        return answers

    def _decide(self) -> bool:
        position = len(self._thumbnails) - self._undecided
        self._undecided -= 1
        if self._is_first:
            self._is_first = False
            return True
        return _starts_shot(list(self._thumbnails), position)


def _starts_shot(thumbnails: list[NDArray[np.float32]], position: int) -> bool:
    before, here = thumbnails[position - 1], thumbnails[position]
    change = _change(before, here)
    if change < min(least for least, _ in _RULES):
        return False
    first = max(0, position - LOOKBACK)
    after = thumbnails[position + 1 : position + 1 + LOOKAHEAD]
    # A flash: what comes after looks like what was before it, or this frame like what was before the last ones.
    alike = min(0.5 * change, _ALIKE)
    if any(_change(before, later) < alike for later in after):
        return False
    if any(_change(earlier, here) < alike for earlier in thumbnails[first : position - 1]):
        return False
    around = [
        _change(a, b)
        for i, (a, b) in enumerate(
            zip(thumbnails[first:], thumbnails[first + 1 :], strict=False), start=first + 1
        )
        if i != position
    ]
    usual = sum(around) / len(around) if around else 0.0
    return any(change >= least and change > ratio * usual for least, ratio in _RULES)


def _change(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Mean absolute difference over mean contrast; dark scenes count like bright ones."""
    contrast = (float(a.std()) + float(b.std())) / 2 + 6.0
    return float(np.abs(a - b).mean()) / contrast
