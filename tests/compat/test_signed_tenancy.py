"""Signed links and streams open what they were signed for, and cannot be bent to anything else, least of all to what
another account holds."""

import base64
import json
from typing import Any

import pytest

from efface.usecases.object_keys import stream_key
from tests.compat.test_tenancy import SECRET, Theirs, made_by_others
from tests.fakes.api_in_process import ApiInProcess
from tests.unit.api.routes.test_streams import stream_of, streamed


@pytest.fixture
def theirs(api: ApiInProcess) -> Theirs:
    return made_by_others(api)


def parts_of(url: str) -> tuple[str, str, str, str]:
    """What is before the token, its payload, its signature, and the rest of the path."""
    head, use, rest = url.partition("/files/") if "/files/" in url else url.partition("/streams/")
    token, _, name = rest.partition("/")
    payload, _, signature = token.partition(".")
    return head + use, payload, signature, name


def encoded(document: dict[str, Any]) -> str:
    text = json.dumps(document, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decoded(payload: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return document


def link_to(api: ApiInProcess, video_id: str) -> str:
    link: str = api.call("GET", f"/Videos/{video_id}/SourceFile/DownloadUrl").json()
    return link


def bent(url: str, **changes: Any) -> str:
    """The same link with other content and the old signature."""
    head, payload, signature, name = parts_of(url)
    document = decoded(payload)
    for key, value in changes.items():
        where = document if key in document else document["c"]
        assert key in where
        where[key] = value
    return f"{head}{encoded(document)}.{signature}/{name}"


def test_link_that_was_taken_apart_and_put_together_works(api: ApiInProcess) -> None:
    # Else the refusals below would prove nothing.
    mine = streamed(api)
    for url in (link_to(api, api.indexed().video_id), stream_of(api, mine, "urlFormat=HLS_V4")):
        assert bent(url) == url
        assert api.get(url).status_code == 200


def test_link_is_not_bent_to_a_file_of_another_account(api: ApiInProcess, theirs: Theirs) -> None:
    url = link_to(api, api.indexed("mine").video_id)
    assert theirs.video.source
    for change in (
        {"key": theirs.video.source.key},
        {"name": SECRET},
        {"e": 9_999_999_999},
        {"inline": True},
    ):
        answer = api.get(bent(url, **change))
        assert (answer.status_code, answer.json()["ErrorType"]) == (403, "FORBIDDEN"), change


def test_link_is_not_bent_to_another_file_of_the_same_account(api: ApiInProcess) -> None:
    one, other = api.indexed("one"), api.indexed("other")
    first, second = parts_of(link_to(api, one.video_id)), parts_of(link_to(api, other.video_id))
    head, payload, signature, name = first
    for url in (
        f"{head}{second[1]}.{signature}/{name}",
        f"{head}{payload}.{second[2]}/{name}",
        f"{head}{payload}.{signature}/{second[3]}",
        f"{head}{payload}.{signature}/../{second[3]}",
        f"{head}{payload}./{name}",
        f"{head}{payload}/{name}",
        f"{head}{payload}.{signature}.{signature}/{name}",
        f"{head}{payload}=.{signature}/{name}",
    ):
        assert api.get(url).status_code == 403, url


@pytest.mark.parametrize("query", ["urlFormat=HLS_V4", "urlFormat=MPEG_DASH"])
def test_stream_is_not_bent_to_a_video_of_another_account(
    api: ApiInProcess, theirs: Theirs, query: str
) -> None:
    mine = api.account
    api.account = theirs.account
    secret = streamed(api, video_id="dddddddddd")
    api.account = mine
    url = stream_of(api, streamed(api), query)
    for change in (
        {"account": theirs.account.account_id},
        {"account": theirs.account.account_id, "video": secret.video_id},
        {"video": secret.video_id},
        {"ends": 9_999_999_999},
        {"e": 9_999_999_999},
    ):
        answer = api.get(bent(url, **change))
        assert (answer.status_code, answer.json()["ErrorType"]) == (403, "FORBIDDEN"), change


def test_token_of_a_stream_opens_no_file_and_that_of_a_file_no_stream(api: ApiInProcess) -> None:
    mine = streamed(api)
    stream, file = stream_of(api, mine, "urlFormat=HLS_V4"), link_to(api, api.indexed().video_id)
    of_stream, of_file = parts_of(stream), parts_of(file)
    crossed = f"/files/{of_stream[1]}.{of_stream[2]}/{of_file[3]}"
    assert api.get(crossed).status_code == 403
    for name in ("master.m3u8", "video.m3u8", "manifest.mpd"):
        assert api.get(f"/streams/{of_file[1]}.{of_file[2]}/{name}").status_code == 403
    # Asking for the other by its word does not help without a signature.
    assert api.get(bent(stream, u="file").replace("/streams/", "/files/")).status_code == 403


def test_access_token_is_no_signature_and_a_signature_is_no_access_token(api: ApiInProcess) -> None:
    video = streamed(api)
    url = stream_of(api, video)
    _, payload, signature, _ = parts_of(url)
    assert api.get(f"/streams/{api.token()}/manifest.mpd").status_code == 403
    assert api.get(f"/files/{api.token()}/video").status_code == 403
    path = f"{api.path}/Videos/{video.video_id}/Index?accessToken={payload}.{signature}"
    assert api.get(path).status_code == 401


def test_links_of_a_deleted_video_open_nothing(api: ApiInProcess) -> None:
    video = streamed(api)
    assert any(key.startswith(stream_key(video, "")) for key in api.objects.content)
    playlist = stream_of(api, video, "urlFormat=HLS_V4").replace("master", "video")
    (file,) = {line for line in api.get(playlist).text.splitlines() if line.startswith("http")}
    download = link_to(api, (other := api.indexed()).video_id)
    for video_id in (video.video_id, other.video_id):
        assert api.call("DELETE", f"/Videos/{video_id}").status_code == 204
    for url in (playlist, file, download):
        assert api.get(url).status_code == 404, url
