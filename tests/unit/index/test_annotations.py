"""Annotations of the old Azure Media Redactor, from file to index and back."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from efface.domain.errors import IndexFormatError, IndexMismatchError, RequestError
from efface.domain.geometry import Orientation, Size
from efface.domain.time import Timeline
from efface.index import annotated_index
from efface.index.annotated_index import AnnotatedVideo, boxes_to_upright, index_from_annotations
from efface.index.annotations import format_id_list, iter_annotations_json, load_annotations, load_id_list
from efface.index.faces_json import iter_faces_json
from efface.index.model import FaceIndex, SourceFile

# The shape of Media Redactor's documented sample: 23.976 frames per second, 13 empty entries, then two faces,
# one of which reaches past the top of the frame; a fragment with nothing in it has no interval and no events.
_SAMPLE: dict[str, Any] = {
    "version": 1,
    "timescale": 24000,
    "offset": 0,
    "framerate": 23.976,
    "width": 1280,
    "height": 720,
    "fragments": [
        {
            "start": 0,
            "duration": 48048,
            "interval": 1001,
            "events": [
                *([] for _ in range(13)),
                [
                    {"index": 13, "id": 1138, "x": 0.25, "y": -0.125, "width": 0.5, "height": 0.75},
                    {"index": 13, "id": 2028, "x": 0.75, "y": 0.25, "width": 0.5, "height": 0.5},
                ],
                *(
                    [{"index": i, "id": 1138, "x": 0.25, "y": -0.125, "width": 0.5, "height": 0.75}]
                    for i in range(14, 48)
                ),
            ],
        },
        {"start": 48048, "duration": 48048},
        {
            "start": 96096,
            "duration": 2002,
            "interval": 1001,
            "events": [[{"id": 0, "x": 0, "y": 0, "width": 0.5, "height": 0.5}], []],
        },
    ],
}


def make_video(
    num_frames: int = 98,
    *,
    size: Size = Size(1280, 720),  # noqa: B008 — frozen
    orientation: Orientation = Orientation.UPRIGHT,
    time_base: Fraction = Fraction(1001, 24_000),
    first_pts: int = 0,
) -> AnnotatedVideo:
    pts = first_pts + np.arange(num_frames, dtype=np.int64)
    timeline = Timeline(time_base, pts, int(pts[-1]) + 1)
    return AnnotatedVideo(SourceFile("foo.mp4", 1, "00" * 32), size, orientation, timeline)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Writes a tree as an annotations file, as a Windows editor does."""

    def write(tree: object) -> Path:
        path = tmp_path / "foo_annotations.json"
        path.write_text(json.dumps(tree), encoding="utf-8-sig")
        return path

    return write


Save = Callable[..., Path]


def _spans(index: FaceIndex) -> list[tuple[int, int, int]]:
    return [(index.face_of(t.track_id).face_id, t.first_frame, t.end_frame) for t in index.tracks]


def test_microsofts_sample_becomes_an_index(save: Save) -> None:
    index = index_from_annotations(load_annotations(save(_SAMPLE)), make_video())
    assert _spans(index) == [(1138, 13, 48), (2028, 13, 14), (0, 96, 97)]
    assert index.face_ids == (0, 1138, 2028)
    assert index.notices == ()
    assert index.engine == "annotations: foo_annotations.json"


def test_coordinates_outside_the_frame_are_kept(save: Save) -> None:
    index = index_from_annotations(load_annotations(save(_SAMPLE)), make_video())
    assert index.track(1).boxes[0].tolist() == [320, -90, 960, 450]
    assert index.track(2).boxes[0].tolist() == [960, 180, 1600, 540]


def test_the_first_frame_is_time_zero_whatever_its_time_stamp(save: Save) -> None:
    index = index_from_annotations(load_annotations(save(_SAMPLE)), make_video(first_pts=-7))
    assert _spans(index)[0] == (1138, 13, 48)


