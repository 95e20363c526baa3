"""Worker processes: what they are started with, and what they run."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace

from efface.jobs.child import PARENT_VARIABLE, end_with_parent
from efface.jobs.supervision import WorkerSupervisor
from efface.jobs.worker import WorkerConfig, run_worker
from efface.settings import Settings
from efface.wiring.adapters import opened_services
from efface.wiring.tools import open_callbacks

_CHILD_COMMAND = (sys.executable, "-m", "efface", "run-orders")
_WORKER_COMMAND = (sys.executable, "-m", "efface", "worker")
"""Settings reach both through the environment."""


def worker_supervisor() -> WorkerSupervisor:
    """Keeps one worker alive beside this process."""
    return WorkerSupervisor(_WORKER_COMMAND)


def run_worker_process(settings: Settings, on_ready: Callable[[], None] | None = None) -> None:
    """Work on jobs until SIGTERM.

    Args:
        settings: of the service.
        on_ready: called once jobs are taken.

    Raises:
        ConfigurationError: a setting cannot be used, or another worker runs on the same SQLite files.
        ServiceUnavailableError: the database does not answer.
    """
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None:
        end_with_parent(int(parent), signal.SIGTERM)
    config = WorkerConfig(settings.jobs_url, _CHILD_COMMAND)
    if settings.segments_at_once:
        config = replace(config, segments_at_once=settings.segments_at_once)
    with opened_services(settings) as services:
        run_worker(config, services, open_callbacks(settings), on_ready=on_ready)
