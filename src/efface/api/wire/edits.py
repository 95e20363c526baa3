"""Corrections by hand on the wire: the very document that ``efface redact --edits`` takes, and its revision."""

import json
import re
from typing import Any

from fastapi import Request

from efface.api.errors import ApiError, ErrorType
from efface.api.wire.parameters import QueryShape
from efface.api.wire.tracks import Revision
from efface.edit import encode_edits
from efface.edit.codec import FORMAT, LIMITS, VERSION
from efface.usecases.corrections import SavedEdits

_ENTITY_TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')

EDITS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "An edits file, see docs/edits-format.md.",
    "required": ["format", "version", "source_sha256"],
    "properties": {
        "format": {"type": "string", "enum": [FORMAT]},
        "version": {"type": "integer", "enum": [VERSION]},
        "source_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
}
"""What a document of corrections looks like, for the description of the API."""
SAVED_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["revision", "indexVersion", "isStale", "edits"],
    "properties": {
        "revision": {"type": "integer", "description": "0 where nothing was ever corrected."},
        "indexVersion": {"type": "integer", "description": "Of the index that they were made for."},
        "isStale": {
            "type": "boolean",
            "description": "They name faces or tracks of an index that is not the current one.",
        },
        "edits": EDITS_SCHEMA,
    },
}
MAX_EDITS_BYTES = LIMITS.max_bytes


class EditsQuery(QueryShape):
    """Which corrections are read."""

    revision: Revision = None
    """The newest by default; 0 for none."""


def saved_document(saved: SavedEdits) -> bytes:
    """A revision on the wire."""
    head = {
        "revision": saved.revision,
        "indexVersion": saved.index_version,
        "isStale": saved.is_stale,
    }
    # The document is text already; to parse it once more would only cost.
    return f'{json.dumps(head)[:-1]}, "edits": {edits_text(saved)}}}'.encode()


def edits_text(saved: SavedEdits) -> str:
    """The bare document."""
    return "".join(encode_edits(saved.edits))


def expected_revision(request: Request) -> int:
    """The revision that a change is made to, from the header ``If-Match``.

    Raises:
        ApiError: 428, it is missing; 400, it names none.
    """
    given = request.headers.get("if-match")
    if given is None:
        raise ApiError(
            428,
            ErrorType.INVALID_INPUT,
            'The header If-Match is missing: send the revision that you have changed, such as If-Match: "3", '
            "so that nobody's corrections are lost.",
        )
    match = _ENTITY_TAG.fullmatch(given.strip())
    if match is None:
        raise ApiError(
            400,
            ErrorType.INVALID_INPUT,
            f"'If-Match' is {json.dumps(given[:80])}: send the number of one revision, such as \"3\".",
        )
    return int(match[1])
