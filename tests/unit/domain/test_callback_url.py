import pytest

from efface.domain.callback_url import callback_with_outcome
from efface.domain.service import VideoState


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://e.org", "https://e.org?id=a1&state=Failed"),
        ("https://e.org/x", "https://e.org/x?id=a1&state=Failed"),
        ("https://e.org/x?", "https://e.org/x?id=a1&state=Failed"),
        ("https://e.org/x?p=My%20Project&p=%2F+", "https://e.org/x?p=My%20Project&p=%2F+&id=a1&state=Failed"),
        ("https://e.org/x?p=1&", "https://e.org/x?p=1&id=a1&state=Failed"),
        ("https://e.org/x?id=own", "https://e.org/x?id=own&id=a1&state=Failed"),
        ("https://e.org/#!/page?q=1", "https://e.org/?id=a1&state=Failed#!/page?q=1"),
        ("https://e.org/x?p=1#top", "https://e.org/x?p=1&id=a1&state=Failed#top"),
        ("https://e.org/x?p=a?b", "https://e.org/x?p=a?b&id=a1&state=Failed"),
    ],
)
def test_callback_keeps_the_address_and_tells_the_outcome(url: str, expected: str) -> None:
    assert callback_with_outcome(url, "a1", VideoState.FAILED) == expected


def test_callback_escapes_what_could_break_the_query() -> None:
    told = callback_with_outcome("https://e.org", "a&b=c#d", VideoState.PROCESSED)
    assert told == "https://e.org?id=a%26b%3Dc%23d&state=Processed"
