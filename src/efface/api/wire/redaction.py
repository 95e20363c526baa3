"""The body of a redaction: which faces, and how they are hidden.

Read as generously as clients write it: keys and words in any case, numbers as text, commas too many. Not so what is
unknown *inside* ``faces``: a word that was meant to hide a face must not be passed over in silence.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from efface.domain.errors import RequestError
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest

_EXAMPLE = '{"faces": {"blurringKind": "HighBlur", "filter": {"ids": [1001], "scope": "Exclude"}}}'
# Possessive, and an open string ends with the body: else a megabyte of quotes and backslashes is read for an hour.
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|,(?=\s*+[}\]])', re.DOTALL)
_ID = re.compile(r"[0-9]{1,18}")
_SCOPES = {scope.value.lower(): scope for scope in FilterScope}
_SHOWN = 80

REDACTION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["faces"],
    "properties": {
        "faces": {
            "type": "object",
            "description": "How faces are hidden. Empty: all of them, MediumBlur.",
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
        }
    },
    "example": json.loads(_EXAMPLE),
}
"""What the body looks like, for the description of the API."""


def read_redaction(body: bytes | str) -> RedactionRequest:
    """The request that a body makes.

    Raises:
        RequestError: it cannot be understood, or asks for nothing.
    """
    document = _parsed(body)
    if not isinstance(document, Mapping) or document.get("faces") is None:
        _refuse(f"the body must name 'faces', as in {_EXAMPLE}")
    faces = _members(document["faces"], "faces", {"blurringkind", "filter"})
    return _request(_kind(faces.get("blurringkind")), faces.get("filter"))


def _request(kind: BlurringKind, chosen: Any) -> RedactionRequest:
    if chosen is None:
        return RedactionRequest(kind)
    members = _members(chosen, "faces.filter", {"ids", "scope"})
    ids, scope = _ids(members.get("ids")), _scope(members.get("scope"))
    if scope is None:
        if ids:
            _refuse("'faces.filter.scope' is missing: say Include or Exclude")
        scope = FilterScope.EXCLUDE
    return RedactionRequest(kind, scope, ids)


def _kind(value: Any) -> BlurringKind:
    if value is None:
        return BlurringKind.MEDIUM_BLUR
    number = _whole(value)
    if number is None and not isinstance(value, str):
        _refuse(f"'faces.blurringKind' is {_shown(value)}: give a name such as HighBlur, or its number")
    try:
        return BlurringKind.parse(number if number is not None else value[:_SHOWN])
    except RequestError as error:
        raise RequestError(f"'faces.blurringKind': {error}") from error


def _scope(value: Any) -> FilterScope | None:
    if value is None:
        return None
    scope = _SCOPES.get(value.strip().lower()) if isinstance(value, str) else None
    if scope is None:
        _refuse(f"'faces.filter.scope' is {_shown(value)}: use Include or Exclude")
    return scope


def _ids(value: Any) -> frozenset[int]:
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        _refuse(f"'faces.filter.ids' is {_shown(value)}: give a list of face ids, such as [1001, 1016]")
    found = set()
    for item in value:
        number = _whole(item)
        if number is None or number < 0:
            _refuse(f"'faces.filter.ids' holds {_shown(item)}: face ids are whole numbers such as 1001")
        found.add(number)
    return frozenset(found)


def _whole(value: Any) -> int | None:
    """A whole number, also one in quotes or with ``.0`` behind it; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, str) and _ID.fullmatch(value.strip()):
        return int(value)
    return None


def _members(value: Any, name: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(f"'{name}' is {_shown(value)}: give an object, as in {_EXAMPLE}")
    unknown = sorted(set(value) - known)
    if unknown:
        _refuse(f"'{name}' holds '{unknown[0][:_SHOWN]}', which is unknown: the body looks like {_EXAMPLE}")
    return value


def _parsed(body: bytes | str) -> Any:
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body.removeprefix("\ufeff")
        # Azure's own example has a comma too many.
        clean = _STRING_OR_COMMA.sub(lambda match: "" if match[0] == "," else match[0], text)
        return json.loads(clean, object_pairs_hook=_lower_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the body is not JSON that can be read: send one such as {_EXAMPLE}") from error


def _lower_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        name = key.strip().lower()
        if name in found:
            _refuse(f"the body names '{key[:_SHOWN]}' twice: say it once")
        found[name] = value
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)


def _refuse(message: str) -> NoReturn:
    raise RequestError(message)


def _shown(value: Any) -> str:
    return json.dumps(value, default=str)[:_SHOWN]
