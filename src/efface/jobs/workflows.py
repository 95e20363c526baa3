"""The durable workflows: one per job, which waits, and one per stage of it, which works.

Both are resumed after any crash: what has been done is kept by the engine and not done again. So the code between two
steps must decide by their results only, and never by the time, the catalogue or chance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from dbos import DBOS, EnqueueOptions

from efface.domain.service import JobState, Priority
from efface.jobs import engine
from efface.jobs.news import News
from efface.jobs.orders import OrderRunner
from efface.jobs.records import GONE, JobRecords
from efface.jobs.watch import Outcome, Watch
from efface.usecases.work import Stage

P = ParamSpec("P")
T = TypeVar("T")

MAX_RESUMES = 100
"""How often a workflow is resumed whose workers die. Children do the heavy work, so a worker that dies has hardly
ever died of this job, and a host that restarts every few minutes must not use it up."""

# Within one priority, what is nearest to its end goes first: a few jobs are finished instead of many begun.
_RANKS = {Stage.JOIN: 0, Stage.SEGMENT: 1, Stage.PLAN: 2, Stage.FETCH: 3}
_BANDS = {Priority.HIGH: 0, Priority.NORMAL: 1, Priority.LOW: 2}
# The engine's largest priority, shared among the ranks of all bands.
_AGES_PER_RANK = (2**31 - 1) // (len(_BANDS) * len(_RANKS))


@dataclass(frozen=True, slots=True)
class Turn:
    """When the parts of a job have their turn."""

    priority: Priority
    age: int
    """Of the job, see ``JobRecords.begin``; smaller is older."""

    def of(self, stage: Stage) -> int:
        """Priority of a part in its queue; a smaller one goes first."""
        rank = _BANDS[self.priority] * len(_RANKS) + _RANKS[stage]
        return 1 + rank * _AGES_PER_RANK + min(max(self.age, 0), _AGES_PER_RANK - 1)


@dataclass(frozen=True, slots=True)
class _Part:
    """One stage of a job as a workflow of its own."""

    job_id: str
    turn: Turn
    stage: Stage
    segment: int | None = None
    is_whole: bool = False

    @property
    def workflow_id(self) -> str:
        name = self.stage.value if self.segment is None else f"s{self.segment}"
        return f"{self.job_id}-{'whole-' if self.is_whole else ''}{name}"

    @property
    def options(self) -> EnqueueOptions:
        is_fetch = self.stage is Stage.FETCH
        return {
            "workflow_name": engine.WORK_WORKFLOW,
            "queue_name": engine.FETCHES_QUEUE if is_fetch else engine.SEGMENTS_QUEUE,
            "workflow_id": self.workflow_id,
            "priority": self.turn.of(self.stage),
            "app_version": engine.VERSION,
        }


class JobWorkflow:
    """The line of stages of a job."""

    def __init__(self, records: JobRecords, watch: Watch) -> None:
        self._records, self._watch = records, watch

    def run(self, job_id: str) -> None:
        """Take a job from its first stage to its end, good or bad."""
        start = _step("begin", self._records.begin, job_id)
        if start is None:
            return
        turn = Turn(Priority(start["priority"]), start["age"])
        if start["needs_fetch"]:
            fetched = self._one(_Part(job_id, turn, Stage.FETCH))
            if fetched is None:
                return
            _step("note fetched", self._records.note_fetched, job_id, fetched)
        is_whole = False
        is_exact = self._work_on_segments(job_id, turn, is_whole=False)
        if is_exact is False:
            # Cut where it seemed safe, the video has proved otherwise: only whole is it sure that no frame is missed.
            is_whole = True
            is_exact = self._work_on_segments(job_id, turn, is_whole=True)
        if is_exact is None:
            return
        joined = self._one(_Part(job_id, turn, Stage.JOIN, is_whole=is_whole))
        if joined is not None:
            _step("complete", self._records.complete, job_id, joined)

    def _work_on_segments(self, job_id: str, turn: Turn, *, is_whole: bool) -> bool | None:
        """Plan and do all segments; whether all were exact, None if the job has ended badly."""
        plan = self._one(_Part(job_id, turn, Stage.PLAN, is_whole=is_whole))
        if plan is None:
            return None
        num_frames = plan["num_frames"]
        _step("set segments", self._records.set_segments, job_id, num_frames)
        parts = [_Part(job_id, turn, Stage.SEGMENT, segment, is_whole) for segment in range(len(num_frames))]
        results = self._all(parts)
        return None if results is None else is_whole or all(result["is_exact"] for result in results)

    def _one(self, part: _Part) -> Mapping[str, Any] | None:
        results = self._all([part])
        return None if results is None else results[0]

    def _all(self, parts: Sequence[_Part]) -> list[Mapping[str, Any]] | None:
        """Have parts of a job done; their results in order, or None after the job has been given up."""
        for part in parts:
            DBOS.enqueue_workflow_with_options(
                part.options, part.job_id, part.stage.value, part.segment, part.is_whole
            )
        ids = [part.workflow_id for part in parts]
        outcomes: Mapping[str, Outcome] = _step("wait", self._watch.wait, ids)
        bad = [outcome for outcome in outcomes.values() if "result" not in outcome]
        if bad:
            DBOS.cancel_workflows(ids)
            _step("give up", self._records.give_up, parts[0].job_id, *_bad_end(bad))
            return None
        return [outcomes[workflow_id]["result"] for workflow_id in ids]


def register(workflow: JobWorkflow, records: JobRecords, runner: OrderRunner, news: News) -> None:
    """Make the workflows known to the engine of this process, before it is launched."""

    @DBOS.workflow(name=engine.JOB_WORKFLOW, max_recovery_attempts=MAX_RESUMES)
    def run_job(job_id: str) -> None:
        workflow.run(job_id)

    @DBOS.workflow(name=engine.WORK_WORKFLOW, max_recovery_attempts=MAX_RESUMES)
    def run_work(job_id: str, stage: str, segment: int | None, is_whole: bool) -> Outcome:
        try:
            return _step("work", records.work, runner, job_id, stage, segment, is_whole)
        finally:
            news.ring()


def _bad_end(outcomes: Sequence[Outcome]) -> tuple[str, str, str]:
    """State, code and message of a job, from its parts that have ended badly."""
    for outcome in outcomes:
        if error := outcome.get("error"):
            return JobState.FAILED.value, error["type"], error["message"]
    return JobState.CANCELLED.value, GONE.code, GONE.message


def _step(name: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return DBOS.run_step({"name": name}, function, *args, **kwargs)
