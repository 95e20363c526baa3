"""Several workers on one PostgreSQL: who takes over, and what an outage of the database does."""

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from efface.domain.service import Failure, JobState
from tests.jobs.drill import END_S, Drill, is_running, kill_hard
from tests.storage.postgres import Postgres, running_postgres

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server for all tests of this file."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def shared_drill(postgres: Postgres, tmp_path: Path) -> Iterator[Drill]:
    """A catalogue and a queue in databases of their own."""
    urls = postgres.new_database(), postgres.new_database()
    with closing(Drill(tmp_path, *urls)) as drill:
        yield drill


def test_segments_of_one_job_are_spread_over_the_workers(shared_drill: Drill) -> None:
    first, second = shared_drill.start_worker(), shared_drill.start_worker()
    actions = {f"s{segment}": {"takes_s": 0.3} for segment in range(8)}
    job = shared_drill.add_job({**actions, "plan": {"segments": 8}})
    shared_drill.wait_for_end(job)

    assert shared_drill.state(job) is JobState.SUCCEEDED
    assert first.poll() is second.poll() is None
    assert len({shared_drill.child_pid(job, f"s{segment}") for segment in range(8)}) == 2


def test_work_of_a_killed_worker_is_redone_by_the_other(shared_drill: Drill) -> None:
    first = shared_drill.start_worker()
    job = shared_drill.add_job({"plan": {"segments": 3}, "s1": {"until": "later"}})
    shared_drill.wait_for(lambda: shared_drill.has(f"start {job.job_id} s1"))
    shared_drill.start_worker()

    kill_hard(first)
    shared_drill.allow("later")
    taken_s = shared_drill.wait_for(lambda: shared_drill.state(job).is_final, limit_s=60)

    print(f"finished {taken_s:.1f} s after the kill")
    assert taken_s < 30
    assert shared_drill.state(job) is JobState.SUCCEEDED
    assert shared_drill.counts(job)[0] == {"plan": 1, "s0": 1, "s1": 2, "s2": 1, "join": 1}
    assert shared_drill.catalogue.living_workers(60) == 1


def test_work_of_a_stopped_worker_goes_to_the_other_at_once(shared_drill: Drill) -> None:
    first = shared_drill.start_worker()
    job = shared_drill.add_job({"s1": {"until": "later"}})
    shared_drill.wait_for(lambda: shared_drill.has(f"start {job.job_id} s1"))
    shared_drill.start_worker()

    first.terminate()
    assert first.wait(timeout=END_S) == 0
    shared_drill.allow("later")
    assert shared_drill.wait_for(lambda: shared_drill.state(job).is_final) < 5
    assert shared_drill.counts(job)[0]["s1"] == 2


def test_cancel_stops_the_child_of_another_worker(shared_drill: Drill) -> None:
    shared_drill.start_worker()
    shared_drill.start_worker()
    actions = {"s0": {"until": "never"}, "s1": {"until": "never"}}
    job = shared_drill.add_job(actions)
    shared_drill.wait_for(lambda: all(shared_drill.has(f"start {job.job_id} {name}") for name in actions))
    pids = [shared_drill.child_pid(job, name) for name in actions]

    shared_drill.catalogue.end_job(job.job_id, JobState.CANCELLED, Failure("Cancelled", "stopped on request"))
    shared_drill.queue.cancel(job.job_id)

    assert shared_drill.wait_for(lambda: not any(map(is_running, pids))) < 1.0


def test_worker_that_was_frozen_loses_its_work_and_publishes_nothing_twice(shared_drill: Drill) -> None:
    first = shared_drill.start_worker()
    job = shared_drill.add_job({"s1": {"until": "later"}}, callback_url="https://client.example/done")
    shared_drill.wait_for(lambda: shared_drill.has(f"start {job.job_id} s1"))
    shared_drill.start_worker()

    first.send_signal(signal.SIGSTOP)
    shared_drill.allow("later")
    assert shared_drill.wait_for(lambda: shared_drill.state(job).is_final, limit_s=60) < 30
    first.send_signal(signal.SIGCONT)

    shared_drill.wait_for_end(shared_drill.add_job(), shared_drill.add_job())
    assert shared_drill.state(job) is JobState.SUCCEEDED
    shared_drill.wait_for((shared_drill.folder / "posted").exists)
    assert (shared_drill.folder / "posted").read_text().count(job.video_id) == 1


def test_worker_that_is_told_to_end_during_an_outage_ends_and_loses_nothing(
    shared_drill: Drill, postgres: Postgres
) -> None:
    worker = shared_drill.start_worker()
    job = shared_drill.add_job({"s1": {"until": "later"}})
    shared_drill.wait_for(lambda: shared_drill.has(f"start {job.job_id} s1"))
    pid = shared_drill.child_pid(job, "s1")

    postgres.stop()
    try:
        worker.terminate()
        assert worker.wait(timeout=END_S) == 0
        shared_drill.wait_for(lambda: not is_running(pid), 1)
    finally:
        postgres.start()

    shared_drill.allow("later")
    shared_drill.start_worker()
    # It could not give its work back, so that is found by the silence of the one that has ended.
    shared_drill.wait_for_end(job, limit_s=40)
    assert shared_drill.state(job) is JobState.SUCCEEDED
    assert shared_drill.counts(job)[0] == {"plan": 1, "s0": 1, "s1": 2, "join": 1}


def test_worker_survives_an_outage_of_the_database(shared_drill: Drill, postgres: Postgres) -> None:
    worker = shared_drill.start_worker()
    job = shared_drill.add_job({"plan": {"segments": 4}, "s1": {"until": "later"}})
    shared_drill.wait_for(lambda: shared_drill.has(f"start {job.job_id} s1"))
    pid = shared_drill.child_pid(job, "s1")

    postgres.stop()
    shared_drill.allow("later")
    try:
        # Longer than the silence after which a worker counts as dead.
        shared_drill.wait_for(lambda: shared_drill.has(f"end {job.job_id} s1"))
        shared_drill.sleep(17)
        assert is_running(pid)
    finally:
        postgres.start()

    taken_s = shared_drill.wait_for(lambda: shared_drill.is_final_if_known(job), limit_s=90)
    print(f"finished {taken_s:.1f} s after the database was back")
    assert worker.poll() is None
    assert shared_drill.state(job) is JobState.SUCCEEDED
    assert shared_drill.counts(job)[0] == {"plan": 1, "s0": 1, "s1": 1, "s2": 1, "s3": 1, "join": 1}
