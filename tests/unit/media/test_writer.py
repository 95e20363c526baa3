"""What a written video keeps of its source, and what it must not keep."""

import dataclasses
import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from efface.domain.geometry import Orientation
from efface.domain.media import EncodeSettings, VideoInfo
from efface.media.encoders import CONTAINERS
from efface.media.files import atomic_output
from efface.media.frame import CopiedPacket
from efface.media.hdr import hdr_metadata
from efface.media.picture_track import PictureTrack, plan_picture
from efface.media.planes import EditableFrame
from efface.media.reader import VideoReader, open_video
from efface.media.writer import create_video

Paint = Callable[[int, EditableFrame], None]


def _copy(source: Path, final: Path, paint: Paint | None = None, **settings: Any) -> tuple[str, ...]:
    """Write a video anew, painting frames on the way; gives the writer's notices."""
    with (
        open_video(source) as reader,
        atomic_output(final, never=[source]) as part,
        create_video(part, reader, EncodeSettings(**settings)) as writer,
    ):
        for item in reader.items():
            if isinstance(item, CopiedPacket):
                writer.copy(item)
                continue
            assert item.pts is not None
            if paint is None:
                writer.write(item, item.pts)
            else:
                edited = writer.edit(item)
                paint(item.index, edited)
                writer.write(edited, item.pts)
    return writer.notices


def _read(path: Path) -> tuple[VideoInfo, list[Fraction], list[Any]]:
    """Headers, times in seconds and small upright RGB pictures."""
    with open_video(path) as reader:
        frames = [(frame.pts, frame.rgb()) for frame in reader.frames()]
        base = reader.info.time_base
        return reader.info, [(pts or 0) * base for pts, _ in frames], [rgb for _, rgb in frames]


def _packets(path: Path) -> dict[int, list[tuple[str, Fraction]]]:
    """Digest and time of each copied packet, by the rank of its track among the copied ones."""
    found: dict[int, list[tuple[str, Fraction]]] = {}
    with open_video(path) as reader:
        rank = {track.index: i for i, track in enumerate(reader.copied_tracks)}
        for item in reader.items():
            if isinstance(item, CopiedPacket):
                native = item.native
                digest = hashlib.sha256(bytes(native)).hexdigest()
                found.setdefault(rank[item.stream_index], []).append(
                    (digest, (native.pts or 0) * (native.time_base or Fraction(1)))
                )
    return found


def _first_native(path: Path) -> av.VideoFrame:
    with open_video(path) as reader:
        return next(iter(reader.frames())).native


@pytest.mark.parametrize("num_frames", [1, 2, 3, 4, 5, 7, 9])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "libvpx-vp9"])
def test_shortest_videos_keep_all_frames(clips: Any, tmp_path: Path, codec: str, num_frames: int) -> None:
    # Coded by x264 and taken over in four families: x265 is not to be trusted with making a short source.
    source = clips.make("a.mp4", pts=range(num_frames))
    with (
        open_video(source) as reader,
        create_video(tmp_path / "o.mp4", _as(reader, codec), EncodeSettings()) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame, frame.pts or 0)
    info, times, _ = _read(tmp_path / "o.mp4")
    assert times == [Fraction(i, 25) for i in range(num_frames)]
    assert (
        info.codec == {"libx264": "h264", "libx265": "hevc", "libsvtav1": "av1", "libvpx-vp9": "vp9"}[codec]
    )


def _as(reader: VideoReader, encoder: str) -> VideoReader:
    """The reader, said to be of another codec."""
    families = {"libx264": "h264", "libx265": "hevc", "libsvtav1": "av1", "libvpx-vp9": "vp9"}
    reader.info = dataclasses.replace(reader.info, codec=families[encoder])
    return reader


