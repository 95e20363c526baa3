"""The choice of container, encoder and pixel format."""

from fractions import Fraction
from pathlib import Path

import pytest

from efface.domain.errors import OutputError, RequestError
from efface.domain.geometry import Orientation, Size
from efface.domain.media import EncodeSettings, StreamInfo, VideoInfo
from efface.media.encoders import (
    CONTAINERS,
    EncoderChoice,
    Picture,
    check_settings,
    choose_container,
    choose_encoder,
    default_output_suffix,
)

_EVEN, _ODD = Size(640, 360), Size(641, 361)


def _choose(
    codec: str, pixel_format: str, suffix: str, size: Size = _EVEN, **settings: int | str
) -> EncoderChoice:
    picture = Picture(pixel_format, size, is_full_range=pixel_format.startswith("yuvj"))
    return choose_encoder(codec, picture, CONTAINERS[suffix], EncodeSettings(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix", "encoder", "encoded_as"),
    [
        # The source's own family, its format kept.
        ("h264", "yuv420p", ".mp4", "libx264", "yuv420p"),
        ("h264", "yuvj420p", ".mkv", "libx264", "yuvj420p"),
        ("h264", "yuv444p", ".mp4", "libx264", "yuv444p"),
        ("h264", "gray", ".mp4", "libx264", "gray"),
        ("hevc", "yuv420p10le", ".mov", "libx265", "yuv420p10le"),
        ("hevc", "yuv422p12le", ".mkv", "libx265", "yuv422p12le"),
        ("hevc", "gbrp", ".mp4", "libx265", "gbrp"),
        ("vp9", "yuv444p", ".webm", "libvpx-vp9", "yuv444p"),
        ("av1", "yuv420p10le", ".mp4", "libsvtav1", "yuv420p10le"),
        ("vp8", "yuv420p", ".webm", "libvpx-vp9", "yuv420p"),
        # No encoder for the family: H.264, or HEVC where H.264 would lose bits.
        ("mpeg4", "yuv420p", ".mp4", "libx264", "yuv420p"),
        ("mjpeg", "yuvj444p", ".mp4", "libx264", "yuvj444p"),
        ("mjpeg", "gray", ".mp4", "libx264", "yuv420p"),
        ("prores", "yuv422p10le", ".mov", "libx264", "yuv422p10le"),
        ("prores", "yuva444p12le", ".mov", "libx265", "yuv444p12le"),
        ("gif", "bgra", ".mp4", "libx264", "yuv420p"),
        ("rawvideo", "uyvy422", ".mkv", "libx264", "yuv422p"),
        ("rawvideo", "p010le", ".mp4", "libx264", "yuv420p10le"),
        ("rawvideo", "yuv411p", ".mkv", "libx264", "yuv422p"),
        ("magicyuv", "gbrp10le", ".mp4", "libx264", "yuv444p10le"),
        # The family's encoder would lose bits or colour: another family.
        ("vp9", "yuv420p10le", ".webm", "libsvtav1", "yuv420p10le"),
        ("av1", "yuv444p", ".mkv", "libvpx-vp9", "yuv444p"),
        # The container does not hold the family.
        ("h264", "yuv420p", ".webm", "libvpx-vp9", "yuv420p"),
        ("hevc", "yuv420p10le", ".webm", "libsvtav1", "yuv420p10le"),
        ("mpeg2video", "yuv420p", ".ts", "libx264", "yuv420p"),
        ("vp9", "yuv420p", ".ts", "libx265", "yuv420p"),
    ],
)
def test_encoder_and_format_lose_least(
    codec: str, pixel_format: str, suffix: str, encoder: str, encoded_as: str
) -> None:
    choice = _choose(codec, pixel_format, suffix)
    assert (choice.codec, choice.pixel_format, choice.notices) == (encoder, encoded_as, ())


@pytest.mark.parametrize(("codec", "encoder"), [("vp9", "libvpx-vp9"), ("av1", "libsvtav1")])
def test_odd_size_is_coded_as_it_is_where_the_encoder_can(codec: str, encoder: str) -> None:
    choice = _choose(codec, "yuv420p", ".mkv", _ODD)
    assert (choice.codec, choice.pixel_format, choice.notices) == (encoder, "yuv420p", ())


@pytest.mark.parametrize("codec", ["gif", "mpeg4", "h264"])
def test_odd_size_in_h264_becomes_444_with_a_notice(codec: str) -> None:
    choice = _choose(codec, "bgra" if codec == "gif" else "yuv420p", ".mp4", _ODD)
    assert (choice.codec, choice.pixel_format) == ("libx264", "yuv444p")
    assert "641x361" in choice.notices[0]


def test_depth_beyond_every_encoder_is_lost_with_a_notice() -> None:
    choice = _choose("ffv1", "yuv444p16le", ".mkv")
    assert choice.pixel_format == "yuv444p12le"
    assert choice.notices == ("16 bits per sample become 12: no encoder for .mkv holds more",)


def test_colour_detail_beyond_the_container_is_lost_with_a_notice() -> None:
    choice = _choose("vp9", "yuv444p10le", ".webm")
    assert choice.pixel_format == "yuv420p10le"
    assert "colour detail is lost" in choice.notices[0]


def test_interlacing_is_kept_by_x264_and_lost_with_a_notice_elsewhere() -> None:
    picture = Picture("yuv420p", Size(720, 576), is_interlaced=True)
    kept = choose_encoder("mpeg2video", picture, CONTAINERS[".ts"], EncodeSettings())
    assert (kept.is_interlaced, kept.notices) == (True, ())
    lost = choose_encoder("hevc", picture, CONTAINERS[".mp4"], EncodeSettings())
    assert not lost.is_interlaced
    assert "interlaced flag is lost" in lost.notices[0]


def test_height_that_x264_cannot_split_into_fields_is_coded_progressive() -> None:
    picture = Picture("yuv420p", Size(720, 574), is_interlaced=True)
    choice = choose_encoder("mpeg2video", picture, CONTAINERS[".ts"], EncodeSettings())
    assert not choice.is_interlaced


@pytest.mark.parametrize(
    ("codec", "suffix", "option", "expected"),
    [
        ("h264", ".mp4", "preset", "veryslow"),
        ("hevc", ".mp4", "preset", "veryslow"),
        ("vp9", ".webm", "cpu-used", "1"),
        ("av1", ".mp4", "preset", "4"),
    ],
)
def test_presets_by_x264_names_reach_every_encoder(
    codec: str, suffix: str, option: str, expected: str
) -> None:
    choice = _choose(codec, "yuv420p", suffix, preset="veryslow", crf=30)
    assert (choice.options[option], choice.options["crf"]) == (expected, "30")


@pytest.mark.parametrize(("codec", "crf"), [("h264", 52), ("hevc", 60), ("av1", 0)])
def test_crf_beyond_the_encoders_scale_is_refused_by_name(codec: str, crf: int) -> None:
    with pytest.raises(RequestError, match=f"crf {crf} is out of range for lib"):
        _choose(codec, "yuv420p", ".mp4", crf=crf)


@pytest.mark.parametrize("settings", [EncodeSettings(crf=-1), EncodeSettings(crf=64)])
def test_crf_that_no_encoder_takes_is_refused_at_once(settings: EncodeSettings) -> None:
    with pytest.raises(RequestError, match="crf"):
        check_settings(settings)


def test_unknown_preset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RequestError, match=r"'warp' is unknown: use one of ultrafast, .*veryslow"):
        check_settings(EncodeSettings(preset="warp"))


