"""The pass from a video and a plan to the finished file, on small synthetic clips."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.errors import Cancelled, IndexMismatchError, OutputError
from efface.domain.geometry import Size
from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind
from efface.domain.time import Timeline, complete_pts
from efface.media import writer
from efface.media.frame import VideoFrame
from efface.media.planes import EditableFrame
from efface.media.reader import open_video
from efface.plan import RedactionPlan, RegionTrack
from efface.ports import SilentProgress
from efface.render.render import RenderReport, render_video

UPRIGHT = Size(64, 80)
VFR_PTS = (0, 1, 3, 4, 8, 9, 10, 15, 16, 17, 18, 20)
FACE = (4.0, 30.0, 28.0, 60.0)


class ClipMaker(Protocol):
    """The fixture ``clips``."""

    def make(self, name: str, **fields: Any) -> Path:
        """Write a synthetic clip of 12 frames."""
        ...


def timeline_of(path: Path) -> Timeline:
    with open_video(path) as video:
        return complete_pts([f.pts for f in video.frames()], video.info.time_base, video.info.frame_rate)


def plan_of(
    timeline: Timeline,
    spans: Iterable[tuple[int, int]],
    size: Size = UPRIGHT,
    kind: BlurringKind = BlurringKind.BLACK,
) -> RedactionPlan:
    """The face is in view in the given half-open frame spans."""
    tracks = []
    for first, end in spans:
        n = end - first
        boxes = np.tile(np.array([FACE], np.float32), (n, 1))
        tracks.append(RegionTrack(first, boxes, np.full(n, 30, np.float32), np.zeros(n, bool), "1001"))
    return RedactionPlan(kind, size, timeline.num_frames, tuple(tracks))


def lumas(path: Path) -> list[NDArray[np.uint8]]:
    """Upright luma of every frame, in limited range."""
    with open_video(path) as video:
        return [frame.gray(video.info.upright_size) for frame in video.frames()]


def render_clip(source: Path, output: Path, spans: Iterable[tuple[int, int]] = ((3, 7),)) -> RenderReport:
    timeline = timeline_of(source)
    plan = plan_of(timeline, spans)
    return render_video(source, plan, timeline, output, EncodeSettings(), SilentProgress())


@pytest.fixture
def clip(clips: ClipMaker) -> Path:
    """A clip of 12 frames, 64x80, with B-frames, unequal frame times and sound."""
    options = {"bf": "3", "g": "12", "crf": "10"}
    return clips.make("clip.mp4", height=80, pts=VFR_PTS, audio_tracks=1, options=options)


def test_faces_are_covered_in_the_frames_of_the_plan_and_in_no_other(clip: Path, tmp_path: Path) -> None:
    report = render_clip(clip, tmp_path / "safe.mp4", [(0, 2), (5, 9)])
    before, after = lumas(clip), lumas(tmp_path / "safe.mp4")
    assert (report.num_frames, report.num_masked_frames) == (12, 6)
    for index, (source, result) in enumerate(zip(before, after, strict=True)):
        is_masked = index in {0, 1, 5, 6, 7, 8}
        assert (result[45, 16] < 28) == is_masked, f"frame {index}"
        # Far from the face the frame is the same but for coding.
        assert np.abs(result[:24, 36:].astype(int) - source[:24, 36:]).mean() < 4


def test_output_keeps_every_time_stamp_and_sound_packet(clip: Path, tmp_path: Path) -> None:
    render_clip(clip, tmp_path / "safe.mp4")
    before, after = timeline_of(clip), timeline_of(tmp_path / "safe.mp4")
    np.testing.assert_array_equal(before.pts, after.pts)
    assert before.time_base == after.time_base
    sounds = []
    for path in (clip, tmp_path / "safe.mp4"):
        with av.open(str(path)) as container:
            sounds.append([bytes(packet) for packet in container.demux(audio=0) if packet.size])
    assert sounds[0]
    assert sounds[0] == sounds[1]


@pytest.mark.parametrize("rotation_deg", [90, 180, -90])
@pytest.mark.parametrize("is_mirrored", [False, True])
def test_face_is_covered_where_the_viewer_sees_it_in_a_turned_clip(
    clips: ClipMaker, tmp_path: Path, rotation_deg: float, is_mirrored: bool
) -> None:
    width, height = (64, 80) if rotation_deg == 180 else (80, 64)
    source = clips.make(
        "turned.mp4", width=width, height=height, rotation_deg=rotation_deg, is_mirrored=is_mirrored
    )
    render_clip(source, tmp_path / "safe.mp4", [(0, 12)])
    for result in lumas(tmp_path / "safe.mp4"):
        assert result.shape == (80, 64)
        assert result[36:54, 10:22].max() < 28
        assert result[4:24, 36:].min() > 28


@pytest.mark.parametrize(
    "fields",
    [
        {"pixel_format": "yuv420p10le"},
        {"pixel_format": "yuv444p"},
        {"codec": "mjpeg", "pixel_format": "yuvj420p"},
        {"pixel_format": "gray"},
        {"codec": "png", "pixel_format": "rgb24"},
    ],
    ids=["10 bit", "4:4:4", "full range", "gray", "RGB"],
)
def test_face_is_covered_in_every_pixel_format(
    clips: ClipMaker, tmp_path: Path, fields: dict[str, str]
) -> None:
    source = clips.make("clip.mov", height=80, **fields)
    render_clip(source, tmp_path / "safe.mkv", [(0, 12)])
    for result in lumas(tmp_path / "safe.mkv"):
        assert result[36:54, 10:22].max() < 28
        assert result[4:24, 36:].min() > 28


def test_every_frame_of_the_plan_is_treated_before_it_is_encoded(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file in the making must not hold a bare face either, so no frame may pass the writer untreated."""
    written: list[tuple[int, bool]] = []

    class WatchedWriter(writer.VideoWriter):
        def write(self, frame: VideoFrame | EditableFrame, pts: int) -> None:
            luma = np.frombuffer(memoryview(frame.native.planes[0]), np.uint8)
            luma = luma.reshape(-1, frame.native.planes[0].line_size)
            written.append((pts, bool(luma[45, 16] == 16)))
            super().write(frame, pts)

    monkeypatch.setattr(writer, "VideoWriter", WatchedWriter)
    timeline = timeline_of(clip)
    plan = plan_of(timeline, [(2, 5)])
    render_video(clip, plan, timeline, tmp_path / "safe.mp4", EncodeSettings(), SilentProgress())
    assert written == [(int(pts), i in {2, 3, 4}) for i, pts in enumerate(timeline.pts)]


