"""The text of index.json: what is written comes back, and nothing else gets in."""

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from efface.domain.errors import IndexFormatError
from efface.domain.geometry import Size
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index import codec
from efface.index.codec import decode_index, encode_index
from efface.index.model import FaceIndex, SourceFile


def write(path: Path, index: FaceIndex) -> Path:
    path.write_text("".join(encode_index(index)), encoding="utf-8")
    return path


def assert_same(a: FaceIndex, b: FaceIndex) -> None:
    assert (a.source, a.size, a.frame_rate, a.shots, a.faces) == (
        b.source,
        b.size,
        b.frame_rate,
        b.shots,
        b.faces,
    )
    assert (a.engine, a.notices, a.thumbnail_frames) == (b.engine, b.notices, b.thumbnail_frames)
    assert a.timeline.time_base == b.timeline.time_base
    assert a.timeline.end_pts == b.timeline.end_pts
    assert a.timeline.pts.tolist() == b.timeline.pts.tolist()
    assert len(a.tracks) == len(b.tracks)
    for mine, theirs in zip(a.tracks, b.tracks, strict=True):
        assert (mine.track_id, mine.first_frame) == (theirs.track_id, theirs.first_frame)
        assert mine.boxes.tolist() == theirs.boxes.tolist()
        assert mine.scores.tolist() == theirs.scores.tolist()


