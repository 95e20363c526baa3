"""The file of a segment's analysis: what goes in comes out, and nothing else is believed."""

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from efface.domain.errors import IndexFormatError, OutputError
from efface.domain.media import Damage
from efface.identify.crops import FaceCrop
from efface.pipeline.analysis import AnalysedShot
from efface.pipeline.segment_analysis import SegmentAnalysis
from efface.pipeline.segment_file import read_segment_analysis, write_segment_analysis
from efface.track.tracklet import FinishedTracklet


def jpeg(width: int, height: int) -> bytes:
    is_done, data = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))
    assert is_done
    return bytes(data)


def crop(frame_index: int) -> FaceCrop:
    return FaceCrop(
        frame_index=frame_index,
        box=np.array([1.25, 2, 30.1, 40.7], np.float32),
        score=0.1 + 0.2,
        landmarks=np.full((5, 2), np.nan, np.float32),
        rgb=np.random.default_rng(1).integers(0, 255, (50, 40, 3), np.uint8),
        origin=(0.0, 1.0),
        scale=1 / 3,
        quality=0.7,
        compress=True,
    )


@pytest.fixture
def part() -> SegmentAnalysis:
    """Two shots, one of them open at its end, with and without faces."""
    boxes = np.random.default_rng(2).uniform(0, 400, (12, 4)).astype(np.float32)
    scores = np.random.default_rng(3).uniform(0, 1, 12).astype(np.float32)
    seen = AnalysedShot(
        100,
        120,
        (
            FinishedTracklet(3, 101, boxes[:5], scores[:5], 2),
            FinishedTracklet(7, 110, boxes[5:], scores[5:], 9),
        ),
        {7: (crop(111), crop(115))},
        ((104, jpeg(64, 48)),),
        ends_open=True,
    )
    empty = AnalysedShot(90, 100, (), {}, ((90, jpeg(10, 20)),), begins_open=True)
    return SegmentAnalysis(
        4, 88, (None, 5, -7, 2**40), 1 / 30, (empty, seen), "net f32", Damage(2, ("odd",)), False
    )


