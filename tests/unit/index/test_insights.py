"""Insights: who is on screen, when and for how long."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from efface.index.insights import face_insights, plain_insights, thumbnail_id
from efface.index.model import FaceIndex, SourceFile

_FRAME = Fraction(1001, 30_000)


def test_people_come_by_id_with_numbered_names(three_people: FaceIndex) -> None:
    named = replace(
        three_people,
        faces=(three_people.faces[0], replace(three_people.faces[1], name="Zoë"), three_people.faces[2]),
    )
    people = face_insights(named)
    assert [(face.face_id, face.name, face.is_named) for face in people] == [
        (1001, "Unknown #1", False), (1002, "Zoë", True), (1003, "Unknown #3", False),
    ]  # fmt: skip


def test_seen_duration_and_ratio_are_exact(three_people: FaceIndex) -> None:
    first = face_insights(three_people)[0]
    assert first.seen_duration == 160 * _FRAME
    assert first.seen_ratio == Fraction(160, 300)


def test_instances_are_the_appearances_with_their_thumbnails(three_people: FaceIndex) -> None:
    first = face_insights(three_people)[0]
    spans = [(instance.shown.start, instance.shown.end) for instance in first.instances]
    assert spans == [(0, 100 * _FRAME), (200 * _FRAME, 260 * _FRAME)]
    assert [instance.thumbnail_ids for instance in first.instances] == [
        (thumbnail_id(three_people, 1),), (thumbnail_id(three_people, 3),),
    ]  # fmt: skip


def test_the_best_view_is_one_of_the_thumbnails(three_people: FaceIndex) -> None:
    for face in face_insights(three_people):
        assert face.thumbnail_id in {picture.thumbnail_id for picture in face.thumbnails}
        assert len(face.thumbnails) == len(three_people.face(face.face_id).track_ids)


def test_a_thumbnail_is_shown_in_the_frame_of_its_crop(three_people: FaceIndex) -> None:
    index = replace(three_people, thumbnail_frames={1: 50, 3: 210})
    shown = {picture.track_id: picture.shown for picture in face_insights(index)[0].thumbnails}
    assert shown[1].start == 0  # the person's own thumbnail frame goes before the track's
    assert (shown[3].start, shown[3].end) == (210 * _FRAME, 211 * _FRAME)


def test_times_count_from_the_first_frame(make_index: Callable[..., FaceIndex]) -> None:
    late = face_insights(make_index([(1001, 10, 20)], first_pts=90_000))[0]
    assert late.instances[0].shown.start == 10 * _FRAME
    assert late.thumbnails[0].shown.start >= 10 * _FRAME


def test_thumbnail_ids_are_stable_and_differ_by_video_and_track(three_people: FaceIndex) -> None:
    other = replace(three_people, source=SourceFile("clip.mp4", 12345, "cd" * 32))
    ids = {thumbnail_id(index, track) for index in (three_people, other) for track in (1, 2)}
    assert len(ids) == 4
    assert str(thumbnail_id(three_people, 1)) == "e2868033-022d-5b29-a328-1b2dddc3c0db"


@pytest.mark.parametrize(
    ("num_frames", "seen", "is_prominent"), [(3000, 119, False), (3000, 120, True), (100, 10, True)]
)
def test_a_face_is_prominent_from_four_seconds_or_a_tenth(
    make_index: Callable[..., FaceIndex], num_frames: int, seen: int, is_prominent: bool
) -> None:
    assert face_insights(make_index([(1001, 0, seen)], num_frames))[0].is_prominent is is_prominent


def test_confidence_leaves_carried_frames_out(make_index: Callable[..., FaceIndex]) -> None:
    index = make_index([(1001, 0, 4)])
    scores = np.array([0.8, 0, 0, 0.6], np.float32)
    carried = replace(index, tracks=(replace(index.tracks[0], scores=scores),))
    assert face_insights(carried)[0].confidence == pytest.approx(0.7)
    scores = np.zeros(4, np.float32)
    assert face_insights(replace(index, tracks=(replace(index.tracks[0], scores=scores),)))[0].confidence == 0


def test_plain_insights_are_json_with_neutral_names(three_people: FaceIndex) -> None:
    first = json.loads(json.dumps(plain_insights(three_people)))[0]
    assert first["id"] == 1001
    assert first["seen_duration_s"] == pytest.approx(160 * 1001 / 30_000, abs=1e-6)
    assert first["appearances"][1]["start_s"] == pytest.approx(200 * 1001 / 30_000, abs=1e-6)
    assert first["thumbnails"][0]["file_name"] == "track-000001.jpg"
    assert all(key == key.lower() for key in first)
