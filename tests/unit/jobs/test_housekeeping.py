"""Jobs between catalogue and queue, and chores."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dbos import DBOSClient

from efface.domain.errors import ServiceUnavailableError
from efface.domain.service import Failure, Job, JobKind, JobState
from efface.jobs import DbosJobQueue, engine
from efface.jobs.housekeeping import Chore, do_chores, mend_jobs, purge_workflows
from efface.jobs.stopping import Stop
from efface.usecases.services import Services
from tests.jobs.drill import new_index_job


class OpenJobs:
    """A catalogue of open jobs."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = {job.job_id: job for job in jobs}

    def open_jobs(self) -> tuple[Job, ...]:
        """Those that are not final."""
        return tuple(job for job in self.jobs.values() if not job.state.is_final)

    def is_open(self, job_id: str) -> bool:
        """Whether it is not final."""
        return not self.jobs[job_id].state.is_final

    def end_job(self, job_id: str, state: JobState, failure: Failure) -> bool:
        """End it."""
        self.jobs[job_id] = replace(self.jobs[job_id], state=state, failure=failure)
        return True

    def job_by_id(self, job_id: str) -> Job:
        """It."""
        return self.jobs[job_id]

    def video(self, account_id: str, video_id: str) -> Any:
        """A video that is there."""
        return SimpleNamespace(is_redaction=False)


class Clock:
    """Tells the time that a test sets."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        """It."""
        return self.time


class NoObjects:
    """A store in which nothing is."""

    def delete(self, prefix: str) -> None:
        """Nothing to do."""


@pytest.fixture
def queue_url(tmp_path: Path) -> str:
    """Where the queue is."""
    return f"sqlite:///{tmp_path}/jobs.sqlite"


@pytest.fixture
def client(queue_url: str) -> Iterator[DBOSClient]:
    """A client of the queue."""
    engine.prepare_database(queue_url)
    client = engine.open_client(queue_url)
    yield client
    client.destroy()


@pytest.fixture
def queue(queue_url: str, client: DBOSClient) -> Iterator[DbosJobQueue]:
    """The queue."""
    with closing(DbosJobQueue(queue_url)) as queue:
        yield queue


def services_of(queue: DbosJobQueue, *jobs: Job) -> tuple[Services, OpenJobs, Clock]:
    """What housekeeping works with."""
    catalogue, clock = OpenJobs(*jobs), Clock()
    services: Any = Services(catalogue, NoObjects(), queue, clock)  # type: ignore[arg-type]
    return services, catalogue, clock


def a_job() -> Job:
    """An open job."""
    return new_index_job()[0]


def test_job_that_was_never_handed_in_is_handed_in(client: DBOSClient, queue: DbosJobQueue) -> None:
    job = a_job()
    services, _, _ = services_of(queue, job)
    assert mend_jobs(services, client) == 1
    assert engine.workflow_states(client, [job.job_id]) == {job.job_id: "ENQUEUED"}
    assert mend_jobs(services, client) == 0


def test_open_job_whose_workflow_was_cancelled_becomes_cancelled(
    client: DBOSClient, queue: DbosJobQueue
) -> None:
    job = a_job()
    services, catalogue, _ = services_of(queue, job)
    queue.submit(job.job_id, JobKind.INDEX, job.priority)
    queue.cancel(job.job_id)
    assert mend_jobs(services, client) == 1
    assert catalogue.jobs[job.job_id].state is JobState.CANCELLED


@pytest.mark.parametrize(
    ("state", "code"), [("ERROR", "InternalError"), ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", "WorkerCrashed")]
)
def test_open_job_whose_workflow_is_broken_fails(
    client: DBOSClient,
    queue: DbosJobQueue,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    code: str,
) -> None:
    job = a_job()
    services, catalogue, _ = services_of(queue, job)
    monkeypatch.setattr(engine, "workflow_states", lambda client, ids: dict.fromkeys(ids, state))
    assert mend_jobs(services, client) == 1
    ended = catalogue.jobs[job.job_id]
    assert ended.state is JobState.FAILED
    assert ended.failure is not None
    assert ended.failure.code == code


def test_job_that_has_ended_since_it_was_listed_is_left_alone(
    client: DBOSClient, queue: DbosJobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job()
    services, catalogue, _ = services_of(queue, job)

    def states(client: DBOSClient, ids: list[str]) -> dict[str, str]:
        catalogue.jobs[job.job_id] = replace(job, state=JobState.SUCCEEDED)
        return dict.fromkeys(ids, "SUCCESS")

    monkeypatch.setattr(engine, "workflow_states", states)
    assert mend_jobs(services, client) == 0
    assert catalogue.jobs[job.job_id].state is JobState.SUCCEEDED


def test_old_workflows_go_and_young_or_open_ones_stay(client: DBOSClient, queue: DbosJobQueue) -> None:
    services, _, clock = services_of(queue)
    for name in ("ended", "open"):
        queue.submit(name, JobKind.INDEX, a_job().priority)
    queue.cancel("ended")
    clock.time += timedelta(hours=23)
    assert purge_workflows(services, client) == 0
    clock.time += timedelta(hours=2)
    assert purge_workflows(services, client) == 1
    assert engine.workflow_states(client, ["ended", "open"]) == {"open": "ENQUEUED"}


def test_queue_that_is_away_is_unavailable(tmp_path: Path) -> None:
    client = engine.open_client(f"sqlite:///{tmp_path}/empty.sqlite")
    try:
        with pytest.raises(ServiceUnavailableError):
            engine.workflow_states(client, ["a"])
    finally:
        client.destroy()


def test_chore_that_fails_keeps_no_other_from_being_done(caplog: pytest.LogCaptureFixture) -> None:
    stop, done = Stop(), []

    def fail() -> None:
        raise KeyError("a fault")

    def away() -> None:
        raise ServiceUnavailableError("the store does not answer")

    def last() -> None:
        done.append(1)
        stop.set()

    do_chores([Chore("first", 60, fail), Chore("second", 60, away), Chore("third", 60, last)], stop)
    assert done == [1]
    assert "fault in first" in caplog.text
    assert "second: the store does not answer" in caplog.text


def test_chore_is_done_again_when_it_is_due() -> None:
    stop, done = Stop(), []

    def often() -> None:
        done.append("often")
        if done.count("often") == 3:
            stop.set()

    do_chores([Chore("often", 0.001, often), Chore("once", 60, lambda: done.append("once"))], stop)
    assert done.count("once") == 1
