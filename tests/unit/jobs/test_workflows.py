"""Whose turn it is, and what a part of a job is called."""

import itertools

from efface.domain.service import Priority
from efface.jobs.workflows import Turn
from efface.usecases.work import Stage

LARGEST_PRIORITY = 2**31 - 1
STAGES = (Stage.JOIN, Stage.SEGMENT, Stage.PLAN, Stage.FETCH)


def test_higher_priority_goes_before_everything_of_a_lower_one() -> None:
    for high, low in itertools.pairwise(Priority):
        youngest = max(Turn(high, 10**9).of(stage) for stage in STAGES)
        assert youngest < min(Turn(low, 0).of(stage) for stage in STAGES)


def test_what_is_nearest_to_its_end_goes_first() -> None:
    for nearer, farther in itertools.pairwise(STAGES):
        assert Turn(Priority.NORMAL, 10**9).of(nearer) < Turn(Priority.NORMAL, 0).of(farther)


def test_older_job_goes_first() -> None:
    assert Turn(Priority.LOW, 5).of(Stage.PLAN) < Turn(Priority.LOW, 6).of(Stage.PLAN)


def test_turns_are_priorities_that_the_engine_takes() -> None:
    for priority, stage, age in itertools.product(Priority, Stage, (-5, 0, 10**12)):
        assert 1 <= Turn(priority, age).of(stage) <= LARGEST_PRIORITY
