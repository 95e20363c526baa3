"""Uploads that resume: the protocol tus, over restarts, and what it refuses."""

import asyncio
import base64
import hashlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from efface.api.access import Permission
from efface.domain.service import Privacy
from efface.usecases.services import Limits
from tests.fakes.api_in_process import ApiInProcess

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
VIDEO = bytes(range(256)) * 12000
"""Three megabytes: more than one write."""


def metadata(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def ask(api: ApiInProcess, method: str, path: str, headers: dict[str, str], **request: Any) -> httpx.Response:
    return api.ask(method, f"{api.path}/Uploads{path}", headers={**api.authorized(), **headers}, **request)


def created(api: ApiInProcess, length: int = len(VIDEO), path: str = "", **values: str) -> str:
    """Create an upload; gives the end of its path."""
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata(**values)}
    answer = ask(api, "POST", path, headers)
    assert answer.status_code == 201, answer.text
    location = urlsplit(answer.headers["Location"]).path
    assert location.startswith(f"{api.path}/Uploads/")
    return location.removeprefix(f"{api.path}/Uploads")


def send(api: ApiInProcess, path: str, offset: int, content: Any) -> httpx.Response:
    return ask(api, "PATCH", path, {**BYTES, "Upload-Offset": str(offset)}, content=content)


def offset(api: ApiInProcess, path: str) -> int:
    answer = ask(api, "HEAD", path, TUS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def left(api: ApiInProcess) -> list[str]:
    """Suffixes of the files that are kept of uploads."""
    return sorted(path.suffix for path in (api.folder / "uploads" / "resumable").iterdir())


def test_parts_become_the_video_that_one_request_would_have_made(api: ApiInProcess) -> None:
    path = created(api, name="Clip", filename="holiday.mp4", PRIVACY="public", streamingpreset="NoStreaming")
    first = send(api, path, 0, VIDEO[:1_000_000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "1000000")
    assert "X-Video-Id" not in first.headers
    assert offset(api, path) == 1_000_000
    last = send(api, path, 1_000_000, VIDEO[1_000_000:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(VIDEO)))
    video = api.video(last.headers["X-Video-Id"])
    assert video.source
    assert api.objects.get_bytes(video.source.key) == VIDEO
    assert video.source.sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert video.source.md5 == hashlib.md5(VIDEO, usedforsecurity=False).hexdigest()
    assert (video.details.name, video.details.file_name) == ("Clip", "holiday.mp4")
    assert (video.details.privacy, video.options.makes_stream) == (Privacy.PUBLIC, False)
    assert ask(api, "HEAD", path, TUS).headers["X-Video-Id"] == video.video_id
    assert left(api) == [".json"]
    (job,) = api.catalogue.jobs_of_video(video.account_id, video.video_id)
    assert api.queue.submitted == [job.job_id]


def test_parameters_of_the_query_go_before_those_of_the_metadata(api: ApiInProcess) -> None:
    path = created(api, 1, "?NAME=asked&excludedAI=Labels&excludedAI=Faces", name="said", description="d")
    video = api.video(send(api, path, 0, b"v").headers["X-Video-Id"])
    assert (video.details.name, video.details.description) == ("asked", "d")
    assert not video.options.finds_faces


def test_token_in_the_query_is_not_kept(api: ApiInProcess) -> None:
    token = api.token()
    answer = api.ask("POST", f"{api.path}/Uploads?accessToken={token}", headers={**TUS, "Upload-Length": "1"})
    assert answer.status_code == 201
    assert all(token not in path.read_text() for path in (api.folder / "uploads").rglob("*.json"))


def test_redaction_may_follow_by_itself(api: ApiInProcess) -> None:
    path = created(api, 1, redact=json.dumps({"faces": {}}), redactName="safe")
    video = api.video(send(api, path, 0, b"v").headers["X-Video-Id"])
    jobs = api.catalogue.jobs_of_video(video.account_id, video.video_id)
    outputs = [api.video(job.output_id).details.name for job in jobs if job.output_id]
    assert outputs == ["safe"]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"privacy": "secret"}, "privacy"),
        ({"name": "n" * 81}, "name"),
        ({"priority": "soon"}, "priority"),
        ({"callbackUrl": "nowhere"}, "callbackUrl"),
        ({"videoUrl": "https://media.test/a.mp4"}, "videoUrl"),
        ({"redact": "{"}, "JSON"),
        ({"redact": json.dumps({"faces": {"filter": {"ids": [1], "scope": "Include"}}})}, "face ids"),
        ({"redact": json.dumps({"faces": {}}), "indexingPreset": "AudioOnly"}, "preset"),
    ],
)
def test_wrong_parameter_is_refused_before_the_first_byte(
    api: ApiInProcess, values: dict[str, str], word: str
) -> None:
    headers = {**TUS, "Upload-Length": "9", "Upload-Metadata": metadata(**values)}
    answer = ask(api, "POST", "", headers)
    assert answer.status_code == 400
    assert word.lower() in answer.json()["Message"].lower()
    assert not (api.folder / "uploads" / "resumable").exists()


