"""The only place that builds adapters and puts them together.

Takes settings, gives use cases what they need. Must hold: nothing is opened at import, and everything that is opened
here is closed here.
"""

from efface.storage import SystemClock
from efface.wiring.adapters import (
    open_callbacks,
    open_work_tools,
    opened_catalogue,
    opened_services,
)
from efface.wiring.log import configure_log
from efface.wiring.worker import run_child, run_worker_process, worker_supervisor

__all__ = [
    "SystemClock",
    "configure_log",
    "open_callbacks",
    "open_work_tools",
    "opened_catalogue",
    "opened_services",
    "run_child",
    "run_worker_process",
    "worker_supervisor",
]
