"""The file of an upload on its way to disk."""

import asyncio
import hashlib
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from efface.api.errors import ApiError, ErrorType
from efface.domain.errors import OutputError, is_disk_full
from efface.ports import DiskRoom
from efface.ports.disk_room import disk_filled_up

_TEMPORARY_PREFIX = ".upload-"
_BATCH = 1024 * 1024
"""Bytes handed to the disk at once; smaller ones cost a change of threads each."""

UPLOAD_WORDS = "the upload"
"""What it is called in refusals for want of room."""


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


class FileSink:
    """Writes a file in a thread, hashing as it goes, while the next bytes arrive."""

    def __init__(self, folder: Path, max_bytes: int, room: DiskRoom) -> None:
        self.max_bytes = max_bytes
        self._folder = folder
        self._room = room
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._file_name: str | None = None
        self._batch = bytearray()
        self._size = 0
        self._sha256, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        self._writing: asyncio.Future[tuple[None, None]] | None = None

    def begin(self, file_name: str | None) -> None:
        """Expect a file."""
        self._file_name = file_name

    def add(self, data: bytes) -> None:
        """Take some of the file; it waits in memory for ``flush_if_full``."""
        self._size += len(data)
        if self._size > self.max_bytes:
            raise too_large(self.max_bytes)
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
            # The disk may be what has failed; the file goes all the same.
            with suppress(OutputError):
                await self._settle()
        finally:
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    async def _settle(self) -> None:
        """Wait for the write before. Being cancelled meanwhile does not end the thread, so ``abandon`` waits anew:
        a thread that is left alone could make the file after it was removed."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None

    async def _flush(self) -> None:
        await self._settle()
        batch, self._batch = self._batch, bytearray()
        # Side by side, because each takes about as long as the other: 2.3 s and 2.4 s for a gigabyte.
        writing, hashing = asyncio.to_thread(self._write, batch), asyncio.to_thread(self._hash, batch)
        self._writing = asyncio.gather(writing, hashing)

    def _write(self, batch: bytearray) -> None:
        self._room.go_on(len(batch), UPLOAD_WORDS)
        try:
            if self._file is None:
                self._file = self._open()
            self._file.write(batch)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def _hash(self, batch: bytearray) -> None:
        self._sha256.update(batch)
        self._md5.update(batch)

    def _open(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{_TEMPORARY_PREFIX}{secrets.token_hex(16)}"
        # Nobody else may read a video that was not redacted yet.
        self._path.touch(mode=0o600, exist_ok=False)
        return self._path.open("wb")

    def _close(self) -> None:
        assert self._file is not None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise unwritable(self._folder, error) from error


def unwritable(folder: Path, error: OSError) -> OutputError:
    """The error of an upload that the system does not write."""
    if is_disk_full(error):
        return disk_filled_up(UPLOAD_WORDS)
    return OutputError(f"uploads cannot be written to {folder}: {error.strerror}")


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


def too_large(max_bytes: int) -> ApiError:
    """The refusal of a file beyond the limit."""
    return ApiError(
        400,
        ErrorType.INPUT_FILE_SIZE_LIMIT_EXCEEDED,
        f"The file is larger than {max_bytes} bytes, the most that an upload may have: give a videoUrl instead.",
        headers={"Connection": "close"},
    )
