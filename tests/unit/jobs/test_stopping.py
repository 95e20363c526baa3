"""Waiting for services, and leaving when the worker stops."""

import pytest

from efface.domain.errors import RequestError, ServiceUnavailableError
from efface.jobs.stopping import Stop, WorkerStopping


def test_patience_tries_until_the_service_answers() -> None:
    answers = [ServiceUnavailableError("away"), None]

    def call() -> str:
        if answer := answers.pop(0):
            raise answer
        return "done"

    assert Stop().patiently(call) == "done"
    assert answers == []


def test_patience_lets_other_errors_through() -> None:
    def call() -> None:
        raise RequestError("no")

    with pytest.raises(RequestError):
        Stop().patiently(call)


def test_patience_ends_with_the_worker() -> None:
    stop = Stop()

    def call() -> None:
        stop.set()
        raise ServiceUnavailableError("away")

    with pytest.raises(WorkerStopping):
        stop.patiently(call)


def test_stop_is_no_outcome_of_a_workflow() -> None:
    # The engine keeps any Exception as the end of a workflow, which would then never be resumed.
    assert not issubclass(WorkerStopping, Exception)