@st.composite
def indexes(draw: st.DrawFn) -> FaceIndex:
    """Any index whose boxes are whole eighths of a pixel and whose scores are whole percents."""
    steps = draw(st.lists(st.integers(1, 10**9), min_size=2, max_size=30))
    pts = draw(st.integers(-(10**9), 10**9)) + np.cumsum(np.array(steps, np.int64))
    n = len(pts)
    tracks = []
    for track_id in range(1, draw(st.integers(0, 4)) + 1):
        first = draw(st.integers(0, n - 1))
        length = draw(st.integers(1, n - first))
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        corner = rng.integers(-8_000, 60_000, (length, 2))
        boxes = np.concatenate([corner, corner + rng.integers(1, 9_000, (length, 2))], axis=1) / 8
        percent = rng.integers(0, 101, length)
        tracks.append(
            FaceTrack(track_id, first, boxes.astype(np.float32), (percent / 100).astype(np.float32))
        )
    tracks.sort(key=lambda track: (track.first_frame, track.track_id))
    cut = draw(st.integers(0, len(tracks)))
    groups = [group for group in (tracks[:cut], tracks[cut:]) if group]
    names = st.none() | st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
    faces = tuple(
        FaceGroup(
            1001 + i, tuple(t.track_id for t in group), group[0].first_frame, group[0].track_id, draw(names)
        )
        for i, group in enumerate(groups)
    )
    return FaceIndex(
        source=SourceFile(
            draw(st.sampled_from(["clip.mp4", 'Zürich 東京 "a".mov'])), draw(st.integers(0, 2**60)), "0f" * 32
        ),
        size=Size(draw(st.integers(1, 8192)), draw(st.integers(1, 8192))),
        timeline=Timeline(
            Fraction(draw(st.integers(1, 5000)), draw(st.integers(1, 10**9))), pts, int(pts[-1]) + 1
        ),
        frame_rate=draw(st.none() | st.just(Fraction(30_000, 1001))),
        shots=draw(st.sampled_from([(), (Shot(0, n),), (Shot(0, 1), Shot(1, n))])),
        tracks=tuple(tracks),
        faces=faces,
        engine="efface 0.1.0; centerface/openvino",
        notices=("3 damaged packets were skipped",),
        thumbnail_frames={track.track_id: track.end_frame - 1 for track in tracks[:1]},
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(index=indexes())
def test_an_index_comes_back_as_it_was(tmp_path: Path, index: FaceIndex) -> None:
    assert_same(decode_index(write(tmp_path / "index.json", index)), index)


def test_boxes_are_rounded_outwards_and_detections_never_become_carried(
    tmp_path: Path, three_people: FaceIndex
) -> None:
    boxes = np.array([[10.01, 20.99, 30.01, 40.99], [-5.07, 1, 2, 3.001]], np.float32)
    track = FaceTrack(4, 290, boxes, np.array([0.001, 0.0], np.float32))
    index = replace(three_people, tracks=(*three_people.tracks[:3], track))
    back = decode_index(write(tmp_path / "index.json", index)).track(4)
    assert back.boxes.tolist() == [[10.0, 20.875, 30.125, 41.0], [-5.125, 1, 2, 3.125]]
    assert back.scores.tolist() == pytest.approx([0.01, 0.0])


def test_each_face_and_each_track_is_one_line(three_people: FaceIndex) -> None:
    lines = "".join(encode_index(three_people)).splitlines()
    assert sum('"first_frame"' in line for line in lines) == 4
    assert sum('"thumbnail": [' in line for line in lines) == 3


def test_text_that_could_steer_a_terminal_is_written_as_question_marks(
    tmp_path: Path, three_people: FaceIndex
) -> None:
    index = replace(
        three_people, notices=("bad\x1b[2J\nmoov",), source=SourceFile("a\udcff\n.mp4", 1, "00" * 32)
    )
    back = decode_index(write(tmp_path / "index.json", index))
    assert back.notices == ("bad?[2J?moov",)
    assert back.source.name == "a??.mp4"


def _hour_of_five_faces() -> FaceIndex:
    """Heads that sway under hand-held shake and detector noise, five at all times for an hour at 30/s."""
    rng = np.random.default_rng(1)
    num_frames = 108_000
    seconds = np.arange(num_frames) / 30
    tracks: list[FaceTrack] = []
    for person in range(5):
        for part in range(12):  # a cut every five minutes
            first = part * 9_000
            t = seconds[first : first + 9_000]
            center = np.stack(
                [300 + 330 * person + 90 * np.sin(t / 3 + part), 400 + 60 * np.sin(t * 1.7 + person)], axis=1
            )
            center += np.cumsum(rng.normal(0, 0.5, center.shape), axis=0) + rng.normal(0, 1.0, center.shape)
            side = 120 + 20 * np.sin(t / 5) + rng.normal(0, 1.0, t.shape)
            half = np.stack([side / 2, side * 0.6], axis=1)
            scores = np.clip(0.8 + rng.normal(0, 0.05, t.shape), 0, 1)
            boxes = np.concatenate([center - half, center + half], axis=1)
            tracks.append(
                FaceTrack(len(tracks) + 1, first, boxes.astype(np.float32), scores.astype(np.float32))
            )
    faces = tuple(FaceGroup(1001 + p, tuple(range(12 * p + 1, 12 * p + 13)), 0, 12 * p + 1) for p in range(5))
    pts = np.round(np.arange(num_frames) * 1000 / 30).astype(np.int64)  # milliseconds, as in WebM: 33 33 34
    return FaceIndex(
        source=SourceFile("hour.webm", 1, "00" * 32),
        size=Size(1920, 1080),
        timeline=Timeline(Fraction(1, 1000), pts, int(pts[-1]) + 33),
        frame_rate=Fraction(30),
        shots=(Shot(0, num_frames),),
        tracks=tuple(tracks),
        faces=faces,
        engine="test",
    )


def test_an_hour_with_five_faces_in_view_stays_under_20_mb_and_comes_back(tmp_path: Path) -> None:
    index = _hour_of_five_faces()
    path = write(tmp_path / "index.json", index)
    size_mb = path.stat().st_size / 1e6
    print(f"index.json of an hour with five faces: {size_mb:.1f} MB")
    assert size_mb < 20
    back = decode_index(path)
    for mine, theirs in zip(index.tracks, back.tracks, strict=True):
        off = np.concatenate(
            [mine.boxes[:, :2] - theirs.boxes[:, :2], theirs.boxes[:, 2:] - mine.boxes[:, 2:]]
        )
        assert off.min() >= 0
        assert off.max() <= 0.125


# What a person may do to the file by hand.


@pytest.fixture
def edit(tmp_path: Path, three_people: FaceIndex) -> Callable[[Callable[[dict[str, Any]], object]], Path]:
    """Writes the index, lets a function change its JSON tree, and gives the path."""

    def change(edit_tree: Callable[[dict[str, Any]], object]) -> Path:
        tree = json.loads("".join(encode_index(three_people)))
        edit_tree(tree)
        path = tmp_path / "index.json"
        path.write_text(json.dumps(tree, indent=2), encoding="utf-8-sig")
        return path

    return change


Edit = Callable[[Callable[[dict[str, Any]], object]], Path]


def test_a_face_can_be_renamed_by_hand(edit: Edit) -> None:
    index = decode_index(edit(lambda tree: tree["faces"][1].update(name=" Zoë ")))
    assert index.face(1002).name == "Zoë"


def test_two_faces_can_be_merged_by_hand(edit: Edit) -> None:
    def merge(tree: dict[str, Any]) -> None:
        tree["faces"][0]["tracks"] += tree["faces"].pop(1)["tracks"]

    index = decode_index(edit(merge))
    assert index.face_ids == (1001, 1003)
    assert index.face(1001).track_ids == (1, 2, 3)


def test_a_track_can_be_moved_to_another_face_even_if_it_was_the_thumbnail(edit: Edit) -> None:
    def move(tree: dict[str, Any]) -> None:
        tree["faces"][0]["tracks"] = [3]
        tree["faces"][1]["tracks"] = [2, 1]

    index = decode_index(edit(move))
    assert index.face(1001).thumbnail_track == 3
    assert index.face(1002).track_ids == (1, 2)
    assert index.face(1002).thumbnail_track == 2


def test_a_track_can_be_deleted_by_hand(edit: Edit) -> None:
    def delete(tree: dict[str, Any]) -> None:
        del tree["tracks"][0]
        tree["faces"][0]["tracks"].remove(1)

    index = decode_index(edit(delete))
    assert index.face(1001).track_ids == (3,)
    assert index.face(1001).thumbnail_track == 3


def test_a_face_goes_with_its_tracks(edit: Edit) -> None:
    def delete(tree: dict[str, Any]) -> None:
        del tree["tracks"][3], tree["faces"][2]

    assert decode_index(edit(delete)).face_ids == (1001, 1002)


# Hostile and broken files.


def _set(*path_and_value: Any) -> Callable[[dict[str, Any]], object]:
    *path, last, value = path_and_value

    def change(tree: Any) -> None:
        for key in path:
            tree = tree[key]
        tree[last] = value

    return change


def _drop(*path: Any) -> Callable[[dict[str, Any]], object]:
    def change(tree: Any) -> None:
        for key in path[:-1]:
            tree = tree[key]
        del tree[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("format", "other"), "is not a face index"),
        (_drop("format"), "is not a face index"),
        (_set("version", 2), "format version 2, not 1"),
        (_set("version", "1"), "format version '1'"),
        (_set("nick", 1), "nick is not a field"),
        (_set("faces", 0, "nick", "x"), r"faces\[0\].nick is not a field"),
        (_drop("source"), "source is missing"),
        (_set("source", "size_bytes", -1), "source.size_bytes must be a whole number"),
        (_set("source", "sha256", "xy" * 32), "sha256 must be"),
        (_set("source", []), "source must be an object"),
        (_set("size", "width", 0), "size.width must be a whole number from 1"),
        (_set("size", "width", 1280.0), "size.width must be a whole number"),
        (_set("size", "width", True), "size.width must be a whole number"),
        (_set("frame_rate", "30/0"), "frame_rate must be a positive fraction"),
        (_set("frame_rate", 30), "frame_rate must be a positive fraction"),
        (_set("engine", "a\x1b[2J"), "engine must be printable"),
        (_set("notices", [1]), r"notices\[0\] must be printable"),
        (_set("timeline", "time_base", "-1/30"), "timeline.time_base must be"),
        (_set("timeline", "num_frames", 10**9), "timeline.num_frames must be"),
        (_set("timeline", "num_frames", 301), "timeline.pts must hold 301 numbers, not 300"),
        (_set("timeline", "pts", "0 1001*999999999"), "timeline.pts must hold 300"),
        (_set("timeline", "pts", "0 0*299"), "pts must increase strictly"),
        (_set("timeline", "pts", [0]), "timeline.pts must be a column"),
        (_set("timeline", "end_pts", 0), "end_pts must lie after"),
        (_set("shots", [[0, 10], [5, 300]]), "overlaps"),
        (_set("shots", [[0, 301]]), "ends after"),
        (_set("shots", [[10, 10]]), r"shots\[0\] must hold a frame"),
        (_set("shots", [[0]]), r"shots\[0\] must be a pair"),
        (_set("shots", [["0", 5]]), "must be a whole number"),
        (_set("tracks", {}), "tracks must be a list"),
        (_set("tracks", 1, 7), r"tracks\[1\] must be an object"),
        (_set("tracks", 1, "id", 1), r"tracks\[1\].id 1 is the id of an earlier track"),
        (_set("tracks", 1, "id", 0), r"tracks\[1\].id must be"),
        (_set("tracks", 3, "first_frame", 295), r"tracks\[3\].num_frames must be a whole number from 1 to 5"),
        (_set("tracks", 3, "first_frame", 300), r"tracks\[3\].first_frame must be"),
        (_set("tracks", 3, "num_frames", 9), r"tracks\[3\].x must hold 9 numbers, not 10"),
        (_set("tracks", 3, "x", "nan*10"), r"tracks\[3\].x must be 10 whole numbers"),
        (_set("tracks", 3, "x", "9999999*10"), "box edge beyond"),
        (_set("tracks", 3, "width", "1 -1 1*8"), r"tracks\[3\].width holds a box without area"),
        (_set("tracks", 3, "height", "-5 0*9"), r"tracks\[3\].height holds a box without area"),
        (_set("tracks", 3, "score", "101*10"), r"tracks\[3\].score holds a number outside"),
        (_set("tracks", 3, "thumbnail_frame", 0), r"tracks\[3\].thumbnail_frame must be"),
        (_drop("tracks", 3, "y"), r"tracks\[3\].y is missing"),
        (_set("faces", 2, "tracks", [9]), r"faces\[2\].tracks names track 9, which is not in the file"),
        (_set("faces", 2, "tracks", []), r"faces\[2\].tracks is empty"),
        (_set("faces", 2, "tracks", ["4"]), r"faces\[2\].tracks\[0\] must be a whole number"),
        (_set("faces", 2, "tracks", [4, 1]), "track 1 occurs twice"),
        (_set("faces", 2, "id", 1001), "face id 1001 occurs twice"),
        (_set("faces", 2, "name", 5), r"faces\[2\].name must be printable"),
        (_set("faces", 2, "thumbnail", [4]), r"faces\[2\].thumbnail must be a pair"),
        (_drop("faces", 2), "track 4 belongs to no face"),
    ],
)
def test_a_wrong_field_is_refused_by_name(
    edit: Edit, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = edit(change)
    with pytest.raises(IndexFormatError, match=message) as caught:
        decode_index(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not valid JSON at line 1"),
        (b'{"format": "efface-index",\n"version": }', "at line 2"),
        (b"[1, 2]", "holds no JSON object"),
        (b'{"format": "efface-index", "version": NaN}', "NaN is not a number"),
        (b'{"format": "efface-index", "format": "x"}', "'format' occurs twice"),
        (b'{"format": "\xff"}', "not valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
        (b'{"a": [' + b"[]," * 2_000_001 + b"[]]}", "more values than"),
        (b'{"a": [' + b"1," * 4_000_001 + b"1]}", "more values than"),
    ],
)
def test_what_is_no_index_at_all_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "index.json"
    path.write_bytes(content)
    with pytest.raises(IndexFormatError, match=message):
        decode_index(path)


def test_a_small_file_cannot_ask_for_more_boxes_than_are_read(
    tmp_path: Path, three_people: FaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "index.json", three_people)
    monkeypatch.setattr(codec, "MAX_BOXES", 150)
    with pytest.raises(IndexFormatError, match=r"tracks\[2\].num_frames passes the 150 boxes"):
        decode_index(path)


def test_the_example_in_the_documentation_is_read(tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "index-format.md"
    example = page.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0]
    path = tmp_path / "index.json"
    path.write_text(example, encoding="utf-8")
    index = decode_index(path)
    assert index.face(1001).name == "Anna"
    assert (index.track(1).boxes[:, 0] * 8).tolist() == [800, 808, 814, 820, 826, 832]
    assert index.track(3).boxes[0].tolist() == [-5, 10, 59, 90]
