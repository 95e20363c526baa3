"""What every object store must do; run on a folder among the unit tests, and on S3 and Azure where they can be had."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from efface.domain.errors import ArtifactNotFoundError, RequestError
from efface.storage import ObstoreObjectStore

BAD_KEYS = [
    "",
    "/a",
    "a/",
    "a//b",
    "..",
    "a/../b",
    "a/./b",
    ".hidden",
    "a/.part",
    "ä",
    "a b",
    "a\\b",
    "a\x00",
    "a\n",
]


class ObjectStoreContract:
    """The fixture ``store`` (empty) comes from the subclass's module."""

    def test_object_is_read_back_whole_and_in_part(self, store: ObstoreObjectStore) -> None:
        store.put_bytes("accounts/a/index/1.json", b"0123456789")
        assert store.get_bytes("accounts/a/index/1.json") == b"0123456789"
        assert store.size("accounts/a/index/1.json") == 10
        ranges = {(0, 3): b"012", (8, 9): b"89", (9, 1): b"9", (10, 5): b"", (50, 5): b"", (3, 0): b""}
        found = {at: store.get_range("accounts/a/index/1.json", *at) for at in ranges}
        assert found == ranges

    def test_empty_object_is_an_object(self, store: ObstoreObjectStore, tmp_path: Path) -> None:
        store.put_bytes("a/empty", b"")
        assert store.has("a/empty")
        assert (store.size("a/empty"), store.get_bytes("a/empty")) == (0, b"")
        assert store.get_range("a/empty", 0, 5) == b""
        assert list(store.iter_range("a/empty", 0, 5)) == []
        with store.local_file("a/empty") as path:
            assert path.read_bytes() == b""

    def test_file_is_stored_and_read_in_chunks_of_a_megabyte(
        self, store: ObstoreObjectStore, tmp_path: Path
    ) -> None:
        content = bytes(range(256)) * 10_000
        (tmp_path / "clip.mp4").write_bytes(content)
        store.put_file("videos/v/source/1.mp4", tmp_path / "clip.mp4")
        chunks = list(store.iter_range("videos/v/source/1.mp4", 0, 10**9))
        assert max(map(len, chunks)) <= 1_000_000
        assert b"".join(chunks) == content
        assert b"".join(store.iter_range("videos/v/source/1.mp4", 5, 2_000_005)) == content[5:2_000_005]
        assert list(store.iter_range("videos/v/source/1.mp4", 7, 7)) == []
        with store.local_file("videos/v/source/1.mp4") as path:
            assert path.suffix == ".mp4"
            assert path.read_bytes() == content

    def test_object_is_replaced_whole(self, store: ObstoreObjectStore, tmp_path: Path) -> None:
        store.put_bytes("a/b", b"long content")
        with store.local_file("a/b") as path:
            assert path.read_bytes() == b"long content"
        (tmp_path / "new").write_bytes(b"short")
        store.put_file("a/b", tmp_path / "new")
        assert store.get_bytes("a/b") == b"short"
        with store.local_file("a/b") as path:
            assert path.read_bytes() == b"short"

    def test_missing_object_is_told_by_all_reads(self, store: ObstoreObjectStore) -> None:
        store.put_bytes("folder/b", b"x")
        for key in ("nothing", "folder", "folder/c", *BAD_KEYS):
            assert not store.has(key)
            for read in (
                lambda key=key: store.get_bytes(key),
                lambda key=key: store.get_range(key, 0, 1),
                lambda key=key: store.get_range(key, 0, 0),
                lambda key=key: store.iter_range(key, 0, 1),
                lambda key=key: store.size(key),
                lambda key=key: store.local_file(key).__enter__(),
            ):
                with pytest.raises(ArtifactNotFoundError):
                    read()

    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_bad_key_is_never_written_or_deleted(
        self, store: ObstoreObjectStore, tmp_path: Path, key: str
    ) -> None:
        (tmp_path / "f").write_bytes(b"x")
        with pytest.raises(RequestError, match="no key"):
            store.put_bytes(key, b"x")
        with pytest.raises(RequestError, match="no key"):
            store.put_file(key, tmp_path / "f")
        with pytest.raises(RequestError, match="no key"):
            store.delete(key)

    def test_delete_takes_the_object_and_all_below_but_no_neighbour(self, store: ObstoreObjectStore) -> None:
        for key in ("v/1/a", "v/1/b/c", "v/1/b/d/e", "v/10/a", "v/1x"):
            store.put_bytes(key, b"x")
        store.delete("v/1")
        assert [key for key in ("v/1/a", "v/1/b/c", "v/1/b/d/e", "v/10/a", "v/1x") if store.has(key)] == [
            "v/10/a",
            "v/1x",
        ]
        store.delete("v/1x")
        assert not store.has("v/1x")
        store.delete("v/1x")
        store.delete("never/was")
        store.put_bytes("v/1/a", b"again")
        assert store.get_bytes("v/1/a") == b"again"

    def test_many_objects_are_deleted(self, store: ObstoreObjectStore) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: store.put_bytes(f"many/{number}", b"x"), range(1100)))
        store.delete("many")
        assert not any(store.has(f"many/{number}") for number in (0, 500, 999, 1000, 1099))

    def test_concurrent_readers_see_one_whole_object(self, store: ObstoreObjectStore) -> None:
        store.put_bytes("a/b", b"x" * 300_000)

        def read(_: int) -> int:
            with store.local_file("a/b") as path:
                return len(path.read_bytes())

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(read, range(16))) == {300_000}
