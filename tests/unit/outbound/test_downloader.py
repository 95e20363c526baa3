import hashlib
import itertools
import zlib
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from efface.domain.errors import (
    Cancelled,
    DiskFullError,
    EffaceError,
    MediaNotFoundError,
    MediaTooLargeError,
    OutputError,
    RequestError,
    ServiceUnavailableError,
)
from efface.outbound import AddressRules, HttpDownloader
from efface.outbound.address_rules import Resolver
from efface.ports import DiskRoom, FetchedFile, Progress, SilentProgress
from tests.unit.outbound.web_server import Answer, give, web_server

DATA = bytes(range(256)) * 4000
LOOPBACK = AddressRules(["127.0.0.0/8"])


class Pauses(list[float]):
    """Notes the pauses and takes none."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "into").mkdir()
    target = tmp_path / "into" / "fetched"
    yield target
    # Whole or not at all, whatever the test has done.
    assert list(target.parent.iterdir()) in ([], [target])


def fetch(
    url: str,
    target: Path,
    *,
    rules: AddressRules = LOOPBACK,
    max_bytes: int = 10**9,
    progress: Progress | None = None,
    pauses: Pauses | None = None,
    room: DiskRoom | None = None,
) -> FetchedFile:
    pause = pauses if pauses is not None else Pauses()
    downloader = HttpDownloader(rules, pause=pause, read_limit_s=0.5, answer_limit_s=5, room=room)
    return downloader.fetch(url, target, max_bytes=max_bytes, progress=progress or SilentProgress())


def test_file_is_fetched_whole_with_its_hashes_and_name(target: Path) -> None:
    with web_server(give(DATA, Content_Disposition='attachment; filename="my clip.mp4"')) as server:
        fetched = fetch(f"{server.url}/x/other.mp4?sig=1", target)
    assert target.read_bytes() == DATA
    assert fetched == FetchedFile(
        len(DATA), hashlib.sha256(DATA).hexdigest(), hashlib.md5(DATA).hexdigest(), "my clip.mp4"
    )
    assert server.asked[0].path == "/x/other.mp4?sig=1"
    assert server.asked[0].headers["Host"] == f"127.0.0.1:{server.port}"


def test_name_comes_from_the_address_that_a_redirect_led_to(target: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        give(b"", 302, Location="/b/real%20name.mp4")(request) if request.path == "/a" else give(DATA)(
            request
        )

    with web_server(answer) as server:
        assert fetch(f"{server.url}/a", target).file_name == "real name.mp4"


def test_endless_redirects_are_refused_after_five(target: Path) -> None:
    with (
        web_server(give(b"", 302, Location="/again")) as server,
        pytest.raises(RequestError, match="5 times"),
    ):
        fetch(f"{server.url}/a", target)
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:9/x", "http://metadata/x", "file:///etc/passwd", "gopher://x/"]
)
def test_redirect_to_where_nobody_may_go_is_refused(target: Path, location: str) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        return {"start": ["127.0.0.1"], "metadata": ["169.254.169.254"], "127.0.0.1": ["127.0.0.1"]}[host]

    rules = AddressRules(["start"], resolver=resolve)
    with web_server(give(b"", 302, Location=location)) as server, pytest.raises(RequestError):
        fetch(f"http://start:{server.port}/a", target, rules=rules)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/a", "file:///etc/passwd", "http://", "clip.mp4", "", "http://[::1", "//x/y"]
)
def test_url_that_is_none_of_the_web_is_refused(target: Path, url: str) -> None:
    with pytest.raises(RequestError):
        fetch(url, target)


def test_private_address_is_refused_by_default_and_nothing_is_asked(target: Path) -> None:
    with web_server(give(DATA)) as server:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            with pytest.raises(RequestError, match="EFFACE_OUTBOUND_ALLOW"):
                fetch(f"http://{host}:{server.port}/a", target, rules=AddressRules())
    assert server.asked == []


def changing_resolver(*answers: str) -> tuple[Resolver, list[str]]:
    """A name server that says something else each time (DNS rebinding), and what it was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return [answers[min(len(asked), len(answers)) - 1]]

    return resolve, asked


