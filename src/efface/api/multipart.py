"""Receiving an upload: streamed to disk and hashed on the way, never whole in memory."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from efface.api.context import context_of
from efface.api.errors import ApiError, ErrorType
from efface.api.upload_file import UPLOAD_WORDS, FileSink, ReceivedUpload, too_large
from efface.ports import DiskRoom

__all__ = ["ReceivedUpload", "receive_upload", "timed_chunks"]

_MAX_OVERHEAD = 1024 * 1024
"""Bytes of a body beyond the file: boundaries, headers, text parts."""
_MAX_FIELDS = 100
_EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*\"?utf-8'[^';]*'([^;\s\"]*)", re.IGNORECASE)
_FILE_TYPES = ("application/octet-stream", "video/", "audio/")


async def receive_upload(request: Request, folder: Path, max_bytes: int, room: DiskRoom) -> ReceivedUpload:
    """Receive the body of an upload.

    The first file of a multipart body is taken whatever its part is called; further files are passed over. A body of
    another kind holds no file, unless its content type says that it is one itself.

    Args:
        request: whose body was not read yet.
        folder: where the file is put, made if it is missing.
        max_bytes: the longest file that is taken.
        room: on the disk of the folder.

    Raises:
        ApiError: 400, the body is malformed, too large, or stopped coming.
        DiskFullError: there is no room for it, or no more before it was whole; nothing of it stays.
        OutputError: the folder cannot be written to.
        ClientDisconnect: the client went away.
    """
    settings = (await context_of(request)).settings
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    content_type, boundary = kind.decode("latin-1").lower(), options.get(b"boundary", b"")
    await _refuse_announced(request, max_bytes, room)
    sink = FileSink(folder, max_bytes, room)
    try:
        chunks = timed_chunks(request, settings.upload_limit_s, settings.upload_idle_s)
        if content_type == "multipart/form-data" and boundary:
            fields = await _receive_parts(chunks, boundary, sink, settings.max_field_bytes)
        elif content_type.startswith(_FILE_TYPES):
            fields = {}
            sink.begin(_disposition_name(request.headers.get("content-disposition", "")))
            async for chunk in chunks:
                sink.add(chunk)
                await sink.flush_if_full()
        else:
            fields = {}
            await _pass_over(chunks, is_multipart=content_type == "multipart/form-data")
        return await sink.finish(fields)
    except BaseException:
        # Also when the task is cancelled: what came of an unredacted video must not stay.
        with anyio.CancelScope(shield=True):
            await sink.abandon()
        raise


async def _refuse_announced(request: Request, max_bytes: int, room: DiskRoom) -> None:
    announced = request.headers.get("content-length", "")
    if not announced.isdecimal():
        return
    if int(announced) > max_bytes + _MAX_OVERHEAD:
        raise too_large(max_bytes)
    if int(announced) > _MAX_OVERHEAD:
        await run_in_threadpool(room.require, int(announced), UPLOAD_WORDS)


def _malformed(what: str) -> ApiError:
    return ApiError(
        400, ErrorType.INVALID_INPUT, f"The multipart body cannot be read, since {what}: send it again whole."
    )


async def timed_chunks(request: Request, limit_s: float, idle_s: float) -> AsyncIterator[bytes]:
    """The body of an upload as it comes.

    Args:
        request: whose body was not read yet.
        limit_s: how long it may take in all, in seconds.
        idle_s: how long it may stand still, in seconds.

    Raises:
        ApiError: 400, it takes longer.
        ClientDisconnect: the client went away.
    """
    stream = request.stream().__aiter__()
    loop = asyncio.get_running_loop()
    ends = loop.time() + limit_s
    while True:
        try:
            async with asyncio.timeout_at(min(ends, loop.time() + idle_s)):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise ApiError(
                400,
                ErrorType.CLIENT_CONNECTION_FAILURE,
                f"The upload stood still for {idle_s:g} s or took more than {limit_s:g} s: send it again, "
                "or give a videoUrl.",
                headers={"Connection": "close"},
            ) from error
        yield chunk


async def _pass_over(chunks: AsyncIterator[bytes], *, is_multipart: bool) -> None:
    """Read a body that holds no file; clients send junk beside a videoUrl."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > _MAX_OVERHEAD or (is_multipart and size):
            raise ApiError(
                400,
                ErrorType.INVALID_INPUT,
                "The body is no file: send the video as multipart/form-data with a boundary, or as video/mp4.",
                headers={"Connection": "close"},
            )


