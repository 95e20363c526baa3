"""Uploads in all the forms that clients send."""

from dataclasses import replace
from typing import Any

import pytest

from efface.api.access import Permission
from efface.domain.service import Job, JobKind, JobState, Priority, Privacy, Video
from efface.usecases.services import Limits
from tests.fakes.api_in_process import ApiInProcess

FILE = {"f": ("a.mp4", b"b")}


def stored(api: ApiInProcess, answer: Any) -> Video:
    assert answer.status_code == 200, answer.text
    return api.video(answer.json()["id"])


def job_of(api: ApiInProcess, video: Video) -> Job:
    (job,) = api.catalogue.jobs_of_video(video.account_id, video.video_id)
    return job


@pytest.mark.parametrize("part", ["file", "fileName", "video", "anything"])
def test_file_is_taken_under_any_part_name(api: ApiInProcess, part: str) -> None:
    answer = api.call("POST", "/Videos?name=clip", files={part: ("a.mp4", b"bytes")})
    video = stored(api, answer)
    assert video.source
    assert api.objects.get_bytes(video.source.key) == b"bytes"
    assert not list((api.folder / "uploads").glob("*"))


def test_answer_is_a_list_item_of_a_busy_video(api: ApiInProcess) -> None:
    answer = api.call("POST", "/Videos?name=clip", files={"file": ("a.mp4", b"bytes")})
    item = answer.json()
    assert (item["name"], item["state"], item["processingProgress"]) == ("clip", "Uploaded", "0%")
    assert item["created"] == "2026-03-01T12:00:00.1234560+00:00"
    listed = api.call("GET", "/Videos").json()["results"]
    assert listed == [item]


def test_everything_that_is_said_of_a_video_is_kept(api: ApiInProcess) -> None:
    said = {
        "NAME": "Clip", "description": "d", "PRIVACY": " public ", "Priority": "high", "partition": "p",
        "metadata": "m", "externalid": "e", "externalUrl": "https://x.test", "indexingPreset": "advancedvideo",
        "streamingPreset": "nostreaming", "callbackUrl": "https://client.test/done?x=1", "retentionPeriod": "3",
        "language": "de-DE", "sendSuccessEmail": "true", "nonsense": "ignored",
    }  # fmt: skip
    video = stored(api, api.call("POST", "/Videos", params=said, files={"file": ("a.mp4", b"bytes")}))
    details = video.details
    assert (details.name, details.description, details.partition) == ("Clip", "d", "p")
    assert (details.metadata, details.external_id, details.external_url) == ("m", "e", "https://x.test")
    assert (details.privacy, details.language, details.file_name) == (Privacy.PUBLIC, "de-DE", "a.mp4")
    assert (video.options.preset, video.options.finds_faces, video.options.makes_stream) == (
        "AdvancedVideo",
        True,
        False,
    )
    assert video.expires
    assert (video.expires - video.created).days == 3
    job = job_of(api, video)
    assert (job.priority, job.callback_url) == (Priority.HIGH, "https://client.test/done?x=1")


@pytest.mark.parametrize(
    ("parameters", "finds_faces"),
    [
        ({"indexingPreset": "Default"}, True),
        ({"indexingPreset": "VideoOnly"}, True),
        ({"indexingPreset": "BasicVideo"}, True),
        ({"indexingPreset": "DefaultWithNoiseReduction"}, True),
        ({"indexingPreset": "AudioOnly"}, False),
        ({"indexingPreset": "AdvancedAudio"}, False),
        ({"excludedAI": "Labels,faces"}, False),
        ({"ExcludedAI": ["Labels", "Faces"]}, False),
        ({"excludedAI": "Labels"}, True),
    ],
)
def test_preset_says_whether_faces_are_looked_for(
    api: ApiInProcess, parameters: dict[str, Any], finds_faces: bool
) -> None:
    answer = api.call("POST", "/Videos", params={"name": "x", **parameters}, files={"f": ("a.mp4", b"b")})
    assert stored(api, answer).options.finds_faces is finds_faces


@pytest.mark.parametrize(
    ("parameters", "body", "name"),
    [
        ({}, {"files": {"f": ("holiday.mp4", b"b")}}, "holiday.mp4"),
        ({"name": "None"}, {"files": {"f": ("holiday.mp4", b"b")}}, "holiday.mp4"),
        ({"name": "  "}, {"files": {"f": ("C:\\films\\holiday.mp4", b"b")}}, "holiday.mp4"),
        ({"videoUrl": "https://media.test/a/clip%20one.mp4"}, {}, "clip one.mp4"),
        ({"videoUrl": "https://media.test/"}, {}, "video"),
    ],
)
def test_missing_name_is_made_up_from_what_is_known(
    api: ApiInProcess, parameters: dict[str, str], body: dict[str, Any], name: str
) -> None:
    assert stored(api, api.call("POST", "/Videos", params=parameters, **body)).details.name == name


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"json": {}},
        {"json": {"permissionType": "Contributor", "scope": "Account"}},
        {"content": b"", "headers_extra": {"Content-Type": "multipart/form-data"}},
    ],
)
def test_url_is_taken_with_any_body(api: ApiInProcess, body: dict[str, Any]) -> None:
    headers = api.authorized() | body.pop("headers_extra", {})
    url = f"{api.path}/Videos?name=x&videoUrl=https%3A%2F%2Fmedia.test%2Fclip.mp4%3Fsig%3Dab%2520c"
    video = stored(api, api.ask("POST", url, headers=headers, **body))
    assert (video.source_url, video.source) == ("https://media.test/clip.mp4?sig=ab%20c", None)