@pytest.mark.parametrize("name", ["clip.avi", "clip", "clip.gif", "clip.mp4.part"])
def test_other_suffixes_are_refused_with_the_accepted_ones(name: str) -> None:
    with pytest.raises(OutputError, match=r"use one of \.mp4, \.m4v, \.mov, \.mkv, \.webm, \.ts"):
        choose_container(Path(name))


def test_suffix_is_read_in_any_case() -> None:
    assert choose_container(Path("CLIP.MOV")).muxer == "mov"


def _info(path: str, container: str, codec: str = "h264", sounds: tuple[str, ...] = ()) -> VideoInfo:
    return VideoInfo(
        path=path,
        container=container,
        codec=codec,
        pixel_format="yuv420p",
        coded_size=_EVEN,
        orientation=Orientation.UPRIGHT,
        sample_aspect_ratio=Fraction(1),
        time_base=Fraction(1, 90000),
        frame_rate=Fraction(25),
        duration_s=1.0,
        num_frames_estimate=25,
        stream_index=0,
        other_streams=tuple(StreamInfo(i + 1, "audio", sound) for i, sound in enumerate(sounds)),
    )


_MOV, _MKV = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"


@pytest.mark.parametrize(
    ("info", "suffix"),
    [
        (_info("a.mp4", _MOV, sounds=("aac",)), ".mp4"),
        (_info("a.MOV", _MOV, sounds=("pcm_s16le",)), ".mov"),
        (_info("a.m4v", _MOV), ".m4v"),
        (_info("a.3gp", _MOV), ".mp4"),
        (_info("a.3gp", _MOV, sounds=("amr_nb",)), ".mkv"),
        (_info("a.mkv", _MKV, sounds=("dts", "aac")[1:]), ".mkv"),
        (_info("a.webm", _MKV, "vp8", ("vorbis",)), ".webm"),
        (_info("a.webm", _MKV, "vp9", ("opus",)), ".webm"),
        (_info("a.webm", _MKV, "h264", ("opus",)), ".mkv"),
        (_info("a.ts", "mpegts", sounds=("mp2",)), ".ts"),
        (_info("a.mts", "mpegts", sounds=("ac3",)), ".ts"),
        (_info("a.mts", "mpegts", sounds=("pcm_bluray",)), ".mkv"),
        (_info("a.avi", "avi", "mpeg4", ("mp3",)), ".mp4"),
        (_info("a.avi", "avi", "mpeg4", ("adpcm_ms",)), ".mkv"),
        (_info("a.gif", "gif", "gif"), ".mp4"),
        (_info("a.mp4", "avi", "mpeg4"), ".mp4"),
    ],
)
def test_default_suffix_is_the_inputs_own_unless_it_cannot_hold_the_result(
    info: VideoInfo, suffix: str
) -> None:
    assert default_output_suffix(info) == suffix
