"""Durable jobs: handing them in, and the workers that do them, on DBOS behind a small interface.

Takes job ids of the catalogue and gives nothing back: results go through ``usecases`` into catalogue and store. Must
hold: what was handed in is done, and published once, whatever dies meanwhile; heavy work runs in child processes only.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from efface.jobs.child import end_with_parent, serve_orders
    from efface.jobs.orders import Patience
    from efface.jobs.queue import DbosJobQueue
    from efface.jobs.worker import WorkerConfig, run_worker

__all__ = ["DbosJobQueue", "Patience", "WorkerConfig", "end_with_parent", "run_worker", "serve_orders"]

_HOMES = {
    "DbosJobQueue": "queue",
    "Patience": "orders",
    "WorkerConfig": "worker",
    "end_with_parent": "child",
    "run_worker": "worker",
    "serve_orders": "child",
}


def __getattr__(name: str) -> Any:
    # Only when it is asked for: DBOS takes half a second to load, and a child process, which is often started, has no
    # use for it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
