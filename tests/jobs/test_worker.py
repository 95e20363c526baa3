"""What a worker makes of jobs: order, retries, failures, cancelling, priorities."""

import signal
import time

import pytest

from efface.domain.service import Failure, Job, JobState, Priority, VideoState
from tests.jobs.drill import ACCOUNT, END_S, Drill, is_running

pytestmark = pytest.mark.slow  # real processes that wait for each other: half a minute


def failure_of(drill: Drill, job: Job) -> Failure:
    """Why a job has failed."""
    failure = drill.catalogue.job_by_id(job.job_id).failure
    assert failure is not None
    return failure


def test_job_goes_through_its_stages_in_order_and_is_published(working: Drill) -> None:
    job = working.add_job(source_url="http://127.0.0.1/clip.mp4")
    working.wait_for_end(job)

    done = [line.split()[2] for line in working.lines() if line.startswith("end") and job.job_id in line]
    assert done == ["fetch", "plan", "s0", "s1", "join"]
    video = working.catalogue.video(ACCOUNT.account_id, job.video_id)
    assert (video.state, video.index_version, video.progress) == (VideoState.PROCESSED, 1, 100)
    assert f"jobs/{job.job_id}" in (working.folder / "deleted").read_text()


def test_segments_that_were_cut_unsafely_are_done_again_as_one(working: Drill) -> None:
    job = working.add_job({"s1": {"is_exact": False}})
    working.wait_for_end(job)

    assert working.state(job) is JobState.SUCCEEDED
    starts, _ = working.counts(job)
    assert starts == {"plan": 1, "s0": 1, "s1": 1, "whole-plan": 1, "whole-s0": 1, "whole-join": 1}


def test_passing_fault_is_met_with_another_attempt(working: Drill) -> None:
    job = working.add_job({"s0": {"outages": 2}})
    working.wait_for_end(job)

    assert working.state(job) is JobState.SUCCEEDED
    assert working.counts(job)[0]["s0"] == 3


def test_fault_that_does_not_pass_ends_the_job_with_its_name(working: Drill) -> None:
    job = working.add_job({"plan": {"outages": 9}})
    working.wait_for_end(job)

    assert failure_of(working, job) == Failure("ServiceUnavailableError", "the store does not answer")
    assert working.counts(job)[0]["plan"] == 3


def test_refusal_ends_the_job_at_once_and_stops_the_other_segments(working: Drill) -> None:
    # The second segment may have begun before the end of the first is known.
    actions = {"s0": {"refusal": "the clip cannot be used"}, "s1": {"until": "never"}}
    job = working.add_job({**actions, "plan": {"segments": 4}})
    working.wait_for_end(job)

    assert failure_of(working, job) == Failure("RequestError", "the clip cannot be used")
    working.wait_for_end(working.add_job())
    starts, ends = working.counts(job)
    assert starts["s0"] == 1
    assert not starts.keys() & {"s2", "s3", "join"}
    assert ends == {"plan": 1}


def test_fault_of_ours_ends_the_job_without_telling_its_insides(working: Drill) -> None:
    job = working.add_job({"s0": {"fault": "secret-detail"}})
    working.wait_for_end(job)

    failure = failure_of(working, job)
    assert failure.code == "InternalError"
    assert "secret-detail" not in failure.message
    assert "secret-detail" in working.worker_log()


def test_child_that_dies_once_is_replaced(working: Drill) -> None:
    job = working.add_job({"s1": {"crashes": 1}})
    working.wait_for_end(job)

    assert working.state(job) is JobState.SUCCEEDED
    assert working.counts(job)[0]["s1"] == 2


def test_child_that_dies_three_times_fails_the_job(working: Drill) -> None:
    job = working.add_job({"s0": {"crashes": 9}})
    working.wait_for_end(job)

    assert failure_of(working, job).code == "WorkerCrashed"
    assert working.counts(job)[0]["s0"] == 3
    video = working.catalogue.video(ACCOUNT.account_id, job.video_id)
    assert video.state is VideoState.FAILED


def test_cancelled_job_loses_its_child_within_a_second(working: Drill) -> None:
    job = working.add_job({"s0": {"until": "never"}})
    working.wait_for(lambda: working.has(f"start {job.job_id} s0"))
    pid = working.child_pid(job, "s0")

    working.catalogue.end_job(job.job_id, JobState.CANCELLED, Failure("Cancelled", "stopped on request"))
    working.queue.cancel(job.job_id)

    assert working.wait_for(lambda: not is_running(pid)) < 1.0
    working.wait_for_end(working.add_job())
    assert working.counts(job)[1] == {"plan": 1}
    assert working.state(job) is JobState.CANCELLED