def test_drawn_boxes_leave_the_face_visible(clip: Path, tmp_path: Path) -> None:
    timeline = timeline_of(clip)
    plan = plan_of(timeline, [(0, 12)], kind=BlurringKind.BOUNDING_BOX)
    render_video(clip, plan, timeline, tmp_path / "boxes.mp4", EncodeSettings(), SilentProgress())
    for source, result in zip(lumas(clip), lumas(tmp_path / "boxes.mp4"), strict=True):
        assert abs(int(result[45, 20]) - int(source[45, 20])) < 8


def test_plan_without_regions_gives_the_same_pictures(clip: Path, tmp_path: Path) -> None:
    report = render_clip(clip, tmp_path / "same.mp4", [])
    assert report.num_masked_frames == 0
    for source, result in zip(lumas(clip), lumas(tmp_path / "same.mp4"), strict=True):
        assert np.abs(result.astype(int) - source).mean() < 3


class CancelsAt:
    """Asks to stop after some frames, and notes what it heard."""

    def __init__(self, frame: int | None = None) -> None:
        self.frame = frame
        self.heard: list[tuple[str, int, int | None]] = []

    def report(self, stage: str, done: int, total: int | None) -> None:
        self.heard.append((stage, done, total))
        if done == self.frame:
            raise Cancelled("stopped")


def test_progress_hears_of_each_frame(clip: Path, tmp_path: Path) -> None:
    timeline, progress = timeline_of(clip), CancelsAt()
    render_video(clip, plan_of(timeline, []), timeline, tmp_path / "safe.mp4", EncodeSettings(), progress)
    assert progress.heard == [("render", i + 1, 12) for i in range(12)]


def test_cancelling_leaves_nothing_behind(clip: Path, tmp_path: Path) -> None:
    timeline = timeline_of(clip)
    with pytest.raises(Cancelled):
        render_video(
            clip, plan_of(timeline, []), timeline, tmp_path / "safe.mp4", EncodeSettings(), CancelsAt(5)
        )
    assert list(tmp_path.iterdir()) == [clip]


def with_frames(timeline: Timeline, count: int) -> Timeline:
    pts = np.arange(count, dtype=np.int64) * 512
    return Timeline(timeline.time_base, pts, int(pts[-1]) + 512)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: (with_frames(t, 11), UPRIGHT), "more than 11 frames"),
        (lambda t: (with_frames(t, 13), UPRIGHT), "12 frames, not 13"),
        (lambda t: (t, Size(80, 64)), "64x80, not 80x64"),
        (lambda t: (Timeline(Fraction(1, 7), t.pts, t.end_pts), UPRIGHT), "not 1/7 s"),
    ],
    ids=["fewer frames", "more frames", "size", "time base"],
)
def test_plan_of_another_video_is_refused_and_leaves_nothing_behind(
    clip: Path, tmp_path: Path, change: Callable[[Timeline], tuple[Timeline, Size]], says: str
) -> None:
    timeline, size = change(timeline_of(clip))
    plan = plan_of(timeline, [(0, 3)], size)
    with pytest.raises(IndexMismatchError, match=says) as caught:
        render_video(clip, plan, timeline, tmp_path / "safe.mp4", EncodeSettings(), SilentProgress())
    assert str(clip) in str(caught.value)
    assert list(tmp_path.iterdir()) == [clip]


def test_source_is_never_replaced(clip: Path) -> None:
    before = clip.read_bytes()
    with pytest.raises(OutputError, match="it is the input"):
        render_clip(clip, clip)
    assert clip.read_bytes() == before


def test_existing_output_stays_when_overwriting_is_not_allowed(clip: Path, tmp_path: Path) -> None:
    taken = tmp_path / "safe.mp4"
    taken.write_bytes(b"mine")
    timeline = timeline_of(clip)
    with pytest.raises(OutputError, match="exists already"):
        render_video(
            clip, plan_of(timeline, []), timeline, taken, EncodeSettings(), SilentProgress(), overwrite=False
        )
    assert taken.read_bytes() == b"mine"
