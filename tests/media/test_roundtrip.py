"""Real videos, read and written unchanged: everything but the picture's bits is as it was."""

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from efface.domain.media import EncodeSettings, VideoInfo
from efface.domain.time import Timeline, complete_pts
from efface.media.encoders import default_output_suffix
from efface.media.files import atomic_output
from efface.media.frame import VideoFrame
from efface.media.reader import open_video
from efface.media.writer import create_video

_QUICK = [
    "hamilton_whitehouse_4shots.mp4",
    "nasa_two_audio_streams.mp4",
    "three_people_walk_up.gif",
    "face_then_cartoon_hevc_vfr.mov",
    "gesture_mjpeg_hand.avi",
    "grid_bbaf2n.mpg",
    "hands_wave_vp9.webm",
    "mot20_day_crowd.h264",
    "asl_night.mkv",
]
_AWKWARD = [
    "starts_at_5s.mp4",
    "vfr_irregular.mkv",
    "hevc_hdr10_tagged.mp4",
    "interlaced_mpeg2.ts",
    "mirror_matrix.mp4",
    "phone_style_rotated_storage.mp4",
    "two_audio_tracks.mkv",
    "odd_dimensions_641x361_yuv444.mp4",
    "prores_422.mov",
    "av1.mp4",
    "fps_1000.mp4",
    "fps_0_1.mp4",
    "resolution_change.h264",
    "gap_missing_packets.mp4",
]
_ENOUGH_FRAMES = 60
"""After so many the rest of a long clip tells nothing new."""
_LEAST_PSNR_DB = 38
"""On a dense crowd full of grain, the hardest of these; most are above 45."""

pytestmark = pytest.mark.media


@dataclass
class _Seen:
    info: VideoInfo
    raw_pts: list[int | None] = field(default_factory=list)
    packets: list[tuple[int, str]] = field(default_factory=list)
    pictures: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def timeline(self) -> Timeline:
        return complete_pts(self.raw_pts, self.info.time_base, self.info.frame_rate)

    def note(self, frame: VideoFrame) -> None:
        self.raw_pts.append(frame.pts)
        if frame.index % 20 == 0:
            self.pictures[frame.index] = frame.gray().astype(np.float32)


def _read(path: Path, num_frames: int) -> _Seen:
    with open_video(path) as reader:
        seen = _Seen(reader.info)
        rank = {track.index: i for i, track in enumerate(reader.copied_tracks)}
        for item in reader.items():
            if isinstance(item, VideoFrame):
                if len(seen.raw_pts) == num_frames:
                    break
                seen.note(item)
            else:
                digest = hashlib.sha256(bytes(item.native)).hexdigest()
                seen.packets.append((rank[item.stream_index], digest))
    return seen


def _rewrite(path: Path, final: Path, timeline: Timeline) -> tuple[str, ...]:
    with (
        open_video(path) as reader,
        atomic_output(final, never=[path]) as part,
        create_video(part, reader, EncodeSettings()) as writer,
    ):
        for item in reader.items():
            if not isinstance(item, VideoFrame):
                writer.copy(item)
            elif item.index == timeline.num_frames:
                break
            else:
                writer.write(item, int(timeline.pts[item.index]))
    return writer.notices


def _seconds(seen: _Seen) -> list[Fraction]:
    return [int(pts) * seen.timeline.time_base for pts in seen.timeline.pts]


def _psnr_db(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(float(((a - b) ** 2).mean()), 1e-6)))


def _check(source: Path, tmp_path: Path, num_frames: int) -> None:
    before = _read(source, num_frames)
    final = tmp_path / f"out{default_output_suffix(before.info)}"
    notices = _rewrite(source, final, before.timeline)
    assert all("only the largest picture is redacted" in notice for notice in notices)
    after = _read(final, 1 << 30)
    assert _seconds(after) == _seconds(before)
    assert sorted(after.packets) == sorted(before.packets)
    assert after.info.upright_size == before.info.upright_size
    assert after.info.orientation == before.info.orientation
    assert after.info.sample_aspect_ratio == before.info.sample_aspect_ratio
    tags = dict(before.info.color)
    assert all(dict(after.info.color).get(tag) == tags[tag] for tag in tags if tags[tag] != "tv")
    is_converted = before.info.pixel_format != after.info.pixel_format
    for index, picture in before.pictures.items():
        assert is_converted or _psnr_db(picture, after.pictures[index]) > _LEAST_PSNR_DB


@pytest.mark.parametrize("name", _QUICK)
def test_real_clip_comes_back_whole(shared: Path, tmp_path: Path, name: str) -> None:
    _check(shared / "media" / "faces_video" / name, tmp_path, _ENOUGH_FRAMES)


@pytest.mark.parametrize("name", _AWKWARD)
def test_awkward_clip_comes_back_whole(shared: Path, tmp_path: Path, name: str) -> None:
    _check(shared / "media" / "awkward" / "derived" / name, tmp_path, _ENOUGH_FRAMES)


@pytest.mark.slow
def test_every_clip_with_faces_comes_back_whole(shared: Path, tmp_path: Path) -> None:
    media = {".mp4", ".mov", ".mkv", ".webm", ".gif", ".avi", ".mpg", ".h264"}
    folder = shared / "media" / "faces_video"
    clips = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in media]
    assert len(clips) > 20
    for path in clips:
        (tmp_path / path.name).mkdir()
        _check(path, tmp_path / path.name, 400)
