"""What of corrections by hand a redaction's body asks for: ``edits``, ``regions`` and ``audio``."""

from collections.abc import Mapping
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from efface.api.wire.edits import EDITS_SCHEMA
from efface.api.wire.generous_json import members_of, refuse, shown, whole_number_of
from efface.api.wire.times import seconds_from_start
from efface.domain.edits import DrawnRegion, Edits
from efface.domain.time import TimeRange
from efface.edit import parse_edits
from efface.edit.codec import FORMAT, VERSION
from efface.usecases.ordered_edits import WantedEdits

_EXAMPLE = (
    '{"faces": {}, "edits": true, "regions": [{"first_frame": 0, "end_frame": 50, "is_followed": false, '
    '"keyframes": [{"frame": 0, "box": [10, 10, 90, 60]}]}], '
    '"audio": {"mute": [{"start": "0:00:01.5", "end": 3}]}}'
)
_WORDS = ("edits", "regions", "audio")
_LIKE_THEM = (*_WORDS, "faces", "mute", "mutes")
"""A misspelt one must not be passed over, as other words are that clients send."""
_SPELLINGS = {"firstframe": "first_frame", "endframe": "end_frame", "isfollowed": "is_followed"}
"""As the tracks tell a region, lower case: the format of edits files."""
_NO_VIDEO = "0" * 64
_MAX_MUTES = 10_000
_MAX_TIME_S = 10**9

WANTED_EDITS_SCHEMAS: dict[str, Any] = {
    "edits": {
        "description": "Corrections by hand: true for those saved last, the number of a revision, or a document.",
        "anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 0}, EDITS_SCHEMA],
    },
    "regions": {
        "type": "array",
        "description": "What else is to be hidden, as in docs/edits-format.md. A region may do without an id.",
        "items": {"type": "object"},
    },
    "audio": {
        "type": "object",
        "properties": {
            "mute": {
                "type": "array",
                "description": "When no sound is heard, from the first frame: seconds, or h:mm:ss.",
                "items": {
                    "type": "object",
                    "required": ["start", "end"],
                    "properties": {
                        name: {"type": "string", "example": "0:00:01.5"} for name in ("start", "end")
                    },
                    "additionalProperties": False,
                },
            }
        },
        "additionalProperties": False,
    },
}
"""The members of a body, for the description of the API."""


def read_wanted_edits(document: Mapping[str, Any]) -> WantedEdits:
    """What a body asks for, its keys in lower case.

    Raises:
        RequestError: a member cannot be understood; the message names it.
        EditsFormatError: a region or a document cannot be.
    """
    for name in document:
        if name not in _LIKE_THEM[:4] and (near := get_close_matches(name, _LIKE_THEM, n=1, cutoff=0.8)):
            refuse(f"the body names '{name[:80]}', which is unknown: '{near[0]}' is written as in {_EXAMPLE}")
    wanted: dict[str, Any] = {}
    edits = document.get("edits")
    if isinstance(edits, Mapping):
        wanted["document"] = parse_edits(edits, "edits")
    elif edits is True:
        wanted["uses_newest"] = True
    elif edits is not None and edits is not False:
        revision = whole_number_of(edits)
        if revision is None or not 0 <= revision < 2**31:
            refuse(f"'edits' is {shown(edits)}: give true, the number of a revision, or an edits document")
        wanted["revision"] = revision
    regions, mutes = _regions(document.get("regions")), _mutes(document.get("audio"))
    return WantedEdits(**wanted, regions=regions, mutes=mutes)


def read_regions(value: Any, name: str) -> tuple[DrawnRegion, ...]:
    """Regions in the form of edits files, as a list whose keys are in lower case.

    Raises:
        RequestError, EditsFormatError: they cannot be; the message names the field.
    """
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        refuse(f"'{name}' is {shown(value)}: give a list of regions, as in {_EXAMPLE}")
    taken = {item.get("id") for item in value}
    numbers = (number for number in range(1, 2 * len(value) + 2) if number not in taken)
    records = []
    for item in value:
        record = {_SPELLINGS.get(key, key): part for key, part in item.items()}
        if record.get("id") is None:
            record["id"] = next(numbers)
        records.append(record)
    document = {"format": FORMAT, "version": VERSION, "source_sha256": _NO_VIDEO, "regions": records}
    found: Edits = parse_edits(document, "the body")
    return found.regions


def _regions(value: Any) -> tuple[DrawnRegion, ...]:
    return () if value is None else read_regions(value, "regions")


def _mutes(audio: Any) -> tuple[TimeRange, ...]:
    if audio is None:
        return ()
    spans = members_of(audio, "audio", {"mute"}, _EXAMPLE).get("mute")
    if spans is None:
        return ()
    if not isinstance(spans, list) or len(spans) > _MAX_MUTES:
        refuse(
            f"'audio.mute' is {shown(spans)}: give a list of spans, {_MAX_MUTES} at most, as in {_EXAMPLE}"
        )
    return tuple(_mute(span, f"audio.mute[{i}]") for i, span in enumerate(spans))


def _mute(value: Any, name: str) -> TimeRange:
    span = members_of(value, name, {"start", "end"}, _EXAMPLE)
    start, end = (_seconds(span.get(edge), f"{name}.{edge}") for edge in ("start", "end"))
    if end <= start:
        refuse(f"'{name}' must end after it starts, not {span['start']} .. {span['end']}")
    return TimeRange(start, end)


def _seconds(value: Any, name: str) -> Fraction:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        # The digits that were written, not the binary number nearest to them.
        seconds = seconds_from_start(str(value) if is_number else value if isinstance(value, str) else "")
    except ValueError:
        refuse(f"'{name}' is {shown(value)}: give seconds from the first frame such as 1.5, or 0:00:01.5")
    if seconds > _MAX_TIME_S:
        refuse(f"'{name}' is {shown(value)}, longer than any video: give seconds from the first frame")
    return seconds
