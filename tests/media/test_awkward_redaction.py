"""Every file of the awkward collection through the finished program: a right output, or one clear error."""

import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from efface.domain.media import MediaKind, VideoInfo
from efface.domain.time import Timeline, complete_pts
from efface.media.frame import VideoFrame
from efface.media.probe import probe_video
from efface.media.reader import open_video
from efface.media.sniff import sniff

pytestmark = [pytest.mark.slow, pytest.mark.weights]

PROGRAM = Path(sys.executable).with_name("efface")
NUM_RUNS = 14
"""Files are dealt out to so many runs of the program, each held to what one file may take."""
MAX_CPU_SECONDS = 60
MAX_SECONDS = 150
"""By the clock, on a machine that does other things besides."""
MAX_RSS_KB = 2 << 20
EXIT_CODES = {
    "MediaNotFoundError": 3,
    "UnsupportedMediaError": 3,
    "NoVideoError": 3,
    "DamagedMediaError": 3,
    "MediaTooLargeError": 3,
}
"""The errors that a file by itself may lead to, with the code that docs/cli.md gives them."""
STARTS_BEFORE_ZERO = "derived/negative_timestamps.mkv"
"""Its times cannot be kept, because no container holds times before 0; all of them move together."""


@dataclass(frozen=True)
class _Run:
    """One call of the program on several files."""

    inputs: tuple[Path, ...]
    code: int
    stdout: str
    stderr: str
    rss_kb: int
    cpu_seconds: float
    left: frozenset[str]
    """Names in the output folder afterwards, hidden ones too."""

    @property
    def files(self) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = json.loads(self.stdout)["files"]
        return files


def _run(inputs: Sequence[Path], folder: Path, *options: str) -> _Run:
    """Run ``efface redact`` and watch its memory; a run that hangs is killed."""
    command: list[str | Path] = [PROGRAM, "redact", *inputs, "--output-dir", folder, "-k", "Black", *options]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        while not pid:
            if time.monotonic() - start > MAX_SECONDS:
                process.kill()
            time.sleep(0.05)
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        left = frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()
        said = (out.read(), err.read())
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return _Run(tuple(inputs), process.returncode, *said, usage.ru_maxrss, cpu_seconds, left)


@pytest.fixture(scope="module")
def awkward(shared: Path) -> Path:
    if not PROGRAM.is_file():
        pytest.skip(f"{PROGRAM} is not there: install the project, as `make test` does")
    return shared / "media" / "awkward"


@pytest.fixture(scope="module")
def runs(awkward: Path, tmp_path_factory: pytest.TempPathFactory) -> list[_Run]:
    """All files, dealt out like cards: files of like names, whose outputs may collide, go to different runs."""
    with (awkward / "manifest.csv").open(newline="") as file:
        paths = sorted(awkward / row["file"] for row in csv.DictReader(file))
    folder = tmp_path_factory.mktemp("redacted")
    hands = [(paths[i::NUM_RUNS], folder / str(i)) for i in range(NUM_RUNS)]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda hand: _run(*hand, "--json", "--preset", "ultrafast"), hands))


@pytest.fixture(scope="module")
def videos(runs: Sequence[_Run], awkward: Path) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Name in the collection → its path and what the program said, for each video that was redacted."""
    done = [(Path(file["input"]), file) for run in runs for file in run.files if "error" not in file]
    return {
        str(path.relative_to(awkward)): (path, file) for path, file in done if sniff(path) is MediaKind.VIDEO
    }


def _read(path: Path) -> tuple[VideoInfo, Timeline]:
    with open_video(path) as reader:
        stamps = [item.pts for item in reader.items() if isinstance(item, VideoFrame)]
        return reader.info, complete_pts(stamps, reader.info.time_base, reader.info.frame_rate)


def _times(timeline: Timeline) -> list[Fraction]:
    return [timeline.start_of(i) for i in range(timeline.num_frames)]


def _shown_times(path: Path) -> list[Fraction]:
    """Seconds of each frame of an output, by plain PyAV: an output needs no leniency."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return [frame.pts * frame.time_base for frame in frames if frame.pts is not None and frame.time_base]


