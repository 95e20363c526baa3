"""The thirteen points of the compatibility checklist, each as real clients depend on it."""

import json
import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from efface.api.settings import Rate
from efface.domain.service import Job, JobState, Video
from tests.fakes.api_in_process import ApiInProcess
from tests.storage.records import redaction_outcome

GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def redacted(api: ApiInProcess, original: Video, query: str = "name=hidden") -> tuple[Any, Job, Video]:
    """The answer to a redaction, its job, and the video that it makes."""
    api.clock.move(1)  # newer than its original, whatever their ids
    answer = api.call("POST", f"/Videos/{original.video_id}/redact?{query}", json={"faces": {}})
    assert answer.status_code == 202, answer.text
    job = api.catalogue.job(api.account.account_id, answer.headers["Location"].rpartition("/")[2])
    assert job.output_id
    return answer, job, api.video(job.output_id)


def finished(api: ApiInProcess, job: Job) -> None:
    api.catalogue.begin_job(job.job_id)
    assert api.catalogue.finish_redaction(job.job_id, redaction_outcome())


def test_1_case_does_not_matter_and_unknown_parameters_are_ignored(api: ApiInProcess) -> None:
    account = api.account.account_id
    token = api.get(
        f"/auth/WESTUS2/accounts/{account}/accesstoken?ALLOWEDIT=True",
        headers={"ocp-apim-subscription-key": api.key},
    ).json()
    video = api.indexed()
    for path in (
        f"/westus2/accounts/{account}/videos/{video.video_id}/index?accesstoken={token}&LANGUAGE=English",
        f"/WestUS2/ACCOUNTS/{account.upper()}//Videos/{video.video_id.upper()}/Index/?AccessToken={token}&videoId=x",
        f"/westus2/Accounts/{account}/Videos/{video.video_id}/captions?FORMAT=%20vtt%20&accessToken={token}",
        f"/westus2/Accounts/{account}/Videos/{video.video_id}/thumbnails/{video.thumbnail_id}"
        f"?format=JPEG&accessToken={token}&faceDetection=on",
    ):
        assert api.get(path).status_code == 200, path
    query = f"PRIVACY=private&priority=low&streamingpreset=DEFAULT&description=junk&accessToken={token}"
    path = f"/westus2/Accounts/{account}/Videos/{video.video_id}/Redact?{query}"
    assert api.ask("POST", path, json={"faces": {}}).status_code == 202


@pytest.mark.parametrize("location", ["westus2", "WestUS2", "WESTUS2"])
def test_2_location_and_account_are_found_in_any_case(api: ApiInProcess, location: str) -> None:
    for account in (api.account.account_id, api.account.account_id.upper()):
        assert api.get(f"/{location}/Accounts/{account}", headers=api.authorized()).status_code == 200


def test_3_token_is_a_bare_string_and_is_taken_wherever_clients_put_it(api: ApiInProcess) -> None:
    answer = api.get(
        f"/Auth/westus2/Accounts/{api.account.account_id}/AccessToken?allowEdit=true&subscription-key={api.key}"
    )
    token = answer.text[1:-1]
    assert answer.content == json.dumps(token).encode()
    assert token.count(".") == 2
    both = {"Ocp-Apim-Subscription-Key": api.key, "Authorization": f"Bearer {token}"}
    for query, headers in (
        (f"?accessToken={token}", {}),
        (f"?token={token}", {}),
        ("", {"Authorization": f"Bearer {token}"}),
        ("", {"bearertoken": token}),
        ("", both),
    ):
        assert api.get(f"{api.path}/Videos{query}", headers=headers).status_code == 200


@pytest.mark.parametrize("part", ["file", "fileName", "video"])
def test_4_upload_is_200_under_any_part_name_with_no_or_a_strange_name(api: ApiInProcess, part: str) -> None:
    for query in ("", "?name=None", "?name="):
        answer = api.call("POST", f"/Videos{query}", files={part: ("talk.mp4", b"video")})
        assert (answer.status_code, answer.json()["name"]) == (200, "talk.mp4")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"json": {}},
        {"json": {"permissionType": "Contributor", "scope": "Account"}},
        {"content": b"", "headers_": {"Content-Type": "multipart/form-data"}},
        {"content": b"null", "headers_": {"Content-Type": "application/json"}},
    ],
)
def test_4_upload_by_url_takes_any_body(api: ApiInProcess, body: dict[str, Any]) -> None:
    signed = "https://store.test/talk.mp4?sv=2022&sr=b&sig=a%2Bb%3D"
    headers = api.authorized() | body.pop("headers_", {})
    for given in (quote(signed, safe=""), signed):
        path = f"{api.path}/Videos?name=talk&privacy=public&videoUrl={given}"
        answer = api.ask("POST", path, headers=headers, **body)
        assert answer.status_code == 200, answer.text
        assert api.video(answer.json()["id"]).source_url == signed


