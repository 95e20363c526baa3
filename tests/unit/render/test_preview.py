"""A preview shows what the rendered video will."""

from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.errors import IndexMismatchError, MediaNotFoundError, RequestError
from efface.domain.geometry import Size
from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind
from efface.domain.time import Timeline, complete_pts
from efface.media.reader import VideoReader, open_video
from efface.plan import RedactionPlan, RegionTrack
from efface.ports import SilentProgress
from efface.render.preview import PreviewDesk, preview_frame
from efface.render.render import render_video

NUM_FRAMES = 60
BOX = (10.0, 10.0, 56.0, 56.0)
"""Upright pixels; holds a corner of the white quarter, so that a blur shows."""


def planned(path: Path, kind: BlurringKind, masked: range = range(30, 50)) -> tuple[RedactionPlan, Timeline]:
    with open_video(path) as video:
        size = video.info.upright_size
        raw = [frame.pts for frame in video.frames()]
        timeline = complete_pts(raw, video.info.time_base, video.info.frame_rate)
    n = len(masked)
    boxes = np.tile(np.array([BOX], np.float32), (n, 1))
    track = RegionTrack(masked.start, boxes, np.full(n, 30, np.float32), np.zeros(n, bool), "1001")
    return RedactionPlan(kind, size, timeline.num_frames, (track,)), timeline


def pixels(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)


def rendered(path: Path, plan: RedactionPlan, timeline: Timeline, frame_index: int) -> NDArray[np.uint8]:
    output = path.with_name(f"safe{path.suffix}")
    render_video(path, plan, timeline, output, EncodeSettings(crf=4), SilentProgress())
    with open_video(output) as video:
        return next(frame.rgb() for frame in video.frames() if frame.index == frame_index)


@pytest.mark.parametrize("kind", list(BlurringKind))
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("a.mp4", {"options": {"bf": "3", "g": "12"}}),
        ("turned.mp4", {"rotation_deg": 90}),
        ("deep.mkv", {"codec": "libx265", "pixel_format": "yuv420p10le"}),
    ],
)
def test_preview_shows_the_frame_as_it_is_rendered(
    clips: Any, kind: BlurringKind, name: str, fields: dict[str, Any]
) -> None:
    path = clips.make(name, pts=tuple(range(NUM_FRAMES)), width=96, height=64, **fields)
    plan, timeline = planned(path, kind)
    for frame_index in (29, 41):
        shown = pixels(preview_frame(path, plan, timeline, frame_index))
        expected = rendered(path, plan, timeline, frame_index)
        assert shown.shape == expected.shape
        # Without the colours, of which a JPEG keeps half.
        assert np.abs(shown.mean(axis=2) - expected.mean(axis=2)).mean() < 2.5
    assert np.abs(shown.astype(int) - pixels_bare(path, 41)).max() > 60


def pixels_bare(path: Path, frame_index: int) -> NDArray[np.uint8]:
    with open_video(path) as video:
        return next(frame.rgb() for frame in video.frames() if frame.index == frame_index)


def test_preview_hides_before_it_scales(clips: Any) -> None:
    path = clips.make("a.mp4", pts=tuple(range(40)), width=640, height=480)
    plan, timeline = planned(path, BlurringKind.BLACK, range(40))
    small = pixels(preview_frame(path, plan, timeline, 20, max_side=320))
    assert small.shape == (240, 320, 3)
    assert small[8:20, 10:22].max() < 24
    assert small[40, 40].min() > 200