def _packets(path: Path) -> list[tuple[str, list[str]]]:
    """Kind and packets (as digests) of each sound and subtitle track."""
    with av.open(str(path), metadata_errors="ignore") as container:
        tracks = [t for t in container.streams if t.type in {"audio", "subtitle"} and t.codec_context]
        digests: dict[int, list[str]] = {track.index: [] for track in tracks}
        # Without a track named, everything would be read.
        for packet in _readable(container.demux(tracks) if tracks else iter(())):
            if packet.size:
                digests[packet.stream_index].append(hashlib.sha256(bytes(packet)).hexdigest())
        return [(track.type, digests[track.index]) for track in tracks]


def _readable(packets: Iterator[Any]) -> Iterator[Any]:
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.error.FFmpegError):
            return


def test_no_run_crashes_hangs_or_grows(runs: Sequence[_Run]) -> None:
    for run in runs:
        told = f"{[path.name for path in run.inputs]}: {run.stderr[-2000:]}"
        assert run.code in {0, 6}, told
        assert run.stderr == "", told
        assert run.cpu_seconds < MAX_CPU_SECONDS, told
        assert run.rss_kb < MAX_RSS_KB, told
        assert [Path(file["input"]) for file in run.files] == list(run.inputs)


def test_every_failure_is_one_sentence_that_names_the_file(runs: Sequence[_Run]) -> None:
    failures = [(file["input"], file["error"]) for run in runs for file in run.files if "error" in file]
    assert len(failures) > 30
    for path, error in failures:
        assert error["type"] in EXIT_CODES
        assert error["message"].startswith(path)
        assert "\n" not in error["message"]
        assert ": " in error["message"].removeprefix(path), "no way out is told"
        assert "Traceback" not in error["message"]


def test_nothing_but_finished_outputs_is_left(runs: Sequence[_Run]) -> None:
    for run in runs:
        assert run.left == {Path(file["output"]).name for file in run.files if "output" in file}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("derived/ffconcat_relative_named.mp4", "UnsupportedMediaError"),
        ("real/ax_sample_fragmented_clearkey.mp4", "UnsupportedMediaError"),
        ("real/ax_sample_audio_only_15s.mp4", "NoVideoError"),
        ("real/ax_invalid-bitstream.webm", "DamagedMediaError"),
        ("derived/stsz_claims_2_billion_samples.mp4", "DamagedMediaError"),
        ("real/img_16384x16384.png", "MediaTooLargeError"),
        ("no such\nfile.mp4", "MediaNotFoundError"),
    ],
)
def test_alone_a_bad_file_ends_with_its_code_and_one_line(
    awkward: Path, tmp_path: Path, name: str, error: str
) -> None:
    run = _run([awkward / name], tmp_path / "out")
    assert run.code == EXIT_CODES[error]
    assert run.stdout == ""
    assert run.stderr.startswith("efface: ")
    assert run.stderr.count("\n") == 1
    assert run.stderr.endswith("\n")
    assert name.split("\n", maxsplit=1)[0] in run.stderr
    assert run.left == frozenset()


def test_every_frame_is_there_at_its_time_and_size(
    videos: Mapping[str, tuple[Path, dict[str, Any]]],
) -> None:
    assert len(videos) > 95
    wrong = {}
    for name, (path, file) in videos.items():
        info, timeline = _read(path)
        output = Path(file["output"])
        written, times, shown = probe_video(output), _times(timeline), _shown_times(output)
        if name == STARTS_BEFORE_ZERO:
            assert any("later" in notice for notice in file["notices"])
            assert times[0] < 0 <= shown[0]
            times = [seconds + shown[0] - times[0] for seconds in times]
        is_right = (
            shown == times
            and file["num_frames"] == len(times)
            and written.upright_size == info.upright_size
            and written.orientation == info.orientation
            and written.sample_aspect_ratio == info.sample_aspect_ratio
        )
        if not is_right:
            wrong[name] = (len(shown), len(times), written, info)
    assert wrong == {}


def test_every_sound_and_subtitle_packet_is_there(
    videos: Mapping[str, tuple[Path, dict[str, Any]]],
) -> None:
    tracks = {name: (_packets(path), _packets(Path(file["output"]))) for name, (path, file) in videos.items()}
    assert [name for name, (before, after) in tracks.items() if before != after] == []
    assert sum(len(before) for before, _ in tracks.values()) > 40


def test_damage_is_told(videos: Mapping[str, tuple[Path, dict[str, Any]]]) -> None:
    told = {name for name, (_, file) in videos.items() if any("damaged" in n for n in file["notices"])}
    assert told == {
        "real/ax_sample_with_invalid_nalu.mp4",
        "derived/truncated_faststart_60pct.mp4",
        "derived/zeroed_block_in_mdat.mp4",
    }
