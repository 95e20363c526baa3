"""Previews and followed regions on the wire."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from efface.api.wire.generous_json import members_of, parse_generously, refuse, shown, whole_number_of
from efface.api.wire.redaction import REDACTION_SCHEMA, WantedRedaction, redaction_of
from efface.api.wire.wanted_edits import read_regions
from efface.domain.edits import DrawnRegion, FollowedRegion

DEFAULT_SIDE, MIN_SIDE, MAX_SIDE = 1280, 64, 3840
_PREVIEW_EXAMPLE = '{"frame": 120, "redaction": {"faces": {"blurringKind": "HighBlur"}}, "maxSide": 1280}'
_FOLLOW_EXAMPLE = (
    '{"region": {"first_frame": 0, "end_frame": 250, "is_followed": true, '
    '"keyframes": [{"frame": 120, "box": [10, 10, 90, 60]}]}}'
)

PREVIEW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["frame", "redaction"],
    "properties": {
        "frame": {"type": "integer", "minimum": 0},
        "redaction": REDACTION_SCHEMA,
        "maxSide": {
            "type": "integer",
            "minimum": MIN_SIDE,
            "maximum": MAX_SIDE,
            "default": DEFAULT_SIDE,
            "description": "Greatest width and height in pixels; a picture is never enlarged.",
        },
    },
    "additionalProperties": False,
    "example": json.loads(_PREVIEW_EXAMPLE),
}
FOLLOW_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["region"],
    "properties": {"region": {"type": "object", "description": "As in docs/edits-format.md."}},
    "additionalProperties": False,
    "example": json.loads(_FOLLOW_EXAMPLE),
}
"""What the bodies look like, for the description of the API."""


@dataclass(frozen=True, slots=True)
class WantedStill:
    """What the body of a preview asks for."""

    frame_index: int
    max_side: int
    redaction: WantedRedaction


def read_preview(body: bytes) -> WantedStill:
    """What the body of a preview asks for.

    Raises:
        RequestError, EditsFormatError: it cannot be understood; the message names the field.
    """
    document = members_of(
        parse_generously(body, _PREVIEW_EXAMPLE), "body", {"frame", "redaction", "maxside"}, _PREVIEW_EXAMPLE
    )
    frame = whole_number_of(document.get("frame"))
    if frame is None or frame < 0:
        refuse(f"'frame' is {shown(document.get('frame'))}: give the number of a frame, from 0")
    asked = document.get("maxside")
    side = DEFAULT_SIDE if asked is None else whole_number_of(asked)
    if side is None or not MIN_SIDE <= side <= MAX_SIDE:
        refuse(f"'maxSide' is {shown(asked)}: give pixels from {MIN_SIDE} to {MAX_SIDE}")
    if document.get("redaction") is None:
        refuse(f"the body must name 'redaction', as in {_PREVIEW_EXAMPLE}")
    return WantedStill(frame, side, redaction_of(document["redaction"]))


def read_region(body: bytes) -> DrawnRegion:
    """The region that is to be followed.

    Raises:
        RequestError, EditsFormatError: it cannot be understood; the message names the field.
    """
    document = members_of(parse_generously(body, _FOLLOW_EXAMPLE), "body", {"region"}, _FOLLOW_EXAMPLE)
    (region,) = read_regions([document.get("region")], "region")
    return region


def progress_line(done: int, total: int | None) -> bytes:
    """How far following is."""
    return _line({"done": done, "total": total})


def path_line(path: Sequence[FollowedRegion]) -> bytes:
    """Where a region led."""
    lost = [{"frame": each.frame_index, "reason": each.reason.value} for part in path for each in part.lost]
    parts = [[part.first_frame, part.end_frame] for part in path]
    return _line({"path": "followed", "parts": parts, "lost": lost})


def error_line(message: str) -> bytes:
    """That it could not be followed, and why."""
    return _line({"error": message})


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode() + b"\n"
