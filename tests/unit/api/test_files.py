import socket
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from efface.api.urls import Links
from tests.fakes.api_in_process import ApiInProcess

CONTENT = bytes(range(256)) * 4000
SIZE = len(CONTENT)


def put(
    api: ApiInProcess, content: bytes = CONTENT, key: str = "videos/a/source.mp4", name: str = "My clip"
) -> str:
    """Store a file; gives the path of a link to it."""
    api.objects.put_bytes(key, content)
    name = name.replace("\r", "_").replace("\n", "_")
    signed = {"key": key, "name": name, "inline": False}
    token = Links(api.context.keyring, api.clock).sign("file", signed, timedelta(hours=1), name)
    return f"/files/{token}/{quote(name, safe='')}"


@pytest.mark.parametrize(
    ("wanted", "span"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, SIZE)),
        ("bytes=100-199", (100, 200)),
        (f"bytes={SIZE - 1}-", (SIZE - 1, SIZE)),
        (f"bytes=10-{SIZE * 2}", (10, SIZE)),
        ("bytes=-5", (SIZE - 5, SIZE)),
        (f"bytes=-{SIZE * 2}", (0, SIZE)),
        ("Bytes = 5-6", (5, 7)),
    ],
)
def test_range_of_a_file_is_served(api: ApiInProcess, wanted: str, span: tuple[int, int]) -> None:
    path = put(api)
    for method in ("GET", "HEAD"):
        answer = api.ask(method, path, headers={"Range": wanted})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {span[0]}-{span[1] - 1}/{SIZE}"
        assert answer.headers["content-length"] == str(span[1] - span[0])
        assert answer.content == (CONTENT[span[0] : span[1]] if method == "GET" else b"")


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=-0", "bytes=999999999999999999-"])
def test_range_outside_of_a_file_is_refused_with_its_size(api: ApiInProcess, wanted: str) -> None:
    answer = api.get(put(api), headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{SIZE}"
    assert answer.json()["ErrorType"] == "INVALID_INPUT"


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-6", "bytes=9-3", "lines=1-2", "bytes=a-b", "bytes=-", "", "bytes"]
)
def test_range_that_is_none_or_several_gives_the_whole(api: ApiInProcess, wanted: str) -> None:
    answer = api.get(put(api), headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert "content-range" not in answer.headers


def test_whole_file_has_the_headers_that_players_and_browsers_need(api: ApiInProcess) -> None:
    answer = api.get(put(api))
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert (
        answer.headers["content-disposition"]
        == "attachment; filename=\"My clip.mp4\"; filename*=UTF-8''My%20clip.mp4"
    )
    assert answer.headers["x-ms-request-id"]


def test_head_tells_the_size_and_reads_nothing(api: ApiInProcess) -> None:
    answer = api.ask("HEAD", put(api))
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(SIZE), b"")
    assert api.objects.num_chunks_read == 0


def test_condition_is_met_by_the_etag(api: ApiInProcess) -> None:
    path = put(api)
    etag = api.get(path).headers["etag"]
    for condition in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = api.get(path, headers={"If-None-Match": condition})
        assert (answer.status_code, answer.content) == (304, b"")
    assert api.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert api.get(path, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert api.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("key", "name", "content", "media_type", "saved_as"),
    [
        ("source/1.mp4", "talk", b"", "video/mp4", "talk.mp4"),
        ("source/1.mp4", "talk.MP4", b"", "video/mp4", "talk.MP4"),
        ("source/1", "talk.mov", b"", "video/quicktime", "talk.mov"),
        ("source/1", "talk", b"\0\0\0\x20ftypisom", "video/mp4", "talk.mp4"),
        ("source/1", "talk", b"\0\0\0\x20ftypqt  ", "video/quicktime", "talk.mov"),
        ("source/1", "talk", b"\x1a\x45\xdf\xa3....", "video/x-matroska", "talk.mkv"),
        ("index/1/faces.json", "faces.json", b"{}", "application/json", "faces.json"),
        ("index/1/pictures.zip", "pictures", b"PK", "application/zip", "pictures.zip"),
        ("source/1.html", "page.html", b"<script>", "application/octet-stream", "page.html"),
        ("source/1.svg", "x.svg", b"<svg onload=1>", "application/octet-stream", "x.svg"),
        ("source/1.x", 'a"b/c\\d\r\nX: y', b"", "application/octet-stream", "a_b_c_d__X: y"),
        ("source/1", "loop.gif", b"GIF89a", "image/gif", "loop.gif"),
        ("source/1", "loop", b"GIF89a", "image/gif", "loop.gif"),
        ("source/1", "talk", b"G" + b"\xff" * 187, "video/mp2t", "talk.ts"),
        ("source/1", "影 é", b"", "application/octet-stream", "_ _"),
    ],
)
def test_file_has_a_type_that_runs_nothing_and_a_name_that_breaks_nothing(
    api: ApiInProcess, key: str, name: str, content: bytes, media_type: str, saved_as: str
) -> None:
    answer = api.get(put(api, content, key, name))
    assert answer.headers["content-type"] == media_type
    assert f'filename="{saved_as}"' in answer.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]


def test_empty_file_is_served_empty(api: ApiInProcess) -> None:
    answer = api.get(put(api, b""))
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


def test_file_that_is_gone_is_404_and_a_store_that_is_down_504(api: ApiInProcess) -> None:
    path = put(api)
    api.objects.is_down = True
    assert api.get(path).status_code == 504
    api.objects.is_down = False
    api.objects.delete("videos/a")
    answer = api.get(path)
    assert (answer.status_code, answer.json()["ErrorType"]) == (404, "NOT_FOUND")
    assert answer.headers["access-control-allow-origin"] == "*"


def test_browser_pages_of_any_host_may_read_files_and_nothing_else(api: ApiInProcess) -> None:
    answer = api.ask(
        "OPTIONS", put(api), headers={"Origin": "https://x.test", "Access-Control-Request-Method": "GET"}
    )
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert "Range" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in api.get("/healthz").headers
    assert api.ask("OPTIONS", "/healthz").status_code == 405


def test_file_comes_whole_over_a_real_connection(
    api: ApiInProcess, serve_live: Callable[[FastAPI], str]
) -> None:
    url = serve_live(api.app) + put(api, CONTENT * 4)
    with httpx.Client() as client:
        assert client.get(url).content == CONTENT * 4
        part = client.get(url, headers={"Range": "bytes=1000-2999999"})
        assert (part.status_code, part.content) == (206, (CONTENT * 4)[1000:3000000])
        head = client.head(url)
        assert (head.headers["content-length"], head.content) == (str(4 * SIZE), b"")


def test_file_is_not_read_ahead_of_a_client_that_does_not_take_it(
    api: ApiInProcess, serve_live: Callable[[FastAPI], str]
) -> None:
    big = bytes(60_000_000)
    url = urlsplit(serve_live(api.app) + put(api, big))
    with socket.create_connection((url.hostname or "", url.port or 0)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(f"GET {url.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        first = connection.recv(1000)
        assert first.startswith(b"HTTP/1.1 200")
        received = len(first)
        while received < 5_000_000:
            received += len(connection.recv(65536))
        assert api.objects.num_chunks_read < 30
