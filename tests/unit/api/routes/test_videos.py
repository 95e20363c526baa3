"""Index, list, search, changes and deletion of videos over HTTP."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from efface.api.access import Permission
from efface.domain.service import Failure, JobState
from tests.fakes.api_in_process import POSTER_ID, ApiInProcess, face_picture_id


def test_index_of_an_analysed_video_tells_people_shots_and_times(api: ApiInProcess) -> None:
    video = api.indexed()
    index = api.call("GET", f"/Videos/{video.video_id}/Index?language=English").json()
    assert (index["state"], index["durationInSeconds"], index["duration"]) == ("Processed", 12, "0:00:12.04")
    (shown,) = index["videos"]
    assert (shown["processingProgress"], shown["failureCode"], shown["failureMessage"]) == (
        "100%",
        "None",
        "",
    )
    assert (shown["width"], shown["height"], shown["thumbnailId"]) == (640, 360, POSTER_ID)
    insights = shown["insights"]
    assert [face["id"] for face in insights["faces"]] == [1001, 1002]
    face = insights["faces"][0]
    assert face["instances"] == [
        {
            "thumbnailsIds": [face_picture_id(1001)],
            "adjustedStart": "0:00:00",
            "adjustedEnd": "0:00:11.96",
            "start": "0:00:00",
            "end": "0:00:11.96",
        }
    ]
    (thumbnail,) = face["thumbnails"]
    assert thumbnail["fileName"] == f"FaceInstanceThumbnail_{face_picture_id(1001)}.jpg"
    assert thumbnail["instances"][0]["start"] == "0:00:01.4333333"
    assert insights["shots"][0]["keyFrames"][0]["instances"][0]["thumbnailId"] == face_picture_id(0)
    assert index["summarizedInsights"]["faces"][1]["appearances"][0]["startSeconds"] == 3.0
    assert index["videosRanges"] == [
        {"videoId": video.video_id, "range": {"start": "0:00:00", "end": "0:00:12.04"}}
    ]


def test_index_has_the_same_shape_before_during_and_after_a_failure(api: ApiInProcess) -> None:
    done = api.indexed()
    shape = shape_of(api.call("GET", f"/Videos/{done.video_id}/Index").json())
    video = api.upload("other")
    path = f"/Videos/{video.video_id}/Index"
    states = [(index := api.call("GET", path).json())["state"]]
    assert shape_of(index) == shape
    (job,) = api.catalogue.jobs_of_video(video.account_id, video.video_id)
    api.catalogue.begin_job(job.job_id)
    states.append((index := api.call("GET", path).json())["state"])
    assert shape_of(index) == shape
    failure = Failure("UnsupportedMediaError", "clip.mp4 is no video")
    api.catalogue.end_job(job.job_id, JobState.FAILED, failure)
    states.append((index := api.call("GET", path).json())["state"])
    assert shape_of(index) == shape
    assert states == ["Uploaded", "Processing", "Failed"]
    assert index["videos"][0]["failureCode"] == "UnsupportedFileType"
    assert index["videos"][0]["failureMessage"] == "clip.mp4 is no video"


def shape_of(value: Any) -> Any:
    """Keys of the objects, without what lists hold."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    return "list" if isinstance(value, list) and not (value and "insights" in value[0]) else None


def test_index_holds_all_keys_that_a_real_answer_has(api: ApiInProcess, shared: Path) -> None:
    real = json.loads((shared / "contract" / "index_2022_VIP.json").read_text())
    ours = api.call("GET", f"/Videos/{api.indexed().video_id}/Index").json()
    assert set(real) <= set(ours)
    assert set(real["summarizedInsights"]) <= set(ours["summarizedInsights"])
    missing = set(real["videos"][0]) - set(ours["videos"][0])
    assert missing <= {"isSearchable", "customLanguages"}, missing
    not_made_here = {"ocr", "keywords", "labels", "topics", "blocks", "speakers", "brands", "sentiments"}
    not_made_here |= {"emotions", "audioEffects", "namedLocations", "namedPeople", "framePatterns"}
    not_made_here |= {"visualContentModeration", "sourceLanguageConfidence"}
    assert set(real["videos"][0]["insights"]) - set(ours["videos"][0]["insights"]) <= not_made_here


def test_insights_are_chosen_or_left_out(api: ApiInProcess) -> None:
    path = f"/Videos/{api.indexed().video_id}/Index"
    only = api.call("GET", f"{path}?includedInsights=Faces, transcript").json()["videos"][0]["insights"]
    assert "faces" in only
    assert "shots" not in only
    without = api.call("GET", f"{path}?excludedInsights=faces").json()["videos"][0]["insights"]
    assert "faces" not in without
    assert "shots" in without
    assert api.call("GET", f"{path}?includeSummarizedInsights=False").json()["summarizedInsights"] is None


def test_unknown_video_is_not_found_by_its_name(api: ApiInProcess) -> None:
    answer = api.call("GET", "/Videos/0123456789/Index")
    assert answer.status_code == 404
    assert answer.json() == {
        "ErrorType": "BREAKDOWN_NOT_FOUND",
        "Message": "Video '0123456789' was not found.",
    }


def test_list_pages_newest_first_and_ends_with_an_empty_page(api: ApiInProcess) -> None:
    for number in range(3):
        api.clock.move(1)
        api.upload(f"clip {number}")
    first = api.call("GET", "/Videos?pageSize=2").json()
    assert [video["name"] for video in first["results"]] == ["clip 2", "clip 1"]
    assert first["nextPage"] == {"pageSize": 2, "skip": 2, "done": False}
    second = api.call("GET", "/Videos?pageSize=2&skip=2").json()
    assert [video["name"] for video in second["results"]] == ["clip 0"]
    assert second["nextPage"] == {"pageSize": 2, "skip": 2, "done": True}
    beyond = api.call("GET", "/Videos?pageSize=25&skip=25")
    assert beyond.status_code == 200
    assert beyond.json()["results"] == []


