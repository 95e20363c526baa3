import os
import subprocess
import sys
from pathlib import Path

import pytest

from efface.domain.errors import ConfigurationError, DiskFullError
from efface.storage import ObstoreObjectStore, open_object_store
from tests.storage.object_store_contract import ObjectStoreContract


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def store(root: Path, tmp_path: Path) -> ObstoreObjectStore:
    return open_object_store(f"file://{root}", cache=tmp_path / "cache")


class TestFolderObjectStore(ObjectStoreContract):
    """The whole contract on a folder."""


def everything_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_put_file_moves_a_file_of_the_same_disk(
    store: ObstoreObjectStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    inode = (tmp_path / "clip.mp4").stat().st_ino
    store.put_file("a/clip.mp4", tmp_path / "clip.mp4")
    assert (root / "a" / "clip.mp4").stat().st_ino == inode
    assert not (tmp_path / "clip.mp4").exists()


def test_put_file_keeps_an_object_that_is_copied_to_a_second_key(store: ObstoreObjectStore) -> None:
    store.put_bytes("a/original", b"x")
    with store.local_file("a/original") as path:
        store.put_file("b/copy", path)
    assert store.get_bytes("a/original") == store.get_bytes("b/copy") == b"x"


def test_put_file_copies_what_has_another_name_or_is_a_link(
    store: ObstoreObjectStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store.put_file("a/link", tmp_path / "link")
    os.link(tmp_path / "real", tmp_path / "other")
    store.put_file("a/other", tmp_path / "other")
    (tmp_path / "real").write_bytes(b"changed later")
    assert store.get_bytes("a/link") == store.get_bytes("a/other") == b"x"
    assert not (root / "a" / "link").is_symlink()


def test_failed_write_leaves_nothing(
    store: ObstoreObjectStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_bytes("a/b", b"old")

    def no_room(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(DiskFullError, match="the disk of the service is full") as refused:
        store.put_bytes("a/b", b"new")
    assert str(root) not in str(refused.value)
    assert everything_in(root) == ["a/b"]
    assert store.get_bytes("a/b") == b"old"


KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from efface.storage import open_object_store

store = open_object_store(sys.argv[1], cache=Path(sys.argv[2]))
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
# A second name, so that the file is copied: the longer way.
os.link(sys.argv[2], sys.argv[2] + ".second-name")
store.put_file("a/clip.mp4", Path(sys.argv[2]))
"""


def test_writer_that_is_killed_leaves_no_object(
    store: ObstoreObjectStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x" * 1_000_000)
    (root / "a").mkdir()
    command = [sys.executable, "-c", KILLED_WRITER, str(root), str(tmp_path / "clip.mp4")]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert len(everything_in(root)) == 1, "killed before it had begun to write: the test shows nothing"
    assert not store.has("a/clip.mp4")
    store.delete("a")
    assert everything_in(root) == []


def test_what_a_killed_process_was_removing_goes_when_the_store_is_opened(root: Path, tmp_path: Path) -> None:
    (root / ".removed" / "1234").mkdir(parents=True)
    (root / ".removed" / "1234" / "source.mp4").write_bytes(b"x")
    (root / ".removed" / "5678").write_bytes(b"x")
    open_object_store(str(root), cache=tmp_path)
    assert everything_in(root) == []


def test_store_folder_is_closed_to_others(store: ObstoreObjectStore, root: Path) -> None:
    assert root.stat().st_mode & 0o077 == 0


def test_path_with_spaces_and_percent_signs_is_a_folder(tmp_path: Path) -> None:
    open_object_store(f"file://{tmp_path}/with%20space", cache=tmp_path).put_bytes("a", b"x")
    open_object_store(f"{tmp_path}/50%20", cache=tmp_path).put_bytes("a", b"x")
    assert (tmp_path / "with space" / "a").read_bytes() == b"x"
    assert (tmp_path / "50%20" / "a").read_bytes() == b"x"


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "http://bucket", "azure:///x"])
def test_unknown_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"s3://bucket/prefix"):
        open_object_store(url, cache=tmp_path)


def test_unknown_option_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="check its options"):
        open_object_store("s3://bucket", cache=tmp_path, options={"colour": "red"})


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"Not a directory|File exists"):
        open_object_store(str(tmp_path / "file" / "objects"), cache=tmp_path)
