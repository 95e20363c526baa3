"""Keeping a worker process alive beside the API, for ``efface serve``."""

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Sequence

from efface.jobs.child import PARENT_VARIABLE

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_STEADY_S = 60.0
"""A worker that has lived so long was sound: the next one is started without a pause."""
_logger = logging.getLogger(__name__)


class WorkerSupervisor:
    """Starts a worker process, starts it again when it dies, and ends it with this process.

    Args:
        command: starts a worker.
        grace_s: how long it may take to end in good order before it is killed.
    """

    def __init__(self, command: Sequence[str], *, grace_s: float = 10.0) -> None:
        self._command = tuple(command)
        self._grace_s = grace_s
        self._is_stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        # The kernel tells a child of the end of the *thread* that has started it, so this one lives as long as we do.
        self._thread = threading.Thread(target=self._keep_alive, name="worker-supervisor", daemon=True)

    def start(self) -> None:
        """Start the worker; returns at once."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Process id of the worker that lives now."""
        with self._lock:
            return self._process.pid if self._process else None

    def stop(self) -> None:
        """End the worker in good order, or by force when that takes too long."""
        self._is_stopping.set()
        with self._lock:
            process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(self._grace_s)
            except subprocess.TimeoutExpired:
                _logger.warning("worker %d did not end in time and is killed", process.pid)
                process.kill()
        if self._thread.is_alive():
            self._thread.join(self._grace_s)

    def _keep_alive(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._is_stopping.is_set():
            with self._lock:
                if self._is_stopping.is_set():
                    return  # since the line above; nobody would end what is started now
                self._process = process = self._launch()
            try:
                code = process.wait(_STEADY_S)
            except subprocess.TimeoutExpired:
                pause_s = _FIRST_PAUSE_S
                code = process.wait()
            if self._is_stopping.is_set():
                return
            _logger.warning(
                "worker %d ended with code %d: starting another in %.1f s", process.pid, code, pause_s
            )
            self._is_stopping.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _launch(self) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        # A session of its own: Ctrl-C in a terminal reaches us alone, and we end the worker in order.
        return subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, env=environment, start_new_session=True
        )
