"""URLs as clients put them into a query: encoded once, twice, in part, or not at all."""

from urllib.parse import quote, urlencode

import pytest

from efface.api.errors import ApiError
from efface.api.wire.addresses import is_web_address, read_callback_url, read_video_url
from efface.api.wire.upload import UPLOAD_NAMES

SIGNED = "https://store.test/films/my%20clip.mp4?sp=r&st=2026-01-01T00:00:00Z&spr=https&sv=2022-11-02&sr=b&sig=a%2Bb%2Fc%3D"
AMAZON = "https://b.s3.test/clip.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=900&X-Amz-Signature=ab12"


def half_quoted(url: str) -> str:
    """The question mark is encoded, the ampersands are not."""
    return url.replace(":", "%3A").replace("?", "%3F")


@pytest.mark.parametrize("url", [SIGNED, AMAZON])
@pytest.mark.parametrize(
    "put",
    [
        lambda url: urlencode({"videoUrl": url}),
        lambda url: f"videoUrl={quote(url)}",
        lambda url: f"videoUrl={quote(quote(url, safe=''), safe='')}",
        lambda url: f"videoUrl={url}",
    ],
    ids=["form", "path-safe", "twice", "pasted"],
)
@pytest.mark.parametrize("neighbours", ["name=clip&{}", "{}&name=clip&privacy=Private", "{}"])
def test_signed_url_comes_out_as_it_is(url: str, put: object, neighbours: str) -> None:
    assert callable(put)
    assert read_video_url(neighbours.format(put(url)), UPLOAD_NAMES) == url


@pytest.mark.parametrize("url", ["https://store.test/c.mp4?sv=2022&sr=b&sig=ab%3D", AMAZON])
def test_url_whose_question_mark_alone_was_encoded_gets_its_signature_back(url: str) -> None:
    query = f"videoUrl={half_quoted(url)}&name=clip"
    assert read_video_url(query, UPLOAD_NAMES) == url


def test_unknown_parameter_does_not_spoil_a_url_that_was_encoded_well() -> None:
    query = urlencode({"videoUrl": AMAZON}) + "&detectSourceLanguage=True"
    assert read_video_url(query, UPLOAD_NAMES) == AMAZON
    plain = "videoUrl=https%3A%2F%2Fstore.test%2Fclip.mp4&detectSourceLanguage=True&sig=1"
    assert read_video_url(plain, UPLOAD_NAMES) == "https://store.test/clip.mp4"


def test_known_parameter_ends_a_pasted_url() -> None:
    query = "videoUrl=https://store.test/c.mp4?sig=a&accessToken=secret&sv=1"
    assert read_video_url(query, UPLOAD_NAMES) == "https://store.test/c.mp4?sig=a"


def test_plus_signs_of_a_pasted_signature_stay() -> None:
    query = "videoUrl=https://store.test/c.mp4?sv=1&sig=a+b/c="
    assert read_video_url(query, UPLOAD_NAMES) == "https://store.test/c.mp4?sv=1&sig=a+b/c="


def test_spaces_and_letters_of_any_language_survive() -> None:
    query = urlencode({"videoUrl": "https://store.test/Grüße 1.mp4"})
    assert read_video_url(query, UPLOAD_NAMES) == "https://store.test/Grüße%201.mp4"


@pytest.mark.parametrize("query", ["", "name=clip", "videoUrl=", "videoUrl"])
def test_no_url_is_none(query: str) -> None:
    assert read_video_url(query, UPLOAD_NAMES) is None


@pytest.mark.parametrize(
    "value",
    [
        "clip.mp4",
        "ftp://h.test/c",
        "file:///etc/passwd",
        "http://",
        "https://[::1",
        "http://h.test:0/",
        "//h.test/c",
        "http://h.test:99999/c",
        "javascript:alert(1)",
        "https://h.test/" + "a" * 4096,
        "%zz",
    ],
)
def test_what_is_no_web_address_is_refused_with_the_way_out(value: str) -> None:
    with pytest.raises(ApiError) as refusal:
        read_video_url(f"videoUrl={quote(value, safe='')}", UPLOAD_NAMES)
    assert (refusal.value.status, refusal.value.error_type) == (400, "INVALID_URL")
    assert "'videoUrl'" in refusal.value.message
    with pytest.raises(ApiError) as refusal:
        read_callback_url(value)
    assert (refusal.value.status, refusal.value.error_type) == (400, "INVALID_INPUT")
    assert "'callbackUrl'" in refusal.value.message


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://c.test/done?project=7", "https://c.test/done?project=7"),
        ("https%3A%2F%2Fc.test%2Fdone%3Fproject%3D7", "https://c.test/done?project=7"),
        ("https://hook.test/#!/abc", "https://hook.test/#!/abc"),
        (" http://127.0.0.1:9/x ", "http://127.0.0.1:9/x"),
        # Escapes of an address that is one already are its own.
        ("https://c.test/a%2520b", "https://c.test/a%2520b"),
    ],
)
def test_callback_url_is_decoded_again_only_when_it_is_no_address_yet(value: str, address: str) -> None:
    assert read_callback_url(value) == address


def test_no_callback_url_is_none() -> None:
    assert read_callback_url(None) is None


@pytest.mark.parametrize("text", ["https://h.test/a b", "https://h.test/\n", "https://h.test/\u2028"])
def test_address_holds_no_spaces_or_controls(text: str) -> None:
    assert not is_web_address(text)
