"""Waiting for workflows to end: one question to the database for all who wait, soon after there is news."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from dbos import DBOS, WorkflowStatus
from dbos import WorkflowStatusString as Status

from efface.jobs import engine
from efface.jobs.news import News
from efface.jobs.stopping import Stop

Outcome = Mapping[str, Any]
"""How a piece of work has ended, ready for JSON: ``{"result": …}``, ``{"error": {"type", "message"}}`` or
``{"cancelled": true}``."""

FindFinal = Callable[[list[str]], Sequence[WorkflowStatus]]
"""Those of some workflows that are final."""

_IDLE_S = 0.3
"""How soon the end of work in another worker is seen."""
_AT_ONCE = 500
_logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Waiting:
    missing: set[str]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)

    def take(self, workflow_id: str, outcome: Outcome) -> None:
        if workflow_id in self.missing:
            self.missing.discard(workflow_id)
            self.outcomes[workflow_id] = outcome
            if not self.missing or "result" not in outcome:
                self.done.set()


class Watch:
    """Hears of the ends of workflows.

    Args:
        find_final: asks the database; what it raises is taken for a database that is away.
        stop: ends the waiting.
        news: rings when work in this process ends.
    """

    def __init__(self, find_final: FindFinal, stop: Stop, news: News) -> None:
        self._find_final, self._stop, self._news = find_final, stop, news
        self._lock = threading.Lock()
        self._waiting: set[_Waiting] = set()

    def wait(self, workflow_ids: Sequence[str]) -> dict[str, Outcome]:
        """Wait until all of these workflows have ended, or one has ended badly; gives the outcomes so far.

        Raises:
            WorkerStopping: the worker stops before.
        """
        waiting = _Waiting(set(workflow_ids))
        if not workflow_ids:
            return {}
        with self._lock:
            self._waiting.add(waiting)
        self._news.ring()
        try:
            while not waiting.done.wait(0.25):
                self._stop.check()
        finally:
            with self._lock:
                self._waiting.discard(waiting)
        return dict(waiting.outcomes)

    def run(self) -> None:
        """Look until the worker stops; the body of a thread."""
        while not self._stop.is_set:
            self._news.wait(_IDLE_S)
            try:
                self.look()
            except Exception as error:
                # Whatever the layers below raise, the next look may succeed; waiting costs nothing.
                _logger.warning("cannot see how workflows have ended (%s)", type(error).__name__)
                self._stop.wait(1)

    def look(self) -> None:
        """Ask once for all that are waited for."""
        with self._lock:
            missing = sorted({workflow_id for waiting in self._waiting for workflow_id in waiting.missing})
        for start in range(0, len(missing), _AT_ONCE):
            for status in self._find_final(missing[start : start + _AT_ONCE]):
                outcome = outcome_of(status)
                with self._lock:
                    for waiting in self._waiting:
                        waiting.take(status.workflow_id, outcome)


def final_workflows(workflow_ids: list[str]) -> Sequence[WorkflowStatus]:
    """Those of some workflows that are final, by the engine of this process."""
    return DBOS.list_workflows(workflow_ids=workflow_ids, status=list(engine.FINAL_STATES), load_input=False)


def outcome_of(status: WorkflowStatus) -> Outcome:
    """How a piece of work has ended, from the state of its workflow."""
    if status.status == Status.SUCCESS.value:
        return cast(Outcome, status.output)
    if status.status == Status.CANCELLED.value:
        return {"cancelled": True}
    if status.status == Status.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value:
        return {"error": {"type": "WorkerCrashed", "message": "workers have died too often during this work"}}
    _logger.error("workflow %s has failed: %s", status.workflow_id, status.error)
    return {
        "error": {
            "type": "InternalError",
            "message": "a fault in efface stopped the work: see the worker's log",
        }
    }