def test_rounded_time_stamps_still_meet_their_frames(save: Save) -> None:
    """A 29.97 video annotated in milliseconds: no frame of the run may be lost, none gained."""
    events = [[{"id": 1, "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}]] * 200
    tree = {
        **_SAMPLE,
        "timescale": 1000,
        "fragments": [{"start": 0, "duration": 6680, "interval": 33.4, "events": events}],
    }
    video = make_video(300, time_base=Fraction(1001, 30_000))
    assert _spans(index_from_annotations(load_annotations(save(tree)), video)) == [(1, 0, 200)]


def test_longer_intervals_move_boxes_in_straight_lines(save: Save) -> None:
    events = [[{"id": 1, "x": x, "y": 0.5, "width": 0.125, "height": 0.25}] for x in (0.0, 0.5)]
    tree = {**_SAMPLE, "fragments": [{"start": 0, "duration": 8008, "interval": 4004, "events": events}]}
    track = index_from_annotations(load_annotations(save(tree)), make_video(10)).track(1)
    assert track.boxes[:, 0].tolist() == pytest.approx([0, 160, 320, 480, 640, 640, 640, 640])


def test_a_face_shorter_than_a_frame_is_not_lost(save: Save) -> None:
    events = [[{"id": 1, "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}]]
    tree = {**_SAMPLE, "fragments": [{"start": 2502, "duration": 100, "interval": 100, "events": events}]}
    assert _spans(index_from_annotations(load_annotations(save(tree)), make_video(10))) == [(1, 2, 3)]


def test_runs_join_over_fragments_and_split_at_gaps(save: Save) -> None:
    face = {"id": 5, "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}
    fragments = [
        {"start": 6006, "duration": 2002, "interval": 1001, "events": [[], [face]]},
        {"start": 3003, "duration": 3003, "interval": 1001, "events": [[face], [face], []]},
        {"start": 0, "duration": 3003, "interval": 1001, "events": [[face], [face], [face]]},
    ]
    index = index_from_annotations(
        load_annotations(save({**_SAMPLE, "fragments": fragments})), make_video(10)
    )
    assert _spans(index) == [(5, 0, 5), (5, 7, 8)]
    assert index.face(5).track_ids == (1, 2)
    assert index.face(5).thumbnail_track == 1


def test_two_boxes_of_one_id_in_one_frame_are_both_covered(save: Save) -> None:
    pair = [{"id": 5, "x": x, "y": 0.1, "width": 0.1, "height": 0.1} for x in (0.1, 0.5)]
    tree = {
        **_SAMPLE,
        "fragments": [{"start": 0, "duration": 3003, "interval": 1001, "events": [pair, pair, pair[:1]]}],
    }
    index = index_from_annotations(load_annotations(save(tree)), make_video(10))
    assert sorted(_spans(index)) == [(5, 0, 2), (5, 0, 3)]
    assert index.face_ids == (5,)


@pytest.mark.parametrize(
    ("fragment", "spans"),
    [
        (
            {"start": 1001, "duration": 4004},
            [(5, 1, 3)],
        ),  # shared out: two entries of two frames; the second is empty
        ({"start": 1001, "duration": 4004, "interval": 0}, [(5, 1, 3)]),
        ({"start": 1001, "duration": 4004, "interval": None}, [(5, 1, 3)]),
        ({"start": 1001}, [(5, 1, 2)]),  # by framerate: an entry is a frame
    ],
)
def test_a_missing_interval_is_made_up_for(
    save: Save, fragment: dict[str, Any], spans: list[tuple[int, int, int]]
) -> None:
    face = {"id": 5, "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}
    tree = {**_SAMPLE, "fragments": [{**fragment, "events": [[face], []]}]}
    assert _spans(index_from_annotations(load_annotations(save(tree)), make_video(10))) == spans


def test_an_interval_that_nothing_stands_in_for_is_named(save: Save) -> None:
    tree = {**_SAMPLE, "fragments": [{"start": 0, "events": [[]]}]}
    del tree["framerate"]
    with pytest.raises(IndexFormatError, match=r"fragments\[0\].interval is missing, and so are"):
        load_annotations(save(tree))


def test_empty_boxes_and_a_short_file_are_told(save: Save) -> None:
    face = {"id": 5, "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1}
    events = [[face, {**face, "width": 0}], [{**face, "height": 0}]]
    tree = {**_SAMPLE, "fragments": [{"start": 0, "duration": 2002, "interval": 1001, "events": events}]}
    index = index_from_annotations(load_annotations(save(tree)), make_video())
    assert _spans(index) == [(5, 0, 1)]
    assert index.notices == (
        "2 faces without width or height were left out",
        "the annotations end at 0.1 s: nothing is covered after that",
    )


@pytest.mark.parametrize("orientation", list(Orientation))
def test_boxes_of_the_coded_picture_are_turned_upright(orientation: Orientation) -> None:
    coded = Size(1920, 1080)
    boxes = np.array([[10, 20, 110, 220], [-30, 900, 60, 1200]], np.float32)
    upright = boxes_to_upright(boxes, orientation, coded)
    assert orientation.boxes_to_coded(upright, coded).tolist() == boxes.tolist()


def test_annotations_of_a_turned_phone_video_refer_to_the_coded_picture(save: Save) -> None:
    """Microsoft: coordinates are relative to landscape always."""
    video = make_video(size=Size(1280, 720), orientation=Orientation.TURNED_90)
    index = index_from_annotations(load_annotations(save(_SAMPLE)), video)
    assert index.size == Size(720, 1280)
    assert index.track(2).boxes[0].tolist() == [180, 960, 540, 1600]
    assert any("as coded" in notice for notice in index.notices)
    portrait = {**_SAMPLE, "width": 720, "height": 1280}
    upright = index_from_annotations(load_annotations(save(portrait)), video)
    assert upright.track(2).boxes[0].tolist() == [540, 320, 900, 960]


def test_annotations_of_another_video_are_refused(save: Save) -> None:
    found = load_annotations(save(_SAMPLE))
    with pytest.raises(IndexMismatchError, match="is of a 1280x720 video"):
        index_from_annotations(found, make_video(size=Size(640, 640)))
    with pytest.raises(IndexMismatchError, match="after the end of foo"):
        index_from_annotations(found, make_video(60))


def test_a_scaled_copy_of_the_video_is_accepted(save: Save) -> None:
    index = index_from_annotations(load_annotations(save(_SAMPLE)), make_video(size=Size(640, 360)))
    assert index.track(1).boxes[0].tolist() == [160, -45, 480, 225]


def _change(key: str, value: object) -> dict[str, Any]:
    face = {"id": 5, "x": 0.1, "y": 0.1, "width": 0.1, "height": 0.1, key: value}
    return {**_SAMPLE, "fragments": [{"start": 0, "duration": 1001, "interval": 1001, "events": [[face]]}]}


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ([], "holds no JSON object"),
        ({}, "timescale is missing"),
        ({**_SAMPLE, "timescale": 0}, "timescale must be"),
        ({**_SAMPLE, "width": "1280"}, "width must be"),
        ({**_SAMPLE, "fragments": {}}, "fragments must be a list"),
        ({**_SAMPLE, "fragments": [7]}, r"fragments\[0\] must be an object"),
        ({**_SAMPLE, "fragments": [{"duration": 1}]}, r"fragments\[0\].start is missing"),
        (
            {**_SAMPLE, "fragments": [{"start": 0, "interval": -1, "events": [[]]}]},
            r"fragments\[0\].interval must be",
        ),
        (
            {**_SAMPLE, "fragments": [{"start": 0, "interval": 1, "events": [{}]}]},
            r"events\[0\] must be a list",
        ),
        (_change("id", "5"), r"fragments\[0\].events\[0\]\[0\].id must be"),
        (_change("id", -1), r"\.id must be"),
        (_change("x", 320), r"\.x must be a number from -4 to 4, not 320"),
        (_change("width", -0.1), r"\.width must be"),
        (_change("height", None), r"\.height must be"),
    ],
)
def test_a_broken_file_is_refused_by_field(save: Save, tree: object, message: str) -> None:
    with pytest.raises(IndexFormatError, match=message):
        load_annotations(save(tree))


def test_an_index_goes_out_as_annotations_and_comes_back(tmp_path: Path, three_people: FaceIndex) -> None:
    path = tmp_path / "clip_annotations.json"
    video = AnnotatedVideo(
        three_people.source, Size(720, 1280), Orientation.TURNED_270, three_people.timeline
    )
    for text in (iter_annotations_json(three_people), iter_faces_json(three_people)):
        path.write_text("".join(text))
        back = index_from_annotations(load_annotations(path), video)
        assert sorted(_spans(back)) == sorted(_spans(three_people))
        assert back.size == three_people.size
        for face_id in three_people.face_ids:
            for mine, theirs in zip(three_people.tracks_of(face_id), back.tracks_of(face_id), strict=True):
                assert np.abs(mine.boxes - theirs.boxes).max() < 0.02


def test_exported_faces_have_media_redactors_fields_only(three_people: FaceIndex) -> None:
    tree = json.loads("".join(iter_annotations_json(three_people)))
    assert list(tree["fragments"][0]["events"][0][0]) == ["index", "id", "x", "y", "width", "height"]
    assert set(_SAMPLE) <= set(tree)


@pytest.mark.parametrize(
    ("text", "ids"),
    [("1\n2\n3\n", {1, 2, 3}), ("\ufeff1138\r\n 2028 \r\n\r\n", {1138, 2028}), ("", set()), (" \n", set())],
)
def test_an_id_list_has_one_id_per_line(tmp_path: Path, text: str, ids: set[int]) -> None:
    path = tmp_path / "foo_IDList.txt"
    path.write_text(text, newline="")
    assert load_id_list(path) == ids


def test_an_id_list_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "foo_IDList.txt"
    path.write_text(format_id_list([1009, 1001, 1009]))
    assert path.read_text() == "1001\n1009\n"
    assert load_id_list(path) == {1001, 1009}


@pytest.mark.parametrize("text", ["1\n2,3\n", "1\n-2\n", "1\nx\n", "1\n99999999999\n", "1\n٣\n"])
def test_a_wrong_line_of_an_id_list_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "foo_IDList.txt"
    path.write_text(text)
    with pytest.raises(RequestError, match="line 2 is no face id"):
        load_id_list(path)


def test_an_id_list_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foo_IDList.txt"
    path.write_bytes(b"\xff\xfe1\x00")
    with pytest.raises(IndexFormatError, match="not UTF-8"):
        load_id_list(path)


def test_too_many_boxes_are_refused(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotated_index, "MAX_BOXES", 30)
    with pytest.raises(IndexFormatError, match="more than 30 boxes"):
        index_from_annotations(load_annotations(save(_SAMPLE)), make_video())


def test_an_edited_face_can_be_moved_alone(save: Save) -> None:
    """What the two passes were for: one frame's box changed by hand changes that frame only."""
    tree = json.loads(json.dumps(_SAMPLE))
    tree["fragments"][0]["events"][20][0]["x"] = 0.5
    boxes = index_from_annotations(load_annotations(save(tree)), make_video()).track(1).boxes
    assert boxes[7, 0] == 640
    assert np.delete(boxes[:, 0], 7).tolist() == [320.0] * 34


def test_sorting_does_not_depend_on_the_order_of_ids(save: Save) -> None:
    index = index_from_annotations(load_annotations(save(_SAMPLE)), make_video())
    assert [track.track_id for track in index.tracks] == [1, 2, 3]
    assert replace(index, tracks=index.tracks[::-1]).faces_at(13) == index.faces_at(13)
