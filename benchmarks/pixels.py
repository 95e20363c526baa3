"""Which frames of a black-redacted file show a mask, from the pixels of the two files alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

_BLACK_LUMA = 28
"""As in leakbench: limited-range black is 16, the rest is room for the encoder."""
_CHANGED_LUMA = 18
"""Steps that a re-encode alone does not explain."""
_SMALLEST_PX = 5
"""A mask holds a square of at least this side that turned black; encoder noise does not."""


@dataclass(frozen=True, slots=True)
class MaskedFrames:
    """Counts over one clip or picture."""

    num_frames: int
    """Frames of the original."""
    num_masked: int
    """Frames with at least one mask."""
    num_missing: int
    """Frames of the original that the redacted file does not have."""


def count_masked_frames(original: Path, redacted: Path) -> MaskedFrames:
    """Compare two videos, or two pictures, frame by frame."""
    frames = masked = missing = 0
    for before, after in zip_longest(_lumas(original), _lumas(redacted)):
        if before is None:
            continue  # the redacted file is longer: shown by its frame count elsewhere
        frames += 1
        if after is None:
            missing += 1
        else:
            masked += has_mask(before, after)
    return MaskedFrames(frames, masked, missing)


def has_mask(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> bool:
    """True where a square of the picture turned black. Both are (h, w) luma; sizes may differ by padding."""
    if after.shape != before.shape:
        after = np.asarray(cv2.resize(after, before.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    turned = (after <= _BLACK_LUMA) & (before.astype(np.int16) - after > _CHANGED_LUMA)
    square = np.ones((_SMALLEST_PX, _SMALLEST_PX), np.uint8)
    return bool(cv2.erode(turned.astype(np.uint8), square).any())


def count_frames(path: Path) -> int:
    """Frames that can be decoded."""
    return sum(1 for _ in _lumas(path))


def _lumas(path: Path) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path), metadata_errors="ignore") as container:
        stream = max(container.streams.video, key=lambda s: (s.width or 0) * (s.height or 0))
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            luma = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
            # Some tools turn the pixels, some keep the display matrix.
            yield np.rot90(luma, round(frame.rotation / 90) % 4)