@pytest.mark.parametrize(
    ("headers", "status", "word"),
    [
        ({"Upload-Length": "9"}, 412, "Tus-Resumable"),
        ({"Upload-Length": "9", "Tus-Resumable": "0.2.2"}, 412, "Tus-Resumable"),
        (TUS, 400, "Upload-Length"),
        ({**TUS, "Upload-Length": "-1"}, 400, "Upload-Length"),
        ({**TUS, "Upload-Length": "9" * 30}, 400, "Upload-Length"),
        ({**TUS, "Upload-Defer-Length": "1"}, 400, "Upload-Length"),
        ({**TUS, "Upload-Length": "0"}, 400, "empty"),
        ({**TUS, "Upload-Length": "1001"}, 413, "1001 bytes"),
        ({**TUS, "Upload-Length": "9", "Upload-Metadata": "name ???"}, 400, "base64"),
        ({**TUS, "Upload-Length": "9", "Upload-Metadata": "name /w=="}, 400, "base64"),
    ],
)
def test_malformed_creation_is_refused(
    api: ApiInProcess, headers: dict[str, str], status: int, word: str
) -> None:
    api.serve(max_upload_bytes=1000)
    answer = ask(api, "POST", "", headers)
    assert answer.status_code == status
    assert word in answer.json()["Message"]


def test_abilities_are_told_to_everybody(api: ApiInProcess) -> None:
    answer = api.ask("OPTIONS", f"{api.path}/Uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,expiration,termination"
    assert answer.headers["Tus-Max-Size"] == "2000000000"


def test_restart_in_the_middle_loses_nothing(api: ApiInProcess) -> None:
    path = created(api, name="kept")
    send(api, path, 0, VIDEO[:2_000_001])
    api.serve()
    assert offset(api, path) == 2_000_001
    answer = send(api, path, 2_000_001, VIDEO[2_000_001:])
    video = api.video(answer.headers["X-Video-Id"])
    assert video.source
    assert (video.details.name, api.objects.get_bytes(video.source.key)) == ("kept", VIDEO)


def test_wrong_offset_is_refused_and_nothing_of_it_kept(api: ApiInProcess) -> None:
    path = created(api, 10)
    send(api, path, 0, b"12345")
    for wrong in (0, 4, 6, 10):
        answer = send(api, path, wrong, b"x")
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "5")
    assert offset(api, path) == 5


def test_other_content_type_and_missing_offset_are_refused(api: ApiInProcess) -> None:
    path = created(api, 10)
    answer = ask(api, "PATCH", path, {**TUS, "Upload-Offset": "0", "Content-Type": "video/mp4"}, content=b"x")
    assert answer.status_code == 415
    assert ask(api, "PATCH", path, BYTES, content=b"x").status_code == 400
    assert offset(api, path) == 0


