"""The body of a redaction: which faces, and how they are hidden.

Read as generously as clients write it: keys and words in any case, numbers as text, commas too many. Not so what is
unknown *inside* ``faces``: a word that was meant to hide a face must not be passed over in silence.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from efface.api.wire.generous_json import members_of, parse_generously, refuse, shown, whole_number_of
from efface.api.wire.wanted_edits import WANTED_EDITS_SCHEMAS, read_wanted_edits
from efface.domain.errors import RequestError
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.usecases.ordered_edits import WantedEdits

EXAMPLE = '{"faces": {"blurringKind": "HighBlur", "filter": {"ids": [1001], "scope": "Exclude"}}}'
_SCOPES = {scope.value.lower(): scope for scope in FilterScope}
_SHOWN = 80

REDACTION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "faces": {
            "type": "object",
            "description": "How faces are hidden. Empty: all of them, MediumBlur. Required unless regions or audio "
            "are given, and then left out, or false: no face is treated.",
            "properties": {
                "blurringKind": {
                    "description": "Name in any case, or number.",
                    "default": "MediumBlur",
                    "anyOf": [
                        {"type": "string", "enum": [kind.wire_name for kind in BlurringKind]},
                        {"type": "integer", "minimum": 0, "maximum": max(BlurringKind)},
                    ],
                },
                "filter": {
                    "type": "object",
                    "description": "Which faces. Left out: all of them.",
                    "required": ["ids", "scope"],
                    "properties": {
                        "ids": {"type": "array", "items": {"type": "integer"}, "example": [1001]},
                        "scope": {"type": "string", "enum": [scope.value for scope in FilterScope]},
                    },
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
        },
        **WANTED_EDITS_SCHEMAS,
    },
    "example": json.loads(EXAMPLE),
}
"""What the body looks like, for the description of the API."""


@dataclass(frozen=True, slots=True)
class WantedRedaction:
    """What a body asks for."""

    request: RedactionRequest
    edits: WantedEdits


def read_redaction(body: bytes | str) -> WantedRedaction:
    """What a body asks for.

    Raises:
        RequestError: it cannot be understood, or asks for nothing.
        EditsFormatError: it holds corrections that cannot be.
    """
    return redaction_of(parse_generously(body, EXAMPLE))


def redaction_of(document: Any) -> WantedRedaction:
    """What a parsed body asks for, its keys in lower case.

    Raises:
        RequestError, EditsFormatError: as ``read_redaction``.
    """
    if not isinstance(document, Mapping):
        refuse(f"the body must name 'faces', as in {EXAMPLE}")
    edits = read_wanted_edits(document)
    faces = document.get("faces")
    if faces is False or (faces is None and (edits.regions or edits.mutes)):
        # That no face is to be hidden must be said, or follow from what else is to be treated.
        if edits.is_empty:
            refuse(
                f"'faces' is false, and nothing else is to be treated: name 'regions' or 'audio', as in {EXAMPLE}"
            )
        return WantedRedaction(RedactionRequest(covers_faces=False), edits)
    if faces is None:
        refuse(f"the body must name 'faces', as in {EXAMPLE}")
    faces = members_of(faces, "faces", {"blurringkind", "filter"}, EXAMPLE)
    return WantedRedaction(_request(_kind(faces.get("blurringkind")), faces.get("filter")), edits)


def _request(kind: BlurringKind, chosen: Any) -> RedactionRequest:
    if chosen is None:
        return RedactionRequest(kind)
    members = members_of(chosen, "faces.filter", {"ids", "scope"}, EXAMPLE)
    ids, scope = _ids(members.get("ids")), _scope(members.get("scope"))
    if scope is None:
        if ids:
            refuse("'faces.filter.scope' is missing: say Include or Exclude")
        scope = FilterScope.EXCLUDE
    return RedactionRequest(kind, scope, ids)


def _kind(value: Any) -> BlurringKind:
    if value is None:
        return BlurringKind.MEDIUM_BLUR
    number = whole_number_of(value)
    if number is None and not isinstance(value, str):
        refuse(f"'faces.blurringKind' is {shown(value)}: give a name such as HighBlur, or its number")
    try:
        return BlurringKind.parse(number if number is not None else value[:_SHOWN])
    except RequestError as error:
        raise RequestError(f"'faces.blurringKind': {error}") from error


def _scope(value: Any) -> FilterScope | None:
    if value is None:
        return None
    scope = _SCOPES.get(value.strip().lower()) if isinstance(value, str) else None
    if scope is None:
        refuse(f"'faces.filter.scope' is {shown(value)}: use Include or Exclude")
    return scope


def _ids(value: Any) -> frozenset[int]:
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        refuse(f"'faces.filter.ids' is {shown(value)}: give a list of face ids, such as [1001, 1016]")
    found = set()
    for item in value:
        number = whole_number_of(item)
        if number is None or number < 0:
            refuse(f"'faces.filter.ids' holds {shown(item)}: face ids are whole numbers such as 1001")
        found.add(number)
    return frozenset(found)
