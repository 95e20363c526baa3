"""Downloads, artifacts, thumbnails, captions, widgets and accounts over HTTP."""

import base64
import hashlib
import re
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from efface.api.settings import Rate
from efface.usecases.object_keys import poster_key
from tests.fakes.api_in_process import POSTER_ID, ApiInProcess, face_picture_id
from tests.fakes.sample_index import sample_index_file


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/json", 200),
        ("application/json, text/plain, */*", 200),
        ("", 200),
        ("video/mp4", 302),
        ("video/*;q=0.9, application/json;q=0.5", 302),
        ("application/octet-stream", 302),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 302),
        ("application/json, video/*;q=0.1", 200),
    ],
)
def test_download_url_is_a_string_for_programs_and_leads_browsers_to_the_file(
    api: ApiInProcess, accept: str, status: int
) -> None:
    video = api.indexed("My clip #1.mp4")
    path = f"{api.path}/Videos/{video.video_id}/SourceFile/DownloadUrl"
    answer = api.get(path, headers={**api.authorized(), "Accept": accept})
    assert answer.status_code == status
    link = answer.json() if status == 200 else answer.headers["Location"]
    assert link.endswith("/My%20clip%20%231.mp4")
    assert api.get(link).content == b"a video"


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ("type=Faces", b'{"version":1}'),
        ("type=faces", b'{"version":1}'),
        ("Faces", b'{"version":1}'),
        ("type=FacesThumbnails", b"PK face pictures"),
        ("type=KeyframesThumbnails", b"PK key frames"),
        ("type=Metadata", sample_index_file(hashlib.sha256(b"a video").hexdigest())),
    ],
)
def test_artifact_is_a_link_to_the_file(api: ApiInProcess, query: str, content: bytes) -> None:
    answer = api.call("GET", f"/Videos/{api.indexed().video_id}/ArtifactUrl?{query}")
    assert answer.status_code == 200
    assert api.get(answer.json()).content == content


def test_artifacts_that_are_not_there_are_told_apart(api: ApiInProcess) -> None:
    done, early = api.indexed().video_id, api.upload().video_id
    ocr = api.call("GET", f"/Videos/{done}/ArtifactUrl?type=Ocr")
    assert (ocr.status_code, ocr.json()["ErrorType"]) == (404, "NOT_FOUND")
    assert ocr.json()["Message"] == f"Can't find artifact of type 'Ocr' in video '{done}'."
    none = api.call("GET", f"/Videos/{early}/ArtifactUrl?type=Faces")
    assert (none.status_code, none.json()["ErrorType"]) == (404, "VIDEO_HAS_NO_ARTIFACTS")
    for query in ("type=Nonsense", ""):
        unknown = api.call("GET", f"/Videos/{done}/ArtifactUrl?{query}")
        assert (unknown.status_code, unknown.json()["ErrorType"]) == (400, "UNSUPPORTED")


def test_thumbnail_can_be_had_smaller(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}/Thumbnails/{POSTER_ID}"
    large = BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(large, "JPEG", quality=85)
    api.objects.put_bytes(poster_key(video, POSTER_ID), large.getvalue())
    small = api.call("GET", f"{path}?maxside=320")
    assert Image.open(BytesIO(small.content)).size == (320, 240)
    assert len(small.content) < len(large.getvalue()) / 2
    for query in ("", "?maxSide=640", "?maxSide="):
        assert api.call("GET", f"{path}{query}").content == large.getvalue()
    for side in ("15", "1281", "x"):
        refused = api.call("GET", f"{path}?maxSide={side}")
        assert (refused.status_code, refused.json()["ErrorType"]) == (400, "INVALID_INPUT")
        assert "maxSide" in refused.json()["Message"]


def test_thumbnail_is_a_jpeg_or_base64_text(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}/Thumbnails"
    poster = api.call("GET", f"{path}/{POSTER_ID.upper()}?format=jpeg")
    assert (poster.content, poster.headers["content-type"]) == (b"\xff\xd8poster", "image/jpeg")
    text = api.call("GET", f"{path}/{POSTER_ID}?format=BASE64")
    assert base64.b64decode(text.text) == b"\xff\xd8poster"
    assert api.call("GET", f"{path}/{face_picture_id(1001)}").content == b"PK f"
    missing = api.call("GET", f"{path}/{face_picture_id(9)}")
    assert (missing.status_code, missing.json()["ErrorType"]) == (404, "NOT_FOUND")
    assert missing.json()["Message"] == f"Thumbnail '{face_picture_id(9)}' was not found."
    assert api.call("GET", f"{path}/{POSTER_ID}?format=png").status_code == 400