def test_name_that_changes_after_the_check_leads_nowhere_else(target: Path) -> None:
    resolve, asked = changing_resolver("127.0.0.1", "127.0.0.2")
    rules = AddressRules(["127.0.0.1"], resolver=resolve)
    with web_server(give(DATA)) as server:
        fetch(f"http://rebinding.example:{server.port}/a", target, rules=rules)
    assert asked == ["rebinding.example"], "a second look-up may be answered otherwise"
    assert server.asked[0].headers["Host"] == f"rebinding.example:{server.port}"


def test_name_is_checked_anew_for_each_connection(target: Path) -> None:
    resolve, _ = changing_resolver("127.0.0.1", "10.0.0.1")
    rules = AddressRules(["127.0.0.1"], resolver=resolve)
    with (
        web_server(give(b"", 302, Location="/again")) as server,
        pytest.raises(RequestError, match="EFFACE_OUTBOUND_ALLOW"),
    ):
        fetch(f"http://rebinding.example:{server.port}/a", target, rules=rules)
    assert len(server.asked) == 1


def test_next_address_is_tried_where_the_first_refuses(target: Path) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.9", "127.0.0.1"]

    rules = AddressRules(["127.0.0.0/8"], resolver=resolve)
    with web_server(give(DATA)) as server:
        assert fetch(f"http://two.example:{server.port}/", target, rules=rules).size_bytes == len(DATA)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, MediaNotFoundError),
        (410, MediaNotFoundError),
        (401, MediaNotFoundError),
        (403, MediaNotFoundError),
        (400, MediaNotFoundError),
        (408, ServiceUnavailableError),
        (429, ServiceUnavailableError),
        (500, ServiceUnavailableError),
        (503, ServiceUnavailableError),
    ],
)
def test_status_says_whether_another_try_may_help(
    target: Path, status: int, expected: type[EffaceError]
) -> None:
    with web_server(give(b"no", status)) as server:
        with pytest.raises(expected, match=str(status)) as caught:
            fetch(f"http://user:secret@127.0.0.1:{server.port}/a?sig=secret", target)
        assert "secret" not in str(caught.value)


