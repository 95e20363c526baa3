"""How a job ends: its result is published once, or it is given up, and what passed between its segments goes."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter

from efface.domain.errors import ServiceUnavailableError, VideoNotFoundError
from efface.domain.service import (
    Failure,
    IndexOutcome,
    Job,
    JobKind,
    JobState,
    RedactionOutcome,
    StoredSource,
    Video,
)
from efface.ports import Catalogue, ObjectStore
from efface.usecases.object_keys import job_prefix, video_prefix, video_prefix_of

_SOURCE = TypeAdapter(StoredSource)
_INDEX = TypeAdapter(IndexOutcome)
_REDACTION = TypeAdapter(RedactionOutcome)


def outcome_document(outcome: IndexOutcome | RedactionOutcome) -> dict[str, Any]:
    """What the stage ``JOIN`` gives, ready for JSON."""
    adapter: TypeAdapter[Any] = _INDEX if isinstance(outcome, IndexOutcome) else _REDACTION
    return {"outcome": adapter.dump_python(outcome, mode="json")}


def source_document(source: StoredSource) -> dict[str, Any]:
    """What the stage ``FETCH`` gives, ready for JSON."""
    return {"source": _SOURCE.dump_python(source, mode="json")}


def note_fetched(catalogue: Catalogue, job_id: str, result: Mapping[str, Any]) -> None:
    """Keep where the file of a job's video lies, as the stage ``FETCH`` has told."""
    catalogue.note_source(job_id, _SOURCE.validate_python(result["source"]))


def complete(
    catalogue: Catalogue, objects: ObjectStore, job_id: str, result: Mapping[str, Any]
) -> tuple[Job, ...]:
    """Publish what a job has made, exactly once however often this is called.

    Args:
        catalogue: where.
        objects: where the result lies.
        job_id: of the job.
        result: what its stage ``JOIN`` gave.

    Returns:
        The jobs that waited for it and are queued now.
    """
    job = catalogue.job_by_id(job_id)
    released: tuple[Job, ...] = ()
    if job.kind is JobKind.INDEX:
        finished = catalogue.finish_index(job_id, _INDEX.validate_python(result["outcome"]))
        released = finished or ()
    else:
        outcome = _REDACTION.validate_python(result["outcome"])
        if not catalogue.finish_redaction(job_id, outcome):
            _remove_unpublished(catalogue, objects, job, outcome.source)
    video = _shown_video(catalogue, job)
    if video is None:
        # Deleted while the job ended: nothing of it may stay.
        objects.delete(video_prefix_of(job.account_id, job.shown_video_id))
    elif video.is_source_deleted:
        objects.delete(f"{video_prefix(video)}/source")
    objects.delete(job_prefix(job_id))
    return released


def give_up(
    catalogue: Catalogue, objects: ObjectStore, job_id: str, state: JobState, failure: Failure
) -> None:
    """End a job badly; one that has ended stays as it is.

    Args:
        catalogue: where.
        objects: what passed between its segments is removed from here.
        job_id: of the job.
        state: ``FAILED`` or ``CANCELLED``.
        failure: why.
    """
    catalogue.end_job(job_id, state, failure)
    job = catalogue.job_by_id(job_id)
    # What is left behind takes room and shows to nobody; the end of the job must not hang on it.
    with suppress(ServiceUnavailableError):
        objects.delete(job_prefix(job_id))
        video = _shown_video(catalogue, job)
        if video is None:
            objects.delete(video_prefix_of(job.account_id, job.shown_video_id))
        elif video.is_redaction and video.source is None and not video.is_source_deleted:
            objects.delete(video_prefix(video))


def _remove_unpublished(catalogue: Catalogue, objects: ObjectStore, job: Job, made: StoredSource) -> None:
    """Remove a file that was made a second time, or for nobody."""
    video = _shown_video(catalogue, job)
    if video is None or video.source is None or video.source.key != made.key:
        objects.delete(made.key)


def _shown_video(catalogue: Catalogue, job: Job) -> Video | None:
    with suppress(VideoNotFoundError):
        return catalogue.video(job.account_id, job.shown_video_id)
    return None
