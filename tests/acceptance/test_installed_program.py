"""The installed program on the sample clip, as its user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.detect.choice import create_detector
from efface.detect.detector import Detector

pytestmark = pytest.mark.weights

PROGRAM = Path(sys.executable).with_name("efface")


@pytest.fixture(autouse=True)
def installed() -> None:
    if not PROGRAM.is_file():
        pytest.skip(f"{PROGRAM} is not there: install the project, as `make test` does")


@pytest.fixture(scope="module")
def detector() -> Detector:
    return create_detector()


def efface(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=120)


def efface_json(*arguments: str | Path) -> dict[str, Any]:
    done = efface(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def pictures(path: Path, step: int = 1) -> list[NDArray[np.uint8]]:
    """Every ``step``-th frame as (h, w, 3) RGB."""
    with av.open(str(path)) as container:
        frames = [frame for i, frame in enumerate(container.decode(video=0)) if i % step == 0]
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]


def packets(path: Path, kind: str) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [(packet.pts, bytes(packet)) for packet in container.demux(stream) if packet.size]


def frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time or 0.0 for frame in container.decode(video=0)]


def best_scores(detector: Detector, frames: Sequence[NDArray[np.uint8]]) -> list[float]:
    """Score of the surest face of each frame, 0 where none is found."""
    found = [detector.detect(frame, 0.1).scores for frame in frames]
    return [float(scores.max()) if len(scores) else 0.0 for scores in found]


def test_redacted_sample_shows_no_face_and_keeps_the_rest(
    sample_clip: Path, tmp_path: Path, detector: Detector
) -> None:
    output = tmp_path / "safe.mp4"
    document = efface_json("redact", sample_clip, "-o", output, "--blurring-kind", "Black")
    (file,) = document["files"]
    assert (file["num_faces"], file["num_frames"], file["num_masked_frames"]) == (1, 100, 100)
    assert min(best_scores(detector, pictures(sample_clip, step=10))) > 0.5
    assert max(best_scores(detector, pictures(output, step=10))) < 0.5
    assert packets(output, "audio") == packets(sample_clip, "audio")
    assert frame_times(output) == frame_times(sample_clip)
    assert [path.name for path in tmp_path.iterdir()] == ["safe.mp4"]


def test_index_serves_a_choice_of_faces_without_a_second_search(sample_clip: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clip.efface"
    (face,) = efface_json("index", sample_clip, "-o", folder)["faces"]
    assert (face["face_id"], face["seen_s"]) == (1001, 4.0)
    assert {path.name for path in folder.iterdir()} == {
        "index.json", "faces.json", "thumbnails.zip", "contact-sheet.png",
    }  # fmt: skip
    output = tmp_path / "untouched.mp4"
    document = efface_json("redact", sample_clip, "-o", output, "--index", folder, "--exclude", "1001")
    assert document["files"][0]["num_masked_frames"] == 0
    before, after = pictures(sample_clip, step=25), pictures(output, step=25)
    assert all(np.abs(a.astype(int) - b).mean() < 3 for a, b in zip(before, after, strict=True))


def test_nothing_but_the_result_is_said_when_piped(sample_clip: Path, tmp_path: Path) -> None:
    done = efface("redact", sample_clip, "-o", tmp_path / "safe.mp4")
    assert done.stderr == ""
    assert done.stdout == f"{tmp_path / 'safe.mp4'}: 1 face hidden in 100 of 100 frames (HighBlur)\n"


def test_picture_is_redacted_in_its_own_format(sample_clip: Path, tmp_path: Path, detector: Detector) -> None:
    import cv2  # noqa: PLC0415  only here

    portrait = tmp_path / "portrait.jpg"
    cv2.imwrite(str(portrait), pictures(sample_clip)[0][..., ::-1])
    document = efface_json("redact", portrait, "-k", "Black")
    output = Path(document["files"][0]["output"])
    assert output == tmp_path / "portrait.redacted.jpg"
    redacted = cv2.imread(str(output))
    assert redacted is not None
    assert max(best_scores(detector, [np.ascontiguousarray(redacted[..., ::-1], np.uint8)])) < 0.5


@pytest.mark.parametrize(
    ("name", "content", "error", "code"),
    [
        ("missing.mp4", None, "MediaNotFoundError", 3),
        ("list.mp4", b"ffconcat version 1.0\nfile secret.mp4\n", "UnsupportedMediaError", 3),
        ("text.mp4", b"hello " * 100, "UnsupportedMediaError", 3),
        ("empty.mp4", b"", "UnsupportedMediaError", 3),
    ],
)
def test_what_is_no_video_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes | None, error: str, code: int
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    done = efface("redact", path, "-o", tmp_path / "safe.mp4", "--json")
    assert done.returncode == code
    told = json.loads(done.stdout)["error"]
    assert told["type"] == error
    assert name in told["message"]
    assert not (tmp_path / "safe.mp4").exists()


def test_the_input_is_never_the_output(sample_clip: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.mp4"
    link.symlink_to(sample_clip)
    before = sample_clip.read_bytes()
    done = efface("redact", sample_clip, "-o", link, "--overwrite")
    assert done.returncode == 4
    assert "is the input" in done.stderr
    assert sample_clip.read_bytes() == before


def test_an_existing_output_is_kept_unless_told_otherwise(sample_clip: Path, tmp_path: Path) -> None:
    output = tmp_path / "safe.mp4"
    output.write_bytes(b"precious")
    assert efface("redact", sample_clip, "-o", output).returncode == 4
    assert output.read_bytes() == b"precious"


def start_and_wait_for_render(sample_clip: Path, folder: Path) -> subprocess.Popen[str]:
    """Start a slow redaction; returns once its temporary file is being written."""
    command: list[str | Path] = [
        PROGRAM,
        "redact",
        sample_clip,
        "-o",
        folder / "safe.mp4",
        "--preset",
        "veryslow",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    give_up = time.monotonic() + 60
    while not any(folder.iterdir()):
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < give_up
        time.sleep(0.01)
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_cleanly_and_leaves_nothing(
    sample_clip: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = start_and_wait_for_render(sample_clip, tmp_path)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code
    assert told == "efface: stopped on request: nothing half-written is left\n"
    assert list(tmp_path.iterdir()) == []


def test_a_kill_leaves_nothing_under_the_final_name(sample_clip: Path, tmp_path: Path) -> None:
    process = start_and_wait_for_render(sample_clip, tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert not (tmp_path / "safe.mp4").exists()
