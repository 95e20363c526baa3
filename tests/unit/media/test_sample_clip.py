import importlib.metadata
from pathlib import Path

import av
import numpy as np
import pytest

from efface.domain.errors import MediaNotFoundError, OutputError
from efface.media import sample_clip as subject
from efface.media.reader import open_video


def test_clip_is_a_video_that_efface_reads_whole(sample_clip: Path) -> None:
    with open_video(sample_clip) as reader:
        assert (reader.info.codec, str(reader.info.upright_size)) == ("h264", "640x480")
        frames = [frame.gray(reader.info.upright_size).mean() for frame in reader.frames()]
        assert reader.damage.bad_packets == 0
    assert len(frames) == 100
    assert len(set(frames)) > 90  # it moves


def test_clip_has_an_audible_tone_as_long_as_the_picture(sample_clip: Path) -> None:
    with av.open(str(sample_clip)) as container:
        samples = [frame.to_ndarray() for frame in container.decode(audio=0)]
    assert sum(block.shape[1] for block in samples) == pytest.approx(4 * 44_100, abs=2048)
    assert max(float(np.abs(block).max()) for block in samples) > 0.1


def test_same_clip_every_time(sample_clip: Path, tmp_path: Path) -> None:
    subject.write_sample_clip(tmp_path / "again.mp4")
    with av.open(str(tmp_path / "again.mp4")) as again, av.open(str(sample_clip)) as first:
        for one, other in zip(again.decode(video=0), first.decode(video=0), strict=True):
            assert bytes(one.planes[0]) == bytes(other.planes[0])


def test_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        subject.write_sample_clip(tmp_path / "no" / "folder.mp4")


def test_missing_picture_names_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(MediaNotFoundError, match="install the distribution scikit-image"):
        subject.find_sample_picture()
