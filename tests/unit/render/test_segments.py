"""A render in segments gives the file that a render in one pass gives, but for key frames at the seams."""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.errors import Cancelled, OutputError, RequestError, SegmentError
from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind
from efface.domain.time import Timeline, complete_pts
from efface.media import encoders
from efface.media.hdr import hdr_metadata
from efface.media.packet_file import read_packet_file
from efface.media.reader import open_video
from efface.plan import RedactionPlan, RegionTrack
from efface.ports import SilentProgress
from efface.render.render import RenderReport, render_video
from efface.render.segments import Rendering, join_rendered, render_segment

NUM_FRAMES = 48
FACE = (4.0, 20.0, 28.0, 44.0)
"""Upright pixels."""
VARIABLE = tuple(i * 2 + (i % 5 == 3) + 7 * (i > 20) for i in range(NUM_FRAMES))
SEAMS = (0, 11, 12, 30, NUM_FRAMES)
"""One part is a single frame; none begins at a key frame of the source."""
B_FRAMES = {"bf": "3", "g": "16", "crf": "10"}


def rendering_of(
    source: Path, suffix: str, masked: Iterable[tuple[int, int]] = ((5, 20), (33, 40))
) -> Rendering:
    """The face is hidden in half-open frame spans."""
    with open_video(source) as video:
        size = video.info.upright_size
        timeline = complete_pts([f.pts for f in video.frames()], video.info.time_base, video.info.frame_rate)
    tracks = []
    for first, end in masked:
        n = end - first
        boxes = np.tile(np.array([FACE], np.float32), (n, 1))
        tracks.append(RegionTrack(first, boxes, np.full(n, 24, np.float32), np.ones(n, bool), "1001"))
    plan = RedactionPlan(BlurringKind.BLACK, size, timeline.num_frames, tuple(tracks))
    return Rendering(source, plan, timeline, suffix, EncodeSettings())


def in_one_pass(rendering: Rendering, output: Path) -> RenderReport:
    return render_video(
        rendering.source, rendering.plan, rendering.timeline, output, rendering.settings, SilentProgress()
    )


def parts_of(rendering: Rendering, folder: Path, seams: Sequence[int] = SEAMS) -> list[Path]:
    parts = []
    for first, end in pairwise(seams):
        parts.append(folder / f"{first}.part")
        report = render_segment(rendering, range(first, end), parts[-1], SilentProgress())
        assert report.num_frames == end - first
        assert report.num_masked_frames == int(rendering.plan.masked_frames()[first:end].sum())
    return parts


def in_parts(rendering: Rendering, folder: Path, output: Path, seams: Sequence[int] = SEAMS) -> RenderReport:
    return join_rendered(rendering, parts_of(rendering, folder, seams), output, SilentProgress())


@dataclass(frozen=True)
class Seen:
    """What a player is told of a file, and its pictures."""

    streams: tuple[Any, ...]
    """Kind, codec, time base, parameter sets, language, role, packets and more, of each stream."""
    shown: tuple[Fraction, ...]
    """Seconds at which each frame is shown."""
    frames: tuple[tuple[Any, ...], ...]
    """Colours, size, turn and HDR metadata of each frame."""
    planes: tuple[NDArray[Any], ...]
    """Coded luma of each frame."""
    duration: int | None
    """Microseconds of the file."""


