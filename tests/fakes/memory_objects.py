"""An object store in memory, with the behaviour of ``efface.ports.ObjectStore``."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from efface.domain.errors import ArtifactNotFoundError, ServiceUnavailableError

_CHUNK = 1024 * 1024


class MemoryObjects:
    """Keeps objects in a dict; says that it cannot be reached while ``is_down``."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.is_down = False
        self.num_chunks_read = 0

    def put_file(self, key: str, path: Path) -> None:
        self.put_bytes(key, path.read_bytes())
        path.unlink()

    def put_bytes(self, key: str, data: bytes) -> None:
        self._reach()
        self.content[key] = data

    def get_bytes(self, key: str) -> bytes:
        return self._found(key)

    def get_range(self, key: str, start: int, length: int) -> bytes:
        return self._found(key)[start : start + length]

    def iter_range(self, key: str, start: int, end: int) -> Iterator[bytes]:
        data = self._found(key)
        for at in range(start, end, _CHUNK):
            self.num_chunks_read += 1
            yield data[at : min(at + _CHUNK, end)]

    def size(self, key: str) -> int:
        return len(self._found(key))

    def has(self, key: str) -> bool:
        self._reach()
        return key in self.content

    def delete(self, prefix: str) -> None:
        self._reach()
        for key in [key for key in self.content if key == prefix or key.startswith(f"{prefix}/")]:
            del self.content[key]

    @contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        with TemporaryDirectory() as folder:
            path = Path(folder) / Path(key).name
            path.write_bytes(self._found(key))
            yield path

    def trim_cache(self) -> None:
        """There is none."""

    def _reach(self) -> None:
        if self.is_down:
            raise ServiceUnavailableError("the store does not answer")

    def _found(self, key: str) -> bytes:
        self._reach()
        if key not in self.content:
            raise ArtifactNotFoundError(f"there is no object {key}")
        return self.content[key]
