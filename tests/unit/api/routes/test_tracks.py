"""Tracks: a summary and chunks of boxes of the corrected index."""

import json
from typing import Any

import numpy as np
import pytest

from efface.api.access import Permission
from tests.fakes.api_in_process import ApiInProcess, face_picture_id
from tests.fakes.sample_index import START_PTS, TICKS_PER_FRAME, moving_boxes


def boxes_of(run: dict[str, Any]) -> Any:
    """(n, 4) pixels out of a run on the wire."""
    return np.cumsum(np.array(run["boxes"]).reshape(-1, 4), axis=0) / 8


def test_summary_tells_who_is_in_the_video_and_how_it_is_cut(api: ApiInProcess) -> None:
    video = api.indexed()
    answer = api.call("GET", f"/Videos/{video.video_id}/Tracks")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert video.source
    faces = found.pop("faces")
    assert found == {
        "indexVersion": 1,
        "editsRevision": 0,
        "isStale": False,
        "sourceSha256": video.source.sha256,
        "width": 640,
        "height": 360,
        "numFrames": 301,
        "timeBase": {"numerator": 1, "denominator": 12800},
        "startPts": START_PTS,
        "endPts": START_PTS + 301 * TICKS_PER_FRAME,
        "frameRate": 25.0,
        "chunkFrames": 1500,
        "chunks": [{"firstFrame": 0, "endFrame": 301, "firstPts": START_PTS}],
        "shots": [[0, 205], [205, 301]],
        "regions": [],
        "mutes": [],
    }
    assert [(face["id"], face["name"], face["isNamed"]) for face in faces] == [
        (1001, "Unknown #1", False),
        (1002, "Unknown #2", False),
    ]
    assert faces[0]["tracks"] == [
        {"id": 1, "firstFrame": 0, "endFrame": 200, "score": 0.75},
        {"id": 3, "firstFrame": 210, "endFrame": 299, "score": 0.75},
    ]
    assert faces[1]["thumbnailId"] == face_picture_id(1002)
    assert faces[1]["seenSeconds"] == 38 / 25


def test_chunk_holds_the_boxes_as_differences(api: ApiInProcess) -> None:
    video = api.indexed()
    found = api.call("GET", f"/Videos/{video.video_id}/Tracks/0").json()
    assert (found["firstFrame"], found["endFrame"], found["regions"]) == (0, 301, [])
    assert found["pts"] == [START_PTS + TICKS_PER_FRAME * i for i in range(301)]
    runs = {run["id"]: run for run in found["tracks"]}
    assert set(runs) == {1, 2, 3}
    assert runs[2]["firstFrame"] == 75
    assert runs[2]["boxes"][:8] == [2400, 400, 2720, 720, 1, 1, 1, 1]
    np.testing.assert_array_equal(boxes_of(runs[2]), moving_boxes(38, 300, 50))


def test_long_video_has_several_chunks_and_each_its_own_part(
    api: ApiInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("efface.usecases.tracks.CHUNK_FRAMES", 100)
    video = api.indexed()
    summary = api.call("GET", f"/Videos/{video.video_id}/Tracks").json()
    assert [chunk["firstFrame"] for chunk in summary["chunks"]] == [0, 100, 200, 300]
    chunks = [api.call("GET", f"/Videos/{video.video_id}/Tracks/{i}").json() for i in range(4)]
    assert [[run["id"] for run in chunk["tracks"]] for chunk in chunks] == [[1, 2], [1, 2], [3], []]
    parts = [boxes_of(chunk["tracks"][1]) for chunk in chunks[:2]]
    np.testing.assert_array_equal(np.concatenate(parts), moving_boxes(38, 300, 50))
    refused = api.call("GET", f"/Videos/{video.video_id}/Tracks/4")
    assert (refused.status_code, refused.json()["ErrorType"]) == (404, "NOT_FOUND")
    assert "chunks 0 to 3" in refused.json()["Message"]


def test_names_are_as_users_gave_them_and_deleted_faces_are_not_shown(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}"
    api.call("PUT", f"{path}/Index/Faces/1002", params={"newName": "Ada"})
    api.call("DELETE", f"{path}/Index/Faces/1001")
    (face,) = api.call("GET", f"{path}/Tracks").json()["faces"]
    assert (face["id"], face["name"], face["isNamed"]) == (1002, "Ada", True)
    assert [run["id"] for run in api.call("GET", f"{path}/Tracks/0").json()["tracks"]] == [2]


def test_answer_is_packed_for_those_who_take_it(api: ApiInProcess) -> None:
    video = api.indexed()
    url = f"{api.path}/Videos/{video.video_id}/Tracks/0"
    packed = api.get(url, headers={**api.authorized(), "Accept-Encoding": "br, GZIP;q=0.5"})
    plain = api.get(url, headers={**api.authorized(), "Accept-Encoding": "gzip;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) < len(plain.content) / 2


def test_index_is_decoded_once(api: ApiInProcess) -> None:
    video = api.indexed()
    path = f"/Videos/{video.video_id}/Tracks"
    api.call("GET", path)
    for key in [key for key in api.objects.content if key.endswith("/index.json")]:
        api.objects.content[key] = b"nothing"
    assert api.call("GET", f"{path}/0").status_code == 200
    assert json.loads(api.call("GET", path).content)["numFrames"] == 301


def test_video_without_index_has_no_tracks(api: ApiInProcess) -> None:
    video = api.upload()
    for path in ("", "/0"):
        answer = api.call("GET", f"/Videos/{video.video_id}/Tracks{path}")
        assert (answer.status_code, answer.json()["ErrorType"]) == (404, "NOT_FOUND")
        assert "no index of faces" in answer.json()["Message"]


def test_public_video_needs_a_token_all_the_same(api: ApiInProcess) -> None:
    video = api.indexed(privacy="Public")
    url = f"{api.path}/Videos/{video.video_id}/Tracks"
    assert api.get(url).status_code == 401
    reader = api.authorized(permission=Permission.READER, video_id=video.video_id)
    assert api.get(url, headers=reader).status_code == 200
