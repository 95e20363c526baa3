"""Boxes are read as ISO/IEC 14496-12 lays them out, and broken ones are refused."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from efface.media.streaming.boxes import iter_boxes, read_sample_run
from efface.media.streaming.layout import read_audio_track, read_video_track


def _box(kind: str, payload: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(payload) + 8, kind.encode()) + payload


def _moof(tfhd: bytes, trun: bytes, decode_time: int = 1000) -> bytes:
    tfdt = _box("tfdt", b"\x01\x00\x00\x00" + struct.pack(">Q", decode_time))
    return _box("moof", _box("mfhd", bytes(8)) + _box("traf", _box("tfhd", tfhd) + tfdt + _box("trun", trun)))


def test_times_come_from_the_run_or_from_its_defaults() -> None:
    # Default duration 10 and flags "not a sync sample"; the run has first flags, sizes and signed offsets.
    tfhd = struct.pack(">III", 0x28, 1, 10) + struct.pack(">I", 0x10000)
    rows = b"".join(struct.pack(">Ii", 50, offset) for offset in (20, 30, -5))
    trun = struct.pack(">III", 0x01000A05, 3, 100) + struct.pack(">I", 0x2000000) + rows
    (moof,) = iter_boxes(memoryview(_moof(tfhd, trun)))
    run = read_sample_run(moof)
    assert (run.num_samples, run.decode_start, run.decode_end) == (3, 1000, 1030)
    assert (run.start, run.end, run.is_random_access) == (1015, 1050, True)


def test_flags_of_the_first_sample_tell_whether_decoding_can_start() -> None:
    tfhd = struct.pack(">II", 0, 1)
    trun = struct.pack(">II", 0x00000500, 1) + struct.pack(">II", 40, 0x10000)
    (moof,) = iter_boxes(memoryview(_moof(tfhd, trun)))
    run = read_sample_run(moof)
    assert (run.start, run.end, run.is_random_access) == (1000, 1040, False)


@pytest.mark.parametrize(
    "data", [b"\x00\x00\x00", _box("free")[:-1] + b"\xff\xff", struct.pack(">I4s", 99, b"free")]
)
def test_boxes_that_are_cut_short_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="box"):
        list(iter_boxes(memoryview(data)))


def test_long_sizes_are_read() -> None:
    data = struct.pack(">I4sQ", 1, b"mdat", 20) + b"abcd" + _box("free")
    assert [(box.kind, bytes(box.payload), box.end) for box in iter_boxes(memoryview(data))] == [
        ("mdat", b"abcd", 20),
        ("free", b"", 28),
    ]


def test_files_of_another_kind_are_refused(clips: Any, stream: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not an initialisation part"):
        read_video_track(clips.make("plain.mp4"), "plain.mp4")
    made = stream(clips.make("a.mp4", audio_tracks=1))
    with pytest.raises(ValueError, match="not mp4a"):
        read_audio_track(made.folder / "video.mp4", "video.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((made.folder / "video.mp4").read_bytes()[:-5])
    with pytest.raises(ValueError, match="claims"):
        read_video_track(cut, "cut.mp4")
