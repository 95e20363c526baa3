"""S3 by moto's server, Azure by Azurite."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from secrets import token_hex

import pytest

from efface.domain.errors import ServiceUnavailableError
from efface.storage import ObstoreObjectStore, open_object_store
from tests.storage.object_store_contract import ObjectStoreContract
from tests.storage.servers import AZURE_ACCOUNT, AZURE_KEY, free_port


def s3_options(endpoint: str) -> dict[str, str]:
    return {
        "endpoint": endpoint,
        "region": "us-east-1",
        "access_key_id": "any",
        "secret_access_key": "any",
        "virtual_hosted_style_request": "false",
    }


class TestS3ObjectStore(ObjectStoreContract):
    """The whole contract on S3."""

    @pytest.fixture
    def store(self, s3_url: str, tmp_path: Path) -> ObstoreObjectStore:
        url = f"s3://videos/tests/{token_hex(4)}"
        return open_object_store(url, cache=tmp_path / "cache", options=s3_options(s3_url))


class TestAzureObjectStore(ObjectStoreContract):
    """The whole contract on Azure Blob storage."""

    @pytest.fixture
    def store(self, azure_url: str, tmp_path: Path) -> ObstoreObjectStore:
        options = {"account_name": AZURE_ACCOUNT, "account_key": AZURE_KEY, "endpoint": azure_url}
        url = f"azure://videos/tests/{token_hex(4)}"
        return open_object_store(url, cache=tmp_path / "cache", options=options)


def test_deleted_object_leaves_no_copy_in_the_cache(s3_url: str, tmp_path: Path) -> None:
    store = open_object_store("s3://videos/copy", cache=tmp_path / "cache", options=s3_options(s3_url))
    store.put_bytes("v/source.mp4", b"a face")
    with store.local_file("v/source.mp4") as path:
        assert path.read_bytes() == b"a face"
    store.delete("v")
    assert list((tmp_path / "cache").iterdir()) == []


def test_store_that_is_away_is_unavailable(tmp_path: Path) -> None:
    options = s3_options(f"http://127.0.0.1:{free_port()}")
    store = open_object_store("s3://videos", cache=tmp_path, options=options)
    with pytest.raises(ServiceUnavailableError, match=r"s3://videos failed at a/b"):
        store.get_bytes("a/b")


def test_wrong_bucket_is_unavailable_rather_than_empty(s3_url: str, tmp_path: Path) -> None:
    store = open_object_store("s3://no-such-bucket", cache=tmp_path, options=s3_options(s3_url))
    for call in (
        lambda: store.put_bytes("a", b"x"),
        lambda: store.get_bytes("a"),
        lambda: store.delete("a"),
    ):
        with pytest.raises(ServiceUnavailableError, match="no such bucket"):
            call()


def test_wrong_container_is_unavailable_rather_than_empty(azure_url: str, tmp_path: Path) -> None:
    options = {"account_name": AZURE_ACCOUNT, "account_key": AZURE_KEY, "endpoint": azure_url}
    store = open_object_store("azure://no-such-container", cache=tmp_path, options=options)
    for call in (
        lambda: store.put_bytes("a", b"x"),
        lambda: store.get_bytes("a"),
        lambda: store.delete("a"),
    ):
        with pytest.raises(ServiceUnavailableError, match="no such bucket"):
            call()


SEND_AND_MEASURE = """
import resource, sys
from pathlib import Path
from efface.storage import open_object_store

store = open_object_store("s3://videos/big", cache=Path(sys.argv[1]) / "cache", options=eval(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store.put_file("big.mp4", Path(sys.argv[1]) / "big.mp4")
with store.local_file("big.mp4") as path:
    assert path.stat().st_size == int(sys.argv[3])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_memory_stays_below_100_megabytes_for_a_large_file(s3_url: str, tmp_path: Path) -> None:
    size = 600 * 2**20
    with (tmp_path / "big.mp4").open("wb") as big:
        big.truncate(size)
    command = [sys.executable, "-c", SEND_AND_MEASURE, str(tmp_path), repr(s3_options(s3_url)), str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) < 100


SEND = """
import sys
from pathlib import Path
from efface.storage import open_object_store

store = open_object_store("s3://videos/killed", cache=Path(sys.argv[1]) / "cache", options=eval(sys.argv[2]))
store.put_file("big.mp4", Path(sys.argv[1]) / "big.mp4")
"""


@pytest.mark.slow
def test_sender_that_is_killed_leaves_no_object(s3_url: str, tmp_path: Path) -> None:
    with (tmp_path / "big.mp4").open("wb") as big:
        big.truncate(400 * 2**20)
    sender = subprocess.Popen([sys.executable, "-c", SEND, str(tmp_path), repr(s3_options(s3_url))])
    limit = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(f"{s3_url}/videos?uploads", timeout=10) as answer:
            if b"<Upload>" in answer.read():
                break
        assert sender.poll() is None, "it was done before the test had seen it: make the file larger"
        assert time.monotonic() < limit
    sender.kill()
    assert sender.wait() == -9
    store = open_object_store("s3://videos/killed", cache=tmp_path / "cache", options=s3_options(s3_url))
    assert not store.has("big.mp4")
