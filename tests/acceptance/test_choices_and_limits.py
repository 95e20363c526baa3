"""The installed program where people choose faces, make mistakes, or run out of room."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import efface
from efface.index.model import FaceIndex

pytestmark = pytest.mark.weights

PROGRAM = Path(sys.executable).with_name("efface")


@pytest.fixture(autouse=True)
def installed() -> None:
    if not PROGRAM.is_file():
        pytest.skip(f"{PROGRAM} is not there: install the project, as `make test` does")


@pytest.fixture(scope="module")
def sample_index(sample_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Index folder of the sample clip."""
    folder = tmp_path_factory.mktemp("index") / "sample.efface"
    assert run("index", sample_clip, "-o", folder).returncode == 0
    return folder


def run(
    *arguments: str | Path, folder: Path | None = None, before: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments],
        capture_output=True, text=True, check=False, timeout=120, cwd=folder, preexec_fn=before,
    )  # fmt: skip


def grays(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        return [np.asarray(f.to_ndarray(format="gray"), np.uint8) for f in container.decode(video=0)]


def faces_of(index: FaceIndex, face_id: int, frame_index: int) -> list[tuple[int, int, int, int]]:
    """Boxes of one person in a frame, within it."""
    group = next(face for face in index.faces if face.face_id == face_id)
    tracks = [track for track in index.tracks if track.track_id in group.track_ids]
    boxes = [box for track in tracks if (box := track.box_at(frame_index)) is not None]
    limits = [index.size.width, index.size.height] * 2
    clipped = [np.clip(np.round(box), 0, limits).astype(int) for box in boxes]
    return [(int(x1), int(y1), int(x2), int(y2)) for x1, y1, x2, y2 in clipped]


def middle(gray: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    x1, y1, x2, y2 = box
    inset_x, inset_y = (x2 - x1) // 4, (y2 - y1) // 4
    return gray[y1 + inset_y : y2 - inset_y, x1 + inset_x : x2 - inset_x]


@pytest.mark.slow
def test_one_of_two_people_is_hidden_and_the_other_stays(shared: Path, tmp_path: Path) -> None:
    source = shared / "media/faces_video/two_people_head_pose.gif"
    assert run("index", source, "-o", tmp_path / "index").returncode == 0
    index: FaceIndex = efface.load_index(tmp_path / "index")
    ids = [face.face_id for face in index.faces]
    assert len(ids) >= 2
    # The two who are seen longest.
    shown, hidden = sorted(ids, key=index.seen_duration, reverse=True)[:2]

    output = tmp_path / "one.mp4"
    done = run("redact", source, "-o", output, "-k", "Black", "--index", tmp_path / "index",
               "--exclude", str(shown))  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    psnrs, num_black = [], 0
    for i, (old, new) in enumerate(zip(grays(source), grays(output), strict=True)):
        for box in faces_of(index, hidden, i):
            assert middle(new, box).max() < 48
            num_black += 1
        for box in faces_of(index, shown, i):
            a, b = middle(old, box).astype(float), middle(new, box)
            psnrs.append(10 * np.log10(255**2 / max(float(np.square(a - b).mean()), 1e-6)))
    assert num_black > 20
    assert len(psnrs) > 20
    assert np.median(psnrs) > 28

    only = tmp_path / "only.mp4"
    done = run("redact", source, "-o", only, "-k", "Black", "--index", tmp_path / "index",
               "--include", ",".join(str(i) for i in ids if i != shown))  # fmt: skip
    assert done.returncode == 0
    assert only.read_bytes() == output.read_bytes()


def test_an_index_saves_the_search(sample_clip: Path, sample_index: Path, tmp_path: Path) -> None:
    """A detector that does not exist is not missed."""
    missing = tmp_path / "no-such-network.onnx"
    done = run("redact", sample_clip, "-o", tmp_path / "safe.mp4", "--index", sample_index,
               "--detector", missing)  # fmt: skip
    assert done.returncode == 0
    without = run("redact", sample_clip, "-o", tmp_path / "other.mp4", "--detector", missing)
    assert without.returncode == 5
    assert str(missing) in without.stderr


def test_unknown_ids_are_named_with_those_that_exist(
    sample_clip: Path, sample_index: Path, tmp_path: Path
) -> None:
    for option in ("--include", "--exclude"):
        done = run("redact", sample_clip, "-o", tmp_path / "safe.mp4", "--index", sample_index,
                   option, "1001,1007", option, "9")  # fmt: skip
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr == "efface: face id 9, 1007 is not in the index: it holds 1001\n"
    assert list(tmp_path.iterdir()) == []


def test_index_of_another_video_is_refused(sample_clip: Path, sample_index: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(sample_clip.read_bytes() + b"\0")
    done = run("redact", other, "-o", tmp_path / "safe.mp4", "--index", sample_index, "--json")
    assert done.returncode == 3
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "IndexMismatchError"
    assert str(other) in error["message"]
    assert [path.name for path in tmp_path.iterdir()] == ["other.mp4"]


def test_a_taken_index_folder_is_refused_before_the_work(sample_clip: Path, sample_index: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in sample_index.iterdir()}
    done = run("index", sample_clip, "-o", sample_index, "--detector", "no-such-network.onnx")
    assert done.returncode == 4
    assert "holds an index already" in done.stderr
    assert {path.name: path.stat().st_mtime_ns for path in sample_index.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["-o", "safe.txt"], 4, "the suffix .txt is no video output"),
        (["-o", "safe"], 4, "a name without suffix is no video output"),
        (["-o", ".", "--overwrite"], 4, "it names a folder"),
        (["-o", "no/such/folder.mp4"], 4, "the folder no/such does not exist"),
        (["-o", "taken.mp4"], 4, "exists already"),
        (["--preset", "sluggish"], 2, "preset 'sluggish' is unknown"),
        (["--kind", "Black"], 2, "No such option"),
        (["-k", "5"], 2, "blurring kind '5' is unknown"),
        (["--include", "1", "--exclude", "2"], 2, "contradict each other"),
        (["--include", "one"], 2, "'one' is not a number"),
        (["-o", "safe.mp4", "--output-dir", "out"], 2, "contradict each other"),
    ],
)
def test_a_bad_option_is_refused_before_the_search(
    sample_clip: Path, tmp_path: Path, options: list[str], code: int, told: str
) -> None:
    """A detector that does not exist would be missed if the search began."""
    (tmp_path / "taken.mp4").write_bytes(b"precious")
    source = tmp_path / "clip.mp4"
    shutil.copy(sample_clip, source)
    done = run("redact", source, *options, "--detector", "no-such-network.onnx", folder=tmp_path)
    assert done.returncode == code
    assert told in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "taken.mp4"]


