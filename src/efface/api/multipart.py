"""Receiving an upload: streamed to disk and hashed on the way, never whole in memory."""

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header
from starlette.requests import Request

from efface.api.context import context_of
from efface.api.errors import ApiError, ErrorType
from efface.domain.errors import OutputError

_TEMPORARY_PREFIX = ".upload-"
_BATCH = 1024 * 1024
"""Bytes handed to the disk at once; smaller ones cost a change of threads each."""
_MAX_OVERHEAD = 1024 * 1024
"""Bytes of a body beyond the file: boundaries, headers, text parts."""
_MAX_FIELDS = 100
_FILE_TYPES = ("application/octet-stream", "video/", "audio/")


@dataclass(frozen=True, slots=True)
class ReceivedUpload:
    """A body that has arrived whole."""

    path: Path | None
    """The file, under a hidden name; None where the body held none or an empty one. Move it away or ``discard`` it."""
    file_name: str | None
    """As the client named it, without folders."""
    size_bytes: int
    sha256: str
    """Lower-case hexadecimal."""
    md5: str
    """Lower-case hexadecimal."""
    fields: dict[str, str]
    """Text parts by name, the last of each name."""

    def discard(self) -> None:
        """Remove the file, if it is still where it was received."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


async def receive_upload(request: Request, folder: Path, max_bytes: int) -> ReceivedUpload:
    """Receive the body of an upload.

    The first file of a multipart body is taken whatever its part is called; further files are passed over. A body of
    another kind holds no file, unless its content type says that it is one itself.

    Args:
        request: whose body was not read yet.
        folder: where the file is put, made if it is missing.
        max_bytes: the longest file that is taken.

    Raises:
        ApiError: 400, the body is malformed, too large, or stopped coming.
        OutputError: the folder cannot be written to.
        ClientDisconnect: the client went away.
    """
    settings = (await context_of(request)).settings
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    content_type, boundary = kind.decode("latin-1").lower(), options.get(b"boundary", b"")
    _refuse_announced(request, max_bytes)
    sink = _FileSink(folder, max_bytes)
    try:
        chunks = _timed_chunks(request, settings.upload_limit_s, settings.upload_idle_s)
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


def remove_stale_uploads(folder: Path, older_than_s: float, now_s: float | None = None) -> int:
    """Remove what a process that was killed has left of uploads.

    Args:
        folder: of the uploads.
        older_than_s: seconds without a write after which an upload cannot be under way any more.
        now_s: seconds since the epoch; None for now.

    Returns:
        How many were removed.
    """
    now_s = time.time() if now_s is None else now_s
    num_removed = 0
    for path in folder.glob(f"{_TEMPORARY_PREFIX}*"):
        try:
            if now_s - path.stat().st_mtime > older_than_s:
                path.unlink()
                num_removed += 1
        except FileNotFoundError:
            continue  # another process was faster
    return num_removed


def _refuse_announced(request: Request, max_bytes: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes + _MAX_OVERHEAD:
        raise _too_large(max_bytes)


def _too_large(max_bytes: int) -> ApiError:
    return ApiError(
        400,
        ErrorType.INPUT_FILE_SIZE_LIMIT_EXCEEDED,
        f"The file is larger than {max_bytes} bytes, the most that an upload may have: give a videoUrl instead.",
        headers={"Connection": "close"},
    )


def _malformed(what: str) -> ApiError:
    return ApiError(
        400, ErrorType.INVALID_INPUT, f"The multipart body cannot be read, since {what}: send it again whole."
    )


async def _timed_chunks(request: Request, limit_s: float, idle_s: float) -> AsyncIterator[bytes]:
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

    def __init__(self, sink: "_FileSink", max_field_bytes: int) -> None:
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
        self._part.headers[name] = self._header_value.decode("utf-8", "replace").strip()
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
    chunks: AsyncIterator[bytes], boundary: bytes, sink: "_FileSink", max_field_bytes: int
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
                raise _too_large(sink.max_bytes)
            parser.write(chunk)
            await sink.flush_if_full()
    except FormParserError as error:
        raise _malformed("its parts are not put together as RFC 7578 has it") from error
    # Nothing at all is what some clients send beside a videoUrl. Anything else without its end is cut off.
    if num_received and parser.state != MultipartState.END:
        raise _malformed("it ends before its last boundary")
    return reader.fields


def _option(disposition: str, name: bytes) -> str | None:
    _, options = parse_options_header(disposition)
    value = options.get(name)
    return None if value is None else value.decode("utf-8", "replace")


def _disposition_name(disposition: str) -> str | None:
    """The file name in a Content-Disposition header, without folders; None where there is none."""
    extended = _option(disposition, b"filename*")
    if extended is not None and extended.count("'") >= 2:
        name: str | None = unquote(extended.split("'", 2)[2])
    else:
        name = _option(disposition, b"filename")
    if name is None:
        return None
    return name.replace("\\", "/").rpartition("/")[2].replace("\0", "")[:255]


class _FileSink:
    """Writes a file in a thread, hashing as it goes, while the next bytes arrive."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._folder = folder
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._file_name: str | None = None
        self._batch = bytearray()
        self._size = 0
        self._sha256, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        self._writing: asyncio.Future[None] | None = None

    def begin(self, file_name: str | None) -> None:
        """Expect a file."""
        self._file_name = file_name

    def add(self, data: bytes) -> None:
        """Take some of the file; it waits in memory for ``flush_if_full``."""
        self._size += len(data)
        if self._size > self.max_bytes:
            raise _too_large(self.max_bytes)
        self._batch += data

    async def flush_if_full(self) -> None:
        """Hand what waits to the disk when it is enough, once the write before is done."""
        if len(self._batch) >= _BATCH:
            await self._flush()

    async def finish(self, fields: dict[str, str]) -> ReceivedUpload:
        """Write what is left, make it last, and tell what has come."""
        if self._batch:
            await self._flush()
        await self._settle()
        if self._file is not None:
            await asyncio.to_thread(self._close)
        return ReceivedUpload(
            self._path, self._file_name, self._size, self._sha256.hexdigest(), self._md5.hexdigest(), fields
        )

    async def abandon(self) -> None:
        """Remove everything."""
        try:
            await self._settle()
        except OutputError:
            pass  # the disk is what failed; the file goes all the same
        finally:
            if self._file is not None:
                self._file.close()
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    async def _settle(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def _flush(self) -> None:
        await self._settle()
        batch, self._batch = self._batch, bytearray()
        self._writing = asyncio.ensure_future(asyncio.to_thread(self._write, batch))

    def _write(self, batch: bytearray) -> None:
        try:
            if self._file is None:
                self._file = self._open()
            self._file.write(batch)
        except OSError as error:
            raise OutputError(f"uploads cannot be written to {self._folder}: {error.strerror}") from error
        self._sha256.update(batch)
        self._md5.update(batch)

    def _open(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{_TEMPORARY_PREFIX}{secrets.token_hex(16)}"
        # Nobody else may read a video that was not redacted yet.
        self._path.touch(mode=0o600, exist_ok=False)
        return self._path.open("wb", buffering=0)

    def _close(self) -> None:
        assert self._file is not None
        try:
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise OutputError(f"uploads cannot be written to {self._folder}: {error.strerror}") from error
