"""A worker beside the API: started again when it dies, ended with the API."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from efface.jobs.supervision import WorkerSupervisor
from tests.jobs.drill import is_running

OBEDIENT = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
open({mark!r}, "a").close()
signal.pause()
"""
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open({mark!r}, "a").close()
signal.pause()
"""


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    limit_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit_s
        time.sleep(0.01)


def supervisor(code: str, mark: Path, grace_s: float = 10) -> WorkerSupervisor:
    """A supervisor of a worker that makes a mark when it is ready for signals."""
    return WorkerSupervisor([sys.executable, "-c", code.format(mark=str(mark))], grace_s=grace_s)


def test_worker_is_started_and_ended_in_good_order(tmp_path: Path) -> None:
    mark = tmp_path / "ready"
    kept = supervisor(OBEDIENT, mark)
    kept.start()
    wait_for(mark.exists)
    pid = kept.pid
    assert pid is not None
    kept.stop()
    assert not is_running(pid)


def test_worker_that_dies_is_started_again(tmp_path: Path) -> None:
    mark = tmp_path / "ready"
    kept = supervisor(OBEDIENT, mark)
    kept.start()
    wait_for(mark.exists)
    first = kept.pid
    assert first is not None
    mark.unlink()
    os.kill(first, signal.SIGKILL)
    wait_for(mark.exists)
    second = kept.pid
    kept.stop()
    assert second not in {None, first}


def test_worker_that_does_not_listen_is_killed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mark = tmp_path / "ready"
    kept = supervisor(STUBBORN, mark, grace_s=0.1)
    kept.start()
    wait_for(mark.exists)
    pid = kept.pid
    assert pid is not None
    kept.stop()
    assert "did not end in time" in caplog.text
    wait_for(lambda: not is_running(pid))


def test_stopped_supervisor_starts_no_worker(tmp_path: Path) -> None:
    kept = supervisor(OBEDIENT, tmp_path / "ready")
    kept.stop()
    kept.start()
    kept.stop()
    assert kept.pid is None
