"""Drawn regions followed through a video: shots, spans, progress, and little memory."""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from efface.domain.edits import DrawnBox, DrawnRegion, Edits, LossReason, LostRegion
from efface.domain.errors import Cancelled, IndexMismatchError, RequestError
from efface.domain.geometry import Size, ioa
from efface.domain.time import Timeline
from efface.domain.track import Shot
from efface.edit import encode_edits, parse_edits
from efface.index.model import FaceIndex
from efface.index.source import describe_source
from efface.media.frame_span import read_frame_span
from efface.pipeline import follow
from efface.pipeline.follow import follow_edits, follow_region
from efface.ports import SilentProgress
from tests.unit.track.conftest import Stage

SIZE = Size(320, 240)
SHOTS = (Shot(0, 40), Shot(40, 70))
BOX = np.array([60.0, 80.0, 108.0, 140.0])


def truth(frame: int) -> tuple[float, float, float, float]:
    """The patch goes to the right in the first shot, and up in the second."""
    step = (1.5 * frame, 0.0) if frame < 40 else (100.0, 40.0 - frame)
    x1, y1, x2, y2 = (float(edge) for edge in BOX + np.array([*step, *step]))
    return x1, y1, x2, y2


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shots of 40 and 30 frames with a patch that moves; key frames 25 frames apart."""
    path = tmp_path_factory.mktemp("follow") / "clip.mp4"
    stages = (Stage(seed=1), Stage(seed=8))
    with av.open(str(path), "w") as container:
        track: Any = container.add_stream(
            "libx264", rate=25, options={"g": "25", "crf": "18", "preset": "veryfast"}
        )
        track.width, track.height, track.pix_fmt = SIZE.width, SIZE.height, "yuv420p"
        for i in range(70):
            gray = stages[i >= 40].show((np.array(truth(i)), 5))
            container.mux(track.encode(av.VideoFrame.from_ndarray(gray, "gray8")))
        container.mux(track.encode(None))
    return path


@pytest.fixture(scope="module")
def index(clip: Path) -> FaceIndex:
    with av.open(str(clip)) as container:
        base = container.streams.video[0].time_base
        pts = [frame.pts for frame in container.decode(video=0) if frame.pts is not None]
    assert base is not None
    step = pts[1] - pts[0]
    return FaceIndex(
        source=describe_source(clip),
        size=SIZE,
        timeline=Timeline(base, np.array(pts, np.int64), pts[-1] + step),
        frame_rate=Fraction(25),
        shots=SHOTS,
        tracks=(),
        faces=(),
        engine="test",
    )


def region(first: int, end: int, *keyframes: int) -> DrawnRegion:
    drawn = tuple(DrawnBox(frame, truth(frame)) for frame in keyframes)
    return DrawnRegion(1, "patch", None, drawn, first, end, True)


def assert_covered(parts: tuple[Any, ...], frames: range) -> None:
    for frame in frames:
        box = next(box for part in parts if (box := part.box_at(frame)) is not None)
        assert float(ioa(np.array([truth(frame)]), box[None])[0, 0]) > 0.95, f"frame {frame}"


def test_region_is_followed_through_its_shot_and_the_cut_is_told(clip: Path, index: FaceIndex) -> None:
    (part,) = follow_region(clip, index, region(0, 70, 20), SilentProgress())
    assert (part.first_frame, part.end_frame) == (0, 40)
    assert part.lost == (LostRegion(40, LossReason.CUT),)
    assert_covered((part,), range(40))


def test_region_stops_where_the_person_says(clip: Path, index: FaceIndex) -> None:
    (part,) = follow_region(clip, index, region(10, 31, 20), SilentProgress())
    assert (part.first_frame, part.end_frame, part.lost) == (10, 31, ())


def test_region_drawn_in_two_shots_is_followed_in_both(clip: Path, index: FaceIndex) -> None:
    parts = follow_region(clip, index, region(5, 70, 20, 30, 60), SilentProgress())
    assert [(part.first_frame, part.end_frame, part.lost) for part in parts] == [(5, 40, ()), (40, 70, ())]
    assert_covered(parts, range(5, 70))


def test_cut_before_the_shot_is_told_too(clip: Path, index: FaceIndex) -> None:
    (part,) = follow_region(clip, index, region(30, 70, 60), SilentProgress())
    assert (part.first_frame, part.lost) == (40, (LostRegion(39, LossReason.CUT),))


def test_index_without_shots_is_one_shot(clip: Path, index: FaceIndex) -> None:
    (part,) = follow_region(clip, replace(index, shots=()), region(0, 70, 20), SilentProgress())
    # Behind the cut that the index does not know, what was drawn over is searched for, and found after some frames.
    assert (part.first_frame, part.end_frame, part.lost) == (0, 70, ())
    assert_covered((part,), range(48, 70))


def test_few_pictures_are_kept_and_the_way_is_the_same(
    clip: Path, index: FaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = follow_region(clip, index, region(0, 40, 20, 35), SilentProgress())
    most: list[int] = []
    read = read_frame_span

    def counted(path: Path, timeline: Timeline, frames: range) -> Any:
        most.append(len(frames))
        return read(path, timeline, frames)

    monkeypatch.setattr(follow, "read_frame_span", counted)
    monkeypatch.setattr(follow, "_CACHE_BYTES", 9 * SIZE.width * SIZE.height)
    assert follow_region(clip, index, region(0, 40, 20, 35), SilentProgress()) == expected
    assert max(most) == 9
    assert len(most) > 5


def test_only_the_frames_on_the_way_are_decoded(
    clip: Path, index: FaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[range] = []
    read = read_frame_span

    def noted(path: Path, timeline: Timeline, frames: range) -> Any:
        asked.append(frames)
        return read(path, timeline, frames)

    monkeypatch.setattr(follow, "read_frame_span", noted)
    follow_region(clip, index, region(45, 60, 50), SilentProgress())
    assert asked == [range(45, 60)]


class Listener:
    def __init__(self, stop_at: int | None = None) -> None:
        self.heard: list[tuple[str, int, int | None]] = []
        self.stop_at = stop_at

    def report(self, stage: str, done: int, total: int | None) -> None:
        self.heard.append((stage, done, total))
        if done == self.stop_at:
            raise Cancelled("stopped by the test")


def test_progress_counts_up_to_the_total_of_all_regions(clip: Path, index: FaceIndex) -> None:
    fixed = replace(region(0, 10, 5), region_id=2, is_followed=False)
    lost = replace(region(0, 40, 20), region_id=3, keyframes=(DrawnBox(20, (0.0, 0.0, 9.0, 9.0)),))
    edits = Edits(index.source.sha256, regions=(region(0, 70, 20, 60), fixed, lost))
    listener = Listener()
    followed = follow_edits(clip, index, edits, listener)
    assert {stage for stage, _, _ in listener.heard} == {"follow"}
    done = [count for _, count, _ in listener.heard]
    assert all(b > a for a, b in pairwise(done))
    assert listener.heard[-1][1] == listener.heard[-1][2] == 39 + 29 + 39
    assert [each.path is None for each in followed.regions] == [False, True, False]


def test_following_can_be_stopped(clip: Path, index: FaceIndex) -> None:
    with pytest.raises(Cancelled):
        follow_region(clip, index, region(0, 40, 20), Listener(stop_at=7))


def test_region_with_a_path_is_not_followed_again(
    clip: Path, index: FaceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits = Edits(index.source.sha256, regions=(region(0, 40, 20),))
    followed = follow_edits(clip, index, edits, SilentProgress())
    monkeypatch.setattr(follow, "read_frame_span", None)
    assert follow_edits(clip, index, followed, SilentProgress()) is followed


def test_path_is_the_same_after_it_was_saved(clip: Path, index: FaceIndex) -> None:
    edits = Edits(index.source.sha256, regions=(region(0, 70, 20, 33),))
    followed = follow_edits(clip, index, edits, SilentProgress())
    assert parse_edits(json.loads("".join(encode_edits(followed)))) == followed


def test_edits_that_do_not_fit_are_refused_before_anything_is_decoded(clip: Path, index: FaceIndex) -> None:
    with pytest.raises(RequestError, match="the video has 70"):
        follow_edits(clip, index, Edits(index.source.sha256, regions=(region(0, 71, 20),)), SilentProgress())


def test_other_video_is_refused(clip: Path, index: FaceIndex, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(clip.read_bytes() + b"\0")
    with pytest.raises(IndexMismatchError):
        follow_edits(other, index, Edits(index.source.sha256, regions=(region(0, 40, 20),)), SilentProgress())


def test_fixed_region_has_nothing_to_follow(clip: Path, index: FaceIndex) -> None:
    with pytest.raises(ValueError, match="is fixed"):
        follow_region(clip, index, replace(region(0, 40, 20), is_followed=False), SilentProgress())
