"""Output files that appear whole or not at all."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from efface.domain.errors import DiskFullError, OutputError, is_disk_full

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LONGEST_STEM = 40
"""Characters of the name that go into the temporary one: even at 4 bytes each they leave room within 255."""


@contextmanager
def atomic_output(final: Path, *, overwrite: bool = True, never: Sequence[Path] = ()) -> Iterator[Path]:
    """Give a temporary file in the folder of ``final`` that takes that name when the block ends well.

    The temporary file has a hidden name and the suffix of ``final`` (``.clip.efface-1a2b3c4d.part.mp4``).
    After the block it is synced to disk and renamed, so whatever happens before, a kill or a power cut too,
    ``final`` holds what it held. When the block raises, Ctrl-C included, the temporary file is removed.

    Args:
        final: the file to make.
        overwrite: whether a file that is there already may be replaced.
        never: files that must not be replaced, by whatever name ``final`` reaches them: the inputs.

    Raises:
        OutputError: the name is taken or is one of ``never``, the folder is missing or closed, or the disk is
            full.
    """
    _refuse_bad_target(final, overwrite, never)
    temporary = _make_temporary(final)
    try:
        yield temporary
        _publish(temporary, final, overwrite, never)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise output_error(final, error) from error
        if isinstance(error, OutputError):
            # People know the name they gave, not the temporary one.
            raise type(error)(str(error).replace(str(temporary), str(final))) from error
        raise


def check_place(final: Path, *, overwrite: bool = True, never: Sequence[Path] = ()) -> None:
    """Find out before hours of work whether ``atomic_output`` would refuse a name; nothing is left behind.

    Args, Raises: as ``atomic_output``.
    """
    _refuse_bad_target(final, overwrite, never)
    _make_temporary(final).unlink()


def output_error(final: Path, error: OSError) -> OutputError:
    """The error to raise when the operating system would not let ``final`` be written."""
    folder = final.parent
    reasons = {
        errno.ENOENT: f"the folder {folder} does not exist: create it, or name another",
        errno.ENOTDIR: f"{folder} is not a folder: name another",
        errno.EACCES: f"the folder {folder} may not be written: change its permissions, or name another",
        errno.EPERM: f"the folder {folder} may not be written: change its permissions, or name another",
        errno.EROFS: f"the folder {folder} is read-only: name another",
        errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
        errno.ENOSPC: "the disk is full: free some room, or choose another disk",
        errno.EDQUOT: "the disk quota is used up: free some room, or choose another disk",
        errno.EFBIG: "the file grew past the size limit set for it: raise the limit, or choose another disk",
    }
    known = reasons.get(error.errno or 0)
    kind = DiskFullError if is_disk_full(error) else OutputError
    return kind(f"cannot write {final}: {known or f'{error.strerror or error}: choose another output'}")


def _make_temporary(final: Path) -> Path:
    """Make the empty temporary file, so that a closed folder or a full disk shows right away."""
    temporary = final.with_name(
        f".{final.stem[:_LONGEST_STEM]}.efface-{secrets.token_hex(4)}.part{final.suffix}"
    )
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise output_error(final, error) from error
    return temporary


def _refuse_bad_target(final: Path, overwrite: bool, never: Sequence[Path]) -> None:
    if final.name in {"", ".."}:
        raise OutputError(f"cannot write {final}: it names a folder: give a file name")
    try:
        there = final.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise output_error(final, error) from error
    for path in never:
        with suppress(OSError):
            if os.path.samestat(there, path.stat()):
                raise OutputError(f"cannot write {final}: it is the input {path}: choose another output")
    if not stat.S_ISREG(there.st_mode):
        kind = "a folder" if stat.S_ISDIR(there.st_mode) else "not a regular file"
        raise OutputError(f"cannot write {final}: it is {kind}: give a file name")
    if not overwrite:
        raise OutputError(
            f"cannot write {final}: it exists already: choose another output, or allow overwriting (--overwrite)"
        )


def _publish(temporary: Path, final: Path, overwrite: bool, never: Sequence[Path]) -> None:
    # The name may have been taken, or linked to an input, while the work went on.
    _refuse_bad_target(final, overwrite, never)
    try:
        _sync(temporary)
        temporary.replace(final)
    except OSError as error:
        raise output_error(final, error) from error
    # Some file systems cannot sync a folder; the file itself is safe by now.
    with suppress(OSError):
        _sync(final.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
