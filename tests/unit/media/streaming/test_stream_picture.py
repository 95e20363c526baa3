"""The picture of a stream: what is copied, what is encoded anew, and that every fragment plays by itself."""

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from efface.domain.errors import Cancelled, OutputError, RequestError
from efface.media.streaming.stream import make_stream
from efface.ports.progress import SilentProgress

Stream = Callable[..., Any]


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def _is_copied(made: Any, source: Path) -> bool:
    return _packets(made.folder / "video.mp4") == _packets(source)


def _assert_fragments_decode_alone(made: Any) -> None:
    for track, kind in ((made.manifest.video, "video"), (made.manifest.audio, "audio")):
        if track is None:
            continue
        data = made.bytes_of(track)
        assert track.init.offset == 0
        assert track.num_bytes == len(data)
        init = data[: track.init.length]
        times: list[Fraction] = []
        for fragment in track.fragments:
            part = io.BytesIO(init + data[fragment.offset : fragment.end])
            with av.open(part, "r") as container:
                frames: list[Any] = list(container.decode(**{kind: 0}))
            assert frames
            assert kind == "audio" or frames[0].key_frame
            times.append(frames[0].pts * Fraction(frames[0].time_base))
        durations = [Fraction(each.duration, track.timescale) for each in track.fragments]
        assert times == [track.start_s + sum(durations[:i], Fraction(0)) for i in range(len(durations))]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain.mp4", {"bf": "0"}),
        ("b.mp4", {"bf": "3", "b-pyramid": "normal"}),
        ("b.mkv", {"bf": "2"}),
        ("b.mov", {"bf": "2"}),
        ("b.ts", {"bf": "2"}),
        ("b.flv", {"bf": "2"}),
    ],
)
def test_h264_that_browsers_play_is_copied_bit_by_bit(
    clips: Any, stream: Stream, name: str, options: dict[str, str]
) -> None:
    source = clips.make(name, pts=tuple(range(40)), options={"g": "12", "preset": "veryfast", **options})
    made = stream(source)
    if source.suffix in {".mp4", ".mov", ".mkv"}:
        assert _is_copied(made, source)
    # Those of a transport stream have start codes instead of lengths, but the pictures must be the same.
    with av.open(str(source)) as container:
        before = [frame.to_ndarray() for frame in container.decode(video=0)]
    assert all(
        np.array_equal(a, b) for a, b in zip(before, [f.to_ndarray() for f in made.frames()], strict=True)
    )
    assert [round(float(time), 2) for time in made.times()] == [round(i / 25, 2) for i in range(40)]
    assert made.manifest.notices == ()
    _assert_fragments_decode_alone(made)


def test_fragments_last_about_four_seconds_and_start_at_key_frames(clips: Any, stream: Stream) -> None:
    made = stream(
        clips.make("long.mp4", pts=tuple(range(400)), options={"g": "25", "bf": "2", "sc_threshold": "0"})
    )
    assert [each.duration / made.manifest.video.timescale for each in made.manifest.video.fragments] == [
        4
    ] * 4
    assert made.manifest.video.frame_rate == 25
    assert made.manifest.duration == 16
    _assert_fragments_decode_alone(made)


TRANSCODED: dict[str, tuple[str, dict[str, Any], tuple[int, int]]] = {
    "hevc": ("a.mp4", {"codec": "libx265", "options": {"x265-params": "log-level=error"}}, (64, 48)),
    "vp9": ("a.webm", {"codec": "libvpx-vp9"}, (64, 48)),
    "mpeg4": ("a.avi", {"codec": "mpeg4"}, (64, 48)),
    "10 bit": ("a.mkv", {"codec": "libx265", "pixel_format": "yuv420p10le"}, (64, 48)),
    "h264 4:4:4": ("a.mkv", {"pixel_format": "yuv444p"}, (64, 48)),
    "h264 10 bit": ("a.mp4", {"pixel_format": "yuv420p10le"}, (64, 48)),
    "turned": ("a.mp4", {"rotation_deg": 90}, (48, 64)),
    "upside down": ("a.mp4", {"rotation_deg": 180}, (64, 48)),
    "mirrored": ("a.mp4", {"is_mirrored": True}, (64, 48)),
    "odd size": ("a.mkv", {"codec": "ffv1", "width": 65, "height": 49}, (64, 48)),
    "wide pixels": ("a.mp4", {"sample_aspect_ratio": Fraction(2)}, (128, 48)),
    "narrow pixels": ("a.mp4", {"sample_aspect_ratio": Fraction(1, 2)}, (32, 48)),
    "too large": ("a.mp4", {"width": 128, "height": 96}, (64, 48)),
    "avi": ("a.avi", {"options": {"bf": "2"}}, (64, 48)),
}


