"""The sample clip from end to end, with the real networks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.errors import Cancelled, IndexMismatchError
from efface.domain.geometry import Size
from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind, RedactionRequest
from efface.domain.time import PtsSpan
from efface.index.codec import encode_index
from efface.media.frame import VideoFrame
from efface.media.reader import VideoReader, open_video
from efface.pipeline import Analysis, index_video, redact_video
from efface.plan import plan_redaction
from efface.ports import SilentProgress
from tests.unit.pipeline.conftest import Scene

pytestmark = pytest.mark.weights

QUICK = EncodeSettings(crf=18, preset="ultrafast")
BLACK = RedactionRequest(BlurringKind.BLACK)


class StopAt:
    """Stops the work after so many frames of a stage."""

    def __init__(self, stage: str, frame: int) -> None:
        self.stage = stage
        self.frame = frame
        self.heard: list[tuple[str, int, int | None]] = []

    def report(self, stage: str, done: int, total: int | None) -> None:
        self.heard.append((stage, done, total))
        if (stage, done) == (self.stage, self.frame):
            raise Cancelled("stopped by the test")


def pictures(path: Path) -> list[NDArray[np.uint8]]:
    with open_video(path) as reader:
        return [frame.gray() for frame in reader.frames()]


def test_sample_clip_shows_one_face_in_every_frame(sample_analysis: Analysis) -> None:
    index = sample_analysis.index
    assert index.size == Size(640, 480)
    assert index.timeline.num_frames == 100
    assert [(shot.first_frame, shot.end_frame) for shot in index.shots] == [(0, 100)]
    assert [face.face_id for face in index.faces] == [1001]
    assert [(track.first_frame, track.end_frame) for track in index.tracks] == [(0, 100)]
    assert index.notices == ()
    assert index.engine.startswith("efface ")
    assert index.engine.endswith(("f32", "bf16"))


def test_boxes_follow_the_camera(sample_analysis: Analysis) -> None:
    boxes = sample_analysis.index.tracks[0].boxes
    sides = boxes[:, 3] - boxes[:, 1]
    # The camera starts far away, comes close and goes back.
    assert sides[70:80].mean() > 1.7 * sides[0]
    assert np.abs(np.diff(boxes, axis=0)).max() < 25
    assert (boxes[:, :2] < boxes[:, 2:]).all()


def test_best_views_are_kept_for_the_track(sample_analysis: Analysis) -> None:
    crops = sample_analysis.crops[1]
    assert 1 <= len(crops) <= 6
    assert len({crop.frame_index for crop in crops}) == len(crops)
    assert sample_analysis.index.faces[0].thumbnail_frame in {crop.frame_index for crop in crops}


def test_second_run_gives_the_same_index_to_the_letter(sample_clip: Path, sample_analysis: Analysis) -> None:
    progress = StopAt("never", 0)
    again = index_video(sample_clip, progress=progress)
    assert "".join(encode_index(again.index)) == "".join(encode_index(sample_analysis.index))
    assert progress.heard == [("index", done, 100) for done in range(1, 101)]


def test_video_that_falls_short_of_its_packets_is_indexed_as_one_segment(
    make_scenes: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second segment reads a frame less than promised, as from a damaged file."""
    clip = make_scenes("short.mp4", Scene(120, 3, ()))
    whole = index_video(clip, progress=SilentProgress())
    read: list[PtsSpan | None] = []
    frames = VideoReader.frames

    def forgetful(self: VideoReader, *, span: PtsSpan | None = None) -> Iterator[VideoFrame]:
        read.append(span)
        for frame in frames(self, span=span):
            if span is None or span.is_whole or frame.index != 20:
                yield frame

    monkeypatch.setattr(VideoReader, "frames", forgetful)
    progress = StopAt("never", 0)
    found = index_video(clip, progress=progress, segment_s=2)
    assert "".join(encode_index(found.index)) == "".join(encode_index(whole.index))
    assert len(read) > 2
    assert read[-1] == PtsSpan()
    heard = [done for _, done, _ in progress.heard]
    assert heard == sorted(heard)
    assert heard[-1] == 120