def test_list_is_narrowed_by_time_and_partition(api: ApiInProcess) -> None:
    api.upload("old", partition="a")
    api.clock.move(3600)
    api.upload("new", partition="b")
    moment = (api.clock.now() - timedelta(minutes=1)).isoformat()

    def names(answer: Any) -> list[str]:
        return [video["name"] for video in answer.json()["results"]]

    assert names(api.call("GET", "/Videos", params={"createdAfter": moment})) == ["new"]
    assert names(api.call("GET", "/Videos", params={"createdBefore": moment})) == ["old"]
    assert names(api.call("GET", "/Videos", params={"partitions": "b"})) == ["new"]


@pytest.mark.parametrize("query", ["pageSize=0", "pageSize=many", "skip=-1", "createdAfter=yesterday"])
def test_bad_list_parameter_is_named(api: ApiInProcess, query: str) -> None:
    answer = api.call("GET", f"/Videos?{query}")
    assert answer.status_code == 400
    assert answer.json()["ErrorType"] == "INVALID_INPUT"
    assert query.partition("=")[0] in answer.json()["Message"]


def test_search_finds_names_and_people_and_says_where(api: ApiInProcess) -> None:
    party, other = api.indexed("Garden party"), api.indexed("Street")
    api.upload("garden in the making")
    assert api.call("PUT", f"/Videos/{other.video_id}/Index/Faces/1002?newName=Ada Garden").status_code == 204
    results = api.call("GET", "/Videos/Search?query=garden").json()["results"]
    assert {video["id"] for video in results} == {party.video_id, other.video_id}
    matches = {video["id"]: video["searchMatches"] for video in results}
    assert matches[party.video_id] == [
        {"startTime": "0:00:00", "type": "Title", "text": "Garden party", "exactText": "Garden"}
    ]
    assert matches[other.video_id] == [
        {"startTime": "0:00:03", "type": "Face", "text": "Ada Garden", "exactText": "Garden"}
    ]
    by_face = api.call("GET", "/Videos/Search?face=ada").json()["results"]
    assert [video["id"] for video in by_face] == [other.video_id]
    assert api.call("GET", "/Videos/Search?query=nothing").json()["results"] == []


def test_video_is_found_by_its_external_id(api: ApiInProcess) -> None:
    video = api.upload("one", externalId="case/7 b")
    answer = api.call("GET", "/Videos/GetIdByExternalId", params={"externalId": "case/7 b"})
    assert answer.text == f'"{video.video_id}"'
    missing = api.call("GET", "/Videos/GetIdByExternalId", params={"externalId": "case/8"})
    assert missing.status_code == 404


def test_face_name_shows_in_the_index_and_a_deleted_face_does_not(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}/Index"
    assert api.call("PUT", f"{path}/faces/1001?NEWNAME=Ada").status_code == 204
    assert api.call("DELETE", f"{path}/Faces/1002").status_code == 204
    (face,) = api.call("GET", path).json()["videos"][0]["insights"]["faces"]
    assert (face["id"], face["name"]) == (1001, "Ada")
    assert api.call("DELETE", f"{path}/Faces/1002").status_code == 404
    assert api.call("PUT", f"{path}/Faces/1001").status_code == 400
    assert api.call("PUT", f"{path}/Faces/one?newName=x").status_code == 400


def test_index_again_is_accepted_once(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}/ReIndex?indexingPreset=VideoOnly&priority=High"
    assert api.call("PUT", path).status_code == 204
    assert api.video(video.video_id).options.preset == "VideoOnly"
    answer = api.call("PUT", path)
    assert answer.status_code == 409
    assert answer.json()["ErrorType"] == "VIDEO_INDEXING_IN_PROGRESS"


def test_deleted_video_is_gone_and_deleted_source_is_told_apart(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}"
    assert api.call("DELETE", f"{path}/SourceFile").status_code == 204
    gone = api.call("GET", f"{path}/SourceFile/DownloadUrl")
    assert (gone.status_code, gone.json()["ErrorType"]) == (410, "SOURCE_VIDEO_DELETED")
    assert api.call("GET", f"{path}/Index").status_code == 200
    refused = api.call("POST", f"{path}/redact", json={"faces": {}})
    assert refused.status_code == 400
    deleted = api.call("DELETE", path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert api.call("GET", f"{path}/Index").status_code == 404
    assert api.call("DELETE", path).status_code == 404
    assert api.objects.content == {}


def test_reader_may_not_change_anything(api: ApiInProcess) -> None:
    video = api.indexed()
    headers = api.authorized(permission=Permission.READER)
    for method, path in (
        ("DELETE", ""),
        ("DELETE", "/SourceFile"),
        ("PUT", "/ReIndex"),
        ("PUT", "/Index/Faces/1001?newName=x"),
        ("DELETE", "/Index/Faces/1001"),
        ("POST", "/redact"),
    ):
        answer = api.ask(method, f"{api.path}/Videos/{video.video_id}{path}", headers=headers)
        assert answer.status_code == 401, path
        assert answer.json()["ErrorType"] == "USER_NOT_ALLOWED"
    assert api.get(f"{api.path}/Videos/{video.video_id}/Index", headers=headers).status_code == 200
