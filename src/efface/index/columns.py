"""Columns: many whole numbers as one short line of text that a person can read and a diff can follow.

A column is numbers parted by single blanks. ``7*3`` is 7 three times over. A *delta* column holds the first
number, then the step from each number to the next: ``0 1001*4`` is 0, 1001, 2002, 3003, 4004.
"""

import re

import numpy as np
from numpy.typing import NDArray

_COLUMN = re.compile(r"-?\d{1,16}(?:\*\d{1,9})?+(?: -?\d{1,16}(?:\*\d{1,9})?+)*+", re.ASCII)
_COUNT = re.compile(r"\*(\d+)", re.ASCII)
_MAX_VALUE = 1 << 60
"""Leaves room to add two columns in int64."""


def encode_column(values: NDArray[np.int64]) -> str:
    """Numbers (n,) as a plain column; ``n`` is at least 1."""
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    counts = np.diff(np.append(starts, len(values)))
    pairs = zip(values[starts].tolist(), counts.tolist(), strict=True)
    return " ".join(str(value) if count == 1 else f"{value}*{count}" for value, count in pairs)


def encode_delta_column(values: NDArray[np.int64]) -> str:
    """Numbers (n,) as a delta column; ``n`` is at least 1."""
    return encode_column(np.diff(values, prepend=0))


def decode_column(text: str, length: int) -> NDArray[np.int64]:
    """The (length,) numbers of a plain column.

    Nothing larger than ``length`` numbers is ever made, whatever the text says.

    Raises:
        ValueError: the text is no column, or one of another length.
    """
    values, counts = _parse_runs(text, length)
    return np.repeat(values, counts)


def decode_delta_column(text: str, length: int) -> NDArray[np.int64]:
    """The (length,) numbers of a delta column.

    Raises:
        ValueError: the text is no column, one of another length, or a number is out of range.
    """
    values, counts = _parse_runs(text, length)
    # Within a run the sum moves one way, so its end is its extreme. As floats, because integers would wrap around.
    ends = np.cumsum(values.astype(np.float64) * counts)
    if float(np.abs(ends).max()) > _MAX_VALUE:
        raise ValueError("holds a number that is too large")
    return np.cumsum(np.repeat(values, counts), dtype=np.int64)


def _parse_runs(text: str, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Values and how often each comes, by the text; together exactly ``length`` numbers."""
    if text.count(" ") >= length or _COLUMN.fullmatch(text) is None:
        raise ValueError(f"must be {length} whole numbers parted by single blanks")
    values = np.fromstring(_COUNT.sub("", text) if "*" in text else text, np.int64, sep=" ")
    counts = np.ones(len(values), np.int64)
    place = seen = 0
    for match in _COUNT.finditer(text):
        place += text.count(" ", seen, match.start())
        seen = match.end()
        counts[place] = int(match[1])
    if int(counts.min()) < 1 or int(counts.sum()) != length:
        raise ValueError(f"must hold {length} numbers, not {int(counts.sum())}")
    return values, counts
