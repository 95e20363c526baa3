"""An object store in memory, for tests of what stands on one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from efface.domain.errors import ArtifactNotFoundError


class MemoryObjects:
    """Fulfils ``ObjectStore``."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put_file(self, key: str, path: Path) -> None:
        self.held[key] = path.read_bytes()

    def put_bytes(self, key: str, data: bytes) -> None:
        self.held[key] = data

    def get_bytes(self, key: str) -> bytes:
        if key not in self.held:
            raise ArtifactNotFoundError(f"there is no object {key}")
        return self.held[key]

    def get_range(self, key: str, start: int, length: int) -> bytes:
        return self.get_bytes(key)[start : start + length]

    def iter_range(self, key: str, start: int, end: int) -> Iterator[bytes]:
        yield self.get_bytes(key)[start:end]

    def size(self, key: str) -> int:
        return len(self.get_bytes(key))

    def has(self, key: str) -> bool:
        return key in self.held

    def delete(self, prefix: str) -> None:
        self.held = {
            key: data for key, data in self.held.items() if key != prefix and not key.startswith(f"{prefix}/")
        }

    @contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        with TemporaryDirectory() as folder:
            path = Path(folder, "object")
            path.write_bytes(self.get_bytes(key))
            yield path