@pytest.mark.parametrize(
    ("wanted", "media_type", "begins"),
    [
        ("Vtt", "text/vtt", "WEBVTT\n"),
        ("vtt ", "text/vtt", "WEBVTT\n"),
        ("ttml", "application/ttml+xml", "<?xml"),
        ("SRT", "application/x-subrip", ""),
        ("Txt", "text/plain", ""),
        ("Csv", "text/csv", "Video Name"),
    ],
)
def test_captions_are_valid_documents_without_a_line(
    api: ApiInProcess, wanted: str, media_type: str, begins: str
) -> None:
    path = f"/Videos/{api.indexed().video_id}/Captions"
    answer = api.call("GET", path, params={"format": wanted, "language": "English"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.text.startswith(begins)
    assert api.call("GET", path, params={"format": "docx"}).status_code == 400


def test_stream_that_was_not_made_is_told_with_the_way_out(api: ApiInProcess) -> None:
    video = api.indexed(streamingPreset="NoStreaming")
    answer = api.call("GET", f"/Videos/{video.video_id}/streaming-url")
    assert (answer.status_code, answer.json()["ErrorType"]) == (404, "VIDEO_NO_STREAMING_PRESET")
    assert (
        api.call("GET", f"/Videos/{video.video_id}/streaming-url?tokenLifetimeInMinutes=0").status_code == 400
    )


@pytest.mark.parametrize("widget", ["PlayerWidget", "InsightsWidget?widgetType=People"])
def test_widget_moves_to_a_page_that_answers(api: ApiInProcess, widget: str) -> None:
    video = api.indexed("A <b>clip</b>")
    token = api.token(video_id=video.video_id)
    separator = "&" if "?" in widget else "?"
    moved = api.get(f"{api.path}/Videos/{video.video_id}/{widget}{separator}accessToken={token}")
    assert moved.status_code == 301
    page = api.get(moved.headers["Location"])
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "A &lt;b&gt;clip&lt;/b&gt;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert api.get(address.replace("&amp;", "&")).status_code == 200, address


def test_page_with_many_pictures_is_shown_whole(api: ApiInProcess) -> None:
    video = api.indexed()
    api.serve(api_rate=Rate(10, 120), light_rate=Rate(200, 6000))
    moved = api.call("GET", f"/Videos/{video.video_id}/InsightsWidget")
    page = api.get(moved.headers["Location"])
    (picture, _) = re.findall(r'<img[^>]* src="([^"]+)"', page.text)
    answers = {api.get(picture.replace("&amp;", "&")).status_code for _ in range(40)}
    assert answers == {200}


def test_page_of_a_private_video_is_closed_without_a_token(api: ApiInProcess) -> None:
    video = api.indexed()
    place = f"/embed/player/{api.account.location}/{api.account.account_id}/{video.video_id}"
    assert api.get(place).status_code == 401


def test_public_video_is_read_without_a_token_and_changed_with_one_only(api: ApiInProcess) -> None:
    video = api.indexed(privacy="Public")
    path = f"{api.path}/Videos/{video.video_id}"
    for place in (
        "/Index",
        f"/Thumbnails/{POSTER_ID}",
        "/ArtifactUrl?type=Faces",
        "/Captions",
        "/SourceFile/DownloadUrl",
    ):
        assert api.get(path + place).status_code == 200, place
    assert api.get(f"{path}/PlayerWidget").status_code == 301
    for method, place in (("DELETE", ""), ("POST", "/redact"), ("PUT", "/ReIndex")):
        assert api.ask(method, path + place).status_code == 401
    assert api.get(f"{api.path}/Videos").status_code == 401


def test_account_tells_what_it_holds(api: ApiInProcess) -> None:
    api.indexed()
    plain = api.call("GET", "").json()
    assert (plain["id"], plain["name"], plain["state"]) == (api.account.account_id, "Studio One", "Active")
    told: dict[str, Any] = api.call("GET", "?includeUsage=true&includeStatistics=True").json()
    assert told["statistics"]["videosCount"] == 1
    assert {"lingusiticModelsCount", "personModlesCount"} <= set(told["statistics"])
    assert told["quotaUsage"]["dailyUploadCount"] == 1
