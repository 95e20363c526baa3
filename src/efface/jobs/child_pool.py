"""The worker's side of child processes: starts them, keeps them warm between orders, kills them."""

import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO, Any

from efface.jobs.child import PARENT_VARIABLE

MAX_ORDERS = 64
"""After so many orders a child makes room for a fresh one, so that no leak of a library grows without end."""

_THREAD_VARIABLES = (
    "EFFACE_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_THREAD_LIMIT",
)
_logger = logging.getLogger(__name__)


class ChildProcess:
    """One child, which works on one order at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.num_orders = 0
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._orders = process.stdin
        self._log = threading.Thread(
            target=self._relay_log, args=(process.stderr,), name="child-log", daemon=True
        )
        answers = threading.Thread(
            target=self._read_answers, args=(process.stdout,), name="child-answers", daemon=True
        )
        self._log.start()
        answers.start()

    @property
    def pid(self) -> int:
        """Process id, also that of its session and process group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def send(self, order: Mapping[str, Any]) -> None:
        """Hand over an order. A child that has died shows in ``receive``."""
        self.num_orders += 1
        # A pipe nobody reads, or one that the end of the worker has closed.
        with suppress(OSError, ValueError):
            self._orders.write(json.dumps(order) + "\n")
            self._orders.flush()

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message, or None when the child has died.

        Raises:
            TimeoutError: nothing came in time; the child lives.
        """
        try:
            return self._messages.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError from None

    def kill(self) -> None:
        """End the process and all that it has started, at once."""
        if self.is_alive:  # else the number may be another process's by now
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with suppress(OSError):
            self._orders.close()

    def last_words(self) -> str:
        """How a dead child has ended, for the log."""
        code = self._process.wait()
        self.join_log(timeout_s=1)
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def join_log(self, timeout_s: float) -> None:
        """Wait until the last words of a dead child are in the log."""
        self._log.join(timeout_s)

    def _read_answers(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                try:
                    self._messages.put(json.loads(line))
                except ValueError:
                    _logger.warning("child %d wrote what is no answer", self.pid)
        self._messages.put(None)

    def _relay_log(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                if line.startswith("{"):
                    # A record of the child's own structured log, which would be unreadable inside one of ours.
                    sys.stderr.write(line)
                else:
                    _logger.info("child %d: %s", self.pid, line.rstrip()[:2000])


class ChildPool:
    """Children of a worker. As many are started as are taken at once; idle ones end after a while.

    Args:
        command: starts a child, e.g. ``[sys.executable, "-m", "efface", "run-orders"]``.
        num_threads: how many threads the libraries in one child may use.
        idle_s: seconds after which a child without work is ended; what it holds in memory is large.
    """

    def __init__(self, command: Sequence[str], *, num_threads: int, idle_s: float = 30.0) -> None:
        self._command = tuple(command)
        self._environment = dict.fromkeys(_THREAD_VARIABLES, str(num_threads))
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._idle: list[tuple[float, ChildProcess]] = []
        self._busy: set[ChildProcess] = set()
        self._is_closed = False
        # The kernel ends a child when the *thread* that has started it ends, so one thread starts all of them.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="child-starter")

    def take(self) -> ChildProcess:
        """A child for one order: a warm one, or a new one. Give it back, or kill it.

        Raises:
            OSError: the command cannot be started.
        """
        with self._lock:
            while self._idle:
                _, child = self._idle.pop()
                if child.is_alive:
                    self._busy.add(child)
                    return child
                child.kill()
            if self._is_closed:
                raise OSError("the worker is stopping and starts no child")
            start = self._starter.submit(self._start)
        child = start.result()
        if not self._keep_busy(child):
            child.kill()  # its user sees it die, and that the worker is stopping
        return child

    def _keep_busy(self, child: ChildProcess) -> bool:
        with self._lock:
            self._busy.add(child)
            return not self._is_closed

    def give_back(self, child: ChildProcess) -> None:
        """Keep a child that has done its order for the next."""
        with self._lock:
            self._busy.discard(child)
            is_kept = not self._is_closed and child.num_orders < MAX_ORDERS
            if is_kept:
                self._idle.append((time.monotonic(), child))
        if not is_kept:
            child.kill()

    def kill(self, child: ChildProcess) -> None:
        """End a child whose work is not wanted any more, or that has died."""
        with self._lock:
            self._busy.discard(child)
        child.kill()

    def end_idle(self) -> None:
        """End the children that have been idle for too long; called every few seconds."""
        limit_s = time.monotonic() - self._idle_s
        with self._lock:
            tired = [child for since_s, child in self._idle if since_s <= limit_s]
            self._idle = [(since_s, child) for since_s, child in self._idle if since_s > limit_s]
        for child in tired:
            child.kill()

    def close(self) -> None:
        """Kill all children, busy or not; the pool starts no other."""
        with self._lock:
            self._is_closed = True
            children = [*self._busy, *(child for _, child in self._idle)]
            self._idle, self._busy = [], set()
        for child in children:
            child.kill()
        self._starter.shutdown(wait=True)

    def _start(self) -> ChildProcess:
        environment = {**os.environ, **self._environment, PARENT_VARIABLE: str(os.getpid())}
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            start_new_session=True,
        )
        return ChildProcess(process)
