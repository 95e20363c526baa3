"""Holds the work of a service at its beginning, so that a test sees what is short however quick the machine is."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.drills.drill import children_of
from tests.live_service import LiveService

_LOOK_S = 0.005


@contextmanager
def halted_work(service: LiveService) -> Iterator[None]:
    """While the block runs, what the worker's child processes have to do is not done; the worker itself lives on.

    The children alone are held: the worker may have a lock on the database, for which everybody would wait.
    """
    assert service.process is not None
    pid, is_over, held = service.process.pid, threading.Event(), set[int]()

    def hold() -> None:
        while not is_over.wait(_LOOK_S):
            for child in _workers_children(pid) - held:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGSTOP)
                    held.add(child)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        yield
    finally:
        is_over.set()
        holder.join()
        for child in held & _workers_children(pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGCONT)


def _workers_children(service_pid: int) -> set[int]:
    # Between its birth and its own program a child is its parent's copy, which waits for it: that must not be held.
    return {
        child
        for worker in children_of(service_pid)
        for child in children_of(worker)
        if _program(child) not in {b"", _program(worker)}
    }


def _program(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
