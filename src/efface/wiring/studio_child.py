"""A child process of the studio."""

import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from efface.jobs.child import serve_orders
from efface.ports import Progress
from efface.settings import Settings
from efface.usecases.studio_work import StudioTools, work_in_studio
from efface.wiring.tools import open_objects, prepare_folders

MEMORY_BYTES = 6_000_000_000
"""Room for the largest picture that is taken, several times over, and for the index of a long video."""
_NICENESS = 5
"""Somebody waits, so it goes before the workers; yet the API goes first."""


def run_studio_child(settings: Settings) -> None:
    """Do the orders that an API process writes to stdin, until it ends."""
    if sys.platform == "linux":
        # A file that promises gigabytes costs this process, and no other.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    prepare_folders(settings)
    tools = StudioTools(open_objects(settings))
    serve_orders(partial(_perform, tools), niceness=_NICENESS)


def _perform(tools: StudioTools, order: dict[str, Any], progress: Progress) -> Mapping[str, Any]:
    return work_in_studio(tools, order, progress)
