"""What a running service does beyond the walk: fetch from a URL, call back, cancel, refuse, end in good order."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import live_service
from tests.live_service import Caller, LiveService, wait_until

pytestmark = [pytest.mark.weights, pytest.mark.slow]


class ClientServer(http.server.SimpleHTTPRequestHandler):
    """A client's own web server: serves files, and notes the calls that it gets."""

    calls: list[str]

    def do_POST(self) -> None:
        self.server.calls.append(self.path)  # type: ignore[attr-defined]
        # The first call is answered badly, so that it has to be made again.
        self.send_response(200 if len(self.server.calls) > 1 else 503)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def client_server(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Gives its address and the calls that it has got."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(ClientServer, directory=str(folder)))
    server.calls = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.calls  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    settings = {**live_service.UNLIMITED, "EFFACE_OUTBOUND_ALLOW": "127.0.0.1"}
    with live_service.running(tmp_path_factory.mktemp("errands") / "data", settings=settings) as running:
        yield running


@pytest.fixture
def caller(service: LiveService) -> Iterator[Caller]:
    with service.caller() as found:
        yield found


def test_video_is_fetched_from_a_url_and_the_client_is_called_back(
    caller: Caller, service: LiveService, sample_clip: Path
) -> None:
    with client_server(sample_clip.parent) as (address, calls):
        answer = caller.http.post(
            f"{service.account_path}/Videos",
            params={
                "name": "fetched",
                "videoUrl": f"{address}/{sample_clip.name}",
                "callbackUrl": f"{address}/notify?project=7",
            },
            json={},
        )
        assert answer.status_code == 200, answer.text
        video_id = answer.json()["id"]
        caller.wait_for_index(video_id)
        wait_until(lambda: calls if len(calls) >= 2 else None, 30, "call back, made again after a bad answer")
    told = [urlsplit(call) for call in calls]
    assert {place.path for place in told} == {"/notify"}
    assert parse_qs(told[-1].query) == {"project": ["7"], "id": [video_id], "state": ["Processed"]}
    assert calls[0] == calls[1]


def test_url_that_leads_nowhere_fails_the_video_with_a_reason(caller: Caller, service: LiveService) -> None:
    with client_server(service.data) as (address, _):
        answer = caller.http.post(
            f"{service.account_path}/Videos", params={"name": "gone", "videoUrl": f"{address}/none.mp4"}
        )
        video_id = answer.json()["id"]
        index = wait_until(
            lambda: index if (index := caller.index(video_id))["state"] == "Failed" else None, 60, "failure"
        )
    (video,) = index["videos"]
    assert video["failureCode"] == "VideoUrlUnreachable"
    assert str(service.data) not in json.dumps(index)


def test_own_network_is_closed_to_urls_unless_an_operator_opens_it(tmp_path: Path, sample_clip: Path) -> None:
    with (
        client_server(sample_clip.parent) as (address, _),
        live_service.running(tmp_path / "data") as closed,
        closed.caller() as caller,
    ):
        answer = caller.http.post(
            f"{closed.account_path}/Videos",
            params={"name": "inside", "videoUrl": f"{address}/{sample_clip.name}"},
        )
        if answer.status_code == 200:
            video_id = answer.json()["id"]
            index = wait_until(
                lambda: index if (index := caller.index(video_id))["state"] == "Failed" else None,
                60,
                "refusal",
            )
            message = index["videos"][0]["failureMessage"]
        else:
            message = answer.json()["Message"]
    assert "EFFACE_OUTBOUND_ALLOW" in message


def test_cancelled_job_stops_within_a_second(caller: Caller, service: LiveService, sample_clip: Path) -> None:
    before = processor_times(service)  # of a child that is warm from another job
    video_id = caller.upload(sample_clip, streamingPreset="NoStreaming")
    jobs = caller.http.get(f"{service.account_path}/Jobs").json()["results"]
    (job,) = [job for job in jobs if job["videoId"] == video_id]

    def busy_child() -> int | None:
        times = processor_times(service)
        return next((pid for pid, used in times.items() if used - before.get(pid, 0.0) > 0.1), None)

    child = wait_until(busy_child, 60, "a child at work", 0.02)
    answer = caller.http.delete(f"{service.account_path}/Jobs/{job['id']}")
    cancelled_s = time.monotonic()
    assert answer.status_code == 204
    wait_until(lambda: None if child in processor_times(service) else True, 1.0, "end of the child", 0.02)
    assert time.monotonic() - cancelled_s < 1
    told = caller.http.get(f"{service.account_path}/Jobs/{job['id']}")
    assert told.status_code == 200
    assert (told.json()["state"], told.json()["failureCode"]) == ("Failed", "Cancelled")
    assert caller.index(video_id)["state"] == "Failed"


def test_file_that_is_no_video_fails_with_a_sentence(
    caller: Caller, service: LiveService, tmp_path: Path
) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("These are notes and no video.\n" * 40)
    video_id = caller.upload(text)
    index = wait_until(
        lambda: index if (index := caller.index(video_id))["state"] == "Failed" else None, 60, "failure"
    )
    (video,) = index["videos"]
    assert video["failureCode"] == "UnsupportedFileType"
    assert video["failureMessage"].startswith("notes.mp4 ")
    answer = caller.http.post(f"{service.account_path}/Videos/{video_id}/redact", json={"faces": {}})
    assert answer.status_code == 400
    assert "upload" in answer.json()["Message"]


def test_streams_are_whole_and_need_no_token(caller: Caller, service: LiveService, sample_clip: Path) -> None:
    video_id = caller.upload(sample_clip)
    caller.wait_for_index(video_id)
    path = f"{service.account_path}/Videos/{video_id}/streaming-url"
    master_url = caller.http.get(path, params={"urlFormat": "hls_v4"}).json()["url"]
    with service.client() as anonymous:
        master = anonymous.get(master_url)
        assert master.headers["content-type"].startswith("application/vnd.apple.mpegurl")
        assert 'URI="audio.m3u8"' in master.text
        playlist = anonymous.get(master_url.replace("master.m3u8", "video.m3u8")).text
        (media_url,) = {line for line in playlist.splitlines() if line and not line.startswith("#")}
        assert anonymous.get(media_url, headers={"Range": "bytes=4-7"}).content == b"ftyp"
        manifest = anonymous.get(caller.http.get(path).json()["url"])
        assert manifest.headers["content-type"].startswith("application/dash+xml")
        assert manifest.text.count("<AdaptationSet") == 2


def processor_times(service: LiveService) -> dict[int, float]:
    """Seconds of processor time that each child of the worker has used."""
    assert service.process is not None
    used = {}
    for worker in _children(service.process.pid):
        for child in _children(worker):
            try:
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                used[child] = (int(fields[11]) + int(fields[12])) / 100
    return used


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in path.read_text().split()]
        except OSError:
            continue
    return found
