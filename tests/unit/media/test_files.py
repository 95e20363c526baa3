"""Outputs appear whole or not at all, whatever happens on the way."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from efface.domain.errors import OutputError
from efface.media.files import atomic_output


def _write(final: Path, content: bytes = b"new", **options: object) -> None:
    with atomic_output(final, **options) as part:  # type: ignore[arg-type]
        part.write_bytes(content)


def test_file_appears_with_its_content_and_nothing_beside_it(tmp_path: Path) -> None:
    _write(tmp_path / "clip.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    assert (tmp_path / "clip.mp4").read_bytes() == b"new"


def test_temporary_file_is_hidden_beside_the_final_one_and_keeps_its_suffix(tmp_path: Path) -> None:
    with atomic_output(tmp_path / "clip.mp4") as part:
        assert part.parent == tmp_path
        assert part.name.startswith(".clip.efface-")
        assert part.name.endswith(".part.mp4")
        assert not (tmp_path / "clip.mp4").exists()


def _write_half(final: Path, error: BaseException) -> None:
    with atomic_output(final) as part:
        part.write_bytes(b"half")
        raise error


def test_errors_name_the_file_that_was_asked_for(tmp_path: Path) -> None:
    final = tmp_path / "clip.mp4"
    with pytest.raises(OutputError, match=r"^cannot write .*/clip\.mp4: "), atomic_output(final) as part:
        raise OutputError(f"cannot write {part}: FFmpeg refused it")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_error_leaves_the_old_file_and_no_temporary_one(tmp_path: Path, error: type[BaseException]) -> None:
    final = tmp_path / "clip.mp4"
    final.write_bytes(b"old")
    with pytest.raises(error):
        _write_half(final, error())
    assert final.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [final]


def test_existing_file_is_replaced_only_when_allowed(tmp_path: Path) -> None:
    final = tmp_path / "clip.mp4"
    final.write_bytes(b"old")
    with pytest.raises(OutputError, match="exists already"):
        _write(final, overwrite=False)
    assert final.read_bytes() == b"old"
    _write(final, overwrite=True)
    assert final.read_bytes() == b"new"


def test_file_that_appears_during_the_work_is_not_replaced(tmp_path: Path) -> None:
    final = tmp_path / "clip.mp4"
    with pytest.raises(OutputError, match="exists already"), atomic_output(final, overwrite=False):
        final.write_bytes(b"somebody else's")
    assert final.read_bytes() == b"somebody else's"
    assert list(tmp_path.iterdir()) == [final]


@pytest.mark.parametrize("disguise", ["itself", "symlink", "hardlink", "dotted"])
def test_input_is_never_replaced_under_any_name(tmp_path: Path, disguise: str) -> None:
    source, final = tmp_path / "in.mp4", tmp_path / "out.mp4"
    source.write_bytes(b"input")
    if disguise == "symlink":
        final.symlink_to(source)
    elif disguise == "hardlink":
        final.hardlink_to(source)
    elif disguise == "dotted":
        (tmp_path / "sub").mkdir()
        final = tmp_path / "sub" / ".." / "in.mp4"
    else:
        final = source
    with pytest.raises(OutputError, match="it is the input"):
        _write(final, never=[source])
    assert source.read_bytes() == b"input"


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"folder .*nowhere does not exist"):
        _write(tmp_path / "nowhere" / "clip.mp4")


def test_folder_as_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="it is a folder"):
        _write(tmp_path)


def test_device_as_output_is_refused() -> None:
    with pytest.raises(OutputError, match="not a regular file"):
        _write(Path(os.devnull))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_closed_folder_is_reported_before_any_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="may not be written"):
            _write(tmp_path / "clip.mp4")
    finally:
        tmp_path.chmod(0o700)


def test_name_at_the_limit_of_the_file_system_still_works(tmp_path: Path) -> None:
    final = tmp_path / ("ä" * 125 + ".mp4")
    _write(final)
    assert final.read_bytes() == b"new"


def test_full_disk_becomes_a_sentence_that_names_the_file(tmp_path: Path) -> None:
    final = tmp_path / "clip.mp4"
    with pytest.raises(OutputError, match=r"clip\.mp4: the disk is full"), atomic_output(final):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_other_errors_of_the_operating_system_pass_as_they_are(tmp_path: Path) -> None:
    # A failing read of the input must not be told as a failing output.
    with pytest.raises(OSError, match="input"), atomic_output(tmp_path / "clip.mp4"):
        raise OSError(errno.EIO, "input")


def test_kill_leaves_nothing_under_the_final_name(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from efface.media.files import atomic_output\n"
        "with atomic_output(Path(sys.argv[1])) as part:\n"
        "    part.write_bytes(b'half'); print('ready', flush=True); time.sleep(60)\n"
    )
    final = tmp_path / "clip.mp4"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(final)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not final.exists()
