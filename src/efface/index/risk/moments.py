"""Moments that may be risks, as columns, before they are merged and ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes
from efface.index.risk.model import RiskReason
from efface.index.risk.rows import Floats, Ints

REASONS = tuple(RiskReason)
"""Row ``i`` of a matrix of signs is the strength of ``REASONS[i]``."""

NO_TRACK = -1
"""Position for moments that are about no single track."""


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Columns of m moments."""

    frame: Ints
    first: Ints
    end: Ints
    track: Ints
    """Position of the track in ``TrackRows``, or ``NO_TRACK``."""
    boxes: Boxes
    """(m, 4)"""
    signs: NDArray[np.float32]
    """(len(REASONS), m) strength of each reason in [0, 1]."""

    def __len__(self) -> int:
        return len(self.frame)

    def select(self, which: NDArray[np.bool_] | Ints) -> "Moments":
        """The moments at these indexes, or where this mask is true."""
        return Moments(
            self.frame[which],
            self.first[which],
            self.end[which],
            self.track[which],
            self.boxes[which],
            self.signs[:, which],
        )


def concatenate(parts: Sequence[Moments]) -> Moments:
    """All moments of at least one part."""
    return Moments(
        np.concatenate([part.frame for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.track for part in parts]),
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.signs for part in parts], axis=1),
    )


def as_matrix(strengths: Mapping[RiskReason, Floats], length: int) -> NDArray[np.float32]:
    """(len(REASONS), length) strengths; 0 for the reasons that are missing."""
    matrix = np.zeros((len(REASONS), length), np.float32)
    for reason, values in strengths.items():
        matrix[REASONS.index(reason)] = values
    return matrix


def ramp(values: NDArray[np.floating[Any] | np.int64], none: float, full: float) -> Floats:
    """Strengths: 0 at ``none``, 1 at ``full``, even between; ``full`` may be the smaller one."""
    return np.asarray(np.clip((values - none) / (full - none), 0, 1), np.float32)


def first_of_largest(values: NDArray[np.number[Any]], heads: Ints) -> Ints:
    """(m,) place of the largest value of each group, the first of equals; groups begin at ``heads`` (m,)."""
    largest = np.maximum.reduceat(values, heads)
    lengths = np.diff(heads, append=len(values))
    places = np.where(values == np.repeat(largest, lengths), np.arange(len(values)), len(values))
    return np.minimum.reduceat(places, heads)