def test_video_that_cannot_be_cut_is_one_segment(
    make_scenes: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make_scenes("uncut.avi", Scene(60, 3, ()))
    read: list[PtsSpan | None] = []
    frames = VideoReader.frames

    def spy(self: VideoReader, *, span: PtsSpan | None = None) -> Iterator[VideoFrame]:
        read.append(span)
        return frames(self, span=span)

    monkeypatch.setattr(VideoReader, "frames", spy)
    assert index_video(clip, progress=SilentProgress(), segment_s=0.5).index.timeline.num_frames == 60
    assert read == [PtsSpan()]


def test_progress_of_segments_is_that_of_the_video(make_scenes: Callable[..., Path]) -> None:
    progress = StopAt("never", 0)
    clip = make_scenes("parts.mp4", Scene(100, 4, ()), Scene(80, 5, ()))
    index_video(clip, progress=progress, segment_s=2)
    heard = [done for _, done, _ in progress.heard]
    assert heard == sorted(heard)
    assert heard[-1] == 180
    assert {total for _, _, total in progress.heard} == {180}


def test_every_shot_has_a_key_frame(sample_analysis: Analysis) -> None:
    (picture,) = sample_analysis.key_frames
    assert picture.shot_index == 0
    assert 0 <= picture.frame_index < 100
    assert picture.jpeg.startswith(b"\xff\xd8")


def test_stopped_search_ends_at_once_and_leaves_nothing(sample_clip: Path) -> None:
    before = sorted(sample_clip.parent.iterdir())
    progress = StopAt("index", 5)
    with pytest.raises(Cancelled, match="stopped by the test"):
        index_video(sample_clip, progress=progress)
    assert progress.heard[-1][:2] == ("index", 5)
    assert sorted(sample_clip.parent.iterdir()) == before


def test_face_is_black_and_the_rest_as_it_was(
    sample_clip: Path, sample_analysis: Analysis, tmp_path: Path
) -> None:
    index, output = sample_analysis.index, tmp_path / "safe.mp4"
    report = redact_video(
        sample_clip, output, index=index, request=BLACK, settings=QUICK, progress=SilentProgress()
    )
    assert (report.num_frames, report.num_masked_frames) == (100, 100)
    source, safe = pictures(sample_clip), pictures(output)
    assert len(source) == len(safe) == 100
    plan = plan_redaction(index, BLACK)
    for i in range(0, 100, 7):
        x1, y1, x2, y2 = index.tracks[0].boxes[i]
        # The ellipse that lies in the box, a little smaller: eyes, nose and mouth.
        ys, xs = np.mgrid[:480, :640]
        inside = ((xs - (x1 + x2) / 2) / (x2 - x1)) ** 2 + ((ys - (y1 + y2) / 2) / (y2 - y1)) ** 2 < 0.2
        assert safe[i][inside].max() <= 24, f"frame {i}"
        outside = np.ones((480, 640), bool)
        for region in plan.regions_at(i):
            left, top, right, bottom = (int(value) for value in region.box)
            outside[max(0, top - 12) : bottom + 12, max(0, left - 12) : right + 12] = False
        change = np.abs(safe[i].astype(int) - source[i])[outside]
        assert outside.mean() > 0.3
        assert change.mean() < 1.5


def test_stopped_rendering_leaves_no_file(
    sample_clip: Path, sample_analysis: Analysis, tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        redact_video(
            sample_clip,
            tmp_path / "safe.mp4",
            index=sample_analysis.index,
            request=BLACK,
            settings=QUICK,
            progress=StopAt("render", 12),
        )
    assert list(tmp_path.iterdir()) == []


def test_index_of_another_video_is_refused_before_anything_is_written(
    sample_clip: Path, sample_analysis: Analysis, tmp_path: Path
) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(sample_clip.read_bytes() + b"\0")
    with pytest.raises(IndexMismatchError):
        redact_video(
            other,
            tmp_path / "safe.mp4",
            index=sample_analysis.index,
            request=BLACK,
            settings=QUICK,
            progress=SilentProgress(),
        )
    assert list(tmp_path.iterdir()) == [other]
