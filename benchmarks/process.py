"""One measured run: a command in a fresh process, its wall time and the most memory it held."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes per unit of ru_maxrss
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """How a command went."""

    wall_s: float
    """From start to end, start-up included."""
    peak_rss_mb: float
    """Most resident memory of the process itself, in MB of 10^6 bytes; what it starts is not counted."""
    exit_code: int
    output: str
    """Standard output."""
    log: Path
    """Where standard error went."""


def run_measured(command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end.

    Args:
        command: program and arguments.
        log: file for standard error; its folder is made.
        env: variables to set beside the present ones.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    stdout = log.with_suffix(".out")
    with log.open("wb") as errors, stdout.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, **(env or {})},
        )
        try:
            status, rss_mb = _watch(process.pid)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall_s = time.perf_counter() - start
        # The process is reaped already; Popen must not wait for it again.
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(wall_s, rss_mb, process.returncode, stdout.read_text(errors="replace"), log)


def _watch(pid: int) -> tuple[int, float]:
    """Wait for a child; returns its status and its peak memory in MB.

    What ``wait4`` tells is no use where the parent is large: Linux counts the parent's own pages as the child's until
    the child's program is loaded. The high-water mark in /proc begins anew there, but is gone with the process.
    """
    status_file, peak_kb = Path(f"/proc/{pid}/status"), 0
    while True:
        with suppress(OSError):
            marks = [
                line.split()[1] for line in status_file.read_text().splitlines() if line.startswith("VmHWM")
            ]
            peak_kb = max([peak_kb, *map(int, marks)])
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return status, (peak_kb * 1024 if peak_kb else usage.ru_maxrss * _RSS_UNIT) / 1e6
        time.sleep(_POLL_S)


def python_module(module: str, *arguments: str | Path) -> list[str | Path]:
    """Command line of a module under this Python."""
    return [sys.executable, "-m", module, *arguments]
