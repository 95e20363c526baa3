import asyncio
import hashlib
import socket
import stat
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import pytest
from fastapi import APIRouter, FastAPI, Request

from efface.api.multipart import receive_upload
from efface.api.upload_file import FileSink, ReceivedUpload, remove_stale_uploads
from efface.ports import DiskRoom
from tests.fakes.api_in_process import ApiInProcess

VIDEO = bytes(range(256)) * 12000
"""Three megabytes: more than one write."""
MAX_BYTES = 8_000_000


class Receiver:
    """Receives uploads with a route of its own, and keeps what came."""

    def __init__(self, api: ApiInProcess) -> None:
        self.api = api
        self.folder = api.folder / "uploads"
        self.received: list[ReceivedUpload] = []
        self.router = APIRouter()
        self.router.add_api_route("/up", self._take, methods=["POST"])
        api.serve(self.router, max_field_bytes=1000)

    async def _take(self, request: Request) -> None:
        self.received.append(await receive_upload(request, self.folder, MAX_BYTES, self.api.services.room))

    def send(self, **request: Any) -> ReceivedUpload:
        answer = self.api.ask("POST", "/up", **request)
        assert answer.status_code == 200, answer.text
        return self.received[-1]

    def refused(self, **request: Any) -> str:
        """The word for an upload that must be refused; nothing of it may stay."""
        answer = self.api.ask("POST", "/up", **request)
        assert answer.status_code == 400, answer.text
        assert self.left() == []
        return str(answer.json()["ErrorType"])

    def left(self) -> list[Path]:
        return list(self.folder.iterdir()) if self.folder.is_dir() else []


@pytest.fixture
def receiver(api: ApiInProcess) -> Receiver:
    return Receiver(api)


def raw_multipart(*parts: bytes, end: bytes = b"--b--\r\n") -> dict[str, Any]:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end
    return {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


@pytest.mark.parametrize("part", ["file", "fileName", "video", "anything"])
def test_upload_is_received_under_any_part_name(receiver: Receiver, part: str) -> None:
    upload = receiver.send(files={part: ("C:\\clips\\talk.mp4", VIDEO, "video/mp4")}, data={"redact": "{}"})
    assert upload.path is not None
    assert upload.path.read_bytes() == VIDEO
    assert upload.file_name == "talk.mp4"
    assert upload.size_bytes == len(VIDEO)
    assert upload.sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert upload.md5 == hashlib.md5(VIDEO).hexdigest()
    assert upload.fields == {"redact": "{}"}


def test_upload_lies_hidden_and_closed_to_others_until_it_is_discarded(receiver: Receiver) -> None:
    upload = receiver.send(files={"file": ("a.mp4", VIDEO)})
    assert upload.path is not None
    assert upload.path.name.startswith(".")
    assert stat.S_IMODE(upload.path.stat().st_mode) == 0o600
    assert receiver.left() == [upload.path]
    upload.discard()
    upload.discard()
    assert receiver.left() == []


def test_upload_takes_the_first_of_several_files(receiver: Receiver) -> None:
    upload = receiver.send(files=[("a", ("1.mp4", b"first")), ("b", ("2.mp4", b"second"))], data={"x": "y"})
    assert upload.path is not None
    assert (upload.path.read_bytes(), upload.file_name, upload.fields) == (b"first", "1.mp4", {"x": "y"})


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'form-data; name="f"; filename="r\xc3\xa9sum\xc3\xa9.mp4"', "résumé.mp4"),
        (b"form-data; name=f; filename*=UTF-8''r%C3%A9sum%C3%A9.mp4", "résumé.mp4"),
        (b"form-data; name=f; filename=\"=?utf-8?B?w6k=?=\"; filename*=utf-8''%E5%BD%B1.mp4", "影.mp4"),
        ('form-data; name="f"; filename="影.mp4"'.encode(), "影.mp4"),
        (b'form-data; name="f"; filename="/etc/../passwd"', "passwd"),
        (b'form-data; name="f"; filename=""', ""),
        (b'form-data; filename="x.mp4"', "x.mp4"),
    ],
)
def test_upload_file_name_is_read_without_folders(receiver: Receiver, disposition: bytes, name: str) -> None:
    upload = receiver.send(**raw_multipart(b"Content-Disposition: " + disposition + b"\r\n\r\nabc"))
    assert upload.path is not None
    assert (upload.path.read_bytes(), upload.file_name) == (b"abc", name)


def test_upload_part_without_a_file_name_is_a_file_when_its_type_is_video(receiver: Receiver) -> None:
    part = b"content-disposition: form-data; name=f\r\ncontent-type: video/mp4\r\n\r\n" + VIDEO
    upload = receiver.send(**raw_multipart(part))
    assert upload.path is not None
    assert upload.path.read_bytes() == VIDEO