@pytest.mark.slow
def test_job_that_was_cancelled_in_the_queue_only_becomes_cancelled(working: Drill) -> None:
    job = working.add_job({"s0": {"until": "never"}})
    working.wait_for(lambda: working.has(f"start {job.job_id} s0"))
    pid = working.child_pid(job, "s0")

    working.queue.cancel(job.job_id)

    working.wait_for_end(job)
    assert working.state(job) is JobState.CANCELLED
    working.wait_for(lambda: not is_running(pid))


def test_job_of_high_priority_overtakes_those_that_came_before(working: Drill) -> None:
    blocker = working.add_job({"s0": {"until": "unblocked"}})
    working.wait_for(lambda: working.has(f"start {blocker.job_id} s0"))
    low = [working.add_job(priority=Priority.LOW) for _ in range(3)]
    high = working.add_job(priority=Priority.HIGH)
    working.wait_for(lambda: all(working.is_handed_on(job, "plan") for job in (*low, high)))
    working.allow("unblocked")
    working.wait_for_end(blocker, *low, high)

    begun = [line.split()[1] for line in working.lines() if line.startswith("start")]
    assert begun.index(high.job_id) < min(begun.index(job.job_id) for job in low)


@pytest.mark.parametrize("part", ["plan", "s0", "join"])
def test_parts_of_the_oldest_job_go_first(working: Drill, part: str) -> None:
    blocker = working.add_job({"s0": {"until": f"unblocked-{part}"}})
    working.wait_for(lambda: working.has(f"start {blocker.job_id} s0"))
    # Handed in newest first, as may happen after an outage of the queue.
    jobs = [working.add_job(age_s=60 * minutes) for minutes in range(4)]
    working.wait_for(lambda: all(working.is_handed_on(job, "plan") for job in jobs))
    working.allow(f"unblocked-{part}")
    working.wait_for_end(*jobs)

    begun = [working.lines().index(f"start {job.job_id} {part}") for job in jobs]
    assert begun == sorted(begun, reverse=True)


def test_early_job_is_finished_before_the_last_is_worked_on(working: Drill) -> None:
    blocker = working.add_job({"s0": {"until": "unblocked-all"}})
    working.wait_for(lambda: working.has(f"start {blocker.job_id} s0"))
    jobs = [working.add_job(age_s=300 - 60 * minutes) for minutes in range(4)]
    working.wait_for(lambda: all(working.is_handed_on(job, "plan") for job in jobs))
    working.allow("unblocked-all")
    working.wait_for_end(*jobs)

    lines = working.lines()
    assert lines.index(f"end {jobs[0].job_id} join") < lines.index(f"start {jobs[-1].job_id} s0")


def test_download_does_not_wait_for_the_cores(working: Drill) -> None:
    blocker = working.add_job({"s0": {"until": "unblocked-after-fetch"}})
    working.wait_for(lambda: working.has(f"start {blocker.job_id} s0"))
    job = working.add_job(source_url="http://127.0.0.1/clip.mp4")
    working.wait_for(lambda: working.has(f"end {job.job_id} fetch"))
    assert not working.has(f"start {job.job_id} plan")
    working.allow("unblocked-after-fetch")
    working.wait_for_end(blocker, job)


def test_worker_does_as_many_segments_at_once_as_it_is_told(drill: Drill) -> None:
    drill.start_worker(2)
    actions = {f"s{segment}": {"until": "enough"} for segment in range(3)}
    job = drill.add_job({**actions, "plan": {"segments": 3}})
    drill.wait_for(lambda: len({"s0", "s1", "s2"} & drill.counts(job)[0].keys()) == 2)
    other = drill.add_job({"fetch": {}}, source_url="http://127.0.0.1/clip.mp4")
    # By then the worker has looked for more work of that kind many times.
    drill.wait_for(lambda: drill.is_handed_on(other, "plan"))
    starts = drill.counts(job)[0]
    assert sum(starts[name] for name in actions) == 2
    assert not drill.counts(other)[0]["plan"]
    drill.allow("enough")
    drill.wait_for_end(job, other)


