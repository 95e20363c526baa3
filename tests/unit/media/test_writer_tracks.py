"""What goes into a written video beside the picture, and what happens when it cannot be written."""

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from efface.domain.errors import OutputError
from efface.domain.media import EncodeSettings
from efface.media.frame import CopiedPacket, VideoFrame
from efface.media.reader import open_video
from efface.media.writer import create_video

_TITLE, _PLACE = "Anna at home", "+48.1374+011.5755/"


def _copy(source: Path, final: Path, **settings: Any) -> tuple[str, ...]:
    with (
        open_video(source) as reader,
        create_video(final, reader, EncodeSettings(**settings)) as writer,
    ):
        for item in reader.items():
            if isinstance(item, VideoFrame):
                writer.write(item, item.pts or 0)
            else:
                writer.copy(item)
    return writer.notices


def _packets(path: Path) -> list[tuple[int, str, Fraction]]:
    with open_video(path) as reader:
        rank = {track.index: i for i, track in enumerate(reader.copied_tracks)}
        return sorted(
            (
                rank[item.stream_index],
                hashlib.sha256(bytes(item.native)).hexdigest(),
                (item.native.pts or 0) * (item.native.time_base or Fraction(1)),
            )
            for item in reader.items()
            if isinstance(item, CopiedPacket)
        )