def test_5_index_is_there_from_the_first_moment_and_keeps_its_shape(api: ApiInProcess) -> None:
    early = api.upload()
    indexes = [
        api.call("GET", f"/Videos/{video.video_id}/Index").json() for video in (early, api.indexed("other"))
    ]
    assert [index["state"] for index in indexes] == ["Uploaded", "Processed"]
    assert [index["videos"][0]["processingProgress"] for index in indexes] == ["0%", "100%"]
    assert indexes[0].keys() == indexes[1].keys()
    assert indexes[0]["videos"][0].keys() == indexes[1]["videos"][0].keys()
    insights = [index["videos"][0]["insights"] for index in indexes]
    assert insights[0].keys() == insights[1].keys()


def test_6_old_clients_find_empty_transcript_statistics_and_sentiments(api: ApiInProcess) -> None:
    for video in (api.upload("early"), api.indexed()):
        index = api.call("GET", f"/Videos/{video.video_id}/Index").json()
        assert index["videos"][0]["insights"]["transcript"] == []
        assert index["summarizedInsights"]["statistics"]["speakerWordCount"] == {}
        assert index["summarizedInsights"]["sentiments"] == []


def test_7_redaction_is_accepted_with_a_job_to_follow_and_a_video_to_see(api: ApiInProcess) -> None:
    answer, job, video = redacted(api, api.indexed(), "name=my%20name&priority=Low&privacy=Private")
    location = answer.headers["Location"]
    assert re.fullmatch(
        rf"http://video\.test/westus2/Accounts/{api.account.account_id}/Jobs/{GUID}", location
    )
    assert location.split("/Jobs/")[1] == job.job_id
    assert set(answer.json()) == {"creationTime", "lastUpdateTime", "progress", "jobType", "state"}
    listed = api.call("GET", "/Videos").json()["results"]
    assert (listed[0]["name"], listed[0]["id"], listed[0]["state"]) == (
        "my name",
        video.video_id,
        "Processing",
    )
    token = api.get(
        f"/Auth/westus2/Accounts/{api.account.account_id}/Videos/{video.video_id}/AccessToken",
        headers={"Ocp-Apim-Subscription-Key": api.key},
    ).json()
    path = f"{api.path}/Videos/{video.video_id}/Index?accessToken={token}"
    assert api.get(path).json()["state"] == "Processing"
    finished(api, job)
    index = api.get(path).json()
    assert (index["state"], index["videos"][0]["insights"]["faces"]) == ("Processed", [])


