"""One order: is it still wanted, how far is it, is another attempt worth it."""

from collections.abc import Iterator
from typing import Any

import pytest

from efface.domain.errors import ServiceUnavailableError
from efface.jobs.orders import CANCELLED, OrderRunner, Patience
from efface.jobs.stopping import Stop, WorkerStopping
from efface.usecases.work import Stage, WorkOrder
from tests.jobs.drill import new_index_job

RESULT = {"result": {"num_frames": 10, "is_exact": True}}
OUTAGE = {"error": {"type": "ServiceUnavailableError", "message": "away", "is_transient": True}}
REFUSAL = {"error": {"type": "RequestError", "message": "no", "is_transient": False}}
DEATH = None


class SilenceOnce:
    """The child says nothing for a while."""


SILENCE = SilenceOnce()


class ScriptedChild:
    """Says what a test has written, then is silent for ever."""

    def __init__(self, messages: list[Any]) -> None:
        self.pid = 42
        self._messages = messages
        self.is_alive = True
        self.orders: list[dict[str, Any]] = []

    def send(self, order: dict[str, Any]) -> None:
        """Note it."""
        self.orders.append(order)

    def receive(self, timeout_s: float) -> dict[str, Any] | None:
        """The next message."""
        message: Any = self._messages.pop(0) if self._messages else SILENCE
        if message is SILENCE:
            raise TimeoutError
        if message is DEATH:
            self.is_alive = False
        answer: dict[str, Any] | None = message
        return answer

    def last_words(self) -> str:
        """Of a dead child."""
        return "signal SIGSEGV"


class ScriptedPool:
    """Gives one child per attempt."""

    def __init__(self, *attempts: list[Any]) -> None:
        self._attempts: Iterator[list[Any]] = iter(attempts)
        self.kept: list[ScriptedChild] = []
        self.killed: list[ScriptedChild] = []

    def take(self) -> ScriptedChild:
        """The next child."""
        return ScriptedChild(next(self._attempts))

    def give_back(self, child: ScriptedChild) -> None:
        """Note it."""
        self.kept.append(child)

    def kill(self, child: ScriptedChild) -> None:
        """Note it."""
        self.killed.append(child)


class JobWatcher:
    """A catalogue that knows whether a job is wanted, and hears how far it is."""

    def __init__(self, *is_open: bool) -> None:
        self._is_open = list(is_open)
        self.is_away = False
        self.reports: list[tuple[int, int]] = []

    def is_open(self, job_id: str) -> bool:
        """As scripted, then for ever as the last time."""
        if self.is_away:
            raise ServiceUnavailableError("the catalogue does not answer")
        if not self._is_open:
            return True
        return self._is_open.pop(0) if len(self._is_open) > 1 else self._is_open[0]

    def report_segment(self, job_id: str, segment: int, frames_done: int, work_s: float) -> None:
        """Note it."""
        assert work_s >= 0
        if self.is_away:
            self.is_away = False
            raise ServiceUnavailableError("the catalogue does not answer")
        self.reports.append((segment, frames_done))


def order(stage: Stage = Stage.SEGMENT) -> WorkOrder:
    """An order."""
    job, video = new_index_job()
    return WorkOrder(job, video, None, stage, 3 if stage is Stage.SEGMENT else None)


def runner(
    pool: ScriptedPool, catalogue: JobWatcher, stop: Stop | None = None, **patience: Any
) -> OrderRunner:
    """A runner that looks at everything each time and hardly pauses."""
    times = {"wanted_every_s": 0.0, "report_every_s": 0.0, "pauses_s": (0.001, 0.001), **patience}
    return OrderRunner(catalogue, pool, stop or Stop(), Patience(**times))  # type: ignore[arg-type]


def test_result_comes_back_and_the_child_is_kept() -> None:
    pool = ScriptedPool([SILENCE, RESULT])
    assert runner(pool, JobWatcher()).run(order()) == RESULT
    assert len(pool.kept) == 1
    assert pool.kept[0].orders[0]["stage"] == "segment"
    assert not pool.killed


def test_progress_and_end_of_a_segment_are_told() -> None:
    catalogue = JobWatcher()
    pool = ScriptedPool([{"progress": 4, "total": 10}, RESULT])
    runner(pool, catalogue).run(order())
    assert catalogue.reports == [(3, 4), (3, 10)]


