import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from efface.domain.errors import ServiceUnavailableError
from efface.storage.objects.file_cache import FileCache


class Source:
    """Gives the same bytes each time, and counts how often."""

    def __init__(self, data: bytes = b"0123456789") -> None:
        self.data = data
        self.num_fetched = 0

    def __call__(self) -> Iterator[bytes]:
        self.num_fetched += 1
        yield self.data[:4]
        yield self.data[4:]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def read(cache: FileCache, key: str, source: Callable[[], Iterator[bytes]], version: str = "1") -> bytes:
    with cache.file(key, version, 10, source) as path:
        return path.read_bytes()


def test_copy_is_fetched_once(folder: Path) -> None:
    source = Source()
    cache = FileCache(folder, 100)
    assert {read(cache, "a/clip.mp4", source) for _ in range(3)} == {source.data}
    assert source.num_fetched == 1


def test_copy_is_fetched_once_by_many_at_the_same_time(folder: Path) -> None:
    source = Source()
    begun = threading.Barrier(8)

    def begin(_: int) -> bytes:
        begun.wait()
        return read(FileCache(folder, 100), "a", source)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(begin, range(8))) == {source.data}
    assert source.num_fetched == 1


def test_new_version_and_other_store_have_copies_of_their_own(folder: Path) -> None:
    read(FileCache(folder, 100, "s3://one"), "a", Source(b"aaaaaaaaaa"))
    assert read(FileCache(folder, 100, "s3://two"), "a", Source(b"bbbbbbbbbb")) == b"bbbbbbbbbb"
    assert read(FileCache(folder, 100, "s3://one"), "a", Source(b"cccccccccc"), "2") == b"cccccccccc"


def test_copies_unused_longest_go_first_when_the_room_ends(folder: Path) -> None:
    cache = FileCache(folder, 25)
    sources = {key: Source() for key in "abc"}
    for age, key in enumerate("ab"):
        read(cache, key, sources[key])
        for path in folder.iterdir():
            used = path.stat().st_atime - 10 * (2 - age)
            os.utime(path, (used, used))
    read(cache, "c", sources["c"])
    for key in "bca":
        read(cache, key, sources[key])
    assert {key: source.num_fetched for key, source in sources.items()} == {"a": 2, "b": 1, "c": 1}


def test_copy_that_is_read_is_not_removed(folder: Path) -> None:
    cache = FileCache(folder, 15)
    with cache.file("a", "1", 10, Source()) as path:
        read(cache, "b", Source())
        read(cache, "c", Source())
        cache.forget("a")
        assert path.read_bytes() == b"0123456789"
    cache.forget("a")
    assert not path.exists()


def test_copy_that_was_unused_too_long_is_removed(folder: Path) -> None:
    cache = FileCache(folder, 1000, max_unused_s=60)
    read(cache, "a", Source())
    cache.trim()
    (path,) = folder.iterdir()
    long_ago = time.time() - 61
    os.utime(path, (long_ago, long_ago))
    cache.trim()
    assert list(folder.iterdir()) == []


def test_reading_a_copy_changes_nothing_that_a_new_copy_is_known_by(folder: Path) -> None:
    cache = FileCache(folder, 1000)
    read(cache, "a", Source())
    (path,) = folder.iterdir()
    os.utime(path, ns=(0, 1_000_000_001))
    read(cache, "a", Source())
    assert path.stat().st_mtime_ns == 1_000_000_001
    assert time.time() - path.stat().st_atime < 60


def test_broken_fetch_leaves_no_copy_and_is_begun_anew(folder: Path) -> None:
    cache = FileCache(folder, 100)

    def breaks() -> Iterator[bytes]:
        yield b"0123"
        raise ServiceUnavailableError("away")

    with pytest.raises(ServiceUnavailableError, match="away"):
        read(cache, "a", breaks)
    with pytest.raises(ServiceUnavailableError, match="4 of 10 bytes"):
        read(cache, "a", lambda: iter([b"0123"]))
    assert read(cache, "a", Source()) == b"0123456789"


def test_copy_that_lost_its_end_is_fetched_anew(folder: Path) -> None:
    cache = FileCache(folder, 100)
    source = Source()
    read(cache, "a", source)
    (path,) = folder.iterdir()
    path.write_bytes(b"0123")
    assert read(cache, "a", source) == source.data
    assert source.num_fetched == 2


KILLED_FETCH = """
import os, signal, sys
from pathlib import Path
from efface.storage.objects.file_cache import FileCache

def fetch():
    yield b"0123"
    os.kill(os.getpid(), signal.SIGKILL)

with FileCache(Path(sys.argv[1]), 100).file("a", "1", 10, fetch):
    pass
"""


def test_fetch_of_a_killed_process_is_done_anew_and_its_remains_go(folder: Path) -> None:
    command = [sys.executable, "-c", KILLED_FETCH, str(folder)]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert [path.suffix for path in folder.iterdir()] == [".part"]
    FileCache(folder, 100).trim()
    assert list(folder.iterdir()) == []
    assert read(FileCache(folder, 100), "a", Source()) == b"0123456789"


def test_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ServiceUnavailableError, match="name another folder"):
        read(FileCache(tmp_path / "file" / "cache", 100), "a", Source())
