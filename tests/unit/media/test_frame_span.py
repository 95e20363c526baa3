"""Frames by index, sought by time or counted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from efface.domain.errors import IndexMismatchError
from efface.domain.time import Timeline, complete_pts
from efface.media import frame_span
from efface.media.frame_span import read_frame_span
from efface.media.reader import open_video

NUM_FRAMES = 60


def timeline_of(path: Path) -> Timeline:
    with open_video(path) as video:
        raw = [frame.pts for frame in video.frames()]
        return complete_pts(raw, video.info.time_base, video.info.frame_rate)


def lumas(path: Path, timeline: Timeline, frames: range) -> list[tuple[int, int]]:
    """Index and brightness of the lower right quarter of each frame read."""
    return [
        (index, int(np.median(frame.gray()[24:, 32:])))
        for index, frame in read_frame_span(path, timeline, frames)
    ]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("clip.mp4", "libx264"), ("clip.mkv", "libx264"), ("raw.h264", "libx264"), ("a.avi", "mpeg4")],
)
@pytest.mark.parametrize("frames", [range(60), range(17), range(13, 41), range(45, 60), range(30, 30)])
def test_span_holds_the_frames_of_a_whole_pass(clips: Any, name: str, codec: str, frames: range) -> None:
    """Files without times too: their time line is made up, so their frames can only be counted."""
    path = clips.make(name, codec=codec, pts=tuple(range(NUM_FRAMES)), options={"g": "12"})
    timeline = timeline_of(path)
    everything = lumas(path, timeline, range(NUM_FRAMES))
    assert [index for index, _ in everything] == list(range(NUM_FRAMES))
    assert lumas(path, timeline, frames) == everything[frames.start : frames.stop]


def test_frames_are_counted_where_seeking_leads_elsewhere(
    clips: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clips.make("clip.mp4", pts=tuple(range(NUM_FRAMES)), options={"g": "12"})
    timeline = timeline_of(path)
    expected = lumas(path, timeline, range(20, 40))
    sought = frame_span._sought

    def skipping(*arguments: Any) -> Any:
        return (frame for i, frame in enumerate(sought(*arguments)) if i != 7)

    monkeypatch.setattr(frame_span, "_sought", skipping)
    assert lumas(path, timeline, range(20, 40)) == expected


def test_video_with_fewer_frames_is_refused(clips: Any) -> None:
    path = clips.make("clip.mp4", pts=tuple(range(NUM_FRAMES)))
    known = timeline_of(path)
    step = int(known.pts[1] - known.pts[0])
    longer = Timeline(
        known.time_base,
        np.append(known.pts, known.pts[-1] + step * np.arange(1, 4)),
        known.end_pts + 3 * step,
    )
    with pytest.raises(IndexMismatchError, match="has 60 frames, not 63"):
        list(read_frame_span(path, longer, range(50, 63)))
