"""Uploads that come in several requests: for each, what has come of the file, and a note of what was asked for.

Both are files, so that a server that is started again knows them. Several processes of one machine may share a folder:
whoever adds to an upload locks its part.
"""

import asyncio
import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from efface.api.errors import ApiError, ErrorType
from efface.api.upload_file import UPLOAD_WORDS, unwritable
from efface.api.upload_part import UploadPart
from efface.ports import Clock, DiskRoom

_FOLDER = "resumable"
_ID = re.compile(r"[0-9a-f]{32}")
_NOTE_VERSION = 1
_STILL_COMING_S = 300.0
"""Without a byte, after which room is no longer kept for the rest: whoever goes on asks anew."""


@dataclass(frozen=True, slots=True)
class UnfinishedUpload:
    """What is known of an upload from its creation until it expires, also after it was finished."""

    upload_id: str
    account_id: str
    length: int
    """Bytes of the whole file, at least one."""
    query: str
    """Parameters of the upload as a canonical query string."""
    metadata: str
    """The header ``Upload-Metadata`` as the client sent it, empty where it sent none."""
    expires: datetime
    whole_since: datetime | None = None
    """When the last byte had come; None before."""
    sha256: str | None = None
    """Of the whole file, lower-case hexadecimal; None before."""
    video_id: str | None = None
    """The video that was made of it; None before."""


