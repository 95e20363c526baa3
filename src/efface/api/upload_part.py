"""What has come of a file, on disk: added to in bounded memory, and kept when the connection breaks."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio

from efface.api.errors import ApiError, ErrorType
from efface.api.upload_file import UPLOAD_WORDS, ReceivedUpload, unwritable
from efface.ports import DiskRoom

_BATCH = 1024 * 1024
"""Bytes handed to the disk at once."""


class UploadPart:
    """The part of an upload whose lock is held.

    Args:
        path: of the part.
        descriptor: open for reading and writing, holds the lock; closed by ``close``.
        room: on its disk.
    """

    def __init__(self, path: Path, descriptor: int, room: DiskRoom) -> None:
        self._path, self._descriptor, self._room = path, descriptor, room
        self._writing: asyncio.Future[None] | None = None

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return os.fstat(self._descriptor).st_size

    def cut(self, size: int) -> None:
        """Forget what lies beyond a size."""
        os.ftruncate(self._descriptor, size)

    async def append(self, chunks: AsyncIterator[bytes], room: int) -> None:
        """Add what comes. Whatever ends it, all that has come until then is kept and will outlast a crash.

        Args:
            chunks: of the body.
            room: bytes that may be added.

        Raises:
            ApiError: 400, there is more than that; the excess is not kept.
            DiskFullError: there is no room for all that may be added, or no more of it.
            OutputError: the disk does not take it.
        """
        batch = bytearray()
        await asyncio.to_thread(self._room.require, room, UPLOAD_WORDS)
        try:
            async for chunk in chunks:
                room -= len(chunk)
                if room < 0:
                    raise ApiError(
                        400,
                        ErrorType.INVALID_INPUT,
                        "The body goes beyond 'Upload-Length': ask for the offset and send what is missing.",
                        headers={"Connection": "close"},
                    )
                batch += chunk
                if len(batch) >= _BATCH:
                    full, batch = batch, bytearray()
                    await self._write(full)
        finally:
            # Also when the task is cancelled: the client may never be able to send it again.
            with anyio.CancelScope(shield=True):
                await self._write(batch)
                await self._settle()
                await asyncio.to_thread(self._sync)

    async def close(self) -> None:
        """Let the lock go, once nothing is being written any more."""
        try:
            with anyio.CancelScope(shield=True):
                await self._settle()
        finally:
            os.close(self._descriptor)

    def received(self, file_name: str | None) -> ReceivedUpload:
        """The whole file, hashed, as other uploads are handed on.

        Args:
            file_name: as the client named it.
        """
        # Side by side, because each takes about two seconds for a gigabyte.
        with ThreadPoolExecutor(2) as threads:
            sha256, md5 = threads.map(self._digest, ("sha256", "md5"))
        return ReceivedUpload(self._path, file_name, self._path.stat().st_size, sha256, md5, {})

    async def _write(self, data: bytearray) -> None:
        """Write while the next bytes arrive, once the write before is done."""
        await self._settle()
        if data:
            self._writing = asyncio.ensure_future(asyncio.to_thread(self._write_all, data))

    async def _settle(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                # The thread goes on; whoever closes the file has to wait for it.
                self._writing = writing
                raise

    def _write_all(self, data: bytearray) -> None:
        self._room.go_on(len(data), UPLOAD_WORDS)
        left = memoryview(data)
        try:
            os.lseek(self._descriptor, 0, os.SEEK_END)
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise unwritable(self._path.parent, error) from error

    def _sync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise unwritable(self._path.parent, error) from error

    def _digest(self, algorithm: str) -> str:
        with self._path.open("rb") as file:
            return hashlib.file_digest(
                file, lambda: hashlib.new(algorithm, usedforsecurity=False)
            ).hexdigest()
