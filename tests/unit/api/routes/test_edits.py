"""Corrections by hand over HTTP: revision after revision, never over one another."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from efface.api.access import Permission
from efface.domain.service import IndexOutcome, Video
from efface.edit import decode_edits
from efface.usecases.object_keys import index_key
from tests.fakes.api_in_process import ApiInProcess
from tests.fakes.sample_index import sample_index_file
from tests.storage.records import index_job


def document(video: Video, **changes: Any) -> dict[str, Any]:
    """An edits file of this video."""
    assert video.source
    return {"format": "efface-edits", "version": 1, "source_sha256": video.source.sha256, **changes}


def region(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A plate that is covered in frames 10 to 50."""
    drawn = [{"frame": 20, "box": [100, 100, 140.5, 120]}]
    plain = {"id": number, "label": "plate", "first_frame": 10, "end_frame": 50, "is_followed": False}
    return {**plain, "keyframes": drawn, **changes}


def save(api: ApiInProcess, video: Video, revision: int, **changes: Any) -> httpx.Response:
    headers = {**api.authorized(), "If-Match": f'"{revision}"'}
    url = f"{api.path}/Videos/{video.video_id}/Edits"
    return api.ask("PUT", url, headers=headers, json=document(video, **changes))


def index_once_more(api: ApiInProcess, video: Video) -> None:
    """A second version of the index, with the same content."""
    assert video.source
    assert video.media
    job = index_job(video, 77)
    api.catalogue.add_index_job(job, video.options)
    api.catalogue.begin_job(job.job_id)
    for key in [key for key in api.objects.content if "/index/1/" in key]:
        api.objects.content[key.replace("/index/1/", "/index/2/")] = api.objects.content[key]
    assert index_key(video, 2, "index.json") in api.objects.content
    outcome = IndexOutcome(2, video.source, video.media, True, False, video.thumbnail_id)
    api.catalogue.finish_index(job.job_id, outcome)


def test_nothing_corrected_is_an_empty_document_of_revision_0(api: ApiInProcess) -> None:
    video = api.indexed()
    answer = api.call("GET", f"/Videos/{video.video_id}/Edits")
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == '"0"'
    found = answer.json()
    assert (found["revision"], found["indexVersion"], found["isStale"]) == (0, 1, False)
    assert decode_edits(json.dumps(found["edits"]).encode()).is_empty
    assert found["edits"]["source_sha256"] == document(video)["source_sha256"]


def test_saved_corrections_are_read_again_and_laid_over_the_tracks(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}"
    first = save(api, video, 0, splits=[{"track": 3, "face": 1007}], removed_tracks=[2])
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"'), first.text
    assert first.json()["edits"]["splits"] == [{"track": 3, "face": 1007}]
    second = save(api, video, 1, regions=[region()], mutes=[["0.5", 2]])
    assert second.json()["revision"] == 2
    assert api.call("GET", f"{path}/Edits").json() == second.json()
    assert api.call("GET", f"{path}/Edits?revision=1").json() == first.json()

    summary = api.call("GET", f"{path}/Tracks?edits=1").json()
    assert (summary["editsRevision"], [face["id"] for face in summary["faces"]]) == (1, [1001, 1007])
    assert [face["name"] for face in summary["faces"]] == ["Unknown #1", "Unknown #3"]
    assert {run["id"] for run in api.call("GET", f"{path}/Tracks/0?edits=1").json()["tracks"]} == {1, 3}
    assert len(api.call("GET", f"{path}/Tracks?edits=0").json()["faces"]) == 2

    newest = api.call("GET", f"{path}/Tracks").json()
    (drawn,) = newest["regions"]
    assert newest["editsRevision"] == 2
    assert (drawn["state"], drawn["parts"], drawn["kind"]) == ("fixed", [[10, 50]], None)
    assert drawn["keyframes"] == [{"frame": 20, "box": [100, 100, 140.5, 120]}]
    # The clip begins at 1000 ticks of 1/12800 s.
    assert newest["mutes"] == [{"start": 0.5 - 1000 / 12800, "end": 2 - 1000 / 12800}]
    (run,) = api.call("GET", f"{path}/Tracks/0").json()["regions"]
    assert (run["id"], run["firstFrame"], len(run["boxes"])) == (1, 10, 160)
    assert run["boxes"][:8] == [800, 800, 1124, 960, 0, 0, 0, 0]


def test_change_must_say_what_it_changes(api: ApiInProcess) -> None:
    video = api.indexed()
    answer = api.call("PUT", f"/Videos/{video.video_id}/Edits", json=document(video))
    assert (answer.status_code, answer.json()["ErrorType"]) == (428, "INVALID_INPUT")
    for tag in ("*", '"new"', '"1", "2"'):
        headers = {**api.authorized(), "If-Match": tag}
        url = f"{api.path}/Videos/{video.video_id}/Edits"
        assert api.ask("PUT", url, headers=headers, json=document(video)).status_code == 400
    assert api.catalogue.edits_revision(video.account_id, video.video_id) is None


