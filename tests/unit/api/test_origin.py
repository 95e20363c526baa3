import pytest

from efface.api.origin import Origins


def origin(peer: str, trusted: tuple[str, ...] = (), **headers: str) -> tuple[str, str | None]:
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    found = Origins(trusted).of(scope)
    return found.address, found.base_url


def test_origin_ignores_forwarded_headers_from_strangers() -> None:
    found = origin(
        "203.0.113.9",
        ("10.0.0.0/8",),
        host="me.test",
        x_forwarded_for="1.1.1.1",
        x_forwarded_host="evil.test",
        x_forwarded_proto="https",
        forwarded="for=1.1.1.1;host=evil.test;proto=https",
    )
    assert found == ("203.0.113.9", "http://me.test")


def test_origin_takes_forwarded_headers_from_a_trusted_proxy() -> None:
    found = origin(
        "10.1.2.3",
        ("10.0.0.0/8",),
        host="inner:8080",
        x_forwarded_for="198.51.100.7",
        x_forwarded_host="video.example.org",
        x_forwarded_proto="https",
        x_forwarded_prefix="/faces/",
    )
    assert found == ("198.51.100.7", "https://video.example.org/faces")


def test_origin_takes_the_hop_next_to_the_trusted_ones() -> None:
    # The client has sent the first two itself.
    found = origin(
        "10.0.0.1", ("10.0.0.0/8",), host="h", x_forwarded_for="127.0.0.1, 9.9.9.9, 198.51.100.7, 10.0.0.2"
    )
    assert found[0] == "198.51.100.7"


def test_origin_reads_the_standard_header() -> None:
    found = origin(
        "10.0.0.1",
        ("10.0.0.1",),
        host="h",
        forwarded=(
            'for=6.6.6.6;host=evil.test, For="[2001:db8::7]:4711";Proto=https;Host="video.example.org:444", '
            "for=10.0.0.1"
        ),
    )
    assert found == ("2001:db8::7", "https://video.example.org:444")


@pytest.mark.parametrize(
    "host", ["", "a b", "evil.test/path", "evil.test?x", "a@b", "evil.test\\", "[::1", "x:99999999"]
)
def test_origin_has_no_base_url_when_the_host_is_malformed(host: str) -> None:
    assert origin("203.0.113.9", host=host)[1] is None


@pytest.mark.parametrize(
    "host", ["localhost:8080", "[::1]:8080", "video.example.org", "my_host", "127.0.0.1"]
)
def test_origin_has_a_base_url_for_every_good_host(host: str) -> None:
    assert origin("203.0.113.9", host=host)[1] == f"http://{host}"
