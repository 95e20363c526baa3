"""Serving an object of the store: ranges, conditions, types that no browser runs."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import quote

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from efface.api.errors import ErrorType, error_response
from efface.domain.text import printable
from efface.ports import ObjectStore

# Types that a browser shows without running anything in them. Whatever a user has uploaded under another name is
# bytes, so that no page of theirs runs under the address of the service.
_TYPES = {
    ".3gp": "video/3gpp",
    ".asf": "video/x-ms-asf",
    ".avi": "video/x-msvideo",
    ".flv": "video/x-flv",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4a": "audio/mp4",
    ".m4s": "video/iso.segment",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".mpd": "application/dash+xml",
    ".mpg": "video/mpeg",
    ".mxf": "application/mxf",
    ".png": "image/png",
    ".ts": "video/mp2t",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".wmv": "video/x-ms-wmv",
    ".zip": "application/zip",
}
_SUFFIXES = {"video/mp4": ".mp4", "video/quicktime": ".mov"} | {
    kind: suffix for suffix, kind in reversed(_TYPES.items()) if suffix not in {".m4v", ".jpeg"}
}
_BYTES = "application/octet-stream"
_RANGE = re.compile(r"bytes\s*=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.IGNORECASE)
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag",
}


@dataclass(frozen=True, slots=True)
class ServedObject:
    """An object as a client is to see it."""

    key: str
    name: str
    """What a client saves it as; a suffix is added where there is none."""
    is_inline: bool = False
    media_type: str | None = None
    """None to tell it from names and the first bytes."""


def cors_preflight() -> Response:
    """The answer to a browser that asks whether pages of other hosts may read."""
    headers = _CORS | {
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "Range, If-Range, If-None-Match",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers=headers)


def with_cors(response: Response) -> Response:
    """The same answer, to be read by pages of any host; a signed address is what protects it."""
    response.headers.update(_CORS)
    return response


async def serve_object(request: Request, objects: ObjectStore, served: ServedObject) -> Response:
    """The answer to GET or HEAD for an object.

    Args:
        request: whose Range and conditions count.
        objects: the store.
        served: which object, and how it is shown.

    Raises:
        ArtifactNotFoundError: it is gone.
        ServiceUnavailableError: the store does not answer.
    """
    size = await run_in_threadpool(objects.size, served.key)
    etag = f'"{sha256(f"{served.key}:{size}".encode()).hexdigest()[:32]}"'
    media_type = served.media_type
    if media_type is None:
        media_type = await run_in_threadpool(_media_type, objects, served, size)
    headers = _CORS | {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Content-Disposition": _disposition(served, media_type),
        # Faces must not outlive their video in a cache.
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if _is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    span = _wanted_span(request, etag, size)
    if span is None:
        return _unsatisfiable(size)
    start, end, is_part = span
    headers["Content-Length"] = str(end - start)
    if is_part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 206 if is_part else 200
    if request.method == "HEAD" or start == end:
        return Response(status_code=status, headers=headers, media_type=media_type)
    content = _chunks(objects.iter_range(served.key, start, end))
    return StreamingResponse(content, status, headers, media_type)


def _unsatisfiable(size: int) -> Response:
    headers = _CORS | {"Accept-Ranges": "bytes", "Content-Range": f"bytes */{size}"}
    message = f"The range lies outside the file, which has {size} bytes: ask for bytes before its end."
    return error_response(416, ErrorType.INVALID_INPUT, message, headers)


def _range_counts(request: Request, etag: str) -> bool:
    condition = request.headers.get("if-range")
    return condition is None or condition.strip() == etag


def _single_range(request: Request) -> re.Match[str] | None:
    # Several ranges, or another unit, may be answered with the whole (RFC 9110, section 14.2).
    return _RANGE.fullmatch(request.headers.get("range", "").strip())


def _wanted_span(request: Request, etag: str, size: int) -> tuple[int, int, bool] | None:
    """First byte, the one after the last, whether this is a part; None where no byte of the file is meant."""
    match = _single_range(request)
    if match is None or not _range_counts(request, etag):
        return 0, size, False
    first, last, suffix = match.groups()
    if suffix is not None:
        length = min(int(suffix), size)
        return (size - length, size, True) if length else None
    if last and int(last) < int(first):
        return 0, size, False
    start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end, True) if start < size else None


def _is_known(condition: str | None, etag: str) -> bool:
    if condition is None:
        return False
    return condition.strip() == "*" or etag in (
        tag.strip().removeprefix("W/") for tag in condition.split(",")
    )


async def _chunks(source: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks of a store's iterator, each read in a thread when the client has taken the one before."""
    try:
        while (chunk := await run_in_threadpool(next, source, None)) is not None:
            yield chunk
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()


def _media_type(objects: ObjectStore, served: ServedObject, size: int) -> str:
    for name in (served.key, served.name):
        known = _TYPES.get(PurePosixPath(name).suffix.lower())
        if known is not None:
            return known
    return _type_of(objects.get_range(served.key, 0, min(size, 16)) if size else b"")


def _type_of(head: bytes) -> str:
    """The type of a file by its first 16 bytes."""
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    signatures = {
        b"\x1a\x45\xdf\xa3": "video/x-matroska",
        b"\xff\xd8\xff": "image/jpeg",
        b"\x89PNG": "image/png",
        b"PK\x03\x04": "application/zip",
        b"GIF8": "image/gif",
        b"G": "video/mp2t",
    }
    return next((kind for start, kind in signatures.items() if head.startswith(start)), _BYTES)


def _disposition(served: ServedObject, media_type: str) -> str:
    name = served.name.replace("/", "_").replace("\\", "_")
    name = printable(name, "") or "video"
    if PurePosixPath(name).suffix.lower() not in _TYPES:
        name += _SUFFIXES.get(media_type, "")
    plain = "".join(char if char.isascii() and char not in '"%' else "_" for char in name)
    kind = "inline" if served.is_inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
