"""What must not leak or run, whatever a client sends."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from efface.api.access import Permission, Scope
from tests.fakes.api_in_process import ApiInProcess, face_picture_id

SCRIPT = 'en-"><script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>'


@pytest.mark.parametrize("caption_format", ["Ttml", "Vtt", "Txt", "Csv"])
def test_language_does_not_become_markup_in_captions(api: ApiInProcess, caption_format: str) -> None:
    video = api.indexed(language=SCRIPT)
    answer = api.call("GET", f"/Videos/{video.video_id}/Captions?format={caption_format}")
    assert "<script" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert video.details.language == "en-US"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("de-DE", "de-DE"),
        ("zh-Hans-CN", "zh-Hans-CN"),
        ("English", "en-US"),
        ("auto", "en-US"),
        ("", "en-US"),
    ],
)
def test_language_is_kept_when_it_is_a_tag_with_a_region(api: ApiInProcess, given: str, kept: str) -> None:
    assert api.upload(language=given).details.language == kept


def test_redaction_needs_a_token_for_the_account_since_it_makes_a_new_video(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"{api.path}/Videos/{video.video_id}/redact"
    only_video = api.authorized(video_id=video.video_id)
    answer = api.ask("POST", path, headers=only_video, json={"faces": {}})
    assert (answer.status_code, answer.json()["ErrorType"]) == (401, "USER_NOT_ALLOWED")
    reader = api.authorized(permission=Permission.READER)
    assert api.ask("POST", path, headers=reader, json={"faces": {}}).status_code == 401
    assert len(api.call("GET", "/Videos").json()["results"]) == 1
    assert api.ask("POST", path, headers=api.authorized(), json={"faces": {}}).status_code == 202


@pytest.mark.parametrize("picture_format", ["Jpeg", "Base64"])
def test_no_cache_keeps_a_face(api: ApiInProcess, picture_format: str) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}/Thumbnails/{face_picture_id(1001)}?format={picture_format}"
    assert api.call("GET", path).headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("accept", ["application/json", "video/mp4"])
def test_no_cache_keeps_a_link_or_gives_it_to_another_kind_of_client(api: ApiInProcess, accept: str) -> None:
    path = f"{api.path}/Videos/{api.indexed().video_id}/SourceFile/DownloadUrl"
    answer = api.get(path, headers={**api.authorized(), "Accept": accept})
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "Accept")


@pytest.mark.parametrize("widget", ["PlayerWidget", "InsightsWidget"])
def test_address_of_a_frame_holds_a_token_that_only_reads_the_video(api: ApiInProcess, widget: str) -> None:
    video = api.indexed()
    answer = api.call("GET", f"/Videos/{video.video_id}/{widget}")
    assert answer.status_code == 301
    assert answer.headers["Cache-Control"] == "no-store"
    (token,) = parse_qs(urlsplit(answer.headers["Location"]).query)["accessToken"]
    claims = api.context.tokens.read(token)
    assert (claims.scope, claims.permission, claims.video_id) == (
        Scope.VIDEO,
        Permission.READER,
        video.video_id,
    )
    assert api.get(answer.headers["Location"]).status_code == 200


def test_token_of_a_reader_is_not_renewed_by_a_frame(api: ApiInProcess) -> None:
    video = api.indexed()
    token = api.token(Permission.READER, video_id=video.video_id)
    answer = api.get(f"{api.path}/Videos/{video.video_id}/PlayerWidget?token={token}")
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["accessToken"] == [token]


def test_frame_of_a_public_video_needs_no_token(api: ApiInProcess) -> None:
    video = api.indexed(privacy="Public")
    answer = api.get(f"{api.path}/Videos/{video.video_id}/PlayerWidget")
    assert not urlsplit(answer.headers["Location"]).query
    assert api.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("widget", ["PlayerWidget", "InsightsWidget"])
def test_frame_behind_a_path_of_a_proxy_asks_for_nothing_outside_of_it(
    api: ApiInProcess, widget: str
) -> None:
    api.serve(public_url="https://example.org/efface")
    moved = api.call("GET", f"/Videos/{api.indexed().video_id}/{widget}").headers["Location"]
    page = api.get(moved.replace("https://example.org/efface", ""))
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) >= 2
    assert all(address.startswith("https://example.org/efface/") for address in addresses)