def broken_off(after: int, **headers: str) -> Answer:
    """Gives the first bytes of DATA, then closes; from where it is asked to go on it gives the rest."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers["Range"]
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if wanted:
            said = f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"
            give(DATA[start:], 206, Content_Range=said, **headers)(request)
        else:
            give(DATA[:after], 200, Content_Length=str(len(DATA)), **headers)(request)

    return answer


def test_broken_connection_goes_on_where_it_broke(target: Path) -> None:
    pauses = Pauses()
    with web_server(broken_off(300_000, ETag='"v1"', Accept_Ranges="bytes")) as server:
        fetched = fetch(f"{server.url}/clip.mp4", target, pauses=pauses)
    assert (target.read_bytes(), fetched.sha256) == (DATA, hashlib.sha256(DATA).hexdigest())
    assert len(server.asked) == 2
    assert server.asked[1].headers["If-Range"] == '"v1"'
    assert int(server.asked[1].headers["Range"].removeprefix("bytes=").removesuffix("-")) > 0
    assert pauses == [1.0]


@pytest.mark.parametrize("headers", [{}, {"ETag": '"v1"'}, {"ETag": 'W/"v1"', "Accept_Ranges": "bytes"}])
def test_connection_that_always_breaks_is_given_up_after_three_more(
    target: Path, headers: dict[str, str]
) -> None:
    pauses = Pauses()
    with (
        web_server(broken_off(1000, **headers)) as server,
        pytest.raises(ServiceUnavailableError, match="broke off"),
    ):
        fetch(f"{server.url}/clip.mp4", target, pauses=pauses)
    assert pauses == [1.0, 5.0, 15.0]
    assert [request.headers["Range"] for request in server.asked] == [None] * 4


def test_file_that_was_replaced_meanwhile_is_fetched_anew(target: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.headers["If-Range"]:
            give(b"the new file", ETag='"v2"', Accept_Ranges="bytes")(request)
        else:
            broken_off(300_000, ETag='"v1"', Accept_Ranges="bytes")(request)

    with web_server(answer) as server:
        fetched = fetch(f"{server.url}/clip.mp4", target)
    assert target.read_bytes() == b"the new file"
    assert fetched.sha256 == hashlib.sha256(b"the new file").hexdigest()


def test_server_that_goes_on_elsewhere_is_not_believed(target: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.headers["Range"]:
            give(DATA[5:], 206, Content_Range=f"bytes 5-{len(DATA) - 1}/{len(DATA)}")(request)
        elif len(server.asked) > 1:
            give(DATA)(request)
        else:
            broken_off(300_000, ETag='"v1"', Accept_Ranges="bytes")(request)

    with web_server(answer) as server:
        fetch(f"{server.url}/clip.mp4", target)
    assert target.read_bytes() == DATA
    assert len(server.asked) == 3


def test_silent_server_is_given_up(target: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(1)  # until the client hangs up

    with web_server(answer) as server, pytest.raises(ServiceUnavailableError):
        fetch(f"{server.url}/a", target)


@pytest.mark.parametrize(("minutes_each_look", "is_given_up"), [(2, True), (0.001, False)])
def test_server_that_drips_is_given_up(target: Path, minutes_each_look: float, is_given_up: bool) -> None:
    looks = itertools.count()
    downloader = HttpDownloader(
        LOOPBACK, pause=Pauses(), monotonic=lambda: 60 * minutes_each_look * next(looks)
    )
    with web_server(give(b"slow")) as server:
        url = f"{server.url}/a"
        if is_given_up:
            with pytest.raises(ServiceUnavailableError, match="2000 bytes a second"):
                downloader.fetch(url, target, max_bytes=100, progress=SilentProgress())
        else:
            downloader.fetch(url, target, max_bytes=100, progress=SilentProgress())


@pytest.mark.parametrize("has_length", [True, False])
def test_larger_file_than_allowed_is_refused(target: Path, has_length: bool) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if has_length:
            request.send_header("Content-Length", str(len(DATA)))
        request.end_headers()
        request.wfile.write(DATA)

    with web_server(answer) as server:
        with pytest.raises(MediaTooLargeError, match="1000 bytes"):
            fetch(f"{server.url}/a", target, max_bytes=1000)
        assert fetch(f"{server.url}/a", target, max_bytes=len(DATA)).size_bytes == len(DATA)


def test_packed_answer_is_unpacked_and_a_bomb_is_refused(target: Path) -> None:
    packed = zlib.compress(bytes(10_000_000))
    with web_server(give(packed, Content_Encoding="deflate")) as server:
        with pytest.raises(MediaTooLargeError):
            fetch(f"{server.url}/a", target, max_bytes=1_000_000)
        assert fetch(f"{server.url}/a", target).size_bytes == 10_000_000


def test_progress_hears_of_bytes_and_may_cancel(target: Path) -> None:
    class Listener:
        heard: list[tuple[str, int, int | None]] = []  # noqa: RUF012

        def report(self, stage: str, done: int, total: int | None) -> None:
            self.heard.append((stage, done, total))
            if done == len(DATA):
                raise Cancelled("stopped")

    with web_server(give(DATA)) as server, pytest.raises(Cancelled):
        fetch(f"{server.url}/a", target, progress=Listener())
    assert Listener.heard[-1] == ("fetch", len(DATA), len(DATA))
    assert not target.exists()


def test_file_that_does_not_fit_is_refused_by_what_the_server_says_of_it(target: Path) -> None:
    room = DiskRoom((target.parent,), 1000, lambda _: 1000 + len(DATA) - 1)
    full = pytest.raises(DiskFullError, match="the fetched file needs")
    with web_server(give(DATA)) as server, full:
        fetch(server.url, target, room=room)
    assert len(server.asked) == 1


def test_disk_that_fills_up_ends_the_fetch_at_once(tiny_disk: Path) -> None:
    full = pytest.raises(DiskFullError, match="the disk of the service is full")
    with web_server(give(bytes(5_000_000))) as server, full:
        fetch(server.url, tiny_disk / "fetched")
    assert len(server.asked) == 1
    assert list(tiny_disk.iterdir()) == []


def test_disk_that_others_fill_stops_the_fetch_before_its_reserve(target: Path) -> None:
    answers = iter([50_000_000, 999])
    room = DiskRoom((target.parent,), 1000, lambda _: next(answers))
    full = pytest.raises(DiskFullError, match="the disk of the service is full")
    with web_server(give(bytes(10_000_000))) as server, full:
        fetch(server.url, target, room=room)


def test_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with web_server(give(DATA)) as server, pytest.raises(OutputError, match="no-folder"):
        fetch(f"{server.url}/a", tmp_path / "no-folder" / "x")
    assert server.asked == []
