import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efface.cli.main import run
from efface.domain.geometry import Size
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.folder import write_index
from efface.index.model import FaceIndex, SourceFile


def face(track_id: int, first: int, end: int) -> FaceTrack:
    n = end - first
    return FaceTrack(
        track_id,
        first,
        np.tile(np.array([600, 300, 660, 360], np.float32), (n, 1)),
        np.full(n, 0.9, np.float32),
    )


@pytest.fixture
def index() -> FaceIndex:
    """Ann is lost for 20 frames at 0:00:08 and for good at 0:01:02; the time stamps begin at 90 s."""
    pts = 90_000 + 40 * np.arange(2000, dtype=np.int64)
    return FaceIndex(
        source=SourceFile("clip.mp4", 1, "ab" * 32),
        size=Size(1280, 720),
        timeline=Timeline(Fraction(1, 1000), pts, int(pts[-1]) + 40),
        frame_rate=Fraction(25),
        shots=(Shot(0, 2000),),
        tracks=(face(1, 0, 200), face(2, 220, 1550)),
        faces=(FaceGroup(1001, (1, 2), 0, 1, "Ann"),),
        engine="test",
    )


@pytest.fixture
def folder(tmp_path: Path, index: FaceIndex) -> Path:
    write_index(tmp_path / "clip.efface", index)
    return tmp_path / "clip.efface"


def test_risks_are_lines_with_time_frame_score_person_and_reasons(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["risks", str(folder)]) == 0
    head, gap, end = capsys.readouterr().out.splitlines()
    assert head == f"{folder}: 2 moments to look at"
    assert re.fullmatch(
        r"  0:00:08\.400  frame 210 +0\.\d\d  1001 Ann: "
        "a face was lost and found again, with nothing in between",
        gap,
    )
    assert re.match(r"  0:01:02\.\d{3}  frame 155\d +0\.\d\d  1001 Ann: a face ends inside the picture", end)


def test_risks_are_one_document_with_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["risks", str(folder), "--limit", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (risk,) = document.pop("risks")
    assert document == {"index": str(folder), "num_risks": 2}
    assert 0 < risk.pop("score") <= 1
    assert risk == {
        "frame_index": 210,
        "time_s": 8.4,
        "first_frame": 200,
        "end_frame": 220,
        "reasons": [{"reason": "gap", "text": "a face was lost and found again, with nothing in between"}],
        "track_id": 1,
        "face_id": 1001,
        "name": "Ann",
        "box": [600.0, 300.0, 660.0, 360.0],
    }


def test_risks_say_how_many_are_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["risks", str(folder), "--limit", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "  and 1 more: --limit 2"


def test_risks_of_a_video_without_faces_are_none(
    tmp_path: Path, index: FaceIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.efface"
    write_index(empty, replace(index, tracks=(), faces=()))
    assert run(["risks", str(empty)]) == 0
    assert capsys.readouterr().out == f"{empty}: 0 moments to look at\n"


def test_risks_of_a_folder_without_index_is_an_input_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["risks", str(tmp_path), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "IndexFormatError"
