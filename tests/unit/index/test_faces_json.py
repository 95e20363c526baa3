"""faces.json: Azure's layout, exact times, right faces."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from efface.domain.time import Timeline
from efface.index.faces_json import iter_faces_json
from efface.index.model import FaceIndex

# The Faces artifact as its one public reader models it; the values are made up.
_AZURE = json.loads("""
{"version":1,"timescale":90000,"offset":0,"framerate":25.0,"width":1280,"height":720,"totalDuration":1080000,
 "fragments":[
  {"start":0,"duration":180000,"interval":3600,
   "events":[ [ {"index":0,"id":1009,"x":0.41,"y":0.22,"width":0.08,"height":0.14,"isDeputy":false,"freq":1,
                 "roll":0.0,"pitch":0.0,"yaw":0.0,"detectionConfidence":0.98} ],
              [] ]}],
 "groups":[ [ {"id":1009},{"id":1010} ] ]}
""")


def document(index: FaceIndex) -> Any:
    return json.loads("".join(iter_faces_json(index)))


def _kinds(record: dict[str, Any]) -> dict[str, str]:
    """Key → bool, number or list: JSON readers take 1 for 1.0."""
    names = {bool: "bool", int: "number", float: "number", list: "list"}
    return {key: names[type(value)] for key, value in record.items()}


def test_the_layout_is_azures(three_people: FaceIndex) -> None:
    ours = document(three_people)
    assert _kinds(ours) == _kinds(_AZURE)
    event = ours["fragments"][0]["events"][0][0]
    assert _kinds(event) == _kinds(_AZURE["fragments"][0]["events"][0][0])
    assert isinstance(event["id"], int)
    assert all(_kinds(fragment) == _kinds(_AZURE["fragments"][0]) for fragment in ours["fragments"])
    assert ours["groups"] == [[{"id": 1001}], [{"id": 1002}], [{"id": 1003}]]


def test_the_header_describes_the_video(three_people: FaceIndex) -> None:
    ours = document(three_people)
    assert (ours["timescale"], ours["offset"], ours["framerate"]) == (30_000, 0, 29.97)
    assert (ours["width"], ours["height"], ours["totalDuration"]) == (1280, 720, 300 * 1001)


def test_fragments_follow_each_other_over_the_whole_video(three_people: FaceIndex) -> None:
    ours = document(three_people)
    at = 0
    for fragment in ours["fragments"]:
        assert fragment["start"] == at
        assert len(fragment["events"]) * fragment["interval"] == fragment["duration"]
        at += fragment["duration"]
    assert at == ours["totalDuration"]


def test_every_face_of_every_frame_is_there_once(three_people: FaceIndex) -> None:
    found = set()
    for fragment in document(three_people)["fragments"]:
        for i, faces in enumerate(fragment["events"]):
            for face in faces:
                frame = (fragment["start"] + i * fragment["interval"]) // 1001
                assert face["index"] == frame
                found.add((frame, face["id"]))
    wanted = {(frame, face.face_id) for frame in range(300) for face in three_people.faces_at(frame)}
    assert found == wanted


def test_coordinates_are_fractions_that_may_leave_the_frame(three_people: FaceIndex) -> None:
    track = replace(
        three_people.tracks[0], boxes=np.tile(np.array([-128, 36, 64, 720.5], np.float32), (100, 1))
    )
    index = replace(three_people, tracks=(track, *three_people.tracks[1:]))
    face = document(index)["fragments"][0]["events"][0][0]
    assert (face["x"], face["y"], face["width"]) == (-0.1, 0.05, 0.15)
    assert face["y"] + face["height"] > 1


def test_times_count_from_the_first_frame(make_index: Callable[..., FaceIndex]) -> None:
    ours = document(make_index([(1001, 0, 10)], num_frames=20, first_pts=-4004))
    assert ours["offset"] == -4004
    assert ours["fragments"][0]["start"] == 0


def test_uneven_frames_get_fragments_of_even_intervals(make_index: Callable[..., FaceIndex]) -> None:
    index = make_index([(1001, 0, 6)], num_frames=8)
    pts = np.array([5, 7, 9, 12, 15, 18, 19, 30], np.int64)
    uneven = replace(index, timeline=Timeline(Fraction(1001, 30_000), pts, 31), frame_rate=None)
    ours = document(uneven)
    spans = [(f["start"], f["duration"], f["interval"], len(f["events"])) for f in ours["fragments"]]
    k = 1001
    assert spans == [
        (0, 4 * k, 2 * k, 2),
        (4 * k, 9 * k, 3 * k, 3),
        (13 * k, k, k, 1),
        (14 * k, 12 * k, 12 * k, 1),
    ]
    assert ours["framerate"] == pytest.approx(30_000 / 1001 / 2.5, abs=1e-3)


def test_a_video_without_faces_is_one_empty_fragment(make_index: Callable[..., FaceIndex]) -> None:
    ours = document(make_index([]))
    assert ours["fragments"] == [{"start": 0, "duration": 300_300, "interval": 300_300, "events": [[]]}]
    assert ours["groups"] == []


def test_a_box_is_never_rounded_away(three_people: FaceIndex) -> None:
    tiny = np.tile(np.array([100, 100, 100.001, 100.001], np.float32), (100, 1))
    index = replace(
        three_people, tracks=(replace(three_people.tracks[0], boxes=tiny), *three_people.tracks[1:])
    )
    face = document(index)["fragments"][0]["events"][0][0]
    assert face["width"] > 0
    assert face["height"] > 0
