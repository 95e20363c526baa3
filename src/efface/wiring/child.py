"""A child process of a worker."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from efface.jobs.child import serve_orders
from efface.ports import Progress
from efface.settings import Settings
from efface.usecases.perform import perform
from efface.usecases.work import WorkOrder, WorkTools
from efface.wiring.tools import open_work_tools


def run_child(settings: Settings) -> None:
    """Work on the orders that a worker writes to stdin, until it ends."""
    serve_orders(partial(_perform, open_work_tools(settings)))


def _perform(tools: WorkTools, order: dict[str, Any], progress: Progress) -> Mapping[str, Any]:
    return perform(WorkOrder.from_document(order), tools, progress)