def change_table(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Write the file anew with another table."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    table = json.loads(members["table.json"])
    change(table)
    members["table.json"] = json.dumps(table).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_everything_comes_back_to_the_bit(part: SegmentAnalysis, tmp_path: Path) -> None:
    path = tmp_path / "4.part"
    write_segment_analysis(part, path)
    again = read_segment_analysis(path)
    for name in ("index", "first_frame", "raw_pts", "frame_s", "detector", "damage", "is_as_promised"):
        assert getattr(again, name) == getattr(part, name)
    for shot, other in zip(part.shots, again.shots, strict=True):
        assert (shot.first_frame, shot.end_frame, shot.key_frames) == (
            other.first_frame,
            other.end_frame,
            other.key_frames,
        )
        assert (shot.begins_open, shot.ends_open) == (other.begins_open, other.ends_open)
        for one, two in zip(shot.tracklets, other.tracklets, strict=True):
            assert (one.key, one.first_frame, one.chances) == (two.key, two.first_frame, two.chances)
            assert np.array_equal(one.boxes, two.boxes)
            assert np.array_equal(one.scores, two.scores)
        assert list(shot.crops) == list(other.crops)
        for key, views in shot.crops.items():
            for view, twin in zip(views, other.crops[key], strict=True):
                for name in ("frame_index", "score", "origin", "scale", "quality", "jpeg"):
                    assert getattr(view, name) == getattr(twin, name)
                assert np.array_equal(view.box, twin.box)
                assert np.array_equal(view.landmarks, twin.landmarks, equal_nan=True)


def test_same_analysis_gives_the_same_bytes_and_no_other_file(part: SegmentAnalysis, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_segment_analysis(part, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_folder_that_is_missing_is_named(part: SegmentAnalysis, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        write_segment_analysis(part, tmp_path / "nowhere" / "a")


HOSTILE: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("another version", lambda t: t.update(version=2)),
    ("no version", lambda t: t.pop("version")),
    ("index is text", lambda t: t.update(index="0")),
    ("index is true", lambda t: t.update(index=True)),
    ("first frame is negative", lambda t: t.update(first_frame=-1)),
    ("frame lasts no time", lambda t: t.update(frame_s=0)),
    ("frame lasts for ever", lambda t: t.update(frame_s=1e999)),
    ("shots are missing", lambda t: t.pop("shots")),
    ("shot is empty", lambda t: t["shots"][0].update(frames=[90, 90])),
    ("tracklet is longer than the file", lambda t: t["shots"][1]["tracklets"][1].__setitem__(2, 10**9)),
    ("tracklet leaves rows over", lambda t: t["shots"][1]["tracklets"][1].__setitem__(2, 6)),
    ("tracklet has no rows", lambda t: t["shots"][1]["tracklets"][0].__setitem__(2, 0)),
    ("tracklet leaves its shot", lambda t: t["shots"][1]["tracklets"][0].__setitem__(1, 118)),
    ("keys are not unique", lambda t: t["shots"][1]["tracklets"][0].__setitem__(0, 7)),
    ("crop of nobody", lambda t: t["shots"][1]["crops"][0].__setitem__(0, 8)),
    ("crop of another shot", lambda t: t["shots"][1]["crops"][0][1][0].update(frame=5)),
    ("crop without a box", lambda t: t["shots"][1]["crops"][0][1][0].update(box=[1, 2, 3])),
    ("picture is longer than the file", lambda t: t["shots"][1]["key_frames"][0].__setitem__(1, 10**9)),
    ("picture is cut elsewhere", lambda t: t["shots"][0]["key_frames"][0].__setitem__(1, 9)),
    ("key frame of another shot", lambda t: t["shots"][0]["key_frames"][0].__setitem__(0, 100)),
]


@pytest.mark.parametrize(("what", "change"), HOSTILE, ids=[what for what, _ in HOSTILE])
def test_table_that_does_not_hold_together_is_refused(
    part: SegmentAnalysis, tmp_path: Path, what: str, change: Callable[[dict[str, Any]], object]
) -> None:
    path = tmp_path / "4.part"
    write_segment_analysis(part, path)
    change_table(path, change)
    with pytest.raises(IndexFormatError, match=r"4\.part is not the analysis of a segment"):
        read_segment_analysis(path)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", pickle.dumps([1]), b"\x00" * 5000], ids=["empty", "stub", "pickle", "zeros"]
)
def test_file_that_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(IndexFormatError, match="x is not"):
        read_segment_analysis(tmp_path / "x")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexFormatError, match="gone cannot be read"):
        read_segment_analysis(tmp_path / "gone")


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9, 0.99])
def test_file_that_is_cut_off_or_scrambled_is_refused(
    part: SegmentAnalysis, tmp_path: Path, cut: float
) -> None:
    path = tmp_path / "4.part"
    write_segment_analysis(part, path)
    data = bytearray(path.read_bytes())
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(IndexFormatError):
        read_segment_analysis(path)


def replace_member(path: Path, name: str, data: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {other: archive.read(other) for other in archive.namelist()}
    members[name] = data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for other, content in members.items():
            archive.writestr(other, content)


def test_bomb_is_not_unpacked(part: SegmentAnalysis, tmp_path: Path) -> None:
    path = tmp_path / "4.part"
    write_segment_analysis(part, path)
    replace_member(path, "scores.f32", bytes(60 << 20))
    with pytest.raises(IndexFormatError, match="claims"):
        read_segment_analysis(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9])
def test_box_that_is_no_place_is_refused(part: SegmentAnalysis, tmp_path: Path, value: float) -> None:
    path = tmp_path / "4.part"
    write_segment_analysis(part, path)
    boxes = np.full((12, 4), 5, "<f4")
    boxes[3, 2] = value
    replace_member(path, "boxes.f32", boxes.tobytes())
    with pytest.raises(IndexFormatError, match="edge"):
        read_segment_analysis(path)


def test_huge_picture_is_refused_before_it_is_decoded(part: SegmentAnalysis, tmp_path: Path) -> None:
    path = tmp_path / "4.part"
    huge = AnalysedShot(0, 5, (), {}, ((0, jpeg(5000, 10)),))
    write_segment_analysis(SegmentAnalysis(0, 0, (1, 2), 0.04, (huge,), "net", Damage(), True), path)
    with pytest.raises(IndexFormatError, match="640"):
        read_segment_analysis(path)