@pytest.mark.parametrize("name", ["safe.mp4", "safe.mkv"])
def test_a_full_disk_ends_with_its_code_and_leaves_nothing(
    sample_clip: Path, sample_index: Path, tmp_path: Path, name: str
) -> None:
    """Written files may not grow past 60 kB, as on a disk without room."""

    def limit() -> None:
        # Python gets an error for a write past the limit, instead of a signal that ends it.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    output = tmp_path / name
    done = run("redact", sample_clip, "-o", output, "--index", sample_index, before=limit)
    assert done.returncode == 4
    assert done.stderr.startswith(f"efface: cannot write {output}: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_of_several_inputs_the_good_ones_are_done(sample_clip: Path, tmp_path: Path) -> None:
    shutil.copy(sample_clip, tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_text("hello")
    done = run("redact", "a.mp4", "b.mp4", "missing.mp4", "--output-dir", "out", "--json", folder=tmp_path)
    assert done.returncode == 6
    document = json.loads(done.stdout)
    assert [file.get("error", {}).get("type") for file in document["files"]] == [
        None, "UnsupportedMediaError", "MediaNotFoundError",
    ]  # fmt: skip
    assert document["error"]["message"].startswith("2 of 3 files failed")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.redacted.mp4"]


def test_two_kills_leave_one_hidden_file_each_and_the_next_run_works(
    sample_clip: Path, sample_index: Path, tmp_path: Path
) -> None:
    """What a kill leaves shows no face, bears no visible name and is in nobody's way."""
    output = tmp_path / "safe.mp4"
    command: Sequence[str | Path] = [PROGRAM, "redact", sample_clip, "-o", output, "--index", sample_index,
                                     "--preset", "veryslow"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        give_up = time.monotonic() + 60
        # As soon as there is a file: what is written comes late, and then all at once.
        while not list(tmp_path.iterdir()) and process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL, "it ended before it could be killed"
    assert [path.name[0] for path in tmp_path.iterdir()] == ["."]
    assert run(*command[1:-2]).returncode == 0
    assert len(grays(output)) == 100


@pytest.mark.parametrize("command", ["redact", "index"])
@pytest.mark.parametrize("delay_s", [0.5, 1.0])
def test_ctrl_c_while_starting_is_no_crash(
    sample_clip: Path, tmp_path: Path, command: str, delay_s: float
) -> None:
    process = subprocess.Popen(
        [PROGRAM, command, sample_clip, "-o", tmp_path / "safe.mp4", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.strip() == ""
    assert json.loads(said)["error"]["type"] == "Cancelled"
    assert list(tmp_path.iterdir()) == []


def test_json_is_one_document_whatever_happens(sample_clip: Path, tmp_path: Path) -> None:
    for arguments in (
        ["redact", "missing.mp4"],
        ["redact"],
        ["redact", "a.mp4", "--crf", "99"],
        ["redact", "a.mp4", "-k", "Pixelate"],
        ["index", "missing.mp4"],
        ["info", "missing.mp4"],
        ["models", "missing.onnx"],
        ["sample", "-o", "no/such/folder/sample.mp4"],
        ["info", str(sample_clip)],
        ["models"],
    ):
        done = run(*arguments, "--json", folder=tmp_path)
        document: dict[str, Any] = json.loads(done.stdout)
        assert ("error" in document) == (done.returncode != 0), arguments
        assert done.stderr == ""
        if done.returncode:
            assert set(document["error"]) == {"type", "message"}
    assert list(tmp_path.iterdir()) == []
