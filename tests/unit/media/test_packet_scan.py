"""What packets promise about frames, and when they cannot be believed."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from efface.domain.errors import UnsupportedMediaError
from efface.media.packet_scan import PacketScan, scan_packets
from efface.media.reader import open_video
from tests.conftest import ClipMaker


def decoded_pts(path: Path) -> list[int | None]:
    with open_video(path) as video:
        return [frame.pts for frame in video.frames()]


def remux(source: Path, target: Path, shift: int) -> None:
    """Copy the picture with all times moved by so many ticks; MP4 hides what then lies before 0."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        track = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None and packet.pts is not None:
                packet.dts, packet.pts = packet.dts + shift, packet.pts + shift
                packet.stream = track
                new.mux(packet)


def test_scan_tells_frames_and_key_frames_in_order_of_time(clips: ClipMaker) -> None:
    clip = clips.make("b.mp4", options={"bf": "3", "g": "4", "b_strategy": "0", "sc_threshold": "0"})
    scan = scan_packets(clip)
    assert scan.is_seekable
    assert scan.num_frames == 12
    assert scan.pts.tolist() == decoded_pts(clip)
    assert scan.keyframe_pts.tolist() == scan.pts[::4].tolist()
    assert scan.count_between(int(scan.pts[2]), int(scan.pts[7])) == 5
    assert scan.count_between(None, None) == 12


def test_frames_that_an_edit_list_hides_are_not_promised(clips: ClipMaker, tmp_path: Path) -> None:
    clip, trimmed = clips.make("plain.mp4", options={"bf": "0", "g": "6"}), tmp_path / "trimmed.mp4"
    step = int(np.diff(scan_packets(clip).pts)[0])
    remux(clip, trimmed, -4 * step)
    scan = scan_packets(trimmed)
    assert scan.num_frames == 8
    assert scan.pts.tolist() == decoded_pts(trimmed)
    assert scan.is_seekable


@pytest.mark.parametrize(
    ("name", "codec"), [("a.avi", "mpeg4"), ("raw.h264", "libx264"), ("a.gif", "gif"), ("a.flv", "flv")]
)
def test_container_without_trusted_times_is_not_seekable(clips: ClipMaker, name: str, codec: str) -> None:
    pixel_format = "rgb8" if codec == "gif" else "yuv420p"
    assert not scan_packets(clips.make(name, codec=codec, pixel_format=pixel_format)).is_seekable


def test_truncated_file_is_not_seekable(clips: ClipMaker, tmp_path: Path) -> None:
    clip = clips.make(
        "whole.mp4", options={"g": "4", "crf": "1"}, width=320, height=240, pts=tuple(range(60))
    )
    data = clip.read_bytes()
    # The index of the frames comes last: move it to the front by hand, then cut the frames off.
    with (
        av.open(str(clip)) as old,
        av.open(str(tmp_path / "f.mp4"), "w", options={"movflags": "faststart"}) as new,
    ):
        track = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                new.mux(packet)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes((tmp_path / "f.mp4").read_bytes()[: len(data) * 2 // 3])
    assert scan_packets(broken).num_frames < 60
    assert not scan_packets(broken).is_seekable


def test_clock_that_is_set_back_is_not_seekable(clips: ClipMaker, tmp_path: Path) -> None:
    one = clips.make("a.ts", options={"g": "4", "bf": "0"}).read_bytes()
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one + one)
    assert scan_packets(clips.folder / "a.ts").is_seekable
    assert not scan_packets(joined).is_seekable


def test_unsorted_scan_is_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        PacketScan(np.array([3, 1], np.int64), np.zeros(1, np.int64), True)


def test_scan_of_no_video_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("shopping list")
    with pytest.raises(UnsupportedMediaError, match=r"notes\.mp4"):
        scan_packets(tmp_path / "notes.mp4")


def test_time_base_does_not_matter(clips: ClipMaker) -> None:
    clip = clips.make("vfr.mkv", pts=(0, 40, 41, 500), time_base=Fraction(1, 1000), options={"bf": "0"})
    assert scan_packets(clip).pts.tolist() == [0, 40, 41, 500]