class UnfinishedUploads:
    """The unfinished uploads of one folder.

    Args:
        folder: of all uploads; theirs lie below it.
        clock: tells when one expires.
        lifetime: how long an upload may take in all.
        max_per_account: how many one account may have under way.
        room: on the disk of the folder.
        patience_s: how long a request waits for another one that adds to the same upload, in seconds. One whose client
            has gone takes a moment to notice.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        lifetime: timedelta,
        max_per_account: int,
        room: DiskRoom,
        patience_s: float = 3.0,
    ) -> None:
        self._folder = folder / _FOLDER
        self._room = room
        self._clock, self._lifetime = clock, lifetime
        self._max_per_account, self._patience_s = max_per_account, patience_s

    def create(self, account_id: str, length: int, query: str, metadata: str) -> UnfinishedUpload:
        """Expect a file.

        Raises:
            ApiError: 400, the account has too many uploads under way.
            DiskFullError: there is no room for it beside those that are coming in.
            OutputError: the folder cannot be written to.
        """
        self.remove_expired()
        unfinished = [known for known in self._all() if not known.video_id]
        num_open = sum(1 for known in unfinished if known.account_id == account_id)
        if num_open >= self._max_per_account:
            raise ApiError(
                400,
                ErrorType.VIDEO_UPLOAD_LIMIT_EXCEEDED,
                f"The account has {num_open} uploads under way already: finish or delete one of them first.",
            )
        self._room.require(length, UPLOAD_WORDS, beside_bytes=sum(map(self._missing_of, unfinished)))
        expires = self._clock.now() + self._lifetime
        upload = UnfinishedUpload(secrets.token_hex(16), account_id, length, query, metadata, expires)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Nobody else may read a video that was not redacted yet.
            self._part(upload.upload_id).touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise unwritable(self._folder, error) from error
        self.note(upload)
        return upload

    def find(self, account_id: str, upload_id: str) -> UnfinishedUpload:
        """An upload of an account.

        Raises:
            ApiError: 404, it is none, or its time is over.
        """
        found = self._read(upload_id.lower()) if _ID.fullmatch(upload_id.lower()) else None
        if found is None or found.account_id != account_id or found.expires <= self._clock.now():
            raise ApiError(
                404,
                ErrorType.NOT_FOUND,
                f"Upload '{upload_id[:64]}' was not found: it was deleted, or not finished in time; begin anew.",
            )
        return found

    def offset_of(self, upload: UnfinishedUpload) -> int:
        """How many bytes of an upload have come.

        A whole file of which no video was made lacks its last byte: the client has no answer to that byte yet, and
        sending it again is what makes the video.
        """
        if upload.video_id:
            return upload.length
        try:
            size = self._part(upload.upload_id).stat().st_size
        except FileNotFoundError:
            return 0
        return min(size, upload.length - 1)

    @asynccontextmanager
    async def adding(self, upload: UnfinishedUpload) -> AsyncIterator[UploadPart]:
        """The part of an upload, locked while the block runs.

        Raises:
            ApiError: 423, another request adds to it.
            OutputError: the folder cannot be written to.
        """
        part = await self._locked(self._part(upload.upload_id))
        try:
            yield part
        finally:
            await part.close()

    async def _locked(self, path: Path) -> UploadPart:
        ends_s = asyncio.get_running_loop().time() + self._patience_s
        while True:
            with suppress(BlockingIOError):
                return UploadPart(path, _open_locked(path), self._room)
            if asyncio.get_running_loop().time() >= ends_s:
                raise ApiError(
                    423,
                    ErrorType.VIDEO_ALREADY_IN_PROGRESS,
                    "Another request is adding to this upload: wait for it to end, then ask for the offset.",
                    headers={"Retry-After": "1", "Connection": "close"},
                )
            await asyncio.sleep(0.05)

    def note(self, upload: UnfinishedUpload) -> None:
        """Keep what is known of an upload.

        Raises:
            OutputError: the folder cannot be written to.
        """
        document = {"version": _NOTE_VERSION, **asdict(upload)}
        final = self._note(upload.upload_id)
        draft = final.with_suffix(f".{secrets.token_hex(4)}.draft")
        try:
            with draft.open("x", encoding="utf-8") as file:
                json.dump(document, file, default=datetime.isoformat)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(final)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def remove(self, upload_id: str) -> None:
        """Remove what has come of an upload, and its note."""
        # The note last: a part without one would be kept by nobody and found by nobody.
        self._part(upload_id).unlink(missing_ok=True)
        self._note(upload_id).unlink(missing_ok=True)

    def has_part(self, upload: UnfinishedUpload) -> bool:
        """Whether bytes of an upload lie here."""
        part = self._part(upload.upload_id)
        return part.exists() and part.stat().st_size > 0

    def remove_part(self, upload: UnfinishedUpload) -> None:
        """Remove what has come of an upload, and keep its note."""
        self._part(upload.upload_id).unlink(missing_ok=True)

    def remove_expired(self) -> int:
        """Remove the uploads whose time is over; gives how many."""
        now = self._clock.now()
        expired = {known.upload_id for known in self._all() if known.expires <= now}
        # What a process that was killed has left without a note.
        oldest_s = (now - self._lifetime).timestamp()
        for path in self._folder.glob("*.*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest_s and self._read(path.stem) is None:
                    path.unlink()
        for upload_id in expired:
            self.remove(upload_id)
        return len(expired)

    def _missing_of(self, upload: UnfinishedUpload) -> int:
        """Bytes that an upload will still take; none where it has stood still for so long that it may never go on."""
        try:
            found = self._part(upload.upload_id).stat()
        except FileNotFoundError:
            return 0
        is_coming = time.time() - found.st_mtime < _STILL_COMING_S
        return max(0, upload.length - found.st_size) if is_coming else 0

    def _all(self) -> list[UnfinishedUpload]:
        found = (self._read(path.stem) for path in self._folder.glob("*.json") if _ID.fullmatch(path.stem))
        return [upload for upload in found if upload is not None]

    def _read(self, upload_id: str) -> UnfinishedUpload | None:
        try:
            document = json.loads(self._note(upload_id).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        if document.pop("version") != _NOTE_VERSION:
            return None
        for name in ("expires", "whole_since"):
            document[name] = document[name] and datetime.fromisoformat(document[name])
        return UnfinishedUpload(**document)

    def _note(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.json"

    def _part(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.part"


def _open_locked(path: Path) -> int:
    """A descriptor that holds the lock of a part, made anew where it is missing.

    Raises:
        BlockingIOError: another request holds it.
        OutputError: it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The one that held it before may have moved or removed the file: then this lock locks nothing.
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                return descriptor
        raise BlockingIOError
    except BaseException:
        os.close(descriptor)
        raise
