"""Programs for child processes of tests, as command lines."""

import sys

_HEAD = """
import json, os, sys, time
from efface.domain.errors import DiskFullError, RequestError, ServiceUnavailableError
from efface.jobs import serve_orders
"""


def child_command(body: str) -> list[str]:
    """A child whose ``perform(order, progress)`` has this body."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return [sys.executable, "-c", f"{_HEAD}\ndef perform(order, progress):\n{lines}\nserve_orders(perform)\n"]