def test_more_than_was_announced_is_refused(api: ApiInProcess) -> None:
    path = created(api, 10)
    assert send(api, path, 0, b"0123456789a").status_code == 400
    assert offset(api, path) == 0
    assert send(api, path, 0, b"0123456789").status_code == 204


def test_repeated_last_part_names_the_video_again(api: ApiInProcess) -> None:
    path = created(api, 2)
    video_id = send(api, path, 0, b"ab").headers["X-Video-Id"]
    again = send(api, path, 2, b"")
    assert (again.status_code, again.headers["X-Video-Id"]) == (204, video_id)
    assert send(api, path, 0, b"ab").status_code == 409
    assert api.catalogue.num_videos(api.account.account_id) == 1


def test_what_came_before_the_connection_broke_is_kept(
    api: ApiInProcess, serve_live: Callable[[FastAPI], str]
) -> None:
    path = created(api)
    url = urlsplit(serve_live(api.app))
    head = (
        f"PATCH {api.path}/Uploads{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token()}\r\n"
        "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
        f"Content-Length: {len(VIDEO)}\r\n\r\n"
    )
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall(head.encode() + VIDEO[:1_500_000])
        time.sleep(0.3)
    # The request after it waits until the one before has noticed that its client is gone.
    answer = send(api, path, 1_500_000, VIDEO[1_500_000:])
    video = api.video(answer.headers["X-Video-Id"])
    assert video.source
    assert api.objects.get_bytes(video.source.key) == VIDEO


def test_two_requests_do_not_mix(api: ApiInProcess) -> None:
    path = created(api, 4)
    context = api.context
    context.uploads._patience_s = 0.1

    async def both() -> tuple[httpx.Response, httpx.Response]:
        second_done = asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b"ab"
            await second_done.wait()
            yield b"cd"

        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://video.test") as client:

            async def patch(content: Any) -> httpx.Response:
                headers = {**api.authorized(), **BYTES, "Upload-Offset": "0"}
                return await client.patch(f"{api.path}/Uploads{path}", headers=headers, content=content)

            first = asyncio.ensure_future(patch(slowly()))
            await asyncio.sleep(0.05)
            second = await patch(b"wxyz")
            second_done.set()
            return await first, second

    first, second = asyncio.run(both())
    assert (first.status_code, second.status_code) == (204, 423)
    video = api.video(first.headers["X-Video-Id"])
    assert video.source
    assert api.objects.get_bytes(video.source.key) == b"abcd"


def test_server_that_ends_lets_uploads_go(api: ApiInProcess) -> None:
    path = created(api, 4)

    async def chunks() -> AsyncIterator[bytes]:
        yield b"ab"
        api.context.stopping.set()
        yield b"c"
        await asyncio.sleep(60)

    answer = send(api, path, 0, chunks())
    assert answer.status_code == 504
    assert offset(api, path) == 3


def test_deleted_upload_is_gone_and_its_video_stays(api: ApiInProcess) -> None:
    path = created(api, 4)
    send(api, path, 0, b"ab")
    assert ask(api, "DELETE", path, TUS).status_code == 204
    assert left(api) == []
    for method in ("HEAD", "PATCH", "DELETE"):
        assert ask(api, method, path, {**BYTES, "Upload-Offset": "2"}).status_code == 404
    path = created(api, 1)
    video_id = send(api, path, 0, b"a").headers["X-Video-Id"]
    assert ask(api, "DELETE", path, TUS).status_code == 204
    assert api.video(video_id)


def test_upload_of_another_account_is_not_there(api: ApiInProcess) -> None:
    path = created(api, 4)
    mine, (api.account, _) = api.account, api.add_account("Other")
    unknown = "/" + "0" * 32
    for method in ("HEAD", "PATCH", "DELETE"):
        theirs, nothing = (
            ask(api, method, name, {**BYTES, "Upload-Offset": "0"}, content=b"abcd")
            for name in (path, unknown)
        )
        assert theirs.status_code == nothing.status_code == 404
        assert theirs.text.replace(path[1:], "") == nothing.text.replace(unknown[1:], "")
    api.account = mine
    assert offset(api, path) == 0


