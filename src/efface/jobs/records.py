"""What workflows do to the catalogue, as steps: each may happen twice, takes and gives what fits into JSON.

A step that meets a database which is away waits for it; one that meets a fault of ours lets it through, and the engine
keeps it as the end of the workflow, which housekeeping then tells the catalogue.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from efface.domain.errors import NotFoundError
from efface.domain.service import Failure, Job, JobState
from efface.jobs.orders import CANCELLED, OrderRunner
from efface.jobs.stopping import Stop
from efface.jobs.watch import Outcome
from efface.usecases.completion import complete, give_up, note_fetched
from efface.usecases.services import Services
from efface.usecases.work import Stage, work_order

_FIRST_AGE = datetime(2026, 1, 1, tzinfo=UTC)
GONE = Failure("Cancelled", "stopped on request")


class JobRecords:
    """The steps of one worker.

    Args:
        services: the catalogue, the store, and the queue for jobs that have waited.
        stop: ends the waiting for a database.
    """

    def __init__(self, services: Services, stop: Stop) -> None:
        self._services, self._stop = services, stop

    def begin(self, job_id: str) -> dict[str, Any] | None:
        """Note that work has begun; what the workflow has to know, or None if there is nothing to do.

        Its ``age`` grows by one every four seconds from 2026 on, which fits beside the rest of a priority until 2048:
        of many jobs that begin at once, the parts of the oldest go first.
        """
        return self._stop.patiently(lambda: self._begin(job_id))

    def _begin(self, job_id: str) -> dict[str, Any] | None:
        catalogue = self._services.catalogue
        try:
            if not catalogue.begin_job(job_id):
                return None
            job = catalogue.job_by_id(job_id)
            video = catalogue.video(job.account_id, job.video_id)
        except NotFoundError:
            return None
        is_missing = video.source is None and not video.is_source_deleted
        return {
            "priority": int(job.priority),
            "age": (job.created - _FIRST_AGE) // timedelta(seconds=4),
            "needs_fetch": is_missing and video.source_url is not None,
        }

    def work(
        self, runner: OrderRunner, job_id: str, stage: str, segment: int | None, is_whole: bool
    ) -> Outcome:
        """Do one stage of a job."""
        catalogue = self._services.catalogue
        try:
            order = self._stop.patiently(
                lambda: work_order(catalogue, job_id, Stage(stage), segment, is_whole=is_whole)
            )
        except NotFoundError:
            return CANCELLED
        outcome = runner.run(order)
        if outcome is CANCELLED:
            # Whoever ended the job has cleaned up while this stage was still writing: now it has ended, too.
            self.give_up(job_id, JobState.CANCELLED.value, GONE.code, GONE.message)
        return outcome

    def note_fetched(self, job_id: str, result: Mapping[str, Any]) -> None:
        """Keep where a fetched file lies."""
        self._stop.patiently(lambda: note_fetched(self._services.catalogue, job_id, result))

    def set_segments(self, job_id: str, num_frames: Sequence[int]) -> None:
        """Keep how long the segments are."""
        self._stop.patiently(lambda: self._services.catalogue.set_segments(job_id, num_frames))

    def complete(self, job_id: str, result: Mapping[str, Any]) -> None:
        """End a job well, and hand in those that have waited for it."""
        services = self._services
        released: tuple[Job, ...] = self._stop.patiently(
            lambda: complete(services.catalogue, services.objects, job_id, result)
        )
        for job in released:
            self._stop.patiently(partial(services.queue.submit, job.job_id, job.kind, job.priority))

    def give_up(self, job_id: str, state: str, code: str, message: str) -> None:
        """End a job badly, and remove what it has left."""
        services, failure = self._services, Failure(code, message)
        self._stop.patiently(
            lambda: give_up(services.catalogue, services.objects, job_id, JobState(state), failure)
        )
