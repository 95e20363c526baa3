"""Local copies of objects of a distant store, shared by the processes of a machine.

A reader holds a shared lock of the copy it reads, whoever fetches one an exclusive lock of its unfinished file; so
whatever nobody locks is not in use, and a process that is killed leaves no lock behind.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePosixPath

from efface.domain.errors import ServiceUnavailableError, is_disk_full
from efface.ports.disk_room import disk_filled_up

_PART = ".part"
_MAX_UNUSED_S = 3600.0


class FileCache:
    """A folder of copies that is kept below a size, those gone first that were unused longest.

    Args:
        folder: made when it is first needed; only caches may use it.
        max_bytes: how much to keep. Copies that are being read may exceed it.
        scope: names the store, so that several can share the folder.
        max_unused_s: a copy that nobody has read for so long is removed even if there is room: it may be the copy of a
            video that was deleted by another machine.
    """

    def __init__(
        self, folder: Path, max_bytes: int, scope: str = "", max_unused_s: float = _MAX_UNUSED_S
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._scope = scope
        self._max_unused_s = max_unused_s

    @contextmanager
    def file(self, key: str, version: str, size: int, fetch: Callable[[], Iterator[bytes]]) -> Iterator[Path]:
        """A copy of an object, fetched where it is missing, that stays while the block runs.

        Args:
            key: of the object.
            version: what its content is known by.
            size: its bytes.
            fetch: gives them.

        Raises:
            ServiceUnavailableError: the object or the cache cannot be read or written.
            DiskFullError: the cache has no room for it.
        """
        suffix = PurePosixPath(key).suffix
        path = self._folder / f"{self._stem(key)}-{_digest(version)[:16]}{suffix}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened = self._open(path, size, fetch)
        except OSError as error:
            if is_disk_full(error):
                raise disk_filled_up("a copy of the video") from error
            raise ServiceUnavailableError(
                f"the cache {self._folder} cannot keep {key} ({error.strerror}): free some room, or name another folder"
            ) from error
        with closing(opened):
            yield path
        self.trim()

    def forget(self, key: str) -> None:
        """Remove the copies of an object that nobody reads."""
        for path in self._folder.glob(f"{self._stem(key)}-*"):
            _remove_unused(path)

    def trim(self, room_for: int = 0) -> None:
        """Remove what nobody reads until the rest is small enough.

        Args:
            room_for: bytes that are about to be added.
        """
        copies: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*"):
            with suppress(FileNotFoundError):
                found = path.stat()
                copies.append((found.st_atime, found.st_size, path))
        total = sum(size for _, size, _ in copies) + room_for
        limit = time.time() - self._max_unused_s
        for used, size, path in sorted(copies):
            is_old = used < limit
            if (is_old or total > self._max_bytes or path.suffix == _PART) and _remove_unused(path):
                total -= size

    def _open(self, path: Path, size: int, fetch: Callable[[], Iterator[bytes]]) -> "_Opened":
        while True:
            opened = _open_shared(path, size)
            if opened is not None:
                return opened
            self._fetch(path, size, fetch)

    def _fetch(self, path: Path, size: int, fetch: Callable[[], Iterator[bytes]]) -> None:
        part = path.with_name(path.name + _PART)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
        with open(descriptor, "r+b") as target:  # noqa: PTH123  a descriptor, not a path
            # Waits while another process fetches the same; then the copy is there, or the part is ours to do anew.
            fcntl.flock(target, fcntl.LOCK_EX)
            if path.exists() or not _is_still(descriptor, part):
                return
            self.trim(room_for=size)
            target.truncate()
            for block in fetch():
                target.write(block)
            target.flush()
            os.fsync(descriptor)
            if target.tell() != size:
                raise ServiceUnavailableError(
                    f"an object broke off after {target.tell()} of {size} bytes; try again"
                )
            part.replace(path)

    def _stem(self, key: str) -> str:
        return _digest(f"{self._scope}\n{key}")[:32]


class _Opened:
    """A file that is held open with a shared lock."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        """Give up the lock, and note that it was used until now."""
        _note_use(self._descriptor)
        os.close(self._descriptor)


def _open_shared(path: Path, size: int) -> _Opened | None:
    """The copy, locked; None where there is none, or one that a power cut has shortened."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    if not _is_still(descriptor, path):
        os.close(descriptor)
        return None
    if os.fstat(descriptor).st_size != size:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        return None
    _note_use(descriptor)
    return _Opened(descriptor)


def _note_use(descriptor: int) -> None:
    """Set when the copy was used last; when it was written stays, because whoever knows it asks by that."""
    os.utime(descriptor, ns=(time.time_ns(), os.fstat(descriptor).st_mtime_ns))


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether a file that was opened has kept its name while the lock was waited for."""
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (now.st_dev, now.st_ino) == (mine.st_dev, mine.st_ino)


def _remove_unused(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
