"""Frames that are asked for here and there, kept and decoded on."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.errors import IndexMismatchError
from efface.domain.time import Timeline, complete_pts
from efface.media import kept_frames
from efface.media.frame import VideoFrame, plane_view
from efface.media.frame_span import read_frame_span
from efface.media.kept_frames import KeptFrames
from efface.media.planes import editable
from efface.media.reader import open_video

NUM_FRAMES = 60
FRAME_BYTES = 64 * 48 * 3 // 2
JUMPS = (40, 41, 40, 33, 59, 0, 1, 45, 44, 45, 13, 59, 58)


def planes(frame: VideoFrame) -> list[NDArray[Any]]:
    return [plane_view(frame.native, i).copy() for i in range(len(frame.native.planes))]


def whole_pass(path: Path) -> tuple[list[list[NDArray[Any]]], Timeline]:
    with open_video(path) as video:
        pts, pictures = [], []
        for frame in video.frames():
            pts.append(frame.pts)
            pictures.append(planes(frame))
        return pictures, complete_pts(pts, video.info.time_base, video.info.frame_rate)


@pytest.fixture
def sought(monkeypatch: pytest.MonkeyPatch) -> list[range]:
    """Spans that were begun, in order."""
    spans: list[range] = []
    read = read_frame_span

    def noted(path: Path, timeline: Timeline, frames: range) -> Iterator[tuple[int, VideoFrame]]:
        spans.append(frames)
        return read(path, timeline, frames)

    monkeypatch.setattr(kept_frames, "read_frame_span", noted)
    return spans


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("open.mp4", {"options": {"g": "12", "bf": "3", "x264-params": "open-gop=1"}}),
        ("fields.ts", {"codec": "mpeg2video", "options": {"g": "9", "flags": "+ildct+ilme"}}),
        ("deep.mkv", {"codec": "libx265", "pixel_format": "yuv420p10le"}),
        ("raw.h264", {"options": {"g": "12"}}),
        ("a.avi", {"codec": "mpeg4"}),
    ],
)
@pytest.mark.parametrize("num_kept", [0, 3, 100])
def test_frames_are_those_of_a_whole_pass_in_whatever_order(
    clips: Any, name: str, fields: dict[str, Any], num_kept: int
) -> None:
    path = clips.make(name, pts=tuple(range(NUM_FRAMES)), **fields)
    expected, timeline = whole_pass(path)
    with closing(KeptFrames(path, timeline, num_kept * 2 * FRAME_BYTES)) as frames:
        for index in JUMPS:
            for got, wanted in zip(planes(frames.frame(index)), expected[index], strict=True):
                np.testing.assert_array_equal(got, wanted)
            assert frames.held_bytes <= num_kept * 2 * FRAME_BYTES


def test_what_is_painted_stays_with_who_painted(clips: Any) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    expected, timeline = whole_pass(path)
    with closing(KeptFrames(path, timeline, 100 * FRAME_BYTES)) as frames:
        for index in (20, 20, 21):
            for plane in editable(frames.frame(index).native).planes:
                plane.pixels[:] = 0
        for index in (20, 21, 22):
            for got, wanted in zip(planes(frames.frame(index)), expected[index], strict=True):
                np.testing.assert_array_equal(got, wanted)


def test_neighbours_cost_no_new_search(clips: Any, sought: list[range]) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    _, timeline = whole_pass(path)
    with closing(KeptFrames(path, timeline, 100 * FRAME_BYTES)) as frames:
        for index in (20, 20, 19, 12, 21, 25, 50, 26, 20):
            frames.frame(index)
        assert sought == [range(12, NUM_FRAMES)]
        frames.frame(2)
        assert sought[1:] == [range(0, NUM_FRAMES)]


def test_what_is_kept_stays_within_its_bound(clips: Any, sought: list[range]) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    _, timeline = whole_pass(path)
    with closing(KeptFrames(path, timeline, int(4.5 * 2 * FRAME_BYTES))) as frames:
        for index in range(30):
            frames.frame(index)
            assert 0 < frames.held_bytes <= 4.5 * 2 * FRAME_BYTES
        frames.frame(29)
        assert len(sought) == 1
        frames.frame(5)
        assert len(sought) == 2
        frames.close()
        assert frames.held_bytes == 0
        assert frames.frame(5).index == 5


def test_frame_larger_than_the_bound_is_kept_alone(clips: Any, sought: list[range]) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    _, timeline = whole_pass(path)
    with closing(KeptFrames(path, timeline, FRAME_BYTES // 2)) as frames:
        for index in (20, 20, 21, 21):
            frames.frame(index)
        assert len(sought) == 1
        one = frames.held_bytes
        assert one >= FRAME_BYTES
        frames.frame(40)
        assert frames.held_bytes == one


def test_shorter_video_than_the_time_line_is_told_each_time(clips: Any) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    _, timeline = whole_pass(path)
    shorter = clips.make("b.mp4", pts=tuple(range(NUM_FRAMES - 10)))
    with closing(KeptFrames(shorter, timeline, 100 * FRAME_BYTES)) as frames:
        for _ in range(2):
            with pytest.raises(IndexMismatchError, match="has 50 frames, not 60"):
                frames.frame(55)
        assert frames.frame(20).index == 20
