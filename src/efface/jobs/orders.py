"""Has one order done by a child process: watches whether it is still wanted, tells how far it is, tries again."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from efface.domain.errors import ServiceUnavailableError
from efface.jobs.child_pool import ChildPool, ChildProcess
from efface.jobs.stopping import Stop
from efface.jobs.watch import Outcome
from efface.ports import Catalogue
from efface.usecases.work import Stage, WorkOrder

CANCELLED: Outcome = {"cancelled": True}

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often things are looked at, and how often tried again. All times in seconds."""

    wanted_every_s: float = 0.3
    """A job that was stopped is worked on for so long at most."""
    report_every_s: float = 1.0
    pauses_s: Sequence[float] = (1.0, 5.0)
    """Before the second attempt, the third, and so on."""


class OrderRunner:
    """Runs orders, several at once in threads of the caller.

    Args:
        catalogue: knows whether a job is still wanted, and is told how far it is.
        pool: gives the child processes.
        stop: ends the work without an outcome.
        patience: how often things are looked at and tried.
    """

    def __init__(
        self, catalogue: Catalogue, pool: ChildPool, stop: Stop, patience: Patience | None = None
    ) -> None:
        self._catalogue, self._pool, self._stop = catalogue, pool, stop
        self._patience = patience or Patience()

    def run(self, order: WorkOrder) -> Outcome:
        """Have an order done; a passing fault is met with another attempt.

        Raises:
            WorkerStopping: the worker stops before it is done.
        """
        outcome = self._attempt(order)
        for pause_s in self._patience.pauses_s:
            if not _is_worth_a_retry(outcome):
                break
            if not self._pause(order, pause_s):
                return CANCELLED
            outcome = self._attempt(order)
        return outcome

    def _attempt(self, order: WorkOrder) -> Outcome:
        self._stop.check()
        # Where a job was stopped, the next of its segments has its turn as soon as the child of the last is killed.
        if not self._is_wanted(order):
            return CANCELLED
        try:
            child = self._pool.take()
        except OSError as error:
            self._stop.check()
            return _error("WorkerCrashed", f"no process could be started for the work ({error})", True)
        is_reusable = False
        try:
            child.send(order.to_document())
            outcome = self._follow(child, order)
            is_reusable = child.is_alive and outcome is not CANCELLED
        finally:
            if is_reusable:
                self._pool.give_back(child)
            else:
                self._pool.kill(child)
        return outcome

    def _follow(self, child: ChildProcess, order: WorkOrder) -> Outcome:
        """Listen to a child until it has answered, died, or is no longer wanted."""
        report = _SegmentReport(self._catalogue, order, self._patience.report_every_s)
        look_s = time.monotonic() + self._patience.wanted_every_s
        while True:
            now_s = time.monotonic()
            if now_s >= look_s:
                look_s = now_s + self._patience.wanted_every_s
                self._stop.check()
                if not self._is_wanted(order):
                    return CANCELLED
            try:
                message = child.receive(min(self._patience.wanted_every_s, 0.1))
            except TimeoutError:
                continue
            if message is None:
                return self._death(child, order)
            if "progress" in message:
                report.progress(message["progress"])
                continue
            if "result" in message and order.stage is Stage.SEGMENT:
                self._stop.patiently(partial(report.end, message["result"]["num_frames"]))
            return message

    def _is_wanted(self, order: WorkOrder) -> bool:
        try:
            return self._catalogue.is_open(order.job.job_id)
        except ServiceUnavailableError:
            return True  # nobody can have cancelled it in a catalogue that is away

    def _death(self, child: ChildProcess, order: WorkOrder) -> Outcome:
        self._stop.check()  # killed by the stop, not by its work
        words = child.last_words()
        _logger.warning(
            "child %d died (%s) during %s of job %s", child.pid, words, order.stage.value, order.job.job_id
        )
        return _error("WorkerCrashed", f"the process that did the work died again and again ({words})", True)

    def _pause(self, order: WorkOrder, pause_s: float) -> bool:
        """Wait before another attempt; False if the work is no longer wanted."""
        end_s = time.monotonic() + pause_s
        while (left_s := end_s - time.monotonic()) > 0:
            self._stop.check()
            if not self._is_wanted(order):
                return False
            self._stop.wait(min(left_s, self._patience.wanted_every_s))
        return True


class _SegmentReport:
    """Tells the catalogue how far a segment is, not more often than it can stand."""

    def __init__(self, catalogue: Catalogue, order: WorkOrder, every_s: float) -> None:
        self._catalogue, self._every_s = catalogue, every_s
        self._job_id, self._segment = order.job.job_id, order.segment
        self._last_s = time.monotonic()

    def progress(self, frames_done: int) -> None:
        if self._segment is not None and time.monotonic() - self._last_s >= self._every_s:
            try:
                self.end(frames_done)
            except ServiceUnavailableError:
                _logger.debug("progress of job %s is not told for now", self._job_id)

    def end(self, frames_done: int) -> None:
        now_s = time.monotonic()
        assert self._segment is not None
        self._catalogue.report_segment(self._job_id, self._segment, frames_done, now_s - self._last_s)
        self._last_s = now_s


def _is_worth_a_retry(outcome: Outcome) -> bool:
    error: Mapping[str, Any] = outcome.get("error") or {}
    return bool(error.get("is_transient"))


def _error(error_type: str, message: str, is_transient: bool) -> dict[str, Any]:
    return {"error": {"type": error_type, "message": message, "is_transient": is_transient}}
