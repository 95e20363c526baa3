from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from fastapi import APIRouter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efface.api.context import CurrentContext
from efface.api.urls import CurrentUrls, Links
from tests.fakes.api_in_process import HOST, ApiInProcess
from tests.storage.records import index_job, video


def probes() -> APIRouter:
    router = APIRouter()

    @router.get("/{location}/Accounts/{accountId}/links")
    def links(urls: CurrentUrls, context: CurrentContext) -> dict[str, Any]:
        record = video()
        return {
            "absolute": urls.absolute("/x"),
            "job": urls.job(index_job(record)),
            "download": urls.download_url(record.account_id, record.video_id),
            "file": urls.file("key", "My clip"),
        }

    return router


def link(api: ApiInProcess, key: str, name: str, **options: Any) -> str:
    """The path of a link, as ``Urls.file`` makes it."""
    found: dict[str, str] = {}
    router = APIRouter()

    @router.get("/make")
    def make(urls: CurrentUrls) -> None:
        found["url"] = urls.file(key, name, **options)

    api.serve(router)
    assert api.get("/make").status_code == 200
    return found["url"].removeprefix(HOST)


def test_urls_are_absolute_and_spelt_as_clients_split_them(api: ApiInProcess) -> None:
    api.serve(probes())
    found = api.get(f"{api.path}/links").json()
    record = video()
    account = f"{HOST}/westus2/Accounts/{record.account_id}"
    assert found["absolute"] == f"{HOST}/x"
    assert found["job"] == f"{account}/Jobs/{index_job(record).job_id}"
    assert found["download"] == f"{account}/Videos/{record.video_id}/SourceFile/DownloadUrl"
    assert found["file"].startswith(f"{HOST}/files/")
    assert found["file"].endswith("/My%20clip")


def test_urls_keep_the_location_that_the_caller_uses(api: ApiInProcess) -> None:
    api.serve(probes())
    assert "/TRIAL/Accounts/" in api.get(f"/TRIAL/Accounts/{api.account.account_id}/links").json()["job"]


def test_urls_start_with_the_public_url_when_there_is_one(api: ApiInProcess) -> None:
    api.serve(probes(), public_url="https://video.example.org/faces/")
    headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}
    assert (
        api.get(f"{api.path}/links", headers=headers).json()["absolute"]
        == "https://video.example.org/faces/x"
    )


def test_urls_believe_forwarded_headers_of_trusted_proxies_only(api: ApiInProcess) -> None:
    api.serve(probes(), trusted_proxies=("10.0.0.0/8",))
    headers = {"X-Forwarded-Host": "video.example.org", "X-Forwarded-Proto": "https"}
    path = f"{api.path}/links"
    assert api.get(path, headers=headers, peer="10.0.0.9").json()["absolute"] == "https://video.example.org/x"
    assert api.get(path, headers=headers, peer="11.0.0.9").json()["absolute"] == f"{HOST}/x"


def test_urls_refuse_a_malformed_host(api: ApiInProcess) -> None:
    api.serve(probes())
    answer = api.get(f"{api.path}/links", headers={"Host": "evil.test/path?"})
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")


AWKWARD_NAMES = [
    *("clip", "My clip", "100%", "50%25", "a/b", "é ñ 影.mp4", "a?b#c", "..", ".", ""),
    *("a+b&c=d", "a\\b", "'q' (1)!", "a//b/", " x ", "two\nlines\r\n", "\x00\x7f"),
]


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_link_opens_its_file_whatever_it_is_called(api: ApiInProcess, name: str) -> None:
    api.objects.put_bytes("key", b"content")
    path = link(api, "key", name)
    assert urlsplit(path).query == urlsplit(path).fragment == ""
    assert api.get(path).content == b"content"


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_link_still_works_when_a_client_quotes_the_name_inside_it(api: ApiInProcess, name: str) -> None:
    api.objects.put_bytes("key", b"content")
    path = link(api, "key", name)
    token, _, end = path.removeprefix("/files/").partition("/")
    # As the client does it, but for names so short that they occur in the token as well.
    quoted = end.replace(name, quote(name)) if name else end
    assert api.get(f"/files/{token}/{quoted}").content == b"content"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80))
def test_link_path_ends_in_the_name(api: ApiInProcess, name: str) -> None:
    path = link(api, "key", name)
    shown = "video" if name in {"", ".", ".."} else name
    assert unquote(path.removeprefix("/files/").partition("/")[2]) == shown


def test_link_expires_after_an_hour_and_says_how_to_get_another(api: ApiInProcess) -> None:
    api.objects.put_bytes("key", b"content")
    path = link(api, "key", "clip")
    api.clock.move(3599)
    assert api.get(path).status_code == 200
    api.clock.move(2)
    answer = api.get(path)
    assert (answer.status_code, answer.json()["ErrorType"]) == (403, "FORBIDDEN")
    assert "DownloadUrl" in answer.json()["Message"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_link_lives_as_long_as_asked_within_the_longest(api: ApiInProcess) -> None:
    api.objects.put_bytes("key", b"content")
    path = link(api, "key", "clip", lifetime=timedelta(days=400))
    api.clock.move(30 * 86400 - 1)
    assert api.get(path).status_code == 200
    api.clock.move(2)
    assert api.get(path).status_code == 403


def test_link_survives_a_rotation_of_keys(api: ApiInProcess) -> None:
    api.objects.put_bytes("key", b"content")
    path = link(api, "key", "clip")
    api.context.keyring.rotate()
    assert api.get(path).status_code == 200


def test_link_is_refused_when_anything_of_it_is_altered(api: ApiInProcess) -> None:
    api.objects.put_bytes("key", b"content")
    path = link(api, "key", "clip")
    token, name = path.removeprefix("/files/").split("/")
    altered = [
        f"{token[:at]}{'A' if token[at] != 'A' else 'B'}{token[at + 1 :]}" for at in range(0, len(token), 7)
    ]
    for wrong in (*altered, token[:-1], token + "A", token + ".", token.partition(".")[0], "x", "."):
        assert api.get(f"/files/{wrong}/{name}").status_code == 403, wrong
    assert api.get(f"/files/{token}/other").status_code == 403
    assert api.get(f"/files/{token}/").status_code == 403


def test_link_of_another_use_opens_no_file(api: ApiInProcess) -> None:
    links = Links(api.context.keyring, api.clock)
    content = {"key": "key", "name": "clip", "inline": False}
    token = links.sign("stream", content, timedelta(hours=1), "clip")
    assert api.get(f"/files/{token}/clip").status_code == 403
    assert links.read("stream", token, "clip") == content
