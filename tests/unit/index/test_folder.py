"""The index folder: whole or not at all, and nobody else's files."""

import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from efface.domain.errors import IndexFormatError, OutputError
from efface.identify.crops import FaceCrop
from efface.index import codec
from efface.index.folder import load_index, write_index
from efface.index.model import FaceIndex

Crops = dict[int, list[FaceCrop]]
_ALL = ["contact-sheet.png", "faces.json", "index.json", "thumbnails.zip"]


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_holds_index_and_views(tmp_path: Path, three_people: FaceIndex, crops: Crops) -> None:
    folder = tmp_path / "new" / "clip.efface"
    written = write_index(folder, three_people, crops)
    assert sorted(path.name for path in written) == _names(folder) == _ALL
    assert _names(tmp_path / "new") == ["clip.efface"]
    assert json.loads((folder / "faces.json").read_text())["width"] == 1280
    with zipfile.ZipFile(folder / "thumbnails.zip") as archive:
        assert "face-1001.jpg" in archive.namelist()


def test_the_index_is_found_by_folder_and_by_file(tmp_path: Path, three_people: FaceIndex) -> None:
    folder = tmp_path / "clip.efface"
    write_index(folder, three_people)
    assert load_index(folder).face_ids == load_index(folder / "index.json").face_ids == (1001, 1002, 1003)


def test_other_users_may_read_the_folder_as_far_as_the_umask_lets_them(
    tmp_path: Path, three_people: FaceIndex
) -> None:
    (tmp_path / "plain").mkdir()
    write_index(tmp_path / "clip.efface", three_people)
    assert (tmp_path / "clip.efface").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_an_index_is_replaced_and_other_files_stay(
    tmp_path: Path, three_people: FaceIndex, crops: Crops
) -> None:
    folder = tmp_path / "clip.efface"
    write_index(folder, three_people, crops)
    (folder / "notes.txt").write_text("mine")
    pictures = (folder / "thumbnails.zip").read_bytes()
    write_index(folder, replace(three_people, engine="other"))
    assert load_index(folder).engine == "other"
    assert _names(folder) == sorted([*_ALL, "notes.txt"])
    assert (folder / "thumbnails.zip").read_bytes() == pictures


def test_an_index_that_an_editor_has_rewritten_is_still_replaced(
    tmp_path: Path, three_people: FaceIndex
) -> None:
    folder = tmp_path / "clip.efface"
    write_index(folder, three_people)
    tree = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps(tree, sort_keys=True, indent=4))
    write_index(folder, replace(three_people, engine="other"))
    assert load_index(folder).engine == "other"


@pytest.mark.parametrize("name", ["index.json", "faces.json", "thumbnails.zip"])
def test_files_of_the_same_name_that_are_not_ours_are_never_replaced(
    tmp_path: Path, three_people: FaceIndex, name: str
) -> None:
    (tmp_path / name).write_text('{"mine": 1}')
    with pytest.raises(OutputError, match=f"{name} is not of a face index"):
        write_index(tmp_path, three_people)
    assert _names(tmp_path) == [name]


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path, three_people: FaceIndex) -> None:
    (tmp_path / "clip.efface").write_text("mine")
    with pytest.raises(OutputError, match="is a file"):
        write_index(tmp_path / "clip.efface", three_people)


@pytest.mark.parametrize("exists", [False, True])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, three_people: FaceIndex, crops: Crops, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    folder = tmp_path / "clip.efface"
    if exists:
        write_index(folder, three_people, crops)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    calls = 0

    def fsync(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        write_index(folder, replace(three_people, engine="other"), crops)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert _names(tmp_path) == (["clip.efface"] if exists else [])


def test_an_interrupt_leaves_nothing(
    tmp_path: Path, three_people: FaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_index(tmp_path / "clip.efface", three_people)
    assert _names(tmp_path) == []


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexFormatError, match=r"holds no index\.json"):
        load_index(tmp_path)
    with pytest.raises(IndexFormatError, match="is not a file"):
        load_index(tmp_path / "gone.efface")


def test_a_file_larger_than_the_limit_is_refused_before_parsing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codec, "LIMITS", replace(codec.LIMITS, max_bytes=1_000_000))
    with (tmp_path / "index.json").open("wb") as file:
        file.truncate(1_000_001)
    with pytest.raises(IndexFormatError, match="larger than 1 MB"):
        load_index(tmp_path)
