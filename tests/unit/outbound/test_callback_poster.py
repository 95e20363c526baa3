import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler

import pytest

from efface.domain.errors import RequestError
from efface.outbound import AddressRules, CallbackPoster
from tests.unit.outbound.web_server import give, web_server

POSTER = CallbackPoster(AddressRules(["127.0.0.0/8"]))


def test_call_is_an_empty_post_with_its_query() -> None:
    with web_server(give(b"thanks")) as server:
        assert POSTER.post(f"{server.url}/done?project=7&id=0123456789&state=Processed#top") is True
    (asked,) = server.asked
    assert (asked.command, asked.path) == ("POST", "/done?project=7&id=0123456789&state=Processed")
    assert asked.headers["Content-Length"] == "0"


@pytest.mark.parametrize(
    ("status", "is_good"), [(200, True), (202, True), (204, True), (304, False), (404, False), (500, False)]
)
def test_only_a_good_status_is_an_answer(status: int, is_good: bool) -> None:
    with web_server(give(b"", status)) as server:
        assert POSTER.post(server.url) is is_good


def test_server_that_is_away_is_no_answer() -> None:
    with web_server(give(b"")) as server:
        url = server.url
    assert POSTER.post(url) is False


def test_redirect_is_followed_on_the_same_host_as_the_same_call() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        give(b"", 301, Location="/b?x=1")(request) if request.path == "/a" else give(b"")(request)

    with web_server(answer) as server:
        assert POSTER.post(f"{server.url}/a") is True
    assert [(request.command, request.path) for request in server.asked] == [
        ("POST", "/a"),
        ("POST", "/b?x=1"),
    ]


def test_redirect_to_another_host_is_refused() -> None:
    with (
        web_server(give(b"")) as other,
        web_server(give(b"", 307, Location=f"http://localhost:{other.port}/")) as server,
        pytest.raises(RequestError, match="localhost"),
    ):
        CallbackPoster(AddressRules(["any"])).post(server.url)
    assert other.asked == []


def test_endless_redirects_are_no_answer() -> None:
    with web_server(give(b"", 308, Location="/again")) as server:
        assert POSTER.post(server.url) is False
    assert len(server.asked) == 4


def test_endless_body_is_not_read() -> None:
    with web_server(give(b"x", Content_Length="999999999")) as server:
        assert POSTER.post(server.url) is True


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "nonsense", "http://[::1"])
def test_url_that_is_none_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(RequestError):
        POSTER.post(url)


def test_private_address_is_refused_by_default() -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        return ["169.254.169.254"]

    with pytest.raises(RequestError, match="EFFACE_OUTBOUND_ALLOW"):
        CallbackPoster(AddressRules(resolver=resolve)).post("http://metadata.example/")


def test_server_that_drips_is_cut_off_in_time() -> None:
    """Each byte would start the time-out of a read anew."""
    is_done = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not is_done.wait(0.02):
            try:
                request.wfile.write(b"x")
            except OSError:
                return

    with web_server(answer) as server:
        poster = CallbackPoster(AddressRules(["127.0.0.0/8"]), limit_s=0.4)
        assert poster.post(server.url) is False
        is_done.set()
