"""Taking back the real-time priority that SVT-AV1 gives itself."""

import os
import sys
from contextlib import suppress
from pathlib import Path

_THREADS = Path("/proc/self/task")


def drop_realtime_priority() -> None:
    """Put all threads of this process that run at real-time priority back under the normal scheduler.

    Where the process is root, as in many containers, SVT-AV1 starts its threads as SCHED_FIFO 99: they go before
    everything else on the machine, an SSH login and a database included, until the encode is done.
    """
    if not sys.platform.startswith("linux") or not _THREADS.is_dir():
        return
    for thread in _THREADS.iterdir():
        # A thread may end while we look at it, and another user's limits may forbid the change.
        with suppress(OSError):
            if os.sched_getscheduler(int(thread.name)) in (os.SCHED_FIFO, os.SCHED_RR):
                os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))