_VARIABLE = [0, 1, 2, 7, 8, 20, 21, 22, 23, 60, 61, 90]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.m4v", "libx264"),
        ("a.mov", "libx265"),
        ("a.mkv", "libx264"),
        ("a.webm", "libvpx-vp9"),
        ("a.ts", "libx264"),
        ("a.mp4", "libsvtav1"),
    ],
)
@pytest.mark.parametrize(
    ("pts", "time_base"),
    [
        (range(12), Fraction(1, 25)),
        (_VARIABLE, Fraction(1, 25)),
        ([5850 + 40 * i for i in range(12)], Fraction(1, 1000)),
    ],
    ids=["constant", "variable", "late"],
)
def test_every_time_stamp_is_exact(
    clips: Any, tmp_path: Path, name: str, codec: str, pts: Any, time_base: Fraction
) -> None:
    source = clips.make(name, codec=codec, pts=pts, time_base=time_base)
    final = tmp_path / f"out{Path(name).suffix}"
    assert _copy(source, final) == ()
    before, after = _read(source), _read(final)
    assert after[1] == before[1]
    assert after[0].codec == before[0].codec
    assert after[0].upright_size == before[0].upright_size
    if pts == range(12):
        assert after[0].frame_rate == before[0].frame_rate


@pytest.mark.parametrize("time_base", [Fraction(1001, 30000), Fraction(1, 11988), Fraction(1, 90000)])
def test_late_start_on_an_uneven_time_base_is_exact_in_mp4(
    clips: Any, tmp_path: Path, time_base: Fraction
) -> None:
    step = max(1, round(Fraction(1001, 30000) / time_base))
    pts = [7 * step + 3 + step * i for i in range(12)]
    source = clips.make("a.mp4", pts=pts, time_base=time_base, audio_tracks=1)
    assert _copy(source, tmp_path / "out.mp4") == ()
    assert _read(tmp_path / "out.mp4")[1] == _read(source)[1]
    assert _packets(tmp_path / "out.mp4") == _packets(source)


