"""How a worker stops: everything that waits hears of it, and leaves its work to whoever starts it next."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from efface.domain.errors import ServiceUnavailableError

T = TypeVar("T")

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_logger = logging.getLogger(__name__)


class WorkerStopping(BaseException):
    """Leaves a workflow in the middle without an outcome, so that it is resumed by the next worker.

    No ``Exception``, because the engine keeps those as the outcome of the workflow.
    """


class Stop:
    """Tells everybody in a worker that it is stopping."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_set(self) -> bool:
        """Whether the worker is stopping."""
        return self._event.is_set()

    def set(self) -> None:
        """Stop."""
        self._event.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Sleep, but not beyond the stop; True if it has come."""
        return self._event.wait(timeout_s)

    def check(self) -> None:
        """Leave the workflow if the worker is stopping.

        Raises:
            WorkerStopping: it is.
        """
        if self._event.is_set():
            raise WorkerStopping

    def patiently(self, call: Callable[[], T]) -> T:
        """Make a call again and again while a database or a store does not answer.

        Whoever waits loses nothing: a job must not fail because a database restarts.

        Raises:
            WorkerStopping: the worker stops before an answer has come.
        """
        pause_s = _FIRST_PAUSE_S
        while True:
            self.check()
            try:
                return call()
            except ServiceUnavailableError as error:
                _logger.warning("waiting for a service: %s", error)
            self._event.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
