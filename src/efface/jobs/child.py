"""The child process's side: reads orders line by line, works on them one at a time, answers in JSON lines.

A worker never works itself: what decodes strangers' files may crash, leak or hang, and Python code cannot be stopped
from outside. A child process can be killed at any moment, and takes nothing with it.

One line in is one order. Lines out: ``{"progress": frames, "total": frames or null}`` at most twice a second, then
``{"result": {…}}`` or ``{"error": {"type", "message", "is_transient"}}``.
"""

import ctypes
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from efface.domain.errors import DiskFullError, EffaceError, ServiceUnavailableError, is_disk_full
from efface.ports import Progress
from efface.ports.disk_room import disk_filled_up

PARENT_VARIABLE = "EFFACE_PARENT_PID"
"""Names the process that a child belongs to."""
NICENESS = 10
"""Children yield to the API, which has to answer while they work."""

Perform = Callable[[dict[str, Any], Progress], Mapping[str, Any]]
"""Does what an order document says and gives its result, ready for JSON."""

_PR_SET_PDEATHSIG = 1
_PROGRESS_INTERVAL_S = 0.5
_logger = logging.getLogger(__name__)


def serve_orders(
    perform: Perform,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    *,
    niceness: int = NICENESS,
) -> None:
    """Work on orders until the input ends: the main loop of a child process.

    Args:
        perform: does the work; whatever it raises becomes an answer.
        stdin: where orders come from, the process's own if None.
        stdout: where answers go, the process's own if None. What libraries print there is sent to stderr from now
            on, so that nothing but answers reaches the worker.
        niceness: how far the process yields to others.
    """
    with suppress(OSError):
        os.nice(niceness)
    _offer_to_be_killed_first()
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None:
        end_with_parent(int(parent), signal.SIGKILL)
    source, sink = stdin or sys.stdin, stdout or sys.stdout
    sink.flush()
    with os.fdopen(os.dup(sink.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(2, sink.fileno())
        for line in source:
            _write(answers, _answer(perform, json.loads(line), answers))


def end_with_parent(parent_pid: int, signum: signal.Signals) -> None:
    """Have this process get a signal as soon as its parent is gone, however that ended.

    Linux does it itself. Elsewhere a thread looks once a second.

    Args:
        parent_pid: the parent as it was when this process was asked for; if it is gone already, this process ends.
        signum: what this process is to get.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    else:
        threading.Thread(target=_watch_parent, args=(parent_pid, signum), daemon=True).start()
    # The parent may have died before the kernel was told whom to watch.
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signum)


def _watch_parent(parent_pid: int, signum: signal.Signals) -> None:
    while os.getppid() == parent_pid:
        time.sleep(1)
    os.kill(os.getpid(), signum)


def _offer_to_be_killed_first() -> None:
    """When memory runs out, the kernel takes this process and not the worker or the API."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _answer(perform: Perform, order: dict[str, Any], answers: TextIO) -> dict[str, Any]:
    try:
        return {"result": dict(perform(order, _LineProgress(answers)))}
    except EffaceError as error:
        is_transient = isinstance(error, ServiceUnavailableError | DiskFullError)
        return _error(error.error_type, str(error), is_transient=is_transient)
    except (MemoryError, OSError) as error:
        # No memory, no room, a mount that is away: all may be better in a minute, and somewhere else.
        _logger.exception("the machine could not do the work")
        if isinstance(error, OSError) and is_disk_full(error):
            full = disk_filled_up("what is made of the video")
            return _error(full.error_type, str(full), is_transient=True)
        return _error(type(error).__name__, "the worker ran out of memory, disk or files", is_transient=True)
    except Exception:
        # The outermost loop: a fault of ours must become an answer, and its insides belong into the log only.
        _logger.exception("fault in efface")
        return _error("InternalError", "a fault in efface stopped the work: see the worker's log")


def _error(error_type: str, message: str, *, is_transient: bool = False) -> dict[str, Any]:
    return {"error": {"type": error_type, "message": message, "is_transient": is_transient}}


def _write(stream: TextIO, document: Mapping[str, Any]) -> None:
    stream.write(json.dumps(document) + "\n")
    stream.flush()


class _LineProgress:
    """Tells the worker how far the work is, twice a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next_s = 0.0

    def report(self, stage: str, done: int, total: int | None) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + _PROGRESS_INTERVAL_S
            _write(self._stream, {"progress": done, "total": total})
