"""Redactions with corrections by hand over HTTP: what is ordered is frozen with the job."""

from typing import Any

import httpx
import pytest

from efface.domain.edits import Edits
from efface.domain.service import Failure, Job, JobState, Video
from efface.edit import decode_edits
from efface.usecases.redactions import EDITS_KEY, request_from_document
from tests.fakes.api_in_process import ApiInProcess
from tests.unit.api.routes.test_edits import document, index_once_more, region, save


def redact(api: ApiInProcess, video: Video, **body: Any) -> httpx.Response:
    return api.call("POST", f"/Videos/{video.video_id}/redact?name=safe", json=body)


def job_of(api: ApiInProcess, answer: httpx.Response) -> Job:
    assert answer.status_code == 202, answer.text
    return api.catalogue.job(api.account.account_id, answer.headers["Location"].rpartition("/")[2])


def frozen(api: ApiInProcess, answer: httpx.Response) -> Edits:
    return decode_edits(api.objects.content[job_of(api, answer).request[EDITS_KEY]])


def test_plain_redaction_holds_no_corrections(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, removed_tracks=[2])
    assert EDITS_KEY not in job_of(api, redact(api, video, faces={})).request


def test_newest_corrections_are_frozen_with_the_order(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, removed_tracks=[2])
    newest, first = redact(api, video, faces={}, edits=True), redact(api, video, faces={}, edits=1)
    save(api, video, 1, removed_tracks=[1])
    assert frozen(api, newest).removed_tracks == frozen(api, first).removed_tracks == (2,)
    assert frozen(api, redact(api, video, faces={}, edits=0)).is_empty
    # The document lies with the new video, and goes with it.
    job = job_of(api, newest)
    api.call("DELETE", f"/Videos/{job.output_id}")
    assert job.request[EDITS_KEY] not in api.objects.content


def test_regions_and_mutes_come_on_top_and_are_numbered_on(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, regions=[region(1), region(5)], mutes=[[1, 2]])
    answer = redact(
        api,
        video,
        edits=True,
        regions=[region(1, label="screen")],
        audio={"mute": [{"start": "0:00:03", "end": 4.5}]},
    )
    edits = frozen(api, answer)
    assert [(each.region_id, each.label) for each in edits.regions] == [
        (1, "plate"),
        (5, "plate"),
        (6, "screen"),
    ]
    # Times in a document are those of the video itself, whose first frame is shown at 1000/12800 s.
    assert [float(span.start) for span in edits.mutes] == [1.0, 3 + 1000 / 12800]
    assert not request_from_document(job_of(api, answer).request).covers_faces


def test_document_may_come_with_the_body(api: ApiInProcess) -> None:
    video = api.indexed()
    answer = redact(api, video, faces={}, edits=document(video, splits=[{"track": 3, "face": 1007}]))
    assert frozen(api, answer).splits[0].face_id == 1007
    wrong = redact(api, video, faces={}, edits={**document(video), "source_sha256": "ab" * 32})
    assert (wrong.status_code, "source_sha256" in wrong.json()["Message"]) == (400, True)


def test_faces_are_those_of_the_corrected_index(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, splits=[{"track": 3, "face": 1007}], merges=[[1001, 1002]])

    def only(face: int, **more: Any) -> httpx.Response:
        return redact(api, video, faces={"filter": {"ids": [face], "scope": "Include"}}, **more)

    assert only(1007, edits=True).status_code == 202
    assert only(1007).status_code == 400
    gone = only(1002, edits=True)
    assert "1002 is not in the index: it holds 1001, 1007" in gone.json()["Message"]
    assert only(1002).status_code == 202
    api.call("DELETE", f"/Videos/{video.video_id}/Index/Faces/1001")
    assert only(1001, edits=True).status_code == 400


