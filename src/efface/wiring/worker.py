"""Worker processes: what they are started with, and what they run."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from efface.jobs import WorkerConfig, end_with_parent, run_worker, serve_orders
from efface.jobs.child import PARENT_VARIABLE
from efface.jobs.supervision import WorkerSupervisor
from efface.ports import Progress
from efface.settings import Settings
from efface.usecases.perform import perform
from efface.usecases.work import WorkOrder, WorkTools
from efface.wiring.adapters import open_callbacks, open_work_tools, opened_services

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


def run_child(settings: Settings) -> None:
    """Work on the orders that a worker writes to stdin, until it ends."""
    serve_orders(partial(_perform, open_work_tools(settings)))


def _perform(tools: WorkTools, order: dict[str, Any], progress: Progress) -> Mapping[str, Any]:
    return perform(WorkOrder.from_document(order), tools, progress)