@dataclass(slots=True)
class _Part:
    """A part of a multipart body while it comes in."""

    headers: dict[str, str] = field(default_factory=dict)
    name: str = ""
    is_file: bool = False
    is_ignored: bool = False
    text: bytearray = field(default_factory=bytearray)


class _PartReader:
    """Sorts what the parser finds: the first file to the sink, text to fields."""

    def __init__(self, sink: FileSink, max_field_bytes: int) -> None:
        self._sink = sink
        self._max_field_bytes = max_field_bytes
        self._part = _Part()
        self._header_name, self._header_value = bytearray(), bytearray()
        self._has_file = False
        self.fields: dict[str, str] = {}

    def on_part_begin(self) -> None:
        self._part = _Part()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def on_header_end(self) -> None:
        name = self._header_name.decode("latin-1").strip().lower()
        self._part.headers[name] = self._header_value.decode("latin-1").strip()
        self._header_name.clear()
        self._header_value.clear()

    def on_headers_finished(self) -> None:
        part = self._part
        disposition = part.headers.get("content-disposition", "")
        file_name = _disposition_name(disposition)
        part.name = _option(disposition, b"name") or ""
        part.is_file = file_name is not None or part.headers.get("content-type", "").lower().startswith(
            _FILE_TYPES
        )
        if part.is_file and not self._has_file:
            self._has_file = True
            self._sink.begin(file_name)
        elif part.is_file:
            part.is_ignored = True

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        if part.is_ignored:
            return
        if part.is_file:
            self._sink.add(data[start:end])
            return
        part.text += data[start:end]
        if len(part.text) > self._max_field_bytes:
            raise ApiError(
                400,
                ErrorType.INVALID_INPUT,
                f"The part '{part.name[:64]}' is longer than {self._max_field_bytes} bytes and has no file name: "
                "give it one if it is the video.",
                headers={"Connection": "close"},
            )

    def on_part_end(self) -> None:
        part = self._part
        if part.is_file or not part.name:
            return
        if len(self.fields) >= _MAX_FIELDS:
            raise _malformed(f"it has more than {_MAX_FIELDS} text parts")
        self.fields[part.name] = part.text.decode("utf-8", "replace")


async def _receive_parts(
    chunks: AsyncIterator[bytes], boundary: bytes, sink: FileSink, max_field_bytes: int
) -> dict[str, str]:
    reader = _PartReader(sink, max_field_bytes)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": reader.on_part_begin,
                "on_header_field": reader.on_header_field,
                "on_header_value": reader.on_header_value,
                "on_header_end": reader.on_header_end,
                "on_headers_finished": reader.on_headers_finished,
                "on_part_data": reader.on_part_data,
                "on_part_end": reader.on_part_end,
            },
        )
        num_received = 0
        async for chunk in chunks:
            num_received += len(chunk)
            if num_received > sink.max_bytes + _MAX_OVERHEAD:
                raise too_large(sink.max_bytes)
            parser.write(chunk)
            await sink.flush_if_full()
    except FormParserError as error:
        raise _malformed("its parts are not put together as RFC 7578 has it") from error
    # Nothing at all is what some clients send beside a videoUrl. Anything else without its end is cut off.
    if num_received and parser.state != MultipartState.END:
        raise _malformed("it ends before its last boundary")
    return reader.fields


def _option(disposition: str, name: bytes) -> str | None:
    """A parameter of a header whose bytes were decoded as latin-1; clients mean UTF-8."""
    _, options = parse_options_header(disposition)
    value = options.get(name)
    return None if value is None else value.decode("utf-8", "replace")


def _disposition_name(disposition: str) -> str | None:
    """The file name in a Content-Disposition header, without folders; None where there is none."""
    # RFC 7578 forbids the extended form in multipart bodies, and .NET sends it nevertheless, with the plain form
    # scrambled. The parser passes over it.
    extended = _EXTENDED_NAME.search(disposition)
    name = unquote(extended.group(1)) if extended else _option(disposition, b"filename")
    if name is None:
        return None
    return name.replace("\\", "/").rpartition("/")[2].replace("\0", "")[:255]
