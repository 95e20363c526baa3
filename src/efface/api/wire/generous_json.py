"""JSON as clients write it: keys in any case, numbers as text, commas too many. What it says is read strictly."""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from efface.domain.errors import RequestError
from efface.index.document import Limits

_LIMITS = Limits(max_bytes=64_000_000, max_values=1_000_000, max_containers=300_000)
"""Room for a whole edits file, and for no small text that grows into a large tree."""
_MENDED_CHARS = 1_000_000
"""Only what hands have written has commas too many."""
# Possessive, and an open string ends with the body: else a megabyte of quotes and backslashes is read for an hour.
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|,(?=\s*+[}\]])', re.DOTALL)
_WHOLE = re.compile(r"[0-9]{1,18}")
_SHOWN = 80


def parse_generously(body: bytes | str, example: str) -> Any:
    """What a body says, its keys in lower case.

    Args:
        body: UTF-8.
        example: a body as it should be, for messages.

    Raises:
        RequestError: it cannot be read, or names something twice.
    """
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body.removeprefix("\ufeff")
        if text.count("[") + text.count("{") > _LIMITS.max_containers or text.count(",") > _LIMITS.max_values:
            refuse("the body holds more values than a true one can have: send less")
        if len(text) <= _MENDED_CHARS:
            # Azure's own example has a comma too many.
            text = _STRING_OR_COMMA.sub(lambda match: "" if match[0] == "," else match[0], text)
        return json.loads(text, object_pairs_hook=_lower_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the body is not JSON that can be read: send one such as {example}") from error


def whole_number_of(value: Any) -> int | None:
    """A whole number, also one in quotes or with ``.0`` behind it; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    return None


def members_of(value: Any, name: str, known: set[str], example: str) -> Mapping[str, Any]:
    """An object of which every member is known.

    Raises:
        RequestError: it is none, or holds what is unknown: a misspelt wish must not be taken for none.
    """
    if not isinstance(value, Mapping):
        refuse(f"'{name}' is {shown(value)}: give an object, as in {example}")
    unknown = sorted(set(value) - known)
    if unknown:
        refuse(f"'{name}' holds '{unknown[0][:_SHOWN]}', which is unknown: the body looks like {example}")
    return value


def refuse(message: str) -> NoReturn:
    """Refuse the request with a sentence that names the field."""
    raise RequestError(message)


def shown(value: Any) -> str:
    """The beginning of a value, to be repeated in a message."""
    return json.dumps(value, default=str)[:_SHOWN]


def _lower_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        name = key.strip().lower()
        if name in found:
            refuse(f"the body names '{key[:_SHOWN]}' twice: say it once")
        found[name] = value
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(word)
