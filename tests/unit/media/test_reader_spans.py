"""Reading a video span by span: the same pictures and times as in one pass from the start."""

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.time import PtsSpan
from efface.media.decoder import TrackDecoder
from efface.media.frame import CopiedPacket, VideoFrame
from efface.media.packet_scan import scan_packets
from efface.media.reader import open_video
from tests.conftest import ClipMaker, ClipRecipe

NUM_FRAMES = 48
X264_OPEN = {"g": "12", "bf": "3", "b_strategy": "0", "x264-params": "open-gop=1:b-pyramid=normal:scenecut=0"}
X264_CLOSED = {"g": "12", "bf": "3", "b_strategy": "0", "x264-params": "scenecut=0"}
X264_REFRESH = {"g": "12", "bf": "0", "x264-params": "intra-refresh=1:keyint=12:scenecut=0"}
X265_OPEN = {"preset": "ultrafast", "x265-params": "keyint=12:open-gop=1:bframes=4:scenecut=0:log-level=none"}
VP9 = {"g": "12", "deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "10"}
AV1 = {"preset": "12", "g": "12"}

KINDS = [
    ("open.mp4", "libx264", X264_OPEN),
    ("closed.mp4", "libx264", X264_CLOSED),
    ("refresh.mp4", "libx264", X264_REFRESH),
    ("open.mkv", "libx264", X264_OPEN),
    ("open.ts", "libx264", X264_OPEN),
    ("closed.ts", "libx264", X264_CLOSED),
    ("open265.mp4", "libx265", X265_OPEN),
    ("open265.mkv", "libx265", X265_OPEN),
    ("open265.ts", "libx265", X265_OPEN),
    ("vp9.webm", "libvpx-vp9", VP9),
    ("vp9.mp4", "libvpx-vp9", VP9),
    ("av1.mp4", "libsvtav1", AV1),
    ("av1.mkv", "libsvtav1", AV1),
    ("mpeg2.ts", "mpeg2video", {"g": "12", "bf": "2"}),
    ("mpeg4.mp4", "mpeg4", {"g": "12", "bf": "2"}),
]


class MovingClips(ClipMaker):
    """Clips of a texture that slides and flickers, so that every frame depends on those around it."""

    def picture(self, recipe: ClipRecipe, index: int) -> NDArray[np.uint8]:
        rng = np.random.default_rng(7)
        texture = rng.integers(40, 216, (recipe.height, recipe.width + NUM_FRAMES * 3), np.uint8)
        picture = texture[:, index * 3 : index * 3 + recipe.width].copy()
        picture[::2] = picture[::2] // 2 + index
        return picture


@pytest.fixture
def moving(tmp_path: Path) -> MovingClips:
    """Makes clips of ``NUM_FRAMES`` frames of 128x96 that start at an odd time."""
    return MovingClips(tmp_path)


def make(clips: MovingClips, name: str, codec: str, options: dict[str, str], first: int = 3) -> Path:
    pts = tuple(range(first, first + NUM_FRAMES))
    return clips.make(name, codec=codec, options=options, width=128, height=96, pts=pts)


def prints(path: Path, span: PtsSpan | None = None) -> list[tuple[int | None, str]]:
    """PTS and digest of all planes of each frame."""
    with open_video(path) as video:
        frames = list(video.frames(span=span))
        assert [frame.index for frame in frames] == list(range(len(frames)))
        return [(f.pts, hashlib.md5(f.native.to_ndarray().tobytes()).hexdigest()) for f in frames]


def spans_at(boundaries: list[int]) -> list[PtsSpan]:
    edges = [None, *boundaries, None]
    return [PtsSpan(a, b) for a, b in pairwise(edges)]


@pytest.mark.parametrize(("name", "codec", "options"), KINDS, ids=[f"{n}-{c}" for n, c, _ in KINDS])
def test_spans_joined_are_the_whole_to_the_bit(
    moving: MovingClips, name: str, codec: str, options: dict[str, str]
) -> None:
    clip = make(moving, name, codec, options)
    scan, whole = scan_packets(clip), prints(clip)
    assert scan.is_seekable
    assert scan.pts.tolist() == [pts for pts, _ in whole]
    keyframes = scan.keyframe_pts.tolist()
    assert len(keyframes) >= 3
    assert len(whole) == NUM_FRAMES
    odd = [int(scan.pts[k]) for k in (1, 15, 23, 40)]
    for boundaries in (keyframes[1:], odd):
        joined = [frame for span in spans_at(boundaries) for frame in prints(clip, span)]
        assert joined == whole


@pytest.mark.parametrize("name", ["closed.mp4", "closed.mkv"])
def test_last_span_is_reached_from_one_key_frame_more(
    moving: MovingClips, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make(moving, name, "libx264", X264_CLOSED)
    scan, decoded = scan_packets(clip), []
    decode = TrackDecoder.decode

    def spy(self: TrackDecoder, packet: Any) -> list[av.VideoFrame]:
        decoded.append(packet.pts)
        return decode(self, packet)

    monkeypatch.setattr(TrackDecoder, "decode", spy)
    frames = prints(clip, PtsSpan(int(scan.keyframe_pts[-1])))
    assert len(frames) == 12
    assert decoded[0] == scan.keyframe_pts[-2]
    assert len(decoded) == 24


def test_span_gives_frames_and_no_packets_to_copy(moving: MovingClips) -> None:
    clip = moving.make("sound.mp4", width=128, height=96, pts=tuple(range(NUM_FRAMES)), audio_tracks=1)
    with open_video(clip) as video:
        assert any(isinstance(item, CopiedPacket) for item in video.items())
    start = int(scan_packets(clip).pts[20])
    with open_video(clip) as video:
        items = list(video.items(span=PtsSpan(start)))
    assert len(items) == NUM_FRAMES - 20
    assert all(isinstance(item, VideoFrame) for item in items)


def test_span_of_a_container_that_cannot_be_trusted_is_read_from_the_start(moving: MovingClips) -> None:
    clip = make(moving, "b.avi", "mpeg4", {"g": "12", "bf": "2"}, first=0)
    assert not scan_packets(clip).is_seekable
    whole = prints(clip)
    middle = whole[NUM_FRAMES // 2][0]
    assert [frame for span in spans_at([middle or 0]) for frame in prints(clip, span)] == whole


def test_span_behind_the_end_is_empty_and_the_open_span_is_everything(moving: MovingClips) -> None:
    clip = make(moving, "closed.mp4", "libx264", X264_CLOSED)
    scan = scan_packets(clip)
    assert prints(clip, PtsSpan(int(scan.pts[-1]) + 1)) == []
    assert prints(clip, PtsSpan()) == prints(clip)
    raw = moving.make("raw.h264", options={"bf": "0"}, width=128, height=96)
    assert len(prints(raw, PtsSpan())) == 12


def test_spans_of_real_clips_joined_are_the_whole(shared: Path) -> None:
    """Phones, cameras and editors write what no encoder of a test does: edit lists, VFR, fragments, 10 bit."""
    faces, awkward = shared / "media" / "faces_video", shared / "media" / "awkward"
    clips = [
        *(faces / name for name in ("hamilton_whitehouse_4shots.mp4", "face_then_cartoon_hevc_vfr.mov")),
        *(faces / name for name in ("iphone_hevc_rotated_60fps.MOV", "crying_laughing_hands_on_face.mp4")),
        *(awkward / "derived" / name for name in ("h264_fragmented.mp4", "interlaced_mpeg2.ts")),
        *(awkward / "derived" / name for name in ("starts_at_5s.mp4", "gap_missing_packets.mp4")),
        *(awkward / "real" / name for name in ("ax_iibbibb_editlist_videoonly.mp4", "ax_sample_h263.ts")),
        *(awkward / "real" / name for name in ("ae_multi-track.mp4", "psd_delayed_start.mp4")),
    ]
    for clip in clips:
        scan, whole = scan_packets(clip), prints(clip)
        assert scan.is_seekable, clip.name
        keyframes, middle = scan.keyframe_pts.tolist(), int(scan.pts[len(scan.pts) // 2])
        for boundaries in (keyframes[1 :: max(1, len(keyframes) // 5)], [middle]):
            joined = [frame for span in spans_at(boundaries) for frame in prints(clip, span)]
            assert joined == whole, clip.name
