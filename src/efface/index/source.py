"""Which video an index belongs to, by size and SHA-256."""

import hashlib
from pathlib import Path

from efface.domain.errors import IndexMismatchError, MediaNotFoundError
from efface.domain.text import printable
from efface.index.model import FaceIndex, SourceFile

_CHUNK_BYTES = 1 << 20


def describe_source(path: Path) -> SourceFile:
    """Name, size and digest of a video; the file is streamed, not loaded.

    Raises:
        MediaNotFoundError: no such file, or it may not be read.
    """
    digest = hashlib.sha256()
    size_bytes = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                size_bytes += len(chunk)
    except OSError as error:
        raise MediaNotFoundError(f"{path} cannot be read: {error.strerror}") from error
    return SourceFile(printable(path.name, "?"), size_bytes, digest.hexdigest())


def verify_source(index: FaceIndex, path: Path) -> None:
    """Check that an index was made from this very file; the name does not matter. Size first, as it is cheap.

    Raises:
        IndexMismatchError: it was made from another file, or this one was changed since.
        MediaNotFoundError: no such file, or it may not be read.
    """
    source = index.source
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise MediaNotFoundError(f"{path} cannot be read: {error.strerror}") from error
    if size_bytes != source.size_bytes:
        raise IndexMismatchError(
            f"{path} has {size_bytes} bytes, but the index was made from {source.name} "
            f"with {source.size_bytes}: index this video anew"
        )
    if describe_source(path).sha256 != source.sha256:
        raise IndexMismatchError(
            f"{path} differs from {source.name}, which the index was made from: index this video anew"
        )
