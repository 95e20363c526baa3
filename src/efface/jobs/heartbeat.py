"""Notices dead workers by their silence and gives what they had begun to the others.

The engine resumes only what its own executor has left; that somebody else's is resumed is added here. What decides is
the clock of the database, in which every worker leaves a mark every few seconds.
"""

import logging
import time
from collections.abc import Callable, Collection

from efface.domain.errors import ServiceUnavailableError
from efface.jobs.stopping import Stop
from efface.ports import Heartbeats

BEAT_S = 3.0
SILENCE_S = 15.0
"""A worker that has been silent for so long is dead. If it is not (frozen, cut off), its segments are done twice and
published once."""

_logger = logging.getLogger(__name__)


class Heartbeat:
    """Beats for one worker and judges the others.

    Args:
        heartbeats: the marks of all workers.
        worker_id: of this one.
        recover: puts what dead workers have begun back into the queues; doing so twice does nothing. None where there
            is no other worker to judge.
    """

    def __init__(
        self, heartbeats: Heartbeats, worker_id: str, recover: Callable[[Collection[str]], int] | None
    ) -> None:
        self._heartbeats, self._worker_id, self._recover = heartbeats, worker_id, recover
        self._healthy_since_s: float | None = None

    def beat(self, now_s: float) -> None:
        """Leave a mark, and look after the others.

        A worker that could not reach the database itself knows nothing about the silence of others, so it judges
        only after it has beaten for as long as that silence must last.

        Args:
            now_s: by a clock that never jumps.
        """
        try:
            self._heartbeats.beat(self._worker_id)
            if self._healthy_since_s is None:
                self._healthy_since_s = now_s
            if self._recover is not None and now_s - self._healthy_since_s >= SILENCE_S:
                for silent in self._heartbeats.silent_workers(SILENCE_S):
                    self._bury(silent)
        except ServiceUnavailableError as error:
            self._healthy_since_s = None
            _logger.warning("no heartbeat: %s", error)

    def _bury(self, silent: str) -> None:
        # In this order, since a worker that dies in between must not leave work behind that nobody knows of any more:
        # a second recovery finds nothing to do, a lost mark is never found.
        assert self._recover is not None
        num_workflows = self._recover([silent])
        if self._heartbeats.claim_silent(silent, SILENCE_S):
            _logger.warning("worker %s is dead: %d workflows go to the others", silent, num_workflows)

    def run(self, stop: Stop) -> None:
        """Beat until the worker stops; the body of a thread."""
        while not stop.wait(BEAT_S):
            try:
                self.beat(time.monotonic())
            except Exception:
                # The outermost loop: a worker without a heartbeat loses its work to the others, so this goes on.
                self._healthy_since_s = None
                _logger.exception("fault in the heartbeat")