def test_times_that_the_container_cannot_hold_are_rounded_with_a_notice(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mp4", time_base=Fraction(1001, 30000))
    (notice,) = _copy(source, tmp_path / "out.mkv")
    assert notice == "frame times are rounded to 1/1000 s, the finest that .mkv holds"
    off = [abs(a - b) for a, b in zip(_read(source)[1], _read(tmp_path / "out.mkv")[1], strict=True)]
    assert max(off) <= Fraction(1, 2000)


def test_start_before_zero_is_moved_to_zero_with_a_notice(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mp4", time_base=Fraction(1, 1000), pts=range(0, 480, 40))
    with open_video(source) as reader, create_video(tmp_path / "out.mp4", reader, EncodeSettings()) as writer:
        for frame in reader.frames():
            writer.write(frame, frame.index * reader.info.time_base.denominator // 25 - 1600)
    assert "0.100 s later" in writer.notices[0]
    assert _read(tmp_path / "out.mp4")[1] == [Fraction(i, 25) for i in range(12)]


def test_times_must_increase(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mp4", pts=range(2))
    with (
        open_video(source) as reader,
        create_video(tmp_path / "out.mp4", reader, EncodeSettings()) as writer,
    ):
        first, second = reader.frames()
        writer.write(first, 5)
        with pytest.raises(ValueError, match="does not lie after"):
            writer.write(second, 5)


def _black_everywhere_on_even_frames(index: int, frame: EditableFrame) -> None:
    if index % 2 == 0:
        for plane in frame.planes:
            plane.pixels[:] = plane.black


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuvj420p"),
        ("libx264", "yuv422p10le"),
        ("libx264", "gray"),
        ("libx265", "gbrp"),
        ("libx265", "yuv444p12le"),
        ("libvpx-vp9", "yuv440p"),
        ("libsvtav1", "yuv420p10le"),
    ],
)
def test_paint_shows_black_and_never_reaches_the_decoders_references(
    clips: Any, tmp_path: Path, codec: str, pixel_format: str
) -> None:
    # Only the first frame is a key frame, so paint in a reference would spread to all frames after it.
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    source = clips.make("a.mkv", codec=codec, pixel_format=pixel_format, options=options)
    _copy(source, tmp_path / "out.mkv", _black_everywhere_on_even_frames)
    (before, _, shown), (after, _, painted) = _read(source), _read(tmp_path / "out.mkv")
    assert after.pixel_format == before.pixel_format
    for index, (old, new) in enumerate(zip(shown, painted, strict=True)):
        if index % 2 == 0:
            assert new.max() <= 12
        else:
            assert np.abs(new.astype(int) - old).mean() < 6


def test_paint_covers_the_last_row_and_column_of_an_odd_picture(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.webm", codec="libvpx-vp9", width=63, height=47)
    _copy(source, tmp_path / "out.webm", _black_everywhere_on_even_frames)
    info, _, painted = _read(tmp_path / "out.webm")
    assert str(info.coded_size) == "63x47"
    assert painted[0].shape == (47, 63, 3)
    assert painted[0].max() <= 12


def test_planes_tell_their_grid_and_their_black(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mkv", pixel_format="yuv422p10le", width=64, height=48)
    with open_video(source) as reader, create_video(tmp_path / "o.mkv", reader, EncodeSettings()) as writer:
        for frame in reader.frames():
            edited = writer.edit(frame)
            writer.write(edited, frame.index)
    assert [plane.pixels.shape for plane in edited.planes] == [(48, 64), (48, 32), (48, 32)]
    assert [plane.pixels.dtype for plane in edited.planes] == [np.uint16] * 3
    assert [(plane.shift_x, plane.shift_y) for plane in edited.planes] == [(0, 0), (1, 0), (1, 0)]
    assert [(plane.role, plane.black, plane.depth) for plane in edited.planes] == [
        ("luma", 64, 10),
        ("chroma", 512, 10),
        ("chroma", 512, 10),
    ]
    assert all(plane.pixels.flags.writeable for plane in edited.planes)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "suffix"),
    [
        ("a.mp4", "libx264", "yuv420p", ".mp4"),
        ("a.mkv", "libx264", "yuvj420p", ".mkv"),
        # The same samples under another name: full range is a tag in VP9.
        ("a.mkv", "libx264", "yuvj420p", ".webm"),
        ("a.webm", "libvpx-vp9", "yuv444p", ".webm"),
    ],
)
def test_untouched_frames_go_to_the_encoder_without_a_copy(
    clips: Any, name: str, codec: str, pixel_format: str, suffix: str
) -> None:
    source = clips.make(name, codec=codec, pixel_format=pixel_format)
    with open_video(source) as reader:
        native = next(iter(reader.frames())).native
        plan = plan_picture(reader.info, native, CONTAINERS[suffix], EncodeSettings())
        assert PictureTrack(plan, reader.info).conform(native) is native


def test_full_range_stays_full_range_in_another_codec(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mkv", pixel_format="yuvj420p")
    _copy(source, tmp_path / "out.webm")
    (_, _, shown), (after, _, copied) = _read(source), _read(tmp_path / "out.webm")
    assert dict(after.color)["range"] == "pc"
    assert np.abs(copied[3].astype(int) - shown[3]).mean() < 3


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".m4v"])
@pytest.mark.parametrize(
    ("degrees", "is_mirrored"), [(90, False), (180, False), (270, False), (0, True), (90, True)]
)
def test_display_matrix_is_kept_to_the_last_value(
    clips: Any, tmp_path: Path, suffix: str, degrees: float, is_mirrored: bool
) -> None:
    source = clips.make("a.mp4", rotation_deg=degrees, is_mirrored=is_mirrored)
    assert _copy(source, tmp_path / f"out{suffix}") == ()
    matrices = [
        bytes(_first_native(path).side_data["DISPLAYMATRIX"])  # type: ignore[typeddict-item]
        for path in (source, tmp_path / f"out{suffix}")
    ]
    assert matrices[0] == matrices[1]
    assert _read(tmp_path / f"out{suffix}")[0].orientation is not Orientation.UPRIGHT


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".ts"])
@pytest.mark.parametrize(
    ("degrees", "is_mirrored"), [(90, False), (180, False), (270, False), (0, True), (90, True)]
)
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p"])
def test_container_without_a_matrix_gets_the_pixels_turned(
    clips: Any, tmp_path: Path, suffix: str, degrees: float, is_mirrored: bool, pixel_format: str
) -> None:
    source = clips.make(
        "a.mp4",
        rotation_deg=degrees,
        is_mirrored=is_mirrored,
        pixel_format=pixel_format,
        sample_aspect_ratio=Fraction(4, 3),
    )
    notices = _copy(source, tmp_path / f"out{suffix}")
    (before, _, shown), (after, times, turned) = _read(source), _read(tmp_path / f"out{suffix}")
    assert after.orientation is Orientation.UPRIGHT
    assert after.upright_size == before.upright_size
    is_shape_kept = suffix != ".webm"
    shape = Fraction(3, 4) if degrees in {90, 270} else Fraction(4, 3)
    assert after.sample_aspect_ratio == (shape if is_shape_kept else 1)
    assert any("pixel shape" in notice for notice in notices) is not is_shape_kept
    assert len(times) == 12
    for old, new in zip(shown, turned, strict=True):
        assert np.abs(new.astype(int) - old).mean() < 8