def test_change_of_what_is_not_the_newest_is_refused_and_leaves_nothing(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, removed_tracks=[2])
    before = dict(api.objects.content)
    for revision in (0, 2):
        answer = save(api, video, revision, removed_tracks=[1])
        assert (answer.status_code, answer.json()["ErrorType"]) == (412, "ALREADY_EXISTS")
        assert "1 is" in answer.json()["Message"]
    assert api.objects.content == before


def test_of_two_who_save_at_once_one_is_refused(api: ApiInProcess) -> None:
    video = api.indexed()
    barrier = Barrier(2)

    def change(track: int) -> int:
        barrier.wait()
        return save(api, video, 0, removed_tracks=[track]).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(change, (1, 2))) == [200, 412]
    assert api.call("GET", f"/Videos/{video.video_id}/Edits").json()["revision"] == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"removed_tracks": [9]}, "names track 9"),
        ({"merges": [[1001, 1009]]}, "names face 1009"),
        ({"source_sha256": "ab" * 32}, "source_sha256 is not that of this video"),
        ({"regions": [region(end_frame=400)]}, "the video has 301"),
        ({"nonsense": 1}, "nonsense is not a field"),
        ({"format": "efface-index"}, '"format" is not'),
    ],
)
def test_corrections_that_do_not_fit_are_refused(
    api: ApiInProcess, changes: dict[str, Any], words: str
) -> None:
    video = api.indexed()
    answer = save(api, video, 0, **changes)
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")
    assert words in answer.json()["Message"]
    assert api.call("GET", f"/Videos/{video.video_id}/Edits").json()["revision"] == 0


def test_body_that_is_no_document_is_refused(api: ApiInProcess) -> None:
    video = api.indexed()
    headers = {**api.authorized(), "If-Match": "0"}
    for body in (b"", b"[]", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff", b"[" * 100_000):
        url = f"{api.path}/Videos/{video.video_id}/Edits"
        answer = api.ask("PUT", url, headers=headers, content=body)
        assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT"), body[:10]
        assert answer.json()["Message"].startswith("edits ")


def test_corrections_of_an_older_index_are_told_and_name_no_tracks_of_the_new_one(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}"
    save(api, video, 0, removed_tracks=[2], regions=[region()], mutes=[[1, 2]])
    index_once_more(api, video)
    saved = api.call("GET", f"{path}/Edits").json()
    assert (saved["isStale"], saved["indexVersion"], saved["edits"]["removed_tracks"]) == (True, 1, [2])
    summary = api.call("GET", f"{path}/Tracks").json()
    assert (summary["isStale"], summary["indexVersion"]) == (True, 2)
    assert len(summary["faces"]) == 2
    # What is drawn or muted holds for any index of the same video.
    assert (len(summary["regions"]), len(summary["mutes"])) == (1, 1)
    again = save(api, api.video(video.video_id), 1, removed_tracks=[2]).json()
    assert (again["isStale"], again["indexVersion"]) == (False, 2)
    assert len(api.call("GET", f"{path}/Tracks").json()["faces"]) == 1


def test_regions_alone_never_grow_stale(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, regions=[region()])
    index_once_more(api, video)
    assert api.call("GET", f"/Videos/{video.video_id}/Edits").json()["isStale"] is False


def test_file_is_the_bare_document_under_the_name_of_the_video(api: ApiInProcess) -> None:
    video = api.indexed('Ünï "1"')
    save(api, video, 0, removed_tracks=[2])
    answer = api.call("GET", f"/Videos/{video.video_id}/Edits/File")
    edits = decode_edits(answer.content)
    assert edits.removed_tracks == (2,)
    # Laid over another index of the same video, its numbers would be of other faces.
    assert edits.index_digest
    name = "%C3%9Cn%C3%AF%20%221%22.edits.json"
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"


def test_old_revisions_go_and_so_do_their_documents(
    api: ApiInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("efface.usecases.corrections.KEPT_REVISIONS", 2)
    video = api.indexed()
    for revision in range(4):
        assert save(api, video, revision, removed_tracks=[1]).status_code == 200
    path = f"/Videos/{video.video_id}"
    answers = [api.call("GET", f"{path}/Edits?revision={n}").status_code for n in range(6)]
    assert answers == [200, 404, 404, 200, 200, 404]
    assert len([key for key in api.objects.content if "/edits/" in key]) == 2
    assert api.call("GET", f"{path}/Tracks?edits=1").status_code == 404


def test_readers_read_and_do_not_save(api: ApiInProcess) -> None:
    video = api.indexed(privacy="Public")
    url = f"{api.path}/Videos/{video.video_id}/Edits"
    reader = {**api.authorized(permission=Permission.READER), "If-Match": "0"}
    assert api.get(url, headers=reader).status_code == 200
    assert api.ask("PUT", url, headers=reader, json=document(video)).status_code == 401
    assert api.get(url).status_code == 401


def test_corrections_go_with_their_video(api: ApiInProcess) -> None:
    video = api.indexed()
    save(api, video, 0, removed_tracks=[1])
    api.call("DELETE", f"/Videos/{video.video_id}")
    assert [key for key in api.objects.content if video.video_id in key] == []


def test_index_of_the_fake_is_a_true_one(api: ApiInProcess) -> None:
    video = api.indexed()
    assert video.source
    stored = api.objects.content[index_key(video, 1, "index.json")]
    assert stored == sample_index_file(video.source.sha256)