def test_preview_reads_from_a_key_frame_on(clips: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)), options={"g": "6", "bf": "0"})
    plan, timeline = planned(path, BlurringKind.BLACK)
    spans = []
    frames = VideoReader.frames

    def noted(reader: VideoReader, **kwargs: Any) -> Any:
        spans.append(kwargs.get("span"))
        return frames(reader, **kwargs)

    monkeypatch.setattr(VideoReader, "frames", noted)
    preview_frame(path, plan, timeline, 58)
    # Once for the first frame of all, once where it was sought: never the whole file.
    assert [span is None for span in spans] == [True, False]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("a.mp4", {"options": {"bf": "3", "g": "12"}}),
        ("turned.mp4", {"rotation_deg": 90}),
        ("deep.mkv", {"codec": "libx265", "pixel_format": "yuv420p10le"}),
        ("fields.ts", {"codec": "mpeg2video", "options": {"g": "9", "flags": "+ildct+ilme"}}),
        ("packed.avi", {"codec": "rawvideo", "pixel_format": "bgra"}),
    ],
)
def test_warm_preview_is_the_cold_one_to_the_byte(clips: Any, name: str, fields: dict[str, Any]) -> None:
    path = clips.make(name, pts=tuple(range(NUM_FRAMES)), width=96, height=64, **fields)
    plans = [planned(path, kind) for kind in BlurringKind]
    elsewhere = planned(path, BlurringKind.BLACK, range(40, 42))
    with closing(PreviewDesk()) as desk:
        for frame_index in (41, 40, 42, 41):
            for plan, timeline in (*plans, elsewhere, plans[0]):
                warm = desk.preview(path, plan, timeline, frame_index)
                assert warm == preview_frame(path, plan, timeline, frame_index)


def test_second_preview_of_a_frame_decodes_nothing(clips: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    (black, timeline), (blurred, _) = planned(path, BlurringKind.BLACK), planned(path, BlurringKind.HIGH_BLUR)
    with closing(PreviewDesk()) as desk:
        first = desk.preview(path, black, timeline, 41)

        def refused(*_: Any, **__: Any) -> Any:
            raise AssertionError("a frame that was decoded already is read again")

        monkeypatch.setattr(VideoReader, "frames", refused)
        assert desk.preview(path, black, timeline, 41) == first
        assert desk.preview(path, blurred, timeline, 41) != first
        desk.close()
        with pytest.raises(AssertionError, match="read again"):
            desk.preview(path, black, timeline, 41)


@pytest.mark.parametrize("is_in_place", [True, False])
def test_file_that_was_replaced_is_read_anew(clips: Any, is_in_place: bool) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    plan, timeline = planned(path, BlurringKind.BLACK)
    other = clips.make("b.mp4", pts=tuple(range(NUM_FRAMES)), is_mirrored=True)
    with closing(PreviewDesk()) as desk:
        old = desk.preview(path, plan, timeline, 20)
        if is_in_place:
            path.write_bytes(other.read_bytes())
        else:
            other.replace(path)
        new = desk.preview(path, plan, timeline, 20)
        assert new == preview_frame(path, plan, timeline, 20) != old
        path.unlink()
        with pytest.raises(MediaNotFoundError):
            desk.preview(path, plan, timeline, 20)


def test_frames_are_counted_on_the_time_line_that_is_given(clips: Any) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    plan, timeline = planned(path, BlurringKind.BLACK, range(58, 59))
    from_second = Timeline(timeline.time_base, timeline.pts[1:], timeline.end_pts)
    with closing(PreviewDesk()) as desk:
        first, second = (desk.preview(path, plan, timeline, frame) for frame in (20, 21))
        assert first != second
        assert desk.preview(path, plan, from_second, 20) == second


@pytest.mark.parametrize("frame_index", [-1, NUM_FRAMES])
def test_frame_that_is_not_there_is_refused(clips: Any, frame_index: int) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    plan, timeline = planned(path, BlurringKind.BLACK)
    with pytest.raises(
        RequestError, match=f"frame {frame_index} is not in the video: its frames are 0 to 59"
    ):
        preview_frame(path, plan, timeline, frame_index)


def test_preview_of_another_video_is_refused(clips: Any) -> None:
    path = clips.make("a.mp4", pts=tuple(range(NUM_FRAMES)))
    other = clips.make("b.mp4", width=80, pts=tuple(range(NUM_FRAMES)))
    plan, timeline = planned(path, BlurringKind.BLACK)
    assert plan.size == Size(64, 48)
    with pytest.raises(IndexMismatchError):
        preview_frame(other, plan, timeline, 3)