def test_face_that_a_split_has_made_can_be_named(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}"
    assert api.call("PUT", f"{path}/Index/Faces/1007?newName=Ada").status_code == 404
    save(api, video, 0, splits=[{"track": 3, "face": 1007}])
    assert api.call("PUT", f"{path}/Index/Faces/1007?newName=Ada").status_code == 204
    faces = api.call("GET", f"{path}/Tracks").json()["faces"]
    assert [(face["id"], face["name"]) for face in faces][-1] == (1007, "Ada")


def test_stale_corrections_are_never_applied_to_another_index(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, removed_tracks=[2])
    index_once_more(api, video)
    answer = redact(api, api.video(video.video_id), faces={}, edits=True)
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")
    assert "older index" in answer.json()["Message"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"faces": {}, "edits": 9}, 404, "no corrections of revision 9"),
        ({"faces": False, "edits": True}, 400, "neither faces nor regions"),
        ({"regions": [region(end_frame=400)]}, 400, "the video has 301"),
        ({"regions": [{**region(), "is_followed": None}]}, 400, "is_followed"),
        ({"edits": True}, 400, "'faces'"),
    ],
)
def test_order_that_cannot_be_is_refused_and_leaves_nothing(
    api: ApiInProcess, body: dict[str, Any], status: int, words: str
) -> None:
    video = api.indexed()
    before = dict(api.objects.content)
    answer = redact(api, video, **body)
    assert (answer.status_code, words in answer.json()["Message"]) == (status, True), answer.text
    assert api.objects.content == before
    assert api.catalogue.num_videos(video.account_id) == 1


def test_upload_takes_regions_and_no_saved_corrections(api: ApiInProcess) -> None:
    body = '{"regions": [{"first_frame": 0, "end_frame": 5, "is_followed": false, "keyframes": [%s]}]}'
    taken = api.call(
        "POST",
        "/Videos?name=x",
        files={"file": ("a.mp4", b"a video")},
        data={"redact": body % '{"frame": 0, "box": [1, 1, 9, 9]}'},
    )
    assert taken.status_code == 200, taken.text
    job = api.catalogue.job(api.account.account_id, taken.json()["redaction"]["jobId"])
    assert job.request["drawn"]["regions"][0]["end_frame"] == 5
    refused = api.call(
        "POST",
        "/Videos?name=y",
        files={"file": ("a.mp4", b"a video")},
        data={"redact": '{"faces": {}, "edits": true}'},
    )
    assert (refused.status_code, "'edits' cannot be given with an upload" in refused.text) == (400, True)


def test_order_that_names_what_it_was_chosen_from_is_refused_when_that_is_no_more(api: ApiInProcess) -> None:
    video = api.indexed()
    seen = api.call("GET", f"/Videos/{video.video_id}/Tracks").headers["ETag"]

    def ask(tag: str) -> httpx.Response:
        headers = {**api.authorized(), "If-Match": tag}
        return api.ask(
            "POST", f"{api.path}/Videos/{video.video_id}/redact", headers=headers, json={"faces": {}}
        )

    assert (seen, ask(seen).status_code, ask("*").status_code) == ('"1.0"', 202, 202)
    save(api, video, 0, regions=[region()])
    corrected = ask(seen)
    assert (corrected.status_code, corrected.json()["ErrorType"]) == (412, "ALREADY_EXISTS")
    assert "corrected by somebody else" in corrected.json()["Message"]
    seen = api.call("GET", f"/Videos/{video.video_id}/Tracks").headers["ETag"]
    assert ask(seen).status_code == 202
    end_redactions(api, video)
    index_once_more(api, video)
    analysed = ask(seen)
    assert analysed.status_code == 412
    assert "analysed anew" in analysed.json()["Message"]
    assert ask("anything").status_code == 400


def end_redactions(api: ApiInProcess, video: Video) -> None:
    for job in api.catalogue.jobs_of_video(video.account_id, video.video_id):
        api.catalogue.end_job(job.job_id, JobState.CANCELLED, Failure("Cancelled", "cancelled"))
