"""The worker is killed again and again, at moments that chance picks, while jobs of all kinds run."""

import random

import pytest

from efface.domain.service import JobState
from tests.jobs.drill import ACCOUNT, END_S, Drill, is_running, kill_hard

NUM_KILLS = 20
AT_ONCE = 2


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_publish_nothing_twice(drill: Drill) -> None:
    chance = random.Random(20260801)
    actions = {f"s{segment}": {"takes_s": 0.4} for segment in range(6)}
    actions |= {"plan": {"segments": 6}, "join": {"takes_s": 0.3}}
    jobs = [
        drill.add_job(actions, callback_url="https://client.example/done"),
        drill.add_job(actions, source_url="http://127.0.0.1/clip.mp4"),
        drill.add_job({**actions, "s2": {"is_exact": False}}),
        drill.add_job(actions, followed_by_redaction=True),
    ]
    jobs += [
        job for job in drill.catalogue.jobs_of_video(ACCOUNT.account_id, jobs[3].video_id) if job.waits_for
    ]
    for _ in range(NUM_KILLS):
        worker = drill.start_worker(AT_ONCE)
        drill.sleep(chance.uniform(0.0, 1.5))
        kill_hard(worker)
    worker = drill.start_worker(AT_ONCE)
    drill.wait_for_end(*jobs, limit_s=60)

    assert [drill.state(job) for job in jobs] == [JobState.SUCCEEDED] * 5
    redone = 0
    for job in jobs:
        _, ends = drill.counts(job)
        redone += sum(ends.values()) - len(ends)
    # A segment may end, and its worker die before that is noted; then it is done once more, and replaces itself.
    # Nothing else is done again: a kill finds no more than what the worker does at once.
    assert redone <= NUM_KILLS * AT_ONCE
    drill.wait_for((drill.folder / "posted").exists)
    worker.terminate()
    assert worker.wait(timeout=END_S) == 0
    pids = [int(path.read_text()) for path in drill.folder.glob("pid-*")]
    drill.wait_for(lambda: not any(map(is_running, pids)), 2)
    # Once, but for a kill between the call and its note: calls back are made at least once.
    posted = (drill.folder / "posted").read_text().split()
    assert 1 <= len(posted) <= 2