@pytest.mark.parametrize("content_type", ["application/octet-stream", "video/mp4", "Video/MP4; x=y"])
def test_upload_may_be_the_whole_body(receiver: Receiver, content_type: str) -> None:
    headers = {"Content-Type": content_type, "Content-Disposition": 'attachment; filename="a.mp4"'}
    upload = receiver.send(content=VIDEO, headers=headers)
    assert upload.path is not None
    assert (upload.path.read_bytes(), upload.file_name) == (VIDEO, "a.mp4")


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"json": {}},
        {"json": {"permissionType": "Contributor", "videoId": None}},
        {"content": b"{junk", "headers": {"Content-Type": "application/json"}},
        {"content": b"", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        {"content": b"null"},
        {"content": b"a=b", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"files": {"file": ("a.mp4", b"")}},
        {"content": b"", "headers": {"Content-Type": "video/mp4"}},
    ],
)
def test_upload_body_without_a_file_is_tolerated(receiver: Receiver, request_: dict[str, Any]) -> None:
    upload = receiver.send(**request_)
    assert (upload.path, upload.size_bytes) == (None, 0)
    assert receiver.left() == []


@pytest.mark.parametrize("size", [MAX_BYTES + 1, MAX_BYTES + 2_000_000])
@pytest.mark.parametrize("is_announced", [True, False])
@pytest.mark.parametrize("is_multipart", [True, False])
def test_upload_that_is_too_large_is_refused(
    receiver: Receiver, size: int, is_announced: bool, is_multipart: bool
) -> None:
    body = bytes(size)
    headers = {"Content-Type": "video/mp4"}
    if is_multipart:
        body = b"--b\r\nContent-Disposition: form-data; filename=x\r\n\r\n" + body + b"\r\n--b--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=b"}

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 65536):
            yield body[at : at + 65536]

    content = body if is_announced else pieces()
    assert receiver.refused(content=content, headers=headers) == "INPUT_FILE_SIZE_LIMIT_EXCEEDED"


def test_upload_of_exactly_the_limit_is_taken(receiver: Receiver) -> None:
    assert receiver.send(files={"file": ("a.mp4", bytes(MAX_BYTES))}).size_bytes == MAX_BYTES


PART = b'Content-Disposition: form-data; name="f"; filename="a.mp4"\r\n\r\n' + VIDEO


@pytest.mark.parametrize(
    "request_",
    [
        raw_multipart(PART, end=b""),
        raw_multipart(PART, end=b"--b"),
        raw_multipart(PART, end=b"--c--\r\n"),
        raw_multipart(b"no header\r\n\r\nabc"),
        {"content": b"abc", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"abc", "headers": {"Content-Type": "multipart/form-data; boundary=" + "x" * 300}},
        {"data": {"text": "x" * 1001}, "files": {"file": ("a.mp4", VIDEO)}},
        {"content": bytes(2_000_000), "headers": {"Content-Type": "text/plain"}},
        raw_multipart(
            *[b"Content-Disposition: form-data; name=f%d\r\n\r\nx" % number for number in range(101)]
        ),
    ],
)
def test_upload_that_is_malformed_or_cut_off_is_refused_and_leaves_nothing(
    receiver: Receiver, request_: dict[str, Any]
) -> None:
    assert receiver.refused(**request_) == "INVALID_INPUT"


def test_upload_that_stands_still_is_refused(receiver: Receiver) -> None:
    receiver.api.serve(receiver.router, upload_idle_s=0.02)

    async def stalling() -> AsyncIterator[bytes]:
        yield b"x" * 100
        await asyncio.sleep(60)

    refused = receiver.refused(content=stalling(), headers={"Content-Type": "video/mp4"})
    assert refused == "CLIENT_CONNECTION_FAILURE"


def test_upload_is_removed_when_the_client_goes_away(
    receiver: Receiver, serve_live: Callable[[FastAPI], str]
) -> None:
    url = urlsplit(serve_live(receiver.api.app))
    with socket.create_connection((url.hostname or "", url.port or 0)) as connection:
        connection.sendall(
            b"POST /up HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nContent-Length: 7000000\r\n\r\n"
        )
        connection.sendall(VIDEO)
        _wait_for(lambda: receiver.left() != [])
    _wait_for(lambda: receiver.left() == [])
    assert receiver.received == []


def test_upload_that_is_cancelled_while_its_first_bytes_are_written_leaves_nothing(tmp_path: Path) -> None:
    is_released = threading.Event()

    class SlowSink(FileSink):
        def _open(self) -> BinaryIO:
            is_released.wait(10)
            return super()._open()

    async def receive() -> None:
        sink = SlowSink(tmp_path, MAX_BYTES, DiskRoom())
        try:
            sink.add(VIDEO)
            await sink.flush_if_full()
            await sink.finish({})
        except asyncio.CancelledError:
            is_released.set()
            await sink.abandon()
            raise

    async def cancelled() -> None:
        task = asyncio.create_task(receive())
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert list(tmp_path.iterdir()) == []


def test_upload_folder_that_cannot_be_written_is_the_services_fault(receiver: Receiver) -> None:
    receiver.folder.write_text("a file where the folder should be")
    answer = receiver.api.ask("POST", "/up", files={"file": ("a.mp4", VIDEO)})
    assert (answer.status_code, answer.json()["ErrorType"]) == (500, "GENERAL")


def test_what_a_killed_process_left_is_removed_once_it_is_old(tmp_path: Path) -> None:
    left, other = tmp_path / ".upload-00", tmp_path / "keep.mp4"
    for path in (left, other):
        path.write_bytes(VIDEO)
    now_s = left.stat().st_mtime
    assert remove_stale_uploads(tmp_path, 3600, now_s + 3600) == 0
    assert remove_stale_uploads(tmp_path, 3600, now_s + 3601) == 1
    assert list(tmp_path.iterdir()) == [other]


def _wait_for(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.005)
