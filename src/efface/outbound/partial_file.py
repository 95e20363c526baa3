"""A file that grows, with its hashes."""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self


class PartialFile:
    """Writes a new file and keeps count of what it has written; hashes run along, so that nothing is read twice."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=0)
        self._start()

    @property
    def sha256(self) -> str:
        """Of what was written, in hexadecimal."""
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        """Of what was written, in hexadecimal; to compare with what servers say, it protects nothing."""
        return self._md5.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Add some bytes."""
        left = memoryview(chunk)
        while left:
            left = left[self._file.write(left) :]
        self._sha256.update(chunk)
        self._md5.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Forget all that was written."""
        self._file.seek(0)
        self._file.truncate()
        self._start()

    def sync(self) -> None:
        """See to it that a power cut takes nothing of it."""
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _start(self) -> None:
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
