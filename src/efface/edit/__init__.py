"""Corrections by hand: read from a file, checked against an index, and laid over it.

Takes a face index and ``Edits``, gives the index as corrected. Must hold: the given index stays as it is, a
correction that does not fit is refused and never passed over, and no correction reaches another video.
"""

from efface.edit.apply import apply_edits
from efface.edit.bind import bind_edits
from efface.edit.check import check_edits
from efface.edit.codec import decode_edits, encode_edits, parse_edits, read_edits

__all__ = [
    "apply_edits",
    "bind_edits",
    "check_edits",
    "decode_edits",
    "encode_edits",
    "parse_edits",
    "read_edits",
]