@pytest.mark.parametrize("case", TRANSCODED)
def test_all_other_pictures_become_upright_8_bit_h264(clips: Any, stream: Stream, case: str) -> None:
    name, fields, size = TRANSCODED[case]
    source = clips.make(name, pts=tuple(range(24)), **fields)
    made = stream(source, max_height=48 if case == "too large" else 720)
    assert not _is_copied(made, source)
    assert (made.manifest.video.width, made.manifest.video.height) == size
    assert made.manifest.video.codecs.startswith("avc1.64")
    frames = made.frames()
    assert {frame.format.name for frame in frames} <= {"yuv420p", "yuvj420p"}
    assert [round(float(time), 2) for time in made.times()] == [round(i / 25, 2) for i in range(24)]
    _assert_fragments_decode_alone(made)


@pytest.mark.parametrize("case", ["hevc", "10 bit", "odd size", "wide pixels", "too large"])
def test_frames_that_are_encoded_anew_show_the_same(clips: Any, stream: Stream, case: str) -> None:
    name, fields, _ = TRANSCODED[case]
    made = stream(clips.make(name, **fields), max_height=48 if case == "too large" else 720)
    for index, frame in enumerate(made.frames()):
        gray = frame.reformat(format="gray8", dst_color_range="JPEG").to_ndarray()
        assert abs(int(gray[-4, -4]) - clips.luma_of(index)) <= 6
        assert gray[4, 4] > 240


