"""Words of the protocol tus 1.0.0 for uploads that resume: its headers, and parameters put into one of them."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.requests import Request

from efface.api.errors import ApiError, ErrorType
from efface.api.unfinished_uploads import UnfinishedUpload
from efface.api.url_shape import canonical_query
from efface.api.wire.upload import UploadQuery

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
CONTENT_TYPE = "application/offset+octet-stream"
RESUMABLE = {"Tus-Resumable": VERSION}
_LONGEST_NUMBER = 18
_LISTS = frozenset({"excludedAI"})
"""Parameters that may be repeated."""


def require_version(request: Request) -> None:
    """Refuse a request of another version of the protocol.

    Raises:
        ApiError: 412.
    """
    if request.headers.get("tus-resumable", "").strip() != VERSION:
        raise ApiError(
            412,
            ErrorType.UNSUPPORTED,
            f"The header 'Tus-Resumable' must be {VERSION}, the one version that is spoken here: send it.",
            headers={**RESUMABLE, "Tus-Version": VERSION, "Connection": "close"},
        )


def require_content_type(request: Request) -> None:
    """Refuse a body that is no part of a file.

    Raises:
        ApiError: 415.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise ApiError(
            415,
            ErrorType.UNSUPPORTED,
            f"The header 'Content-Type' must be {CONTENT_TYPE}: send the bytes of the file as they are.",
            headers={**RESUMABLE, "Connection": "close"},
        )


def number_of(request: Request, name: str) -> int:
    """A whole number from a header.

    Raises:
        ApiError: 400, it is missing or no number.
    """
    text = request.headers.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        raise ApiError(
            400,
            ErrorType.INVALID_INPUT,
            f"The header '{name}' must be a whole number of bytes, and is '{text[:40]}': send it.",
            headers=RESUMABLE,
        )
    return int(text)


def parameters_of(request: Request) -> str:
    """The parameters of an upload from ``Upload-Metadata`` and the query, as one canonical query string.

    Where both name a parameter, the query counts. ``filename`` is the parameter ``fileName``.

    Raises:
        ApiError: 400, the header cannot be read.
    """
    said = canonical_query(urlencode(_read_metadata(request.headers.get("upload-metadata", ""))).encode())
    asked = request.scope["query_string"]
    names = {name for name, _ in parse_qsl(asked.decode("latin-1"), keep_blank_values=True)}
    kept = [pair for pair in parse_qsl(said.decode(), keep_blank_values=True) if pair[0] not in names]
    tokens = {"accessToken", "token", "subscription-key"}
    # Not kept: it is written to disk, and opens the account.
    own = [
        pair for pair in parse_qsl(asked.decode("latin-1"), keep_blank_values=True) if pair[0] not in tokens
    ]
    return urlencode([*kept, *own])


def read_upload_query(parameters: str) -> UploadQuery:
    """The parameters of an upload, checked as those of the ordinary one are.

    Args:
        parameters: a canonical query string.

    Raises:
        RequestValidationError: one has a value that cannot be used.
    """
    values: dict[str, Any] = {}
    for name, value in parse_qsl(parameters, keep_blank_values=True):
        values[name] = [*values.get(name, ()), value] if name in _LISTS else value
    try:
        return UploadQuery.model_validate(values)
    except ValidationError as error:
        found = [{**detail, "loc": ("query", *detail["loc"])} for detail in error.errors()]
        raise RequestValidationError(found) from error


def state_headers(upload: UnfinishedUpload, offset: int) -> Mapping[str, str]:
    """What the headers of an answer tell of an upload.

    Args:
        upload: the upload.
        offset: bytes that have come.
    """
    headers = {
        **RESUMABLE,
        "Upload-Offset": str(offset),
        "Upload-Expires": _http_date(upload.expires),
        "Cache-Control": "no-store",
    }
    return headers | ({"X-Video-Id": upload.video_id} if upload.video_id else {})


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _read_metadata(header: str) -> list[tuple[str, str]]:
    found = []
    for entry in filter(None, (entry.strip() for entry in header.split(","))):
        name, _, encoded = entry.partition(" ")
        try:
            value = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ApiError(
                400,
                ErrorType.INVALID_INPUT,
                f"'{name[:40]}' in the header 'Upload-Metadata' cannot be read: write each value as base64 of UTF-8.",
                headers=RESUMABLE,
            ) from error
        found.append((name, value.replace("\0", "")))
    return found