def test_url_that_was_pasted_as_it_is_keeps_its_signature(api: ApiInProcess) -> None:
    url = f"{api.path}/Videos?name=x&videoUrl=https://media.test/clip.mp4?sv=2020&sig=a%2Fb%3D&se=2030&privacy=Public"
    video = stored(api, api.ask("POST", url, headers=api.authorized(), json={}))
    assert video.source_url == "https://media.test/clip.mp4?sv=2020&sig=a%2Fb%3D&se=2030"
    assert video.details.privacy is Privacy.PUBLIC


def test_url_that_was_encoded_twice_is_understood(api: ApiInProcess) -> None:
    url = f"{api.path}/Videos?name=x&videoUrl=https%253A%252F%252Fmedia.test%252Fclip.mp4"
    assert (
        stored(api, api.ask("POST", url, headers=api.authorized())).source_url
        == "https://media.test/clip.mp4"
    )


@pytest.mark.parametrize(
    ("parameters", "body", "error_type", "word"),
    [
        ({}, {}, "INVALID_INPUT", "videoUrl"),
        ({"name": "x"}, {"files": {"f": ("a.mp4", b"")}}, "INPUT_FILE_EMPTY", "a.mp4"),
        ({"name": "x", "videoUrl": "ftp://media.test/a.mp4"}, {}, "INVALID_URL", "videoUrl"),
        ({"name": "x", "videoUrl": "clip.mp4"}, {}, "INVALID_URL", "videoUrl"),
        ({"name": "n" * 81}, {"files": {"f": ("a.mp4", b"b")}}, "VIDEO_NAME_TOO_LONG", "80"),
        ({"name": "x", "privacy": "secret"}, {"files": {"f": ("a.mp4", b"b")}}, "INVALID_INPUT", "privacy"),
        ({"name": "x", "priority": "9"}, {"files": {"f": ("a.mp4", b"b")}}, "INVALID_INPUT", "priority"),
        ({"name": "x", "retentionPeriod": "8"}, {"files": FILE}, "INVALID_INPUT", "retentionPeriod"),
        ({"name": "x", "streamingPreset": "AdaptiveBitrate"}, {"files": FILE}, "INVALID_INPUT", "streamingPreset"),
        ({"name": "x", "callbackUrl": "client.test"}, {"files": FILE}, "INVALID_INPUT", "callbackUrl"),
        ({"name": "x", "redact": "{"}, {"files": {"f": ("a.mp4", b"b")}}, "INVALID_INPUT", "JSON"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_by_name_and_leaves_nothing(
    api: ApiInProcess, parameters: dict[str, str], body: dict[str, Any], error_type: str, word: str
) -> None:
    answer = api.call("POST", "/Videos", params=parameters, **body)
    assert answer.status_code == 400, answer.text
    assert set(answer.json()) == {"ErrorType", "Message"}
    assert answer.json()["ErrorType"] == error_type
    assert word in answer.json()["Message"]
    assert api.objects.content == {}
    assert not list((api.folder / "uploads").glob("*"))
    assert api.call("GET", "/Videos").json()["results"] == []


def test_duplicate_is_refused_with_the_id_that_clients_look_for(api: ApiInProcess) -> None:
    api.upload("one", b"the same bytes")
    api.upload("two", b"the same bytes")
    answer = api.call(
        "POST", "/Videos?name=three&preventDuplicates=True", files={"f": ("a.mp4", b"the same bytes")}
    )
    assert answer.status_code == 409
    assert answer.json()["ErrorType"] == "ALREADY_EXISTS"
    assert "video id: '" in answer.json()["Message"]
    assert len(api.call("GET", "/Videos").json()["results"]) == 2


@pytest.mark.parametrize("how", ["part", "query"])
def test_redaction_in_the_same_call_is_told_with_its_job_and_video(api: ApiInProcess, how: str) -> None:
    body = '{"faces": {"blurringKind": "Black",}}'
    files: dict[str, Any] = {"file": ("a.mp4", b"bytes")}
    parameters = {"name": "clip"}
    if how == "part":
        files["redact"] = (None, body)
    else:
        parameters["redact"] = body
    answer = api.call("POST", "/Videos", params=parameters, files=files)
    assert answer.status_code == 200, answer.text
    told = answer.json()["redaction"]
    job = api.catalogue.job(api.account.account_id, told["jobId"])
    assert (job.kind, job.state, job.output_id) == (JobKind.REDACTION, JobState.WAITING, told["videoId"])
    assert told["location"] == answer.headers["Location"] == f"http://video.test{api.path}/Jobs/{job.job_id}"
    assert api.video(told["videoId"]).details.name == "clip-redacted"
    assert api.get(told["location"], headers=api.authorized()).json()["state"] == "Processing"


def test_upload_needs_a_contributor(api: ApiInProcess) -> None:
    headers = api.authorized(permission=Permission.READER)
    answer = api.ask("POST", f"{api.path}/Videos?name=x", headers=headers, files={"f": ("a.mp4", b"b")})
    assert answer.status_code == 401
    assert answer.json()["ErrorType"] == "USER_NOT_ALLOWED"


def test_too_much_pending_work_is_answered_as_a_gateway_does(api: ApiInProcess) -> None:
    api.services = replace(api.services, limits=Limits(max_open_jobs=1))
    api.serve()
    api.upload()
    answer = api.call("POST", "/Videos?name=x", files={"f": ("a.mp4", b"b")})
    assert answer.status_code == 429
    assert answer.json()["statusCode"] == 429
    assert int(answer.headers["Retry-After"]) > 0