def test_turn_of_a_matroska_source_stays_a_turn_in_matroska(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mkv", rotation_deg=90)
    _copy(source, tmp_path / "out.mkv")
    before, after = _read(source)[0], _read(tmp_path / "out.mkv")[0]
    assert before.orientation is not Orientation.UPRIGHT
    assert (after.orientation, after.coded_size) == (before.orientation, before.coded_size)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx265"), ("a.mp4", "libvpx-vp9")]
)
def test_colour_tags_and_sample_aspect_are_kept(clips: Any, tmp_path: Path, name: str, codec: str) -> None:
    options = {
        "color_primaries": "bt2020",
        "color_trc": "smpte2084",
        "colorspace": "bt2020nc",
        "color_range": "tv",
    }
    if codec == "libx265":
        options["x265-params"] = "log-level=none"
    source = clips.make(name, codec=codec, options=options, sample_aspect_ratio=Fraction(4, 3))
    _copy(source, tmp_path / f"out{Path(name).suffix}")
    before, after = _read(source)[0], _read(tmp_path / f"out{Path(name).suffix}")[0]
    assert dict(before.color)["transfer"] == "smpte2084"
    assert after.color == before.color
    assert after.sample_aspect_ratio == before.sample_aspect_ratio == Fraction(4, 3)


_DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


@pytest.mark.parametrize(
    ("codec", "name"),
    [("libx264", "x264-params"), ("libx265", "x265-params"), ("libsvtav1", "svtav1-params")],
)
def test_hdr10_metadata_is_kept(clips: Any, tmp_path: Path, codec: str, name: str) -> None:
    values = {
        "libx264": f"mastering-display={_DISPLAY}:cll=1000,400",
        "libx265": f"log-level=none:hdr10=1:master-display={_DISPLAY}:max-cll=1000,400",
        "libsvtav1": "mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000,0.005)"
        ":content-light=1000,400",
    }
    source = clips.make("a.mp4", codec=codec, pixel_format="yuv420p10le", options={name: values[codec]})
    assert _copy(source, tmp_path / "out.mp4") == ()
    before, after = hdr_metadata(_first_native(source)), hdr_metadata(_first_native(tmp_path / "out.mp4"))
    assert before.light_level == after.light_level == (1000, 400)
    assert before.has_mastering_display
    assert before.luminance is not None
    assert after.luminance is not None
    # AV1 counts in other fractions than the H.26x family, so the last digit may move.
    for old, new in zip(
        (*before.primaries, *before.luminance), (*after.primaries, *after.luminance), strict=True
    ):
        assert float(new) == pytest.approx(float(old), abs=1e-4)


def test_interlaced_frames_stay_interlaced_with_the_same_field_first(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mp4", width=64, height=64, options={"x264-params": "tff=1"})
    assert _first_native(source).interlaced_frame
    assert _copy(source, tmp_path / "out.mp4") == ()
    assert _first_native(tmp_path / "out.mp4").interlaced_frame


def test_size_of_an_odd_gif_is_kept_with_a_notice(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.gif", codec="gif", pixel_format="gray", width=63, height=47)
    (notice,) = _copy(source, tmp_path / "out.mp4")
    assert "63x47" in notice
    (before, times, shown), (after, new_times, copied) = _read(source), _read(tmp_path / "out.mp4")
    assert (after.upright_size, new_times) == (before.upright_size, times)
    assert np.abs(copied[3].astype(int) - shown[3]).mean() < 6