@pytest.mark.parametrize(
    ("fields", "white"),
    [
        ({"rotation_deg": 90}, (-4, 4)),
        ({"rotation_deg": 180}, (-4, -4)),
        ({"rotation_deg": -90}, (4, -4)),
        ({"is_mirrored": True}, (4, -4)),
    ],
)
def test_turned_pictures_stand_upright_in_the_pixels(
    clips: Any, stream: Stream, fields: dict[str, Any], white: tuple[int, int]
) -> None:
    made = stream(clips.make("turned.mp4", **fields))
    gray = made.frames()[0].reformat(format="gray8").to_ndarray()
    corners = {(y, x): int(gray[y, x]) for y in (4, -4) for x in (4, -4)}
    assert max(corners, key=lambda place: corners[place]) == white
    assert sum(value > 200 for value in corners.values()) == 1
    data = made.bytes_of(made.manifest.video)
    identity = b"".join(n.to_bytes(4, "big") for n in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    # Once in the movie's header, once in the track's.
    assert data[: made.manifest.video.init.length].count(identity) == 2


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_times_of_a_variable_rate_are_kept(clips: Any, stream: Stream, codec: str) -> None:
    pts = (0, 40, 50, 310, 333, 340, 900, 907, 1600, 1633, 1667, 2900)
    options = {"bf": "2"} if codec == "libx264" else {"x265-params": "log-level=error"}
    source = clips.make("vfr.mp4", codec=codec, pts=pts, time_base=Fraction(1, 1000), options=options)
    made = stream(source)
    assert made.times() == [Fraction(each, 1000) for each in pts]
    _assert_fragments_decode_alone(made)


def test_rare_key_frames_become_one_every_four_seconds(clips: Any, stream: Stream) -> None:
    pts = tuple(range(0, 14_000, 250))
    source = clips.make(
        "rare.mp4", pts=pts, time_base=Fraction(1, 1000), options={"g": "500", "sc_threshold": "0"}
    )
    made = stream(source)
    assert not _is_copied(made, source)
    lengths = [each.duration / made.manifest.video.timescale for each in made.manifest.video.fragments]
    assert lengths[:-1] == pytest.approx([4, 4, 4], abs=0.5)
    assert made.times() == [Fraction(each, 1000) for each in pts]
    _assert_fragments_decode_alone(made)


@pytest.mark.parametrize(("num_seconds", "is_copied"), [(6, True), (12, False)])
def test_no_fragment_starts_at_a_key_frame_that_others_refer_across(
    clips: Any, stream: Stream, num_seconds: int, is_copied: bool
) -> None:
    # Of these key frames only the first is one that decoding may start at, so the video is one fragment, or too long.
    options = {"x264-params": "open-gop=1:keyint=4:min-keyint=4:bframes=2:scenecut=0"}
    pts = tuple(range(0, num_seconds * 1000, 250))
    source = clips.make("open.mkv", pts=pts, time_base=Fraction(1, 1000), options=options)
    with av.open(str(source)) as container:
        assert sum(packet.is_keyframe for packet in container.demux(video=0)) > 3
    made = stream(source)
    assert _is_copied(made, source) == is_copied
    assert (len(made.manifest.video.fragments) == 1) == is_copied
    _assert_fragments_decode_alone(made)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_video_of_one_frame_has_one_fragment_that_lasts(clips: Any, stream: Stream, codec: str) -> None:
    made = stream(clips.make("one.mp4", codec=codec, pts=(0,)))
    (fragment,) = made.manifest.video.fragments
    assert Fraction(fragment.duration, made.manifest.video.timescale) == Fraction(1, 25)
    assert len(made.frames()) == 1
    assert made.manifest.audio is None
    assert [path.name for path in made.folder.iterdir()] == ["video.mp4"]


def test_damaged_packet_is_passed_over_and_nothing_broken_is_copied(clips: Any, stream: Stream) -> None:
    source = clips.make("a.mp4", pts=tuple(range(30)), options={"g": "10", "bf": "0"})
    with av.open(str(source)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    data = bytearray(source.read_bytes())
    assert places[15] is not None
    data[places[15] : places[15] + 20] = bytes(20)
    source.write_bytes(data)
    made = stream(source)
    assert not _is_copied(made, source)
    assert len(made.frames()) >= 25
    _assert_fragments_decode_alone(made)


def test_interlaced_pictures_lose_their_combs(clips: Any, stream: Stream, tmp_path: Path) -> None:
    """A bar moves between the two fields of each frame, so woven frames have a comb along its edge."""
    source = tmp_path / "interlaced.mkv"
    with av.open(str(source), "w") as output:
        track: Any = output.add_stream("mpeg2video", rate=25, options={"flags": "+ildct+ilme", "b": "4M"})
        track.width, track.height, track.pix_fmt = 128, 96, "yuv420p"
        for index in range(12):
            image = np.full((96, 128), 30, np.uint8)
            image[0::2, : 20 + 8 * index] = 220
            image[1::2, : 24 + 8 * index] = 220
            output.mux(track.encode(av.VideoFrame.from_ndarray(image, "gray8").reformat(format="yuv420p")))
        output.mux(track.encode(None))
    with av.open(str(source)) as container:
        woven = list(container.decode(video=0))
    assert woven[5].interlaced_frame
    made = stream(source)
    shown = made.frames()
    assert len(shown) == len(woven)

    def comb(frame: av.VideoFrame) -> float:
        rows = frame.to_ndarray()[20:76, :100].astype(np.int16)
        return float(np.abs(rows[1:-1] * 2 - rows[:-2] - rows[2:]).mean())

    assert comb(shown[5]) < comb(woven[5]) / 2


def test_hdr_is_told_as_a_loss(clips: Any, stream: Stream) -> None:
    params = "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
    source = clips.make(
        "hdr.mkv", codec="libx265", pixel_format="yuv420p10le", options={"x265-params": params}
    )
    made = stream(source)
    assert len(made.manifest.notices) == 2
    assert "HDR (PQ)" in made.manifest.notices[0]
    # Tagged as what it is, so that a player that can will show it right.
    assert made.frames()[0].color_trc == 16


def test_nothing_is_left_when_the_caller_cancels(clips: Any, tmp_path: Path) -> None:
    class _Impatient(SilentProgress):
        def __init__(self) -> None:
            self.seen: list[int] = []

        def report(self, stage: str, done: int, total: int | None) -> None:
            assert stage == "stream"
            self.seen.append(done)
            if done == 10:
                raise Cancelled("stopped")

    folder = tmp_path / "out"
    folder.mkdir()
    progress = _Impatient()
    with pytest.raises(Cancelled):
        make_stream(clips.make("a.mp4", pts=tuple(range(40)), audio_tracks=1), folder, progress=progress)
    assert list(folder.iterdir()) == []
    assert progress.seen == sorted(progress.seen)


def test_picture_does_not_appear_where_its_sound_cannot(clips: Any, tmp_path: Path) -> None:
    class _Intruder(SilentProgress):
        def report(self, stage: str, done: int, total: int | None) -> None:
            if done == 5:
                (tmp_path / "out" / "audio.mp4").mkdir()

    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match=r"audio\.mp4"):
        make_stream(clips.make("a.mp4", audio_tracks=1), tmp_path / "out", progress=_Intruder())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["audio.mp4"]


def test_source_stays_as_it_is_even_where_its_name_is_in_the_way(clips: Any, tmp_path: Path) -> None:
    source = clips.make("video.mp4")
    before = source.read_bytes()
    with pytest.raises(OutputError, match=r"video\.mp4"):
        make_stream(source, tmp_path, progress=SilentProgress())
    assert source.read_bytes() == before


def test_missing_folder_and_too_few_lines_are_refused(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mp4")
    with pytest.raises(OutputError, match="does not exist"):
        make_stream(source, tmp_path / "nowhere", progress=SilentProgress())
    with pytest.raises(RequestError, match="max_height 8"):
        make_stream(source, tmp_path, max_height=8, progress=SilentProgress())