def see(path: Path) -> Seen:
    with av.open(str(path)) as container:
        picture = container.streams.video[0]
        digests: dict[int, list[tuple[Any, ...]]] = {s.index: [] for s in container.streams}
        frames: list[av.VideoFrame] = []
        for packet in container.demux():
            if packet.stream.index == picture.index:
                frames += [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
            elif packet.size:
                digest = hashlib.sha256(bytes(packet)).hexdigest()
                digests[packet.stream_index].append((digest, packet.pts, packet.dts, packet.duration))
        streams = tuple(
            (
                s.type,
                s.codec_context.name,
                s.time_base,
                s.codec_context.extradata,
                s.codec_context.codec_tag,
                s.language,
                int(s.disposition),
                tuple(digests[s.index]),
            )
            for s in container.streams
        )
        ratio = (picture.sample_aspect_ratio, picture.average_rate, picture.codec_context.field_order)
        return Seen(
            (*streams, ratio),
            tuple((f.pts or 0) * (f.time_base or Fraction(1)) for f in frames),
            tuple(
                (
                    *(f.width, f.height, f.format.name, f.rotation, f.interlaced_frame),
                    *(f.color_primaries, f.color_trc, f.colorspace, f.color_range, hdr_metadata(f)),
                )
                for f in frames
            ),
            tuple(luma_of(f) for f in frames),
            container.duration,
        )


def upright(rendering: Rendering, luma: NDArray[Any]) -> NDArray[Any]:
    """The coded luma turned upright, 8 bit."""
    with open_video(rendering.source) as video:
        turned = video.info.orientation.to_upright(luma)
    return turned >> 2 if turned.dtype == np.uint16 else turned


def luma_of(frame: av.VideoFrame) -> NDArray[Any]:
    dtype = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
    rows = np.frombuffer(memoryview(frame.planes[0]), dtype).reshape(frame.height, -1)
    return rows[:, : frame.width].copy()


def psnr_db(a: NDArray[Any], b: NDArray[Any]) -> float:
    peak = 1023 if a.dtype == np.uint16 else 255
    error = float(((a.astype(np.float64) - b) ** 2).mean())
    return 99.0 if error == 0 else 10 * np.log10(peak**2 / error)


def decoded_from(path: Path, seconds: Fraction) -> list[tuple[Fraction, NDArray[Any]]]:
    """Frames from a place that a player seeks to; any error of the decoder is raised."""
    with av.open(str(path)) as container:
        picture = container.streams.video[0]
        assert picture.time_base is not None
        container.seek(int(seconds / picture.time_base), stream=picture)
        frames = list(container.decode(picture))
        return [((f.pts or 0) * picture.time_base, luma_of(f)) for f in frames]


def assert_as_one_pass(rendering: Rendering, tmp_path: Path, seams: Sequence[int] = SEAMS) -> Seen:
    one, joined = tmp_path / f"one{rendering.suffix}", tmp_path / f"joined{rendering.suffix}"
    expected = in_one_pass(rendering, one)
    report = in_parts(rendering, tmp_path, joined, seams)
    assert report == expected
    before, after = see(one), see(joined)
    assert after.streams == before.streams
    assert after.shown == before.shown
    assert after.frames == before.frames
    assert after.duration == before.duration
    assert len(after.shown) == rendering.timeline.num_frames
    assert min(psnr_db(a, b) for a, b in zip(before.planes, after.planes, strict=True)) > 38
    for index in np.flatnonzero(rendering.plan.masked_frames()):
        for seen in (before, after):
            # Well inside of the face, for the encoder smears its border.
            assert float(upright(rendering, seen.planes[index])[24:40, 8:24].mean()) < 22, f"frame {index}"
    assert_times_are_decodable(joined)
    for seam in seams[1:-1]:
        for wanted in (after.shown[seam], after.shown[seam] - Fraction(1, 1000)):
            from_there = decoded_from(joined, max(wanted, Fraction(0)))
            # A transport stream has no index: seeking leads to a key frame nearby.
            assert rendering.suffix == ".ts" or from_there[0][0] <= max(wanted, after.shown[0])
            assert from_there
            for shown, luma in from_there:
                assert (after.planes[after.shown.index(shown)] == luma).all()
    return after


def assert_times_are_decodable(path: Path) -> None:
    """Decoding times increase and never lie after showing; Matroska has none at some packets."""
    with av.open(str(path)) as container:
        last = None
        for packet in container.demux(video=0):
            if packet.size and packet.dts is not None:
                assert packet.pts is not None
                assert last is None or packet.dts > last
                assert packet.dts <= packet.pts
                last = packet.dts


_DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
HDR10 = {
    "x265-params": f"log-level=none:hdr10=1:master-display={_DISPLAY}:max-cll=1000,400",
    "color_primaries": "bt2020",
    "color_trc": "smpte2084",
    "colorspace": "bt2020nc",
}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("a.mp4", {"audio_tracks": 1, "options": B_FRAMES}),
        ("a.mp4", {"audio_tracks": 2, "options": B_FRAMES, "pts": VARIABLE}),
        ("a.mp4", {"options": B_FRAMES, "rotation_deg": 90}),
        ("a.mp4", {"options": B_FRAMES, "sample_aspect_ratio": Fraction(4, 3)}),
        ("a.mov", {"codec": "libx265", "options": {"x265-params": "log-level=none"}, "audio_tracks": 1}),
        ("a.mp4", {"codec": "libx265", "pixel_format": "yuv420p10le", "options": HDR10}),
        ("a.mkv", {"codec": "libx265", "options": {"x265-params": "log-level=none"}, "pts": VARIABLE}),
        ("a.mkv", {"options": B_FRAMES, "audio_tracks": 1}),
        ("a.webm", {"codec": "libvpx-vp9", "sample_aspect_ratio": Fraction(4, 3)}),
        ("a.mp4", {"codec": "libvpx-vp9", "audio_tracks": 1}),
        ("a.mp4", {"codec": "libsvtav1", "audio_tracks": 1}),
        ("a.webm", {"codec": "libsvtav1", "pts": VARIABLE}),
        ("a.ts", {"options": B_FRAMES, "audio_tracks": 1}),
        ("a.ts", {"options": B_FRAMES, "pts": tuple(range(60, 60 + NUM_FRAMES))}),
        ("a.ts", {"codec": "libx265", "options": {"x265-params": "log-level=none"}}),
        ("a.mp4", {"options": B_FRAMES | {"x264-params": "tff=1"}, "height": 64}),
        ("a.mp4", {"pts": tuple(5850 + 40 * i for i in range(NUM_FRAMES)), "time_base": Fraction(1, 1000)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(f"{k}" for k in value),
)
def test_joined_video_is_that_of_one_pass(
    clips: Any, tmp_path: Path, name: str, fields: dict[str, Any]
) -> None:
    source = clips.make(name, **({"pts": tuple(range(NUM_FRAMES))} | fields))
    assert_as_one_pass(rendering_of(source, Path(name).suffix), tmp_path)


@pytest.mark.parametrize("suffix", [".ts", ".mkv"])
def test_all_is_later_as_in_one_pass_where_sound_begins_before_zero(
    clips: Any, tmp_path: Path, suffix: str
) -> None:
    # The sound's priming lies before 0 in MP4, for which these containers have no place.
    source = clips.make("a.mp4", options=B_FRAMES, pts=range(NUM_FRAMES), audio_tracks=1)
    rendering = rendering_of(source, suffix)
    report = in_one_pass(rendering, tmp_path / f"one{suffix}")
    assert any("0.064 s later" in notice for notice in report.notices)
    assert_as_one_pass(rendering, tmp_path)


def test_video_that_starts_before_zero_is_rendered_as_one_part(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mkv", options=B_FRAMES, pts=range(NUM_FRAMES), audio_tracks=1)
    rendering = rendering_of(early_copy(source, tmp_path / "early.mkv", by_ms=100), ".mkv")
    assert int(rendering.timeline.pts[0]) == -100
    seen = assert_as_one_pass(rendering, tmp_path, (0, NUM_FRAMES))
    assert seen.shown[0] == 0
    # FFmpeg gives no time before 0, so its frames cannot be found by time.
    with pytest.raises(SegmentError, match="in one piece"):
        render_segment(rendering, range(0, 11), tmp_path / "x.part", SilentProgress())


def early_copy(source: Path, target: Path, by_ms: int) -> Path:
    """The same packets, earlier: some before 0."""
    with (
        av.open(str(source)) as reader,
        av.open(str(target), "w", container_options={"avoid_negative_ts": "disabled"}) as writer,
    ):
        streams = {s.index: writer.add_stream_from_template(s, opaque=True) for s in reader.streams}
        for packet in reader.demux():
            if packet.size:
                packet.pts = None if packet.pts is None else packet.pts - by_ms
                packet.dts = None if packet.dts is None else packet.dts - by_ms
                packet.stream = streams[packet.stream_index]
                writer.mux(packet)
    return target


def test_parameter_sets_of_all_parts_are_one_and_stand_in_the_header_alone(
    clips: Any, tmp_path: Path
) -> None:
    """Browsers stop where they change."""
    source = clips.make("a.mp4", options=B_FRAMES, pts=range(NUM_FRAMES))
    rendering = rendering_of(source, ".mp4")
    parts = parts_of(rendering, tmp_path)
    assert len({read_packet_file(part).notes.extradata for part in parts}) == 1
    join_rendered(rendering, parts, tmp_path / "joined.mp4", SilentProgress())
    with av.open(str(tmp_path / "joined.mp4")) as container:
        for packet in container.demux(video=0):
            assert not {7, 8} & {nal[0] & 31 for nal in nals_of(bytes(packet))}
    assert (tmp_path / "joined.mp4").read_bytes().count(b"avcC") == 1


def nals_of(sample: bytes) -> list[bytes]:
    """NAL units of an MP4 sample with lengths of four bytes."""
    nals = []
    while sample:
        size = int.from_bytes(sample[:4], "big")
        nals.append(sample[4 : 4 + size])
        sample = sample[4 + size :]
    return nals


@pytest.fixture
def rendering(clips: Any) -> Rendering:
    """Of a clip with B-frames and sound."""
    return rendering_of(
        clips.make("clip.mp4", options=B_FRAMES, pts=range(NUM_FRAMES), audio_tracks=1), ".mp4"
    )


@pytest.mark.parametrize(
    ("codec", "type_of", "random_access", "trailing"),
    [
        # H.264: 5 is an IDR picture, 1 builds on others. HEVC: 19 and 20 are, below 16 all build on others.
        ("libx264", lambda nal: nal[0] & 31, {5}, {1}),
        ("libx265", lambda nal: nal[0] >> 1 & 63, {19, 20}, set(range(16))),
    ],
)
def test_each_part_begins_with_a_picture_that_nothing_before_is_needed_for(
    clips: Any, tmp_path: Path, codec: str, type_of: Any, random_access: set[int], trailing: set[int]
) -> None:
    options = B_FRAMES if codec == "libx264" else {"x265-params": "log-level=none"}
    rendering = rendering_of(clips.make("a.mp4", codec=codec, options=options, pts=range(NUM_FRAMES)), ".mp4")
    for part in parts_of(rendering, tmp_path):
        first = next(read_packet_file(part).packets())
        types = {type_of(nal) for nal in bytes(first).split(b"\0\0\1")[1:]}
        assert types & random_access
        assert not types & trailing


def test_one_part_of_all_frames_is_the_video_of_one_pass(rendering: Rendering, tmp_path: Path) -> None:
    in_one_pass(rendering, tmp_path / "one.mp4")
    in_parts(rendering, tmp_path, tmp_path / "joined.mp4", (0, NUM_FRAMES))
    before, after = see(tmp_path / "one.mp4"), see(tmp_path / "joined.mp4")
    assert after.streams == before.streams
    assert all((a == b).all() for a, b in zip(before.planes, after.planes, strict=True))


def test_video_without_times_is_rendered_as_one_part(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.h264", options=B_FRAMES, pts=range(NUM_FRAMES))
    rendering = rendering_of(source, ".mp4")
    with open_video(source) as video:
        assert {frame.pts for frame in video.frames()} == {None}
    assert_as_one_pass(rendering, tmp_path, (0, NUM_FRAMES))
    with pytest.raises(SegmentError, match="in one piece"):
        render_segment(rendering, range(8, 16), tmp_path / "x.part", SilentProgress())
    assert not (tmp_path / "x.part").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda parts: [parts[1], parts[0], *parts[2:]], "comes next"),
        (lambda parts: [parts[0], *parts[2:]], "comes next"),
        (lambda parts: [parts[0], *parts], "comes next"),
        (lambda parts: parts[:-1], "30 of 48 frames"),
    ],
    ids=["swapped", "missing", "twice", "end is missing"],
)
def test_parts_that_are_not_all_frames_in_order_are_refused(
    rendering: Rendering, tmp_path: Path, change: Any, says: str
) -> None:
    parts = parts_of(rendering, tmp_path)
    with pytest.raises(SegmentError, match=says):
        join_rendered(rendering, change(parts), tmp_path / "joined.mp4", SilentProgress())
    assert sorted(tmp_path.iterdir()) == sorted([rendering.source, *parts])


@pytest.mark.parametrize("where", [100, -200, -30, -1], ids=["packet", "table", "footer", "magic"])
def test_a_part_with_another_byte_is_refused_and_leaves_nothing_behind(
    rendering: Rendering, tmp_path: Path, where: int
) -> None:
    parts = parts_of(rendering, tmp_path)
    changed = bytearray(parts[2].read_bytes())
    changed[where] ^= 1
    parts[2].write_bytes(changed)
    with pytest.raises(SegmentError, match=parts[2].name):
        join_rendered(rendering, parts, tmp_path / "joined.mp4", SilentProgress())
    assert sorted(tmp_path.iterdir()) == sorted([rendering.source, *parts])


def test_a_part_cut_short_or_gone_is_refused(rendering: Rendering, tmp_path: Path) -> None:
    parts = parts_of(rendering, tmp_path)
    parts[1].write_bytes(parts[1].read_bytes()[:-50])
    with pytest.raises(SegmentError, match="not a whole part"):
        join_rendered(rendering, parts, tmp_path / "joined.mp4", SilentProgress())
    parts[1].unlink()
    with pytest.raises(SegmentError, match="not a whole part"):
        join_rendered(rendering, parts, tmp_path / "joined.mp4", SilentProgress())


@pytest.mark.parametrize("what", ["faces", "crf", "kind"])
def test_a_part_of_another_request_is_refused(rendering: Rendering, tmp_path: Path, what: str) -> None:
    """Its faces may be visible."""
    parts = parts_of(rendering, tmp_path)
    others = {
        "faces": rendering_of(rendering.source, ".mp4", [(33, 40)]),
        "crf": dataclasses.replace(rendering, settings=EncodeSettings(crf=30)),
        "kind": dataclasses.replace(
            rendering, plan=dataclasses.replace(rendering.plan, kind=BlurringKind.LOW_BLUR)
        ),
    }
    render_segment(others[what], range(0, 11), parts[0], SilentProgress())
    with pytest.raises(SegmentError, match="another render"):
        join_rendered(rendering, parts, tmp_path / "joined.mp4", SilentProgress())


def test_parts_of_another_encoder_are_refused(
    rendering: Rendering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a worker with another build of the encoder."""
    parts = parts_of(rendering, tmp_path)
    monkeypatch.setitem(encoders._ENCODERS["h264"].options, "refs", "4")
    render_segment(rendering, range(0, 11), parts[0], SilentProgress())
    with pytest.raises(SegmentError, match="set up otherwise"):
        join_rendered(rendering, parts, tmp_path / "joined.mp4", SilentProgress())
    assert sorted(tmp_path.iterdir()) == sorted([rendering.source, *parts])


def test_frames_of_another_video_are_refused(rendering: Rendering, tmp_path: Path, clips: Any) -> None:
    other = clips.make("other.mp4", options=B_FRAMES, pts=[2 * i for i in range(NUM_FRAMES)])
    with pytest.raises(SegmentError, match="in one piece"):
        render_segment(
            dataclasses.replace(rendering, source=other), range(11, 20), tmp_path / "x.part", SilentProgress()
        )
    assert not (tmp_path / "x.part").exists()


class CancelsAt:
    """Asks to stop after some frames, and notes what it heard."""

    def __init__(self, frame: int | None = None) -> None:
        self.frame = frame
        self.heard: list[tuple[str, int, int | None]] = []

    def report(self, stage: str, done: int, total: int | None) -> None:
        self.heard.append((stage, done, total))
        if done == self.frame:
            raise Cancelled("stopped")


def test_progress_hears_of_each_frame(rendering: Rendering, tmp_path: Path) -> None:
    progress = CancelsAt()
    render_segment(rendering, range(0, 30), tmp_path / "0.part", progress)
    assert progress.heard == [("render", i + 1, 30) for i in range(30)]
    parts, progress = parts_of(rendering, tmp_path), CancelsAt()
    join_rendered(rendering, parts, tmp_path / "joined.mp4", progress)
    assert progress.heard == [("join", i + 1, NUM_FRAMES) for i in range(NUM_FRAMES)]


def test_cancelling_leaves_nothing_behind(rendering: Rendering, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        render_segment(rendering, range(11, 40), tmp_path / "x.part", CancelsAt(5))
    assert list(tmp_path.iterdir()) == [rendering.source]
    parts = parts_of(rendering, tmp_path)
    with pytest.raises(Cancelled):
        join_rendered(rendering, parts, tmp_path / "joined.mp4", CancelsAt(20))
    assert sorted(tmp_path.iterdir()) == sorted([rendering.source, *parts])


def test_source_parts_and_existing_files_are_never_replaced(rendering: Rendering, tmp_path: Path) -> None:
    before = rendering.source.read_bytes()
    with pytest.raises(OutputError, match="it is the input"):
        render_segment(rendering, range(0, 11), rendering.source, SilentProgress())
    parts = parts_of(rendering, tmp_path)
    with pytest.raises(OutputError, match="it is the input"):
        join_rendered(rendering, parts, rendering.source, SilentProgress())
    (tmp_path / "mine.mp4").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        join_rendered(rendering, parts, tmp_path / "mine.mp4", SilentProgress(), overwrite=False)
    assert (tmp_path / "mine.mp4").read_bytes() == b"mine"
    assert rendering.source.read_bytes() == before


@pytest.mark.parametrize("frames", [range(3, 3), range(-1, 4), range(40, 49), range(0, 10, 2)])
def test_a_span_outside_the_video_is_refused(rendering: Rendering, tmp_path: Path, frames: range) -> None:
    with pytest.raises(ValueError, match="no span"):
        render_segment(rendering, frames, tmp_path / "x.part", SilentProgress())


def test_a_rendering_is_checked_at_birth(rendering: Rendering) -> None:
    with pytest.raises(OutputError, match=r"\.gif"):
        dataclasses.replace(rendering, suffix=".gif")
    with pytest.raises(RequestError, match="crf"):
        dataclasses.replace(rendering, settings=EncodeSettings(crf=99))
    timeline = Timeline(rendering.timeline.time_base, rendering.timeline.pts[:-1], 10**9)
    with pytest.raises(ValueError, match="timeline has 47"):
        dataclasses.replace(rendering, timeline=timeline)


def test_output_of_another_container_is_refused(rendering: Rendering, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \.mp4"):
        join_rendered(rendering, parts_of(rendering, tmp_path), tmp_path / "joined.mkv", SilentProgress())
