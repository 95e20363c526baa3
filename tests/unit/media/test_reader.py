"""Reading of small synthetic clips: order, time stamps, sizes, turning, damage, limits."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import pytest

from efface.domain.errors import DamagedMediaError, MediaTooLargeError, NoVideoError, UnsupportedMediaError
from efface.domain.geometry import Orientation, Size
from efface.media import source
from efface.media.frame import CopiedPacket, VideoFrame
from efface.media.probe import probe_video
from efface.media.reader import open_video


class Clips(Protocol):
    """What the fixture ``clips`` gives."""

    def make(self, name: str, **recipe: Any) -> Path: ...

    def luma_of(self, index: int) -> int: ...


B_FRAMES = {"bf": "3", "g": "12", "crf": "10", "b_strategy": "0"}


def read(path: Path) -> list[VideoFrame]:
    with open_video(path) as video:
        return list(video.frames())


def limited(gray: int) -> float:
    """Limited-range luma of a full-range gray value."""
    return 16 + gray * 219 / 255


def test_frames_come_in_presentation_order_when_the_file_has_b_frames(clips: Clips) -> None:
    clip = clips.make("b.mp4", options=B_FRAMES)
    with av.open(str(clip)) as container:
        decode_order = [packet.pts or 0 for packet in container.demux(video=0) if packet.size]
    assert decode_order != sorted(decode_order)
    frames = read(clip)
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.pts for frame in frames] == sorted(decode_order)
    for frame in frames:
        assert frame.gray()[40, 50] == pytest.approx(limited(clips.luma_of(frame.index)), abs=6)


def test_pts_are_kept_when_frame_times_are_irregular_and_start_late(clips: Clips) -> None:
    pts = (5000, 5010, 5350, 5351, 5400, 5999)
    clip = clips.make("vfr.mkv", pts=pts, time_base=Fraction(1, 1000), options={"bf": "0"})
    with open_video(clip) as video:
        assert video.info.time_base == Fraction(1, 1000)
        assert tuple(frame.pts for frame in video.frames()) == pts


def test_pts_increase_when_an_avi_holds_b_frames(clips: Clips) -> None:
    clip = clips.make("b.avi", options=B_FRAMES)
    with av.open(str(clip)) as container:
        assert [frame.pts or 0 for frame in container.decode(video=0)] != list(range(12))
    frames = read(clip)
    pts = [frame.pts or 0 for frame in frames]
    assert [b - a for a, b in pairwise(pts)] == [1] * 11
    for frame in frames:
        assert frame.gray()[40, 50] == pytest.approx(limited(clips.luma_of(frame.index)), abs=6)


def test_pts_is_none_when_a_raw_stream_has_none(clips: Clips) -> None:
    frames = read(clips.make("raw.h264", options={"bf": "0"}))
    assert len(frames) == 12
    assert {frame.pts for frame in frames} == {None}


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix"),
    [
        ("libx264", "yuv444p", ".mp4"),
        ("ffv1", "yuv420p10le", ".mkv"),
        ("ffv1", "yuv422p12le", ".mkv"),
        ("ffv1", "gray16le", ".mkv"),
        ("ffv1", "bgr0", ".mkv"),
        ("ffv1", "yuva420p", ".mkv"),
        ("prores_ks", "yuv422p10le", ".mov"),
    ],
)
def test_gray_and_rgb_are_right_for_odd_sizes_and_depths(
    clips: Clips, codec: str, pixel_format: str, suffix: str
) -> None:
    clip = clips.make(f"clip{suffix}", codec=codec, pixel_format=pixel_format, width=67, height=45)
    with open_video(clip) as video:
        assert video.info.pixel_format == pixel_format
        assert video.info.coded_size == Size(67, 45)
        frame = list(video.frames())[3]
    gray, rgb = frame.gray(), frame.rgb()
    assert gray.shape == (45, 67)
    assert rgb.shape == (45, 67, 3)
    assert gray.flags.c_contiguous
    assert rgb.flags.c_contiguous
    is_full_range = pixel_format in ("bgr0", "gray16le")
    plain = clips.luma_of(3)
    assert gray[40, 60] == pytest.approx(plain if is_full_range else limited(plain), abs=5)
    assert rgb[40, 60] == pytest.approx(np.full(3, plain), abs=6)
    assert rgb[2, 2] == pytest.approx(np.full(3, 250), abs=8)
    assert frame.gray(Size(33, 22)).shape == (22, 33)
    assert frame.rgb(Size(100, 20)).shape == (20, 100, 3)


@pytest.mark.parametrize(
    ("rotation_deg", "is_mirrored", "orientation", "white_corner"),
    [
        (0, False, Orientation.UPRIGHT, "top-left"),
        (-90, False, Orientation.TURNED_90, "top-right"),
        (180, False, Orientation.TURNED_180, "bottom-right"),
        (90, False, Orientation.TURNED_270, "bottom-left"),
        (0, True, Orientation.MIRRORED, "top-right"),
        (180, True, Orientation.MIRRORED_180, "bottom-left"),
    ],
)
def test_picture_is_upright_when_the_display_matrix_turns_it(
    clips: Clips, rotation_deg: int, is_mirrored: bool, orientation: Orientation, white_corner: str
) -> None:
    recipe = dict(rotation_deg=rotation_deg, is_mirrored=is_mirrored, pts=(0, 1))
    with open_video(clips.make("turned.mp4", **recipe)) as video:
        assert video.info.orientation is orientation
        size = video.info.upright_size
        frame = next(iter(video.frames()))
    for image in (frame.gray(), frame.rgb()[..., 1], frame.gray(Size(size.width // 2, size.height // 2))):
        height, width = image.shape
        corners = {
            "top-left": image[3, 3],
            "top-right": image[3, width - 4],
            "bottom-left": image[height - 4, 3],
            "bottom-right": image[height - 4, width - 4],
        }
        assert max(corners, key=lambda name: int(corners[name])) == white_corner
        assert sorted(corners.values())[2] < 100


@pytest.mark.parametrize("values", [(0, 1, 1, 0), (0, -1, -1, 0)])
def test_orientation_knows_the_transposed_matrices(tmp_path: Path, values: tuple[int, int, int, int]) -> None:
    a, b, c, d = (value << 16 for value in values)
    path = tmp_path / "transposed.mp4"
    with av.open(str(path), "w") as container:
        track = container.add_stream("libx264", rate=25)
        track.width, track.height, track.pix_fmt = 64, 48, "yuv420p"
        track.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        image = np.full((48, 64), 30, np.uint8)
        image[:24, :32] = 250
        container.mux(track.encode(av.VideoFrame.from_ndarray(image, "gray8").reformat(format="yuv420p")))
        container.mux(track.encode(None))
    with open_video(path) as video:
        gray = next(iter(video.frames())).gray()
    # The matrix moves coded (x, y) to (a x + c y, b x + d y): here to (y, x), or to (-y, -x).
    expected = image.T if values[1] > 0 else image[::-1, ::-1].T
    assert gray.shape == (64, 48)
    assert np.array_equal(gray > 140, expected > 140)


def test_rgb_crop_equals_the_cut_of_the_whole_picture_when_turned(clips: Clips) -> None:
    recipe = dict(width=128, height=96, rotation_deg=-90, pts=(0,), pixel_format="yuv444p")
    frame = read(clips.make("turned.mp4", **recipe))[0]
    whole = frame.rgb()
    for x1, y1, x2, y2 in ((0, 0, 96, 128), (31, 40, 60, 99), (95, 127, 96, 128), (-5, 100, 20, 900)):
        cut = frame.rgb_crop((x1, y1, x2, y2))
        expected = whole[max(y1, 0) : y2, max(x1, 0) : x2]
        assert cut.shape == expected.shape
        assert np.abs(cut.astype(int) - expected).max() <= 2
    with pytest.raises(ValueError, match="no pixel"):
        frame.rgb_crop((96, 0, 120, 10))


def test_gray_is_a_copy_that_leaves_the_frame_alone(clips: Clips) -> None:
    frame = read(clips.make("clip.mp4", pts=(0,)))[0]
    before = frame.gray()
    frame.gray()[:] = 0
    assert np.array_equal(frame.gray(), before)


def test_items_give_the_packets_of_all_audio_tracks_between_the_frames(clips: Clips) -> None:
    clip = clips.make("sound.mkv", audio_tracks=2, pts=tuple(range(50)))
    with av.open(str(clip)) as container:
        expected = [(p.stream_index, p.pts, bytes(p)) for p in container.demux(audio=(0, 1)) if p.size]
    with open_video(clip) as video:
        assert [stream.kind for stream in video.info.other_streams] == ["audio", "audio"]
        items = list(video.items())
    packets = [item for item in items if isinstance(item, CopiedPacket)]
    assert [(p.stream_index, p.native.pts, bytes(p.native)) for p in packets] == expected
    assert sum(isinstance(item, VideoFrame) for item in items) == 50


def test_a_second_pass_needs_a_new_reader(clips: Clips) -> None:
    with open_video(clips.make("clip.mp4")) as video:
        assert len(list(video.frames())) == 12
        with pytest.raises(RuntimeError, match="read before"):
            video.items()


def spoil(path: Path, packet_numbers: set[int], spoiled: Path) -> Path:
    """Copy a clip, overwriting the pictures of some packets with bytes that no decoder takes."""
    with av.open(str(path)) as container, av.open(str(spoiled), "w") as out:
        track = container.streams.video[0]
        copy = out.add_stream_from_template(track)
        for number, packet in enumerate(p for p in container.demux(track) if p.size):
            if number in packet_numbers:
                # One NAL unit of length 0xff000000, far more than the packet holds.
                packet.update(b"\xff\x00\x00\x00" + bytes(len(bytes(packet)) - 4))
            packet.stream = copy
            out.mux(packet)
    return spoiled


@pytest.mark.parametrize("bad", [{1}, {5}, {9}, {11}, {3, 4, 10}])
def test_a_damaged_packet_costs_one_frame_and_is_counted(clips: Clips, tmp_path: Path, bad: set[int]) -> None:
    options = {"bf": "0", "g": "1"}
    clip = clips.make("good.mp4", options=options)
    with open_video(spoil(clip, bad, tmp_path / "bad.mp4")) as video:
        frames = list(video.frames())
        damage = video.damage
    levels = [round((float(frame.gray()[40, 50]) - 16) * 255 / 219) for frame in frames]
    expected = [clips.luma_of(i) for i in range(12) if i not in bad]
    assert levels == pytest.approx(expected, abs=6)
    assert damage.bad_packets == len(bad)
    assert damage.messages


def test_a_file_without_a_good_packet_is_refused_as_damaged(clips: Clips, tmp_path: Path) -> None:
    clip = clips.make("good.mp4")
    spoiled = spoil(clip, set(range(12)), tmp_path / "bad.mp4")
    with pytest.raises(DamagedMediaError, match=r"bad\.mp4"):
        probe_video(spoiled)


def test_frames_keep_the_first_size_when_the_stream_changes_it(clips: Clips, tmp_path: Path) -> None:
    parts = [
        clips.make(f"{width}.h264", width=width, height=height, pts=tuple(range(4))).read_bytes()
        for width, height in ((64, 48), (128, 80), (32, 32))
    ]
    path = tmp_path / "changes.h264"
    path.write_bytes(b"".join(parts))
    with open_video(path) as video:
        frames = list(video.frames())
        assert video.info.coded_size == Size(64, 48)
    assert len(frames) == 12
    assert {(frame.native.width, frame.native.height) for frame in frames} == {(64, 48)}
    assert frames[5].gray()[2, 2] > frames[5].gray()[40, 60]


def test_the_larger_track_is_chosen_when_a_tiny_one_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        for width in (16, 64):
            track = container.add_stream("libx264", rate=25)
            track.width, track.height, track.pix_fmt = width, 48, "yuv420p"
        for track in container.streams.video:
            image = np.full((48, track.width), 90, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, "gray8").reformat(format="yuv420p")
            container.mux(track.encode(frame))
        for track in container.streams.video:
            container.mux(track.encode(None))
    info = probe_video(path)
    assert info.stream_index == 1
    assert info.coded_size == Size(64, 48)
    assert [stream.kind for stream in info.other_streams] == ["video"]


def test_info_tells_what_the_headers_say(clips: Clips) -> None:
    recipe = dict(sample_aspect_ratio=Fraction(4, 3), options={"colorprim": "bt709", "bf": "0"})
    info = probe_video(clips.make("clip.mp4", **recipe))
    assert info.codec == "h264"
    assert info.container == "mov,mp4,m4a,3gp,3g2,mj2"
    assert info.sample_aspect_ratio == Fraction(4, 3)
    assert info.frame_rate == 25
    assert info.duration_s == pytest.approx(0.48)
    assert info.num_frames_estimate == 12


def test_a_sound_file_has_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        track = container.add_stream("aac", rate=16000, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        samples.sample_rate = 16000
        container.mux(track.encode(samples))
        container.mux(track.encode(None))
    with pytest.raises(NoVideoError, match=r"sound\.m4a"):
        probe_video(path)


def test_a_side_beyond_the_limit_is_refused(clips: Clips) -> None:
    clip = clips.make("wide.mkv", codec="ffv1", width=16400, height=16, pts=(0,))
    with pytest.raises(MediaTooLargeError, match="16400x16"):
        probe_video(clip)


def test_an_area_beyond_the_limit_is_refused_by_the_decoder(
    clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clips.make("clip.mp4", width=320, height=240, pts=(0,))
    monkeypatch.setattr(source, "MAX_PIXELS", 320 * 240 - 1)
    decoded: list[object] = []
    monkeypatch.setattr(source, "_within_limits", lambda frame, path: decoded.append(frame))
    with pytest.raises(MediaTooLargeError, match="320x240"):
        probe_video(clip)
    assert decoded == []


def test_a_name_that_reads_like_an_address_is_only_a_file(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips.make("clip.mp4", pts=(0, 1)).rename(tmp_path / "concat:clip.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(read(Path("concat:clip.mp4"))) == 2


def test_frames_behind_a_damaged_packet_survive_when_the_file_ends_there(
    clips: Clips, tmp_path: Path
) -> None:
    clip = clips.make("good.mp4", options={"bf": "0", "g": "250"}, pts=tuple(range(30)))
    with open_video(spoil(clip, {28}, tmp_path / "bad.mp4")) as video:
        pts = [frame.pts for frame in video.frames()]
        damage = video.damage
    step = (pts[1] or 0) - (pts[0] or 0)
    assert pts == [step * i for i in range(30) if i != 28]
    assert damage.bad_packets == 1


def test_pictures_are_not_read_as_videos(tmp_path: Path) -> None:
    path = tmp_path / "still.mp4"
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as container:
        track = container.add_stream("png", rate=1)
        track.width, track.height, track.pix_fmt = 8, 8, "rgb24"
        container.mux(track.encode(av.VideoFrame(8, 8, "rgb24")))
        container.mux(track.encode(None))
    with pytest.raises(UnsupportedMediaError, match="PNG picture"):
        probe_video(path)
