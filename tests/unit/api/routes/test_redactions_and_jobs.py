"""Redactions and jobs over HTTP, with all that clients are forgiven and all that they are not."""

import re
from typing import Any

import pytest

from efface.domain.service import Failure, Job, JobState, MediaFacts, RedactionOutcome, StoredSource, Video
from tests.fakes.api_in_process import ApiInProcess


def redact(api: ApiInProcess, video: Video, body: str | dict[str, Any], query: str = "name=safe") -> Any:
    options: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body}
    return api.call("POST", f"/Videos/{video.video_id}/redact?{query}", **options)


def started(api: ApiInProcess, answer: Any) -> Job:
    assert answer.status_code == 202, answer.text
    return api.catalogue.job(api.account.account_id, answer.headers["Location"].rsplit("/", 1)[1])


@pytest.mark.parametrize(
    ("body", "request_kept"),
    [
        ('{"faces":{}}', ("MediumBlur", "Exclude", [])),
        ('{"faces": {"blurringKind": "HighBlur",}}', ("HighBlur", "Exclude", [])),
        ('{"faces": {"blurringKind": "highblur"}}', ("HighBlur", "Exclude", [])),
        ('{"faces": {"blurringKind": 1}}', ("HighBlur", "Exclude", [])),
        ('{"faces": {"blurringKind": "4"}}', ("Black", "Exclude", [])),
        ('{"Faces": {"BlurringKind": 3, "Filter": null}}', ("BoundingBox", "Exclude", [])),
        ('{"faces": {"filter": {"ids": [1001], "scope": "Exclude"}}}', ("MediumBlur", "Exclude", [1001])),
        ('{"faces": {"filter": {"ids": ["1002", 1001], "scope": "include"}}}', ("MediumBlur", "Include", [1001, 1002])),
        ('{"faces": {"filter": {"ids": [], "scope": "Exclude"}}}', ("MediumBlur", "Exclude", [])),
        ('\ufeff{"faces": {}, "other": 1}', ("MediumBlur", "Exclude", [])),
    ],
)  # fmt: skip
def test_body_is_read_as_generously_as_clients_write_it(
    api: ApiInProcess, body: str, request_kept: tuple[Any, ...]
) -> None:
    job = started(api, redact(api, api.indexed(), body))
    assert (job.request["kind"], job.request["scope"], job.request["face_ids"]) == request_kept


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "faces"),
        ("{}", "faces"),
        ("[]", "faces"),
        ("no json", "JSON"),
        ('{"faces": {"blurringKind": "Fog"}}', "Fog"),
        ('{"faces": {"blurringKind": 9}}', "9"),
        ('{"faces": {"filter": {"ids": [], "scope": "Include"}}}', "empty"),
        ('{"faces": {"filter": {"ids": [1009, 1001, 7], "scope": "Include"}}}', "7, 1009"),
        ('{"faces": {"filter": {"ids": [1009], "scope": "Exclude"}}}', "1009"),
        ('{"faces": {"filter": {"ids": ["Ada"], "scope": "Include"}}}', "ids"),
        ('{"faces": {"filter": {"ids": [1001], "scope": "Some"}}}', "scope"),
        ('{"faces": {"filtre": {"ids": [1001], "scope": "Include"}}}', "filtre"),
    ],
)
def test_body_that_asks_for_what_cannot_be_done_is_refused_by_name(
    api: ApiInProcess, body: str, words: str
) -> None:
    video = api.indexed()
    answer = redact(api, video, body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["ErrorType"] == "INVALID_INPUT"
    assert words in answer.json()["Message"]
    assert len(api.call("GET", "/Videos").json()["results"]) == 1


def test_redaction_is_a_new_video_that_is_listed_at_once(api: ApiInProcess) -> None:
    original = api.indexed()
    answer = redact(
        api, original, {"faces": {}}, "name=safe clip&privacy=public&externalId=e7&description=junk"
    )
    job = started(api, answer)
    assert answer.headers["Location"] == f"http://video.test{api.path}/Jobs/{job.job_id}"
    assert answer.json() == {
        "creationTime": "2026-03-01T12:00:00.1234560Z",
        "lastUpdateTime": "2026-03-01T12:00:00.1234560Z",
        "progress": 0,
        "jobType": "Redaction",
        "state": "Processing",
    }
    (new,) = [video for video in api.call("GET", "/Videos").json()["results"] if video["name"] == "safe clip"]
    assert (new["state"], new["privacyMode"], new["externalId"]) == ("Processing", "Public", "e7")
    index = api.call("GET", f"/Videos/{new['id']}/Index").json()
    assert index["videos"][0]["insights"].get("faces", []) == []
    assert api.video(original.video_id) == original


@pytest.mark.parametrize(("query", "name"), [("", "clip-redacted"), ("name=", "clip-redacted")])
def test_missing_name_is_made_of_the_original_s(api: ApiInProcess, query: str, name: str) -> None:
    job = started(api, redact(api, api.indexed(), {"faces": {}}, query))
    assert job.output_id
    assert api.video(job.output_id).details.name == name


def test_location_is_spelt_as_the_client_spells_the_region(api: ApiInProcess) -> None:
    video = api.indexed()
    url = f"/WestUS2/accounts/{api.account.account_id.upper()}/VIDEOS/{video.video_id}/REDACT?Name=x"
    answer = api.ask("POST", url, headers=api.authorized(), json={"faces": {}})
    assert answer.status_code == 202
    assert re.fullmatch(
        r"http://video\.test/WestUS2/Accounts/[0-9a-f-]{36}/Jobs/[0-9a-f-]{36}", answer.headers["Location"]
    )


def test_video_that_is_being_indexed_is_a_conflict(api: ApiInProcess) -> None:
    answer = redact(api, api.upload(), {"faces": {}})
    assert answer.status_code == 409
    assert answer.json()["ErrorType"] == "VIDEO_INDEXING_IN_PROGRESS"


def test_video_without_video_insights_is_told_what_to_do(api: ApiInProcess) -> None:
    video = api.upload("sound", indexingPreset="AudioOnly")
    (job,) = api.catalogue.jobs_of_video(video.account_id, video.video_id)
    api.catalogue.end_job(job.job_id, JobState.FAILED, Failure("NoVideoError", "clip.mp4 has no picture"))
    answer = redact(api, api.video(video.video_id), {"faces": {}})
    assert answer.status_code == 400
    assert "upload" in answer.json()["Message"]


def test_finished_job_leads_to_the_new_video_again_and_again(api: ApiInProcess) -> None:
    job = started(api, redact(api, api.indexed(), {"faces": {}}))
    api.catalogue.begin_job(job.job_id)
    running = api.call("GET", f"/Jobs/{job.job_id}")
    assert (running.status_code, running.json()["state"]) == (200, "Processing")
    assert job.output_id
    source = StoredSource("accounts/x/safe.mp4", 4, "ab" * 32)
    api.objects.put_bytes(source.key, b"safe")
    outcome = RedactionOutcome(source, MediaFacts(1.0, 64, 48, 25), False, None)
    api.catalogue.finish_redaction(job.job_id, outcome)
    for _ in range(2):
        done = api.call("GET", f"/jobs/{job.job_id.upper()}")
        assert done.status_code == 303
        where = f"http://video.test{api.path}/Videos/{job.output_id}/SourceFile/DownloadUrl"
        assert done.headers["Location"] == where
        assert done.json()["state"] == "Processed"
    signed = api.get(done.headers["Location"], headers=api.authorized()).json()
    assert signed.endswith("/safe")
    assert api.get(signed).content == b"safe"


def test_failed_job_tells_why_with_200(api: ApiInProcess) -> None:
    job = started(api, redact(api, api.indexed(), {"faces": {}}))
    api.catalogue.end_job(job.job_id, JobState.FAILED, Failure("OutputError", "the disk is full"))
    answer = api.call("GET", f"/Jobs/{job.job_id}")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["state"], told["failureCode"], told["failureMessage"]) == (
        "Failed",
        "General",
        "the disk is full",
    )


def test_job_is_listed_and_can_be_cancelled(api: ApiInProcess) -> None:
    job = started(api, redact(api, api.indexed(), {"faces": {}}))
    listed = {item["id"]: item["outputVideoId"] for item in api.call("GET", "/Jobs").json()["results"]}
    assert len(listed) == 2
    assert listed[job.job_id] == job.output_id
    assert api.call("DELETE", f"/Jobs/{job.job_id}").status_code == 204
    assert api.queue.cancelled == [job.job_id]
    told = api.call("GET", f"/Jobs/{job.job_id}").json()
    assert (told["state"], told["failureCode"]) == ("Failed", "Cancelled")
    assert api.call("DELETE", f"/Jobs/{job.job_id}").status_code == 204
    assert api.call("GET", f"/Jobs/{'0' * 8}-0000-0000-0000-{'0' * 12}").status_code == 404
