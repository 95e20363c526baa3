"""One measured run: a command in a fresh process, its wall time and the most memory it held."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes per unit of ru_maxrss


@dataclass(frozen=True, slots=True)
class Run:
    """How a command went."""

    wall_s: float
    """From start to end, start-up included."""
    peak_rss_mb: float
    """Most resident memory of the process or of the largest of its children, in MB of 10^6 bytes."""
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
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall_s = time.perf_counter() - start
        # The process is reaped already; Popen must not wait for it again.
        process.returncode = os.waitstatus_to_exitcode(status)
    rss_mb = usage.ru_maxrss * _RSS_UNIT / 1e6
    return Run(wall_s, rss_mb, process.returncode, stdout.read_text(errors="replace"), log)


def python_module(module: str, *arguments: str | Path) -> list[str | Path]:
    """Command line of a module under this Python."""
    return [sys.executable, "-m", module, *arguments]
