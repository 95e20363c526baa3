"""Whether an index belongs to a video."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from efface.domain.errors import IndexMismatchError, MediaNotFoundError
from efface.index import source
from efface.index.model import FaceIndex
from efface.index.source import describe_source, verify_source

_CONTENT = bytes(range(256)) * 5000


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(_CONTENT)
    return path


def test_a_source_is_described_by_name_size_and_digest(video: Path) -> None:
    found = describe_source(video)
    assert (found.name, found.size_bytes) == ("clip.mp4", len(_CONTENT))
    assert found.sha256 == hashlib.sha256(_CONTENT).hexdigest()


def test_the_same_bytes_under_another_name_are_accepted(video: Path, three_people: FaceIndex) -> None:
    index = replace(three_people, source=describe_source(video))
    verify_source(index, video.rename(video.with_name("other.mov")))


def test_another_length_is_refused_without_reading(
    video: Path, three_people: FaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "describe_source", lambda path: pytest.fail("read the file"))
    with pytest.raises(IndexMismatchError, match="has 1280000 bytes"):
        verify_source(three_people, video)


def test_other_bytes_of_the_same_length_are_refused(video: Path, three_people: FaceIndex) -> None:
    index = replace(three_people, source=describe_source(video))
    video.write_bytes(_CONTENT[:-1] + b"x")
    with pytest.raises(IndexMismatchError, match=r"differs from clip\.mp4"):
        verify_source(index, video)


def test_a_missing_video_is_named(tmp_path: Path, three_people: FaceIndex) -> None:
    with pytest.raises(MediaNotFoundError, match=r"gone\.mp4"):
        verify_source(three_people, tmp_path / "gone.mp4")
    with pytest.raises(MediaNotFoundError, match=r"gone\.mp4"):
        describe_source(tmp_path / "gone.mp4")
