"""Every real clip gives a stream whose frames are those of the source at their times, or one clear error."""

import csv
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from efface.domain.errors import EffaceError
from efface.media.reader import open_video
from efface.media.streaming.stream import make_stream
from efface.ports.progress import SilentProgress


def _times(path: Path) -> list[Fraction | None]:
    with open_video(path) as reader:
        base = reader.info.time_base
        return [None if frame.pts is None else frame.pts * base for frame in reader.frames()]


def test_every_face_clip_streams_with_all_frames_at_their_times(shared: Path, tmp_path: Path) -> None:
    with (shared / "media/faces_video/manifest.csv").open(newline="") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    assert len(names) == 30
    for name in names:
        source = shared / "media/faces_video" / name
        manifest = make_stream(source, tmp_path, progress=SilentProgress())
        before, after = _times(source), _times(tmp_path / "video.mp4")
        assert len(after) == len(before), name
        known = [(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None]
        # The first frame may be shown from the start of the sound on, so distances are taken from the second.
        moved = [b - a for a, b in known[1:]]
        assert max(moved, default=0) - min(moved, default=0) < Fraction(1, 1000), name
        shown = [time for time in after if time is not None]
        step = max(b - a for a, b in pairwise(shown))
        assert manifest.video.start_s == shown[0], name
        assert shown[-1] < manifest.video.start_s + manifest.video.duration <= shown[-1] + step, name
        assert manifest.video.num_bytes == (tmp_path / "video.mp4").stat().st_size, name
        assert manifest.video.height <= 720, name


@pytest.mark.slow
def test_awkward_files_stream_or_are_refused_by_one_clear_error(shared: Path, tmp_path: Path) -> None:
    folder = shared / "media/awkward"
    with (folder / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    num_streams = 0
    for row in rows:
        out = tmp_path / "out"
        out.mkdir()
        refusal: EffaceError | None = None
        try:
            make_stream(folder / row["file"], out, progress=SilentProgress())
        except EffaceError as error:
            refusal = error
        if refusal is not None:
            assert str(folder / row["file"]) in str(refusal)
            assert list(out.iterdir()) == []
        else:
            num_streams += 1
            with av.open(str(out / "video.mp4")) as container:
                assert sum(1 for _ in container.decode(video=0)) == int(row["frames"]), row["file"]
        shutil.rmtree(out)
    assert num_streams > 90
