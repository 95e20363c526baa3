"""Waiting for workflows, and what their ends mean."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from efface.jobs.news import News
from efface.jobs.stopping import Stop, WorkerStopping
from efface.jobs.watch import Watch, outcome_of


def ended(workflow_id: str, status: str = "SUCCESS", output: Any = None) -> Any:
    """What the engine tells of a workflow."""
    return SimpleNamespace(workflow_id=workflow_id, status=status, output=output, error=KeyError("x"))


class Ends:
    """The ends that the database knows so far."""

    def __init__(self) -> None:
        self.known: list[Any] = []
        self.asked: list[list[str]] = []

    def find(self, workflow_ids: list[str]) -> Sequence[Any]:
        """Those of some workflows."""
        self.asked.append(workflow_ids)
        return [status for status in self.known if status.workflow_id in workflow_ids]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (ended("a", output={"result": {"n": 1}}), {"result": {"n": 1}}),
        (ended("a", "CANCELLED"), {"cancelled": True}),
    ],
)
def test_outcome_tells_how_work_has_ended(status: Any, outcome: dict[str, Any]) -> None:
    assert outcome_of(status) == outcome


@pytest.mark.parametrize(
    ("state", "code"),
    [("ERROR", "InternalError"), ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", "WorkerCrashed")],
)
def test_outcome_of_a_broken_workflow_is_an_error_without_insides(state: str, code: str) -> None:
    error = outcome_of(ended("a", state))["error"]
    assert error["type"] == code
    assert "KeyError" not in error["message"]


def test_wait_ends_when_all_have_ended() -> None:
    ends, stop, news = Ends(), Stop(), News()
    watch = Watch(ends.find, stop, news)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(watch.wait, ["a", "b"])
        ends.known = [ended("a", output={"result": {}})]
        while not any(asked == ["b"] for asked in ends.asked):
            watch.look()
        assert not waiting.done()
        ends.known = [ended("b", output={"result": {"n": 2}})]
        watch.look()
        assert waiting.result(timeout=5) == {"a": {"result": {}}, "b": {"result": {"n": 2}}}


def test_wait_ends_early_when_one_has_ended_badly() -> None:
    ends, news = Ends(), News()
    ends.known = [ended("b", "CANCELLED")]
    stop = Stop()
    watch = Watch(ends.find, stop, news)
    looking = threading.Thread(target=watch.run)
    looking.start()
    try:
        assert watch.wait(["a", "b"]) == {"b": {"cancelled": True}}
    finally:
        stop.set()
        news.ring()
        looking.join(timeout=5)


def test_wait_for_nothing_ends_at_once() -> None:
    assert Watch(Ends().find, Stop(), News()).wait([]) == {}


def test_wait_leaves_the_workflow_when_the_worker_stops() -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(WorkerStopping):
        Watch(Ends().find, stop, News()).wait(["a"])


def test_watch_goes_on_after_the_database_was_away() -> None:
    stop, news, ends = Stop(), News(), Ends()
    ends.known = [ended("a", output={"result": {}})]
    calls: list[int] = []

    def find(workflow_ids: list[str]) -> Sequence[Any]:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("away")
        return ends.find(workflow_ids)

    watch = Watch(find, stop, news)
    looking = threading.Thread(target=watch.run)
    looking.start()
    try:
        assert watch.wait(["a"]) == {"a": {"result": {}}}
    finally:
        stop.set()
        news.ring()
        looking.join(timeout=5)
    assert len(calls) >= 2
