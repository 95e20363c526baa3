"""The boxes of consecutive frames as four columns of a JSON object, in eighths of a pixel."""

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import IndexFormatError
from efface.domain.geometry import Boxes
from efface.index.columns import decode_delta_column, encode_delta_column
from efface.index.document import Fields
from efface.index.model import MAX_COORDINATE_PX

UNITS_PER_PX = 8
"""Boxes are stored in eighths of a pixel, rounded outwards, so that no mask ever shrinks in the file."""

BOX_KEYS = ("x", "y", "width", "height")
"""The fields of the object."""


def encode_boxes(boxes: Boxes) -> dict[str, str]:
    """Boxes (n, 4) as delta columns ``x, y, width, height``."""
    scaled = boxes.astype(np.float64) * UNITS_PER_PX
    left_top = np.floor(scaled[:, :2]).astype(np.int64)
    sides = np.ceil(scaled[:, 2:]).astype(np.int64) - left_top
    columns = (left_top[:, 0], left_top[:, 1], sides[:, 0], sides[:, 1])
    return {key: encode_delta_column(column) for key, column in zip(BOX_KEYS, columns, strict=True)}


def decode_boxes(fields: Fields, num_frames: int) -> Boxes:
    """The (num_frames, 4) boxes that an object holds.

    Raises:
        IndexFormatError: a column is missing, none, of another length, or holds a box that covers nothing.
    """
    x, y, width, height = (read_delta(fields, key, num_frames) for key in BOX_KEYS)
    for key, side in (("width", width), ("height", height)):
        if int(side.min()) < 1:
            fields.fail(key, "holds a box without area, which would cover nothing")
    edges = np.stack([x, y, x + width, y + height], axis=1)
    limit = int(MAX_COORDINATE_PX) * UNITS_PER_PX
    if int(np.abs(edges).max()) > limit:
        fields.fail("", f"has a box edge beyond {limit} eighths of a pixel")
    return (edges / UNITS_PER_PX).astype(np.float32)


def read_delta(fields: Fields, key: str, length: int) -> NDArray[np.int64]:
    """The (length,) numbers of a delta column.

    Raises:
        IndexFormatError: names the field.
    """
    try:
        return decode_delta_column(fields.column(key), length)
    except ValueError as error:
        fail_with(fields, key, error)


def fail_with(fields: Fields, key: str, error: ValueError) -> NoReturn:
    """Raise the error for one field, with what was found as its cause."""
    try:
        fields.fail(key, str(error))
    except IndexFormatError as told:
        raise told from error