def test_job_handed_in_twice_is_done_once(working: Drill) -> None:
    job = working.add_job()
    for _ in range(3):
        working.queue.submit(job.job_id, job.kind, job.priority)
    working.wait_for_end(job)
    working.queue.submit(job.job_id, job.kind, job.priority)
    working.wait_for_end(working.add_job())

    assert working.counts(job)[0] == {"plan": 1, "s0": 1, "s1": 1, "join": 1}


def test_waiting_redaction_begins_when_its_index_is_done(working: Drill) -> None:
    job = working.add_job(followed_by_redaction=True)
    redaction = next(
        other
        for other in working.catalogue.jobs_of_video(ACCOUNT.account_id, job.video_id)
        if other.waits_for == job.job_id
    )
    working.wait_for_end(job, redaction)

    assert working.state(redaction) is JobState.SUCCEEDED
    lines = working.lines()
    assert lines.index(f"end {job.job_id} join") < lines.index(f"start {redaction.job_id} plan")


def test_call_back_is_made_after_the_end(working: Drill) -> None:
    job = working.add_job(callback_url="https://client.example/done?x=1")
    working.wait_for_end(job)

    posted = working.folder / "posted"
    working.wait_for(lambda: posted.exists() and job.video_id in posted.read_text())
    assert posted.read_text().count(job.video_id) == 1


def test_progress_of_a_segment_reaches_the_catalogue(working: Drill) -> None:
    job = working.add_job({"s1": {"until": "seen"}})
    working.wait_for(lambda: working.has(f"start {job.job_id} s1"))

    # 10 of 20 frames are done with the first segment.
    working.wait_for(lambda: working.catalogue.job_by_id(job.job_id).progress == 48)
    working.allow("seen")
    working.wait_for_end(job)
    assert working.catalogue.job_by_id(job.job_id).work_s > 0


def test_short_jobs_wait_for_no_polls(working: Drill) -> None:
    start_s = time.monotonic()
    job = working.add_job()
    working.wait_for(lambda: working.has(f"start {job.job_id} s0"))
    first_segment_s = time.monotonic() - start_s
    working.wait_for_end(job, *[working.add_job() for _ in range(5)])

    # Measured 0.2 s and 0.9 s on two free cores.
    assert first_segment_s < 1.5
    assert time.monotonic() - start_s < 5


def test_job_that_was_never_handed_in_is_found(drill: Drill) -> None:
    job = drill.add_job()
    drill.queue.cancel(job.job_id)
    forgotten = drill.add_forgotten_job()
    drill.start_worker()
    drill.wait_for_end(job, forgotten)

    assert drill.state(forgotten) is JobState.SUCCEEDED
    assert drill.state(job) is JobState.CANCELLED


def test_worker_ends_in_good_order_and_the_next_one_goes_on(drill: Drill) -> None:
    job = drill.add_job({"s1": {"until": "later"}})
    worker = drill.start_worker()
    drill.wait_for(lambda: drill.has(f"start {job.job_id} s1"))
    pid = drill.child_pid(job, "s1")

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=END_S) == 0
    drill.wait_for(lambda: not is_running(pid), 2)
    assert drill.catalogue.living_workers(60) == 0

    drill.allow("later")
    drill.start_worker()
    drill.wait_for_end(job)
    assert drill.counts(job)[0] == {"plan": 1, "s0": 1, "s1": 2, "join": 1}
    assert "Traceback" not in drill.worker_log()


def test_killed_worker_takes_its_children_along_and_only_what_was_under_way_is_redone(drill: Drill) -> None:
    job = drill.add_job({"plan": {"segments": 3}, "s1": {"until": "later"}})
    worker = drill.start_worker()
    drill.wait_for(lambda: drill.has(f"start {job.job_id} s1"))
    pid = drill.child_pid(job, "s1")

    worker.kill()
    worker.wait()
    drill.wait_for(lambda: not is_running(pid), 2)

    drill.allow("later")
    drill.start_worker()
    drill.wait_for_end(job)
    assert drill.counts(job)[0] == {"plan": 1, "s0": 1, "s1": 2, "s2": 1, "join": 1}
    assert drill.state(job) is JobState.SUCCEEDED


@pytest.mark.slow
def test_second_worker_on_the_same_queue_is_refused(working: Drill) -> None:
    with pytest.raises(AssertionError, match="another worker has the queue"):
        working.start_worker()
