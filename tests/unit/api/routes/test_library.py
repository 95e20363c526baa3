"""The library: videos as people look at them."""

from typing import Any

import pytest
from sqlalchemy import Engine, event

from efface.domain.service import Failure, JobState, VideoState
from tests.fakes.api_in_process import ApiInProcess


def library(api: ApiInProcess, query: str = "") -> list[dict[str, Any]]:
    answer = api.call("GET", f"/Library{query}")
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_video_is_listed_with_people_file_and_redactions(api: ApiInProcess) -> None:
    video = api.indexed("Garden")
    api.clock.move(1)
    answer = api.call("POST", f"/Videos/{video.video_id}/redact?name=safe", json={"faces": {}})
    job_id = answer.headers["Location"].rpartition("/")[2]
    made, original = library(api)
    assert (original["name"], original["state"], original["facesCount"]) == ("Garden", "Processed", 2)
    assert (original["durationInSeconds"], original["width"], original["height"]) == (12.04, 640, 360)
    assert original["sizeInBytes"] == len(b"a video")
    assert original["canBeRedacted"] is True
    assert [(each["id"], each["name"]) for each in original["redactions"]] == [(made["id"], "safe")]
    assert (made["originalVideoId"], made["jobId"], made["state"]) == (original["id"], job_id, "Processing")
    assert made["facesCount"] is None
    assert original["jobId"] is None


def test_redaction_that_waits_for_its_analysis_names_its_job_so_that_it_can_be_cancelled(
    api: ApiInProcess,
) -> None:
    answer = api.call(
        "POST",
        "/Videos",
        params={"name": "both", "redact": '{"faces": {}}'},
        files={"file": ("a.mp4", b"a video")},
    )
    started = answer.json()["redaction"]
    shown = {video["id"]: video["jobId"] for video in library(api)}
    assert shown[started["videoId"]] == started["jobId"]
    assert api.call("GET", f"/Library/{started['videoId']}").json()["jobId"] == started["jobId"]


def test_longer_page_asks_the_catalogue_no_more(api: ApiInProcess) -> None:
    statements: list[str] = []

    def noted(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    for number in range(4):
        video = api.indexed(f"Garden {number}", first_face=1001 + 10 * number)
        api.clock.move(1)
        assert api.call("POST", f"/Videos/{video.video_id}/redact", json={"faces": {}}).status_code == 202
        api.clock.move(1)
    library(api)
    counts = []
    event.listen(Engine, "before_cursor_execute", noted)
    try:
        for size in (2, 4, 8):
            statements.clear()
            shown = library(api, f"?pageSize={size}")
            assert len(shown) == size
            counts.append(len(statements))
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    assert sum(len(one["redactions"]) for one in shown) == 4
    assert sum(one["facesCount"] or 0 for one in shown) == 8
    # Total, page, redactions, changes of faces, open jobs, and whose it is.
    assert counts[0] == counts[1] == counts[2] <= 6


def test_deleted_person_is_not_counted(api: ApiInProcess) -> None:
    video = api.indexed()
    assert api.call("DELETE", f"/Videos/{video.video_id}/Index/Faces/1002").status_code == 204
    assert library(api)[0]["facesCount"] == 1


def test_one_video_is_told_as_in_the_list(api: ApiInProcess) -> None:
    video = api.indexed()
    assert api.call("GET", f"/Library/{video.video_id}").json() == library(api)[0]
    assert api.call("GET", "/Library/0123456789").status_code == 404


def test_library_is_sorted_narrowed_and_turned(api: ApiInProcess) -> None:
    for name in ("pear", "Apple", "fig"):
        api.clock.move(1)
        api.upload(name)
    assert [video["name"] for video in library(api)] == ["fig", "Apple", "pear"]
    assert [video["name"] for video in library(api, "?sort=oldest")] == ["pear", "Apple", "fig"]
    assert [video["name"] for video in library(api, "?SORT=Name&pageSize=2")] == ["Apple", "fig"]
    assert [video["name"] for video in library(api, "?sort=name&pageSize=2&skip=2")] == ["pear"]
    assert [video["name"] for video in library(api, "?query=app")] == ["Apple"]
    assert library(api, "?kind=redaction") == []
    assert len(library(api, "?kind=original&state=Uploaded")) == 3
    body = api.call("GET", "/Library?pageSize=2").json()
    assert (body["total"], body["nextPage"]) == (3, {"pageSize": 2, "skip": 2, "done": False})


@pytest.mark.parametrize("query", ["sort=best", "kind=all-of-them", "state=Gone", "pageSize=0"])
def test_word_that_is_unknown_is_named(api: ApiInProcess, query: str) -> None:
    answer = api.call("GET", f"/Library?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["Message"]


def test_failure_is_told_in_a_sentence(api: ApiInProcess) -> None:
    video = api.upload()
    (job,) = api.catalogue.jobs_of_video(video.account_id, video.video_id)
    api.catalogue.begin_job(job.job_id)
    api.catalogue.end_job(
        job.job_id, JobState.FAILED, Failure("DamagedMediaError", "clip.mp4 is damaged: send it again")
    )
    (shown,) = library(api)
    assert (shown["state"], shown["failureMessage"]) == (
        VideoState.FAILED.value,
        "clip.mp4 is damaged: send it again",
    )