def test_reader_may_not_upload(api: ApiInProcess) -> None:
    path = created(api, 4)
    headers = {**BYTES, **api.authorized(permission=Permission.READER), "Upload-Offset": "0"}
    for method, name in (("POST", ""), ("HEAD", path), ("PATCH", path), ("DELETE", path)):
        assert api.ask(method, f"{api.path}/Uploads{name}", headers=headers).status_code == 401


def test_upload_expires_with_all_that_came_of_it(api: ApiInProcess) -> None:
    path = created(api, 4)
    send(api, path, 0, b"ab")
    assert ask(api, "HEAD", path, TUS).headers["Upload-Expires"] == "Mon, 02 Mar 2026 12:00:00 GMT"
    api.clock.time += timedelta(hours=24)
    assert ask(api, "HEAD", path, TUS).status_code == 404
    assert api.context.uploads.remove_expired() == 1
    assert left(api) == []


def test_part_without_a_note_is_removed_once_it_is_old(api: ApiInProcess, tmp_path: Path) -> None:
    created(api, 4)
    folder = tmp_path / "uploads" / "resumable"
    (folder / f"{'1' * 32}.part").write_bytes(b"ab")
    (folder / f"{'2' * 32}.json").write_text("{")
    api.context.uploads.remove_expired()
    assert len(left(api)) == 4
    api.clock.time += timedelta(days=400)
    api.context.uploads.remove_expired()
    assert left(api) == []


def test_account_has_a_limit_of_uploads_under_way(api: ApiInProcess) -> None:
    api.serve(max_unfinished_uploads=2)
    send(api, created(api, 1), 0, b"a")
    first, _ = created(api, 2), created(api, 2)
    answer = ask(api, "POST", "", {**TUS, "Upload-Length": "2"})
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "VIDEO_UPLOAD_LIMIT_EXCEEDED")
    mine, (api.account, _) = api.account, api.add_account("Other")
    created(api, 2)
    api.account = mine
    ask(api, "DELETE", first, TUS)
    created(api, 2)


def test_full_queue_asks_for_the_last_byte_again(api: ApiInProcess) -> None:
    services = api.services
    api.upload()
    api.services = replace(services, limits=Limits(max_open_jobs=1))
    api.serve()
    path = created(api, 4)
    assert send(api, path, 0, b"abcd").status_code == 429
    assert offset(api, path) == 3
    api.services = services
    api.serve()
    answer = send(api, path, 3, b"d")
    video = api.video(answer.headers["X-Video-Id"])
    assert video.source
    assert api.objects.get_bytes(video.source.key) == b"abcd"


def test_duplicate_is_told_and_not_kept(api: ApiInProcess) -> None:
    known = api.upload(content=b"abcd")
    path = created(api, 4, preventDuplicates="true")
    answer = send(api, path, 0, b"abcd")
    assert (answer.status_code, answer.json()["ErrorType"]) == (409, "ALREADY_EXISTS")
    assert known.video_id in answer.json()["Message"]
    assert left(api) == []


def test_server_that_died_before_it_noted_the_video_finds_it(api: ApiInProcess) -> None:
    path = created(api, 4)
    video_id = send(api, path, 0, b"abcd").headers["X-Video-Id"]
    (note,) = (api.folder / "uploads" / "resumable").glob("*.json")
    note.write_text(note.read_text().replace(f'"{video_id}"', "null"))
    api.serve()
    answer = ask(api, "HEAD", path, TUS)
    assert (answer.headers["Upload-Offset"], answer.headers["X-Video-Id"]) == ("4", video_id)


def test_nobody_else_may_read_what_has_come(api: ApiInProcess) -> None:
    created(api, 4)
    folder = api.folder / "uploads" / "resumable"
    assert folder.stat().st_mode & 0o077 == 0
    (part,) = folder.glob("*.part")
    assert part.stat().st_mode & 0o077 == 0