def test_progress_is_not_told_too_often() -> None:
    catalogue = JobWatcher()
    pool = ScriptedPool([{"progress": done, "total": 10} for done in range(9)] + [RESULT])
    runner(pool, catalogue, report_every_s=60).run(order())
    assert catalogue.reports == [(3, 10)]


def test_progress_of_other_stages_is_no_progress_of_a_segment() -> None:
    catalogue = JobWatcher()
    pool = ScriptedPool([{"progress": 4, "total": 10}, {"result": {"num_frames": [10]}}])
    runner(pool, catalogue).run(order(Stage.PLAN))
    assert catalogue.reports == []


def test_progress_that_cannot_be_told_does_not_disturb_the_work() -> None:
    catalogue = JobWatcher()
    pool = ScriptedPool([SILENCE, {"progress": 4, "total": 10}, RESULT])
    work = runner(pool, catalogue, wanted_every_s=60)
    catalogue.is_away = True
    assert work.run(order()) == RESULT
    assert catalogue.reports == [(3, 10)]


def test_work_goes_on_while_the_catalogue_is_away() -> None:
    catalogue = JobWatcher()
    catalogue.is_away = True
    pool = ScriptedPool([SILENCE, SILENCE, {"result": {"num_frames": [10]}}])
    assert "result" in runner(pool, catalogue).run(order(Stage.PLAN))


def test_job_that_is_no_longer_wanted_loses_its_child() -> None:
    pool = ScriptedPool([])
    assert runner(pool, JobWatcher(True, True, False)).run(order()) is CANCELLED
    assert len(pool.killed) == 1
    assert not pool.kept


def test_job_that_was_stopped_before_its_turn_gets_no_child() -> None:
    pool = ScriptedPool([RESULT])
    assert runner(pool, JobWatcher(False)).run(order()) is CANCELLED
    assert not pool.killed
    assert not pool.kept


def test_passing_faults_are_tried_again_with_the_same_child_or_another() -> None:
    pool = ScriptedPool([OUTAGE], [DEATH], [RESULT])
    assert runner(pool, JobWatcher()).run(order()) == RESULT
    assert (len(pool.kept), len(pool.killed)) == (2, 1)


def test_third_passing_fault_is_the_outcome() -> None:
    pool = ScriptedPool([OUTAGE], [OUTAGE], [OUTAGE])
    assert runner(pool, JobWatcher()).run(order()) == OUTAGE


def test_third_death_is_told_with_its_cause() -> None:
    pool = ScriptedPool([DEATH], [DEATH], [DEATH])
    error = runner(pool, JobWatcher()).run(order())["error"]
    assert error["type"] == "WorkerCrashed"
    assert "SIGSEGV" in error["message"]
    assert len(pool.killed) == 3


def test_refusal_is_not_tried_again() -> None:
    pool = ScriptedPool([REFUSAL], [RESULT])
    assert runner(pool, JobWatcher()).run(order()) == REFUSAL


def test_cancel_between_two_attempts_is_heard() -> None:
    pool = ScriptedPool([OUTAGE])
    catalogue = JobWatcher(True, False)
    assert runner(pool, catalogue, pauses_s=(60,)).run(order()) is CANCELLED


def test_stop_of_the_worker_leaves_no_outcome_and_no_child() -> None:
    stop = Stop()
    pool = ScriptedPool([DEATH])
    catalogue = JobWatcher()
    work = runner(pool, catalogue, stop, wanted_every_s=60)
    child_takes = pool.take

    def take() -> ScriptedChild:
        child = child_takes()
        stop.set()  # the pool is closed now, which kills its children
        return child

    pool.take = take  # type: ignore[method-assign]
    with pytest.raises(WorkerStopping):
        work.run(order())
    assert len(pool.killed) == 1


def test_command_that_cannot_be_started_is_an_outcome() -> None:
    pool = ScriptedPool()

    def take() -> ScriptedChild:
        raise OSError("no such file")

    pool.take = take  # type: ignore[method-assign]
    assert runner(pool, JobWatcher()).run(order())["error"]["type"] == "WorkerCrashed"