def _remux(source: Path, target: Path, *, subtitles: bool = False, languages: tuple[str, ...] = ()) -> Path:
    """The same streams with everything that identifies people, and more tracks."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        writer.metadata.update({"title": _TITLE, "location": _PLACE, "comment": _TITLE})
        streams = {}
        for track in reader.streams:
            streams[track.index] = writer.add_stream_from_template(track, opaque=True)
            streams[track.index].metadata.update({"title": _TITLE, "handler_name": _TITLE})
        for track, language in zip(writer.streams.audio, languages, strict=False):
            track.metadata["language"] = language
        text: Any = writer.add_mux_stream("subrip") if subtitles else None
        if text is not None:
            text.metadata["language"] = "fra"
        if target.suffix == ".mkv":
            writer.add_attachment("cover.jpg", "image/jpeg", _TITLE.encode())
        writer.set_chapters(
            [{"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {"title": _TITLE}}]
        )
        for packet in reader.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                writer.mux(packet)
        if text is not None:
            for start in (40, 240):
                line = av.Packet(b"a line")
                line.stream, line.time_base = text, Fraction(1, 1000)
                line.pts = line.dts = start
                line.duration = 150
                writer.mux(line)
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".ts"])
def test_packets_of_all_sound_tracks_are_copied_bit_by_bit(clips: Any, tmp_path: Path, suffix: str) -> None:
    source = clips.make(f"a{suffix}", audio_tracks=2)
    assert _copy(source, tmp_path / f"out{suffix}") == ()
    before = _packets(source)
    assert {rank for rank, _, _ in before} == {0, 1}
    assert _packets(tmp_path / f"out{suffix}") == before


def test_languages_and_roles_of_tracks_are_kept(clips: Any, tmp_path: Path) -> None:
    source = _remux(
        clips.make("a.mp4", audio_tracks=2), tmp_path / "b.mkv", subtitles=True, languages=("deu", "jpn")
    )
    assert _copy(source, tmp_path / "out.mkv") == ()
    with av.open(str(tmp_path / "out.mkv")) as after, av.open(str(source)) as before:
        assert [track.language for track in after.streams.audio] == ["deu", "jpn"]
        assert [track.language for track in after.streams.subtitles] == ["fra"]
        cover = Disposition.attached_pic
        kept = [track.disposition for track in after.streams]
        assert kept == [track.disposition for track in before.streams if not track.disposition & cover]
    assert _packets(tmp_path / "out.mkv") == _packets(source)


def test_track_that_the_container_cannot_hold_is_left_out_with_a_notice(clips: Any, tmp_path: Path) -> None:
    source = _remux(clips.make("a.mp4", audio_tracks=1), tmp_path / "b.mkv", subtitles=True)
    assert _copy(source, tmp_path / "out.mp4") == (
        "subtitle track 2 (subrip) left out: .mp4 cannot hold it as it is",
    )
    assert {rank for rank, _, _ in _packets(tmp_path / "out.mp4")} == {0}


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_nothing_that_names_people_places_or_libraries_is_left(
    clips: Any, tmp_path: Path, suffix: str
) -> None:
    source = _remux(clips.make("a.mp4", audio_tracks=1), tmp_path / f"b{suffix}")
    assert _TITLE.encode() in source.read_bytes()
    _copy(source, tmp_path / f"out{suffix}")
    written = (tmp_path / f"out{suffix}").read_bytes()
    for trace in (_TITLE.encode(), _PLACE.encode(), b"x264 - core", b"Lavf6"):
        assert trace not in written
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        assert container.chapters() == []
        assert not container.streams.attachments
        assert "creation_time" not in container.metadata


def test_user_data_in_the_picture_stream_is_not_carried_over(clips: Any, tmp_path: Path) -> None:
    # x264 writes such a message itself; cameras write place and serial number in the same way.
    source = clips.make("a.mp4")
    assert b"x264 - core" in source.read_bytes()
    _copy(source, tmp_path / "out.mp4")
    assert b"x264 - core" not in (tmp_path / "out.mp4").read_bytes()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_metadata_is_kept_on_request(clips: Any, tmp_path: Path, suffix: str) -> None:
    source = _remux(clips.make("a.mp4", audio_tracks=1), tmp_path / f"b{suffix}")
    _copy(source, tmp_path / f"out{suffix}", keep_metadata=True)
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
        assert tags["title"] == _TITLE
        assert len(container.chapters()) == 1


def test_index_lies_in_front_of_the_data_in_mp4(clips: Any, tmp_path: Path) -> None:
    _copy(clips.make("a.mp4"), tmp_path / "out.mp4")
    written = (tmp_path / "out.mp4").read_bytes()
    assert written.index(b"moov") < written.index(b"mdat")


def test_packets_with_broken_times_do_not_end_the_run(clips: Any, tmp_path: Path) -> None:
    source = clips.make("a.mp4", audio_tracks=1)
    final = tmp_path / "out.mp4"
    with open_video(source) as reader, create_video(final, reader, EncodeSettings()) as writer:
        num_sound = 0
        for item in reader.items():
            if isinstance(item, VideoFrame):
                writer.write(item, item.index)
                continue
            num_sound += 1
            if num_sound == 3:
                item.native.dts = item.native.pts = -5000
            if num_sound == 5:
                assert item.native.dts is not None
                # Shown before it is decoded: MP4 refuses that.
                item.native.pts = item.native.dts - 1
            writer.copy(item)
    assert writer.notices == ("audio track 1 (aac): 1 damaged packets left out",)
    assert len(_packets(final)) == num_sound - 1


def test_error_in_the_block_removes_the_file(clips: Any, tmp_path: Path) -> None:
    final = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        _interrupt_in_the_middle(clips.make("a.mp4"), final)
    assert not final.exists()


def _interrupt_in_the_middle(source: Path, final: Path) -> None:
    with open_video(source) as reader, create_video(final, reader, EncodeSettings()) as writer:
        for frame in reader.frames():
            writer.write(frame, frame.index)
            if frame.index == 5:
                raise KeyboardInterrupt


def test_video_without_a_frame_is_no_output(clips: Any, tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="no frame was given"),
        open_video(clips.make("a.mp4")) as reader,
        create_video(tmp_path / "out.mp4", reader, EncodeSettings()),
    ):
        pass
    assert not (tmp_path / "out.mp4").exists()


def test_missing_folder_is_one_sentence(clips: Any, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"folder .*nowhere does not exist"):
        _copy(clips.make("a.mp4"), tmp_path / "nowhere" / "out.mp4")


_FULL_DISK = """
import resource, sys
from pathlib import Path
from efface.domain.errors import OutputError
from efface.domain.media import EncodeSettings
from efface.media.files import atomic_output
from efface.media.reader import open_video
from efface.media.writer import create_video
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    with open_video(Path(sys.argv[1])) as reader, atomic_output(Path(sys.argv[2])) as part:
        with create_video(part, reader, EncodeSettings(crf=0)) as writer:
            for frame in reader.frames():
                writer.write(frame, frame.index)
except OutputError as error:
    print(error)
"""


def _noise(path: Path) -> Path:
    """A clip that no encoder makes small."""
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        track: Any = container.add_stream("mjpeg", rate=25)
        track.width, track.height, track.pix_fmt = 320, 240, "yuvj420p"
        for index in range(30):
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 255, (240, 320, 3), np.uint8), "rgb24")
            frame.pts = index
            container.mux(track.encode(frame.reformat(format="yuvj420p")))
        container.mux(track.encode(None))
    return path


@pytest.mark.parametrize("limit", [200, 1_000_000])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_disk_that_fills_up_is_told_and_leaves_nothing(
    clips: Any, tmp_path: Path, limit: int, suffix: str
) -> None:
    source = _noise(tmp_path / "a.mkv")
    folder = tmp_path / "full"
    folder.mkdir()
    ran = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(source), str(folder / f"out{suffix}"), str(limit)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "size limit" in ran.stdout, ran.stderr
    assert list(folder.iterdir()) == []
