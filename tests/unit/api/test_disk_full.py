"""Uploads and the end of the disk: refused before they begin, told the same when it fills on the way."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from efface.ports import DiskRoom
from efface.storage.objects import FolderObjectStore
from tests.fakes.api_in_process import ApiInProcess

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
RESERVED = 1_000_000
VIDEO = bytes(range(256)) * 12000
"""Three megabytes: more than one write."""


class Disk:
    """A disk whose free bytes are set by hand."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.falls_by = 0
        self.asked: list[Path] = []

    def __call__(self, folder: Path) -> int:
        self.asked.append(folder)
        free, self.free = self.free, self.free - self.falls_by
        return free


@pytest.fixture
def with_disk(api: ApiInProcess) -> Callable[[int], Disk]:
    """Gives the service a disk with so many free bytes."""

    def given(free: int) -> Disk:
        disk = Disk(free)
        room = DiskRoom((api.folder / "uploads",), RESERVED, disk)
        api.services = replace(api.services, room=room)
        api.serve()
        return disk

    return given


def ask(api: ApiInProcess, method: str, path: str, headers: dict[str, str], **request: Any) -> httpx.Response:
    return api.ask(method, f"{api.path}/Uploads{path}", headers={**api.authorized(), **headers}, **request)


def create(api: ApiInProcess, length: int) -> httpx.Response:
    name = base64.b64encode(b"Clip").decode()
    return ask(api, "POST", "", {**TUS, "Upload-Length": str(length), "Upload-Metadata": f"name {name}"})


def created(api: ApiInProcess, length: int) -> str:
    answer = create(api, length)
    assert answer.status_code == 201, answer.text
    return urlsplit(answer.headers["Location"]).path.removeprefix(f"{api.path}/Uploads")


def send(api: ApiInProcess, path: str, offset: int, content: bytes) -> httpx.Response:
    blocks = (content[at : at + 500_000] for at in range(0, len(content), 500_000))
    return ask(api, "PATCH", path, {**BYTES, "Upload-Offset": str(offset)}, content=slowly(blocks))


def offset(api: ApiInProcess, path: str) -> int:
    return int(ask(api, "HEAD", path, TUS).headers["Upload-Offset"])


def post_file(api: ApiInProcess, content: bytes | Iterator[bytes]) -> httpx.Response:
    if isinstance(content, bytes):
        return api.call("POST", "/Videos", params={"name": "a"}, files={"file": ("a.mp4", content)})
    headers = {**api.authorized(), "Content-Type": "video/mp4"}
    return api.ask("POST", f"{api.path}/Videos?name=a", headers=headers, content=slowly(content))


async def slowly(blocks: Iterator[bytes]) -> Any:
    for block in blocks:
        yield block


def assert_refused(answer: httpx.Response, *words: str) -> None:
    assert answer.status_code == 507, answer.text
    assert answer.json()["ErrorType"] == "ACCOUNT_UPLOAD_QUOTA_EXCEEDED"
    for word in (*words, "make room"):
        assert word in answer.json()["Message"]
    assert answer.headers["Connection"] == "close"


def videos(api: ApiInProcess) -> list[Any]:
    answer = api.call("GET", "/Videos")
    assert answer.status_code == 200
    return list(answer.json()["results"])


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_resumable_upload_that_does_not_fit_is_refused_at_its_creation(
    api: ApiInProcess, with_disk: Callable[[int], Disk]
) -> None:
    with_disk(RESERVED + 5_000_000)
    assert_refused(create(api, 5_000_001), "the upload needs 5.0 MB", "room for 5.0 MB")
    assert files_in(api.folder / "uploads") == []
    created(api, 5_000_000)


def test_room_for_what_is_still_to_come_of_others_is_not_given_away(
    api: ApiInProcess, with_disk: Callable[[int], Disk]
) -> None:
    with_disk(RESERVED + 5_000_000)
    first = created(api, 3_000_000)
    assert_refused(create(api, 2_000_001))
    assert send(api, first, 0, bytes(2_000_000)).status_code == 204
    created(api, 4_000_000)


def test_disk_that_fills_up_stops_a_resumable_upload_and_lets_it_go_on_later(
    api: ApiInProcess, with_disk: Callable[[int], Disk]
) -> None:
    disk = with_disk(RESERVED + 10_000_000)
    path = created(api, len(VIDEO))
    disk.falls_by = 4_500_000
    assert_refused(send(api, path, 0, VIDEO), "the disk of the service is full")
    come = offset(api, path)
    assert 0 < come < len(VIDEO)
    assert videos(api) == []
    disk.falls_by, disk.free = 0, RESERVED + len(VIDEO) - come - 1
    assert_refused(send(api, path, come, VIDEO[come:]))
    assert offset(api, path) == come
    disk.free += 1
    answer = send(api, path, come, VIDEO[come:])
    assert answer.status_code == 204
    source = api.video(answer.headers["X-Video-Id"]).source
    assert source is not None
    assert api.objects.get_bytes(source.key) == VIDEO


def test_file_in_one_request_is_refused_before_it_is_read(
    api: ApiInProcess, with_disk: Callable[[int], Disk]
) -> None:
    with_disk(RESERVED + len(VIDEO) - 1)
    assert_refused(post_file(api, VIDEO), "the upload needs 3.1 MB")
    assert videos(api) == []


def test_file_of_unknown_length_is_stopped_when_the_disk_fills_up(
    api: ApiInProcess, with_disk: Callable[[int], Disk]
) -> None:
    disk = with_disk(RESERVED + 10_000_000)
    disk.falls_by = 4_500_000
    assert_refused(post_file(api, iter([VIDEO] * 3)), "the disk of the service is full")
    assert files_in(api.folder / "uploads") == []
    assert videos(api) == []


def test_real_disk_that_fills_up_under_uploads_is_told_alike(api: ApiInProcess, tiny_disk: Path) -> None:
    """Nobody looks here before writing, so that the system itself refuses."""
    api.folder = tiny_disk
    api.serve()
    (tiny_disk / "ballast").write_bytes(bytes(2_000_000))
    assert_refused(post_file(api, VIDEO), "is full")
    assert files_in(tiny_disk / "uploads") == []
    path = created(api, len(VIDEO))
    assert_refused(send(api, path, 0, VIDEO), "is full")
    assert videos(api) == []
    (tiny_disk / "ballast").unlink()
    come = offset(api, path)
    assert send(api, path, come, VIDEO[come:]).headers["X-Video-Id"]
    assert len(videos(api)) == 1


def test_real_disk_is_looked_at_before(api: ApiInProcess, tiny_disk: Path) -> None:
    api.services = replace(api.services, room=DiskRoom((tiny_disk,), RESERVED))
    api.serve()
    assert_refused(create(api, 4_000_000), "room for 3.2 MB")
    created(api, 3_000_000)


def test_store_without_room_counts_no_video_and_keeps_the_upload(api: ApiInProcess, tiny_disk: Path) -> None:
    api.services = replace(api.services, objects=FolderObjectStore(tiny_disk / "objects"))
    api.serve()
    (tiny_disk / "ballast").write_bytes(bytes(2_000_000))
    path = created(api, len(VIDEO))
    assert_refused(send(api, path, 0, VIDEO), "is full")
    assert videos(api) == []
    assert files_in(tiny_disk) == ["ballast"]
    (tiny_disk / "ballast").unlink()
    assert send(api, path, len(VIDEO) - 1, VIDEO[-1:]).headers["X-Video-Id"]
