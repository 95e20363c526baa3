"""A job as the article shows it, and in a list."""

from typing import Any

from efface.api.wire.failure import failure_message, job_failure_code
from efface.api.wire.shape import WireShape
from efface.api.wire.times import job_time
from efface.domain.service import Job, JobKind, JobState

_KINDS = {JobKind.INDEX: "Indexing", JobKind.REDACTION: "Redaction"}
_STATES = {JobState.SUCCEEDED: "Processed", JobState.FAILED: "Failed", JobState.CANCELLED: "Failed"}
_UNDER_WAY = "Processing"


class JobStatus(WireShape):
    """How far a job is, with the article's five fields."""

    creation_time: str
    last_update_time: str
    progress: int
    """0 to 100, never falling."""
    job_type: str
    """``Redaction`` or ``Indexing``."""
    state: str
    """``Processing``, ``Processed`` or ``Failed``; a job that was cancelled has failed."""


class FailedJobStatus(JobStatus):
    """A job that has ended badly."""

    failure_code: str
    """As of a video; ``Cancelled`` for a job that was."""
    failure_message: str


class JobItem(JobStatus):
    """A job in a list."""

    id: str
    video_id: str
    """The video that is analysed or redacted."""
    output_video_id: str | None
    """The video that a redaction makes."""
    failure_code: str
    failure_message: str


def job_status(job: Job) -> JobStatus:
    """How far a job is."""
    if job.state in {JobState.FAILED, JobState.CANCELLED}:
        return FailedJobStatus(
            **_fields(job),
            failure_code=job_failure_code(job.failure),
            failure_message=failure_message(job.failure),
        )
    return JobStatus(**_fields(job))


def job_item(job: Job) -> JobItem:
    """A job in a list."""
    return JobItem(
        **_fields(job),
        id=job.job_id,
        video_id=job.video_id,
        output_video_id=job.output_id,
        failure_code=job_failure_code(job.failure),
        failure_message=failure_message(job.failure),
    )


def _fields(job: Job) -> dict[str, Any]:
    return {
        "creation_time": job_time(job.created),
        "last_update_time": job_time(job.updated),
        "progress": job.progress,
        "job_type": _KINDS[job.kind],
        "state": _STATES.get(job.state, _UNDER_WAY),
    }