def test_8_job_is_200_while_it_runs_and_303_for_ever_after(api: ApiInProcess) -> None:
    answer, job, video = redacted(api, api.indexed())
    location, headers = answer.headers["Location"], api.authorized()
    api.catalogue.begin_job(job.job_id)
    # A client sends the body of its redaction with every question.
    running = api.ask("GET", location, headers=headers, json={"faces": {}})
    assert running.status_code == 200
    assert isinstance(running.json()["progress"], int)
    assert running.json()["jobType"] == "Redaction"
    assert running.json()["state"] == "Processing"
    for name in ("creationTime", "lastUpdateTime"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", running.json()[name])
    finished(api, job)
    for _ in range(3):
        done = api.get(location, headers=headers)
        assert done.status_code == 303
        base = location.partition("/Jobs/")[0]
        assert done.headers["Location"] == f"{base}/Videos/{video.video_id}/SourceFile/DownloadUrl"
        assert done.json()["state"] == "Processed"


def test_8_job_that_failed_is_200_and_says_why(api: ApiInProcess) -> None:
    answer, job, _ = redacted(api, api.indexed())
    assert api.call("DELETE", f"/Jobs/{job.job_id}").status_code == 204
    assert api.catalogue.job_by_id(job.job_id).state is JobState.CANCELLED
    failed = api.get(answer.headers["Location"], headers=api.authorized())
    assert (failed.status_code, failed.json()["state"]) == (200, "Failed")
    assert (failed.json()["failureCode"], bool(failed.json()["failureMessage"])) == ("Cancelled", True)


def test_9_links_are_bare_strings_that_need_no_header_and_end_in_the_name(api: ApiInProcess) -> None:
    video = api.indexed("my talk.mp4", externalId="x-1")
    for path in (
        f"/Videos/{video.video_id}/SourceFile/DownloadUrl",
        f"/Videos/{video.video_id}/ArtifactUrl?type=Faces",
    ):
        answer = api.call("GET", path)
        link = answer.json()
        assert answer.text == f'"{link}"'
        assert api.get(link).status_code == 200
    link = api.call("GET", f"/Videos/{video.video_id}/SourceFile/DownloadUrl").json()
    assert urlsplit(link).path.endswith("/my%20talk.mp4")
    # A client quotes the name inside of the link itself.
    assert api.get(link.replace("my%20talk.mp4", quote("my%20talk.mp4"))).status_code == 200
    assert api.call("GET", "/Videos/GetIdByExternalId?externalId=x-1").text == f'"{video.video_id}"'


def test_10_too_many_requests_are_told_as_the_gateway_tells_it(api: ApiInProcess) -> None:
    api.serve(api_rate=Rate(2, 100))
    answers = [api.call("GET", "/Videos") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    body = answers[2].json()
    assert set(body) == {"statusCode", "message"}
    seconds = re.search(r"Try again in (\d+) second", body["message"])
    assert seconds
    assert int(answers[2].headers["Retry-After"]) == int(seconds[1]) >= 1


def test_10_other_errors_are_pascal_case(api: ApiInProcess) -> None:
    answer = api.call("GET", "/Videos/0000000000/Index")
    assert answer.status_code == 404
    assert answer.json() == {
        "ErrorType": "BREAKDOWN_NOT_FOUND",
        "Message": "Video '0000000000' was not found.",
    }
    assert re.fullmatch(GUID, answer.headers["x-ms-request-id"])


@pytest.mark.parametrize("widget", ["PlayerWidget", "InsightsWidget"])
def test_11_widgets_lead_to_a_page_that_answers(api: ApiInProcess, widget: str) -> None:
    moved = api.call("GET", f"/Videos/{api.indexed().video_id}/{widget}")
    assert moved.status_code == 301
    assert api.get(moved.headers["Location"]).status_code == 200


def test_12_page_past_the_end_is_empty(api: ApiInProcess) -> None:
    for name in ("a", "b", "c"):
        api.upload(name)
    first = api.call("GET", "/Videos?pageSize=2").json()
    assert (len(first["results"]), first["nextPage"]) == (2, {"pageSize": 2, "skip": 2, "done": False})
    last = api.call("GET", "/Videos?pageSize=2&skip=2").json()
    assert (len(last["results"]), last["nextPage"]) == (1, {"pageSize": 2, "skip": 2, "done": True})
    for skip in (4, 25, 2**31 - 1):
        answer = api.call("GET", f"/Videos?pageSize=2&skip={skip}")
        assert (answer.status_code, answer.json()["results"]) == (200, [])
        assert answer.json()["nextPage"]["done"] is True


def test_13_addresses_are_built_on_the_public_one(api: ApiInProcess) -> None:
    public = "https://videos.example.org/efface"
    api.serve(public_url=public)
    original = api.indexed()
    answer, job, _ = redacted(api, original)
    finished(api, job)
    path = urlsplit(answer.headers["Location"]).path.removeprefix("/efface")
    addresses = [
        answer.headers["Location"],
        api.get(path, headers=api.authorized()).headers["Location"],
        api.call("GET", f"/Videos/{original.video_id}/SourceFile/DownloadUrl").json(),
        api.call("GET", f"/Videos/{original.video_id}/ArtifactUrl?type=Faces").json(),
        api.call("GET", f"/Videos/{original.video_id}/PlayerWidget").headers["Location"],
        api.call("GET", "").json()["url"],
    ]
    assert all(address.startswith(f"{public}/") for address in addresses), addresses
