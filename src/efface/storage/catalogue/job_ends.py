"""How jobs end: job, video, those that wait and the call back change in one transaction, once, whoever races."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, case, insert, select, update

from efface.domain.callback_url import callback_with_outcome
from efface.domain.service import (
    Failure,
    IndexOutcome,
    Job,
    JobKind,
    JobState,
    RedactionOutcome,
    VideoState,
)
from efface.storage.catalogue.part import CataloguePart
from efface.storage.catalogue.rows import (
    failure_columns,
    media_columns,
    redaction_document,
    source_columns,
    to_job,
)
from efface.storage.catalogue.tables import callbacks, jobs, videos

OPEN = (JobState.WAITING, JobState.QUEUED, JobState.RUNNING)
"""States that are not final."""
WORKABLE = (JobState.QUEUED, JobState.RUNNING)
"""States in which a job may be worked on."""


class SqlJobEnds(CataloguePart):
    """The ends of ``ports.Jobs`` in SQL."""

    def finish_index(self, job_id: str, outcome: IndexOutcome) -> tuple[Job, ...] | None:
        """See ``ports.Jobs``. The file of a video that was deleted meanwhile stays deleted."""
        now = self._clock.now()
        with self._database.writing() as connection:
            job = self._succeed(connection, job_id, JobKind.INDEX, now)
            if job is None:
                return None
            _publish(
                connection,
                job,
                now,
                outcome,
                index_version=outcome.version,
                has_faces_index=outcome.has_faces_index,
            )
            released = update(jobs).where(jobs.c.waits_for == job_id, jobs.c.state == JobState.WAITING)
            rows = connection.execute(released.values(state=JobState.QUEUED, updated=now).returning(jobs))
            return tuple(sorted(map(to_job, rows), key=lambda one: (one.created, one.job_id)))

    def finish_redaction(self, job_id: str, outcome: RedactionOutcome) -> bool:
        """See ``ports.Jobs``."""
        now = self._clock.now()
        with self._database.writing() as connection:
            job = self._succeed(connection, job_id, JobKind.REDACTION, now)
            if job is not None:
                _publish(connection, job, now, outcome, redaction=redaction_document(outcome.redaction))
            return job is not None

    def end_job(self, job_id: str, state: JobState, failure: Failure) -> bool:
        """See ``ports.Jobs``.

        Raises:
            ValueError: the state is not one in which a job ends badly.
        """
        if state not in {JobState.FAILED, JobState.CANCELLED}:
            raise ValueError(f"a job does not end badly in state {state.value}")
        with self._database.writing() as connection:
            job = read_job(connection, job_id)
            if job is None or job.state.is_final:
                return False
            self._lock_videos(connection, job.account_id, [job.shown_video_id])
            waiting = read_waiting(connection, job_id)
            self._lock_videos(connection, job.account_id, [one.shown_video_id for one in waiting])
            return bool(end_jobs(connection, [job], state, failure, self._clock.now()))

    def _succeed(self, connection: Connection, job_id: str, kind: JobKind, now: datetime) -> Job | None:
        job = read_job(connection, job_id)
        if job is None or job.state not in WORKABLE:
            return None
        if job.kind is not kind:
            raise ValueError(f"job {job_id} is of kind {job.kind.value}, not {kind.value}")
        self._lock_videos(connection, job.account_id, [job.shown_video_id])
        if not _close(connection, job, WORKABLE, now, state=JobState.SUCCEEDED, progress=100):
            return None
        _owe_callback(connection, job, VideoState.PROCESSED, now)
        return job


def read_job(connection: Connection, job_id: str) -> Job | None:
    """A job as it is now, None where there is none."""
    row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).first()
    return None if row is None else to_job(row)


def read_waiting(connection: Connection, job_id: str) -> tuple[Job, ...]:
    """The jobs that wait for this one; their set is fixed when they are made."""
    wanted = select(jobs).where(jobs.c.waits_for == job_id, jobs.c.state == JobState.WAITING)
    return tuple(map(to_job, connection.execute(wanted.order_by(jobs.c.job_id))))


def end_jobs(
    connection: Connection, ending: Iterable[Job], state: JobState, failure: Failure, now: datetime
) -> tuple[Job, ...]:
    """End jobs badly, and those that wait for them; the caller has locked the videos that they show.

    Returns:
        Those that were open until now.
    """
    ended: list[Job] = []
    left = list(ending)
    while left:
        job = left.pop()
        if not _close(connection, job, OPEN, now, state=state, **failure_columns(failure)):
            continue
        ended.append(job)
        _show_failure(connection, job, failure, now)
        left += read_waiting(connection, job.job_id)
    return tuple(ended)


def _close(
    connection: Connection, job: Job, from_states: tuple[JobState, ...], now: datetime, **values: Any
) -> bool:
    change = update(jobs).where(jobs.c.job_id == job.job_id, jobs.c.state.in_(from_states))
    return connection.execute(change.values(updated=now, **values)).rowcount == 1


def _publish(
    connection: Connection,
    job: Job,
    now: datetime,
    outcome: IndexOutcome | RedactionOutcome,
    **more: Any,
) -> None:
    source = source_columns(outcome.source)
    # A user who has deleted the file during the work must not get it back.
    source["source_key"] = case((videos.c.is_source_deleted, None), else_=outcome.source.key)
    connection.execute(
        update_shown(job).values(
            state=VideoState.PROCESSED,
            progress=100,
            indexed=now,
            modified=now,
            has_stream=outcome.has_stream,
            thumbnail_id=outcome.thumbnail_id,
            notices=list(outcome.notices),
            **source,
            **media_columns(outcome.media),
            **failure_columns(None),
            **more,
        )
    )


def _show_failure(connection: Connection, job: Job, failure: Failure, now: datetime) -> None:
    shown = update_shown(job)
    kept = shown.where(videos.c.index_version > 0).values(
        state=VideoState.PROCESSED, progress=100, modified=now
    )
    if job.kind is JobKind.REDACTION or connection.execute(kept).rowcount == 0:
        connection.execute(shown.values(state=VideoState.FAILED, modified=now, **failure_columns(failure)))
    # Failed even where an older index is kept: the call tells of the work that was asked for.
    _owe_callback(connection, job, VideoState.FAILED, now)


def update_shown(job: Job) -> Update:
    """A change of the video that shows a job."""
    return update(videos).where(
        videos.c.account_id == job.account_id, videos.c.video_id == job.shown_video_id
    )


def _owe_callback(connection: Connection, job: Job, state: VideoState, now: datetime) -> None:
    if job.callback_url is not None:
        url = callback_with_outcome(job.callback_url, job.shown_video_id, state)
        connection.execute(insert(callbacks).values(job_id=job.job_id, url=url, attempts=0, due=now))
