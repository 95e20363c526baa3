"""Handing jobs in, with a real queue on SQLite."""

import sqlite3
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from efface.domain.errors import ServiceUnavailableError
from efface.domain.service import JobKind, Priority
from efface.jobs import DbosJobQueue


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[DbosJobQueue]:
    """A fresh queue."""
    with closing(DbosJobQueue(f"sqlite:///{tmp_path}/new/jobs.sqlite")) as queue:
        yield queue


def rows(tmp_path: Path) -> list[tuple[str, str, str, int]]:
    """Id, state, queue and priority of what was handed in."""
    with closing(sqlite3.connect(tmp_path / "new/jobs.sqlite")) as database:
        return database.execute(
            "SELECT workflow_uuid, status, queue_name, priority FROM workflow_status ORDER BY created_at"
        ).fetchall()


def test_job_is_handed_in_under_its_own_id(queue: DbosJobQueue, tmp_path: Path) -> None:
    queue.submit("job-1", JobKind.INDEX, Priority.HIGH)
    assert rows(tmp_path) == [("job-1", "ENQUEUED", "jobs", 10)]


def test_job_that_is_handed_in_again_changes_nothing(queue: DbosJobQueue, tmp_path: Path) -> None:
    queue.submit("job-1", JobKind.INDEX, Priority.NORMAL)
    before = rows(tmp_path)
    queue.submit("job-1", JobKind.INDEX, Priority.HIGH)
    assert rows(tmp_path) == before


def test_cancelled_job_leaves_the_queue_and_does_not_come_back(queue: DbosJobQueue, tmp_path: Path) -> None:
    queue.submit("job-1", JobKind.INDEX, Priority.NORMAL)
    queue.cancel("job-1")
    queue.submit("job-1", JobKind.INDEX, Priority.NORMAL)
    assert [(row[0], row[1]) for row in rows(tmp_path)] == [("job-1", "CANCELLED")]


def test_cancelling_an_unknown_job_changes_nothing(queue: DbosJobQueue, tmp_path: Path) -> None:
    queue.cancel("nobody")
    assert rows(tmp_path) == []


def test_many_threads_hand_in_at_once(queue: DbosJobQueue, tmp_path: Path) -> None:
    ids = [str(uuid.uuid4()) for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job_id: queue.submit(job_id, JobKind.REDACTION, Priority.LOW), ids))
    assert {row[0] for row in rows(tmp_path)} == set(ids)


def test_handing_in_is_quick(queue: DbosJobQueue) -> None:
    queue.prepare()
    taken_s = []
    for number in range(20):
        start_s = time.perf_counter()
        queue.submit(f"job-{number}", JobKind.INDEX, Priority.NORMAL)
        taken_s.append(time.perf_counter() - start_s)
    # Measured: 2 ms.
    assert sorted(taken_s)[10] < 0.02


def test_queue_that_cannot_be_reached_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with closing(DbosJobQueue(f"sqlite:///{tmp_path}/file/jobs.sqlite")) as queue:
        with pytest.raises(ServiceUnavailableError, match="job queue"):
            queue.submit("job-1", JobKind.INDEX, Priority.NORMAL)
        with pytest.raises(ServiceUnavailableError, match="job queue"):
            queue.cancel("job-1")


def test_server_that_is_away_is_unavailable_at_once() -> None:
    with closing(DbosJobQueue("postgresql://efface@127.0.0.1:1/none")) as queue:
        start_s = time.monotonic()
        with pytest.raises(ServiceUnavailableError, match="job queue"):
            queue.submit("job-1", JobKind.INDEX, Priority.NORMAL)
        assert time.monotonic() - start_s < 5


def test_closed_queue_opens_anew(queue: DbosJobQueue, tmp_path: Path) -> None:
    queue.submit("job-1", JobKind.INDEX, Priority.NORMAL)
    queue.close()
    queue.submit("job-2", JobKind.INDEX, Priority.NORMAL)
    assert len(rows(tmp_path)) == 2
