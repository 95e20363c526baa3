"""Objects in a folder of this machine, or one that several machines share."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from obstore.store import LocalStore

from efface.domain.errors import ConfigurationError, is_disk_full
from efface.ports.disk_room import disk_filled_up
from efface.storage.objects.file_cache import FileCache
from efface.storage.objects.keys import is_key, no_object, require_key
from efface.storage.objects.obstore_objects import ObstoreObjectStore, unavailable

_REMOVED = ".removed"
_BLOCK_BYTES = 4 * 2**20


class FolderObjectStore(ObstoreObjectStore):
    """``ports.ObjectStore`` in a folder: obstore reads; writes are ours, because obstore's are not synced to disk.

    A file that is put is moved where that is safe, so that a 30 GB upload is not written twice.
    """

    def __init__(self, root: Path) -> None:
        """Open the folder, making it where it is missing.

        Raises:
            ConfigurationError: it cannot be made or written to.
        """
        self._root = root.absolute()
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self._root / _REMOVED).mkdir(exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"objects cannot be kept in {root} ({error.strerror}): give the folder to this user, or name another"
            ) from error
        super().__init__(LocalStore(self._root), str(self._root), FileCache(self._root / ".unused", 0))
        # What a process that was killed had taken out but not yet removed.
        _remove_tree(self._root / _REMOVED, keep_folder=True)

    def put_file(self, key: str, path: Path) -> None:
        """See ``ports.ObjectStore``. The file is moved away, unless it has other names or is an object itself."""
        with self._writing(key) as final:
            if self._can_move(path) and _same_disk(path, final.parent):
                _sync(path)
                path.replace(final)
                _sync(final.parent)
                return
            with path.open("rb") as source:
                _write_whole(final, iter(lambda: source.read(_BLOCK_BYTES), b""))

    def put_bytes(self, key: str, data: bytes) -> None:
        """See ``ports.ObjectStore``."""
        with self._writing(key) as final:
            _write_whole(final, [data])

    def delete(self, prefix: str) -> None:
        """See ``ports.ObjectStore``. A whole folder vanishes at once, and is then removed file by file."""
        gone = self._root / require_key(prefix)
        aside = self._root / _REMOVED / token_hex(8)
        try:
            with suppress(FileNotFoundError, NotADirectoryError):
                gone.rename(aside)
                _sync(gone.parent)
            if aside.is_dir():
                _remove_tree(aside)
            else:
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise unavailable(self._place, prefix, str(error)) from error

    @contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        """See ``ports.ObjectStore``. The object itself: never write to it."""
        path = self._root / key
        if not is_key(key) or not path.is_file():
            raise no_object(key)
        yield path

    @contextmanager
    def _writing(self, key: str) -> Iterator[Path]:
        final = self._root / require_key(key)
        try:
            _make_folders(final.parent)
            yield final
        except OSError as error:
            if is_disk_full(error):
                raise disk_filled_up("a file of the video") from error
            raise unavailable(self._place, key, str(error)) from error

    def _can_move(self, path: Path) -> bool:
        found = path.lstat()
        # A link would be moved instead of its file; by another name the object could be changed later; and an object
        # that is copied to a second key must keep its first.
        return (
            stat.S_ISREG(found.st_mode)
            and found.st_nlink == 1
            and not path.resolve().is_relative_to(self._root.resolve())
        )


def _same_disk(path: Path, folder: Path) -> bool:
    return path.stat().st_dev == folder.stat().st_dev


def _make_folders(folder: Path) -> None:
    """Make a folder with those above it, so that their names outlive a power cut."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        _sync(one.parent)


def _write_whole(final: Path, blocks: Iterator[bytes] | list[bytes]) -> None:
    temporary = final.with_name(f".{token_hex(8)}.part")
    try:
        with temporary.open("xb") as target:
            for block in blocks:
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        temporary.replace(final)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(final.parent)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _remove_tree(folder: Path, *, keep_folder: bool = False) -> None:
    if keep_folder:
        for one in folder.iterdir():
            # Another process may be at it too.
            if one.is_dir():
                shutil.rmtree(one, ignore_errors=True)
            else:
                one.unlink(missing_ok=True)
    else:
        shutil.rmtree(folder)
