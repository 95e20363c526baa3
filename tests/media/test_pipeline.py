"""Real clips from end to end: turned, with uneven times, damaged, and without anybody."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from efface.domain.errors import Cancelled
from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind, RedactionRequest
from efface.media.reader import open_video
from efface.pipeline import Analysis, index_video, redact_video
from efface.ports import SilentProgress

pytestmark = [pytest.mark.media, pytest.mark.weights]

BLACK = RedactionRequest(BlurringKind.BLACK)
QUICK = EncodeSettings(crf=20, preset="ultrafast")


@pytest.fixture(scope="module")
def singer(shared: Path) -> Analysis:
    """Ninety frames of one singer, upright: what the derived clips are compared with."""
    return index_video(awkward(shared, "h264_faststart.mp4"), progress=SilentProgress())


def awkward(shared: Path, name: str) -> Path:
    return shared / "media" / "awkward" / "derived" / name


def longest_span(analysis: Analysis) -> int:
    return max((track.num_frames for track in analysis.index.tracks), default=0)


def median_box(analysis: Analysis) -> list[float]:
    track = max(analysis.index.tracks, key=lambda t: t.num_frames)
    return [float(value) for value in np.median(track.boxes, axis=0)]


@pytest.mark.parametrize(
    ("name", "width", "height", "mapped"),
    [
        ("phone_style_rotated_storage.mp4", 640, 360, lambda b: b),
        ("mirror_matrix.mp4", 640, 360, lambda b: [640 - b[2], b[1], 640 - b[0], b[3]]),
        ("rotation_90.mp4", 360, 640, lambda b: [360 - b[3], b[0], 360 - b[1], b[2]]),
        ("rotation_180.mp4", 640, 360, lambda b: [640 - b[2], 360 - b[3], 640 - b[0], 360 - b[1]]),
        ("rotation_270.mp4", 360, 640, lambda b: [b[1], 640 - b[2], b[3], 640 - b[0]]),
    ],
)
def test_turned_clip_is_indexed_as_players_show_it(
    shared: Path,
    singer: Analysis,
    name: str,
    width: int,
    height: int,
    mapped: Callable[[list[float]], list[float]],
) -> None:
    found = index_video(awkward(shared, name), progress=SilentProgress())
    assert (found.index.size.width, found.index.size.height) == (width, height)
    assert [face.face_id for face in found.index.faces] == [1001]
    assert longest_span(found) >= 85
    side = median_box(singer)[3] - median_box(singer)[1]
    assert np.abs(np.subtract(median_box(found), mapped(median_box(singer)))).max() < 0.2 * side


def test_face_of_the_turned_clip_is_black_where_it_is_shown(
    shared: Path, singer: Analysis, tmp_path: Path
) -> None:
    source, output = awkward(shared, "phone_style_rotated_storage.mp4"), tmp_path / "safe.mp4"
    index = index_video(source, progress=SilentProgress()).index
    redact_video(source, output, index=index, request=BLACK, settings=QUICK, progress=SilentProgress())
    (track,) = singer.index.tracks
    with open_video(output) as reader:
        assert reader.info.upright_size == index.size
        grays = [frame.gray() for frame in reader.frames()]
    assert len(grays) == 90
    for i, gray in enumerate(grays):
        box = track.box_at(i)
        assert box is not None
        (x, y), third = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 6
        middle = gray[round(y - third[1]) : round(y + third[1]), round(x - third[0]) : round(x + third[0])]
        assert int(middle.max()) < 40, f"frame {i}"


def test_uneven_frame_times_are_kept_and_the_face_is_followed(shared: Path, singer: Analysis) -> None:
    found = index_video(awkward(shared, "vfr_irregular.mkv"), progress=SilentProgress())
    steps = {b - a for a, b in pairwise(found.index.timeline.pts.tolist())}
    assert found.index.timeline.num_frames == 90
    assert max(steps) > 4 * min(steps)
    assert longest_span(found) == longest_span(singer)


def test_damaged_clip_is_indexed_with_a_notice(shared: Path) -> None:
    found = index_video(awkward(shared, "zeroed_block_in_mdat.mp4"), progress=SilentProgress())
    assert len(found.index.notices) == 1
    assert "damaged packets were passed over" in found.index.notices[0]
    assert sum(track.num_frames for track in found.index.tracks) >= 75


def test_whole_clip_gives_no_notice(singer: Analysis) -> None:
    assert singer.index.notices == ()
    assert len(singer.index.faces) == 1


def test_clip_of_several_shots_is_cut_where_the_scene_changes(shared: Path) -> None:
    clip = shared / "media" / "faces_video" / "hamilton_whitehouse_4shots.mp4"
    index = index_video(clip, progress=SilentProgress()).index
    assert [shot.first_frame for shot in index.shots] == [0, 20, 82, 211]
    shots = {
        frame: i for i, shot in enumerate(index.shots) for frame in range(shot.first_frame, shot.end_frame)
    }
    assert all(shots[track.first_frame] == shots[track.end_frame - 1] for track in index.tracks)


def test_clip_without_people_has_no_faces_and_is_not_masked(shared: Path, tmp_path: Path) -> None:
    source, output = shared / "media" / "no_faces" / "v_phone_screen_recording.MP4", tmp_path / "safe.mp4"
    index = index_video(source, progress=SilentProgress()).index
    assert (index.faces, index.tracks) == ((), ())
    report = redact_video(
        source, output, index=index, request=BLACK, settings=QUICK, progress=SilentProgress()
    )
    assert report.num_masked_frames == 0
    assert report.num_frames == index.timeline.num_frames


def test_single_frame_and_tiny_clips_are_indexed(shared: Path) -> None:
    one = index_video(awkward(shared, "single_frame.mp4"), progress=SilentProgress()).index
    assert one.timeline.num_frames == 1
    assert len(one.tracks) == 1
    tiny = index_video(awkward(shared, "tiny_64x36.mp4"), progress=SilentProgress()).index
    assert (tiny.size.width, tiny.size.height) == (64, 36)


def test_stopped_work_leaves_nothing(shared: Path, singer: Analysis, tmp_path: Path) -> None:
    class Stop:
        def report(self, stage: str, done: int, total: int | None) -> None:
            if done == 30:
                raise Cancelled("stopped by the test")

    source = awkward(shared, "h264_faststart.mp4")
    with pytest.raises(Cancelled):
        index_video(source, progress=Stop())
    with pytest.raises(Cancelled):
        redact_video(
            source, tmp_path / "safe.mp4", index=singer.index, request=BLACK, settings=QUICK, progress=Stop()
        )
    assert list(tmp_path.iterdir()) == []
