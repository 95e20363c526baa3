"""Where files live: videos, indexes, pictures, and what passes between segments."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol


class ObjectStore(Protocol):
    """Objects by key (``accounts/…/source.mp4``), written whole or not at all, never changed once written.

    Every method raises ``ServiceUnavailableError`` where the store cannot be reached, and those that read raise
    ``ArtifactNotFoundError`` where there is no such object.
    """

    def put_file(self, key: str, path: Path) -> None:
        """Store a finished local file under a key, replacing what was there; the file may be moved away by it."""
        ...

    def put_bytes(self, key: str, data: bytes) -> None:
        """Store a small object, replacing what was there."""
        ...

    def get_bytes(self, key: str) -> bytes:
        """A small object whole."""
        ...

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """``length`` bytes from ``start``; fewer where the object ends before."""
        ...

    def iter_range(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes ``start`` up to, not including, ``end``, in chunks of at most a megabyte."""
        ...

    def size(self, key: str) -> int:
        """Bytes of an object."""
        ...

    def has(self, key: str) -> bool:
        """Whether there is such an object."""
        ...

    def delete(self, prefix: str) -> None:
        """Remove the object of this key and all objects below ``prefix/``; none is no error."""
        ...

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        """The object as a local file to read while the block runs: the file itself, or a copy in a cache."""
        ...

    def trim_cache(self) -> None:
        """Remove copies of remote objects from this machine that nobody has used for a while; there may be none."""
        ...
