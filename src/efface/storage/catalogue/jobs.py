"""Jobs from their making to their last per cent; how they end is in ``job_ends``."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, case, delete, func, insert, or_, select, update

from efface.domain.errors import AccountNotFoundError, JobNotFoundError, VideoBusyError
from efface.domain.service import IndexOptions, Job, JobKind, JobState, StoredSource, Video, VideoState
from efface.storage.catalogue.job_ends import OPEN, WORKABLE, SqlJobEnds, read_job, update_shown
from efface.storage.catalogue.part import no_video
from efface.storage.catalogue.rows import (
    failure_columns,
    job_columns,
    options_columns,
    source_columns,
    to_job,
    video_columns,
)
from efface.storage.catalogue.tables import jobs, segments, videos

_BY_ID = select(jobs).where(jobs.c.job_id == bindparam("job_id"))
_OWN_BY_ID = _BY_ID.where(jobs.c.account_id == bindparam("account_id"))
_STATE_BY_ID = select(jobs.c.state).where(jobs.c.job_id == bindparam("job_id"))


class SqlJobs(SqlJobEnds):
    """``ports.Jobs`` in SQL."""

    def add_index_job(self, job: Job, options: IndexOptions) -> None:
        """See ``ports.Jobs``.

        A redaction of the video that is under way refuses it too: face ids mean people of one index, and those of the
        next would make it hide others.
        """
        with self._database.writing() as connection:
            self._require_idle(
                connection, job, or_(jobs.c.video_id == job.video_id, jobs.c.output_id == job.video_id)
            )
            change = update(videos).where(
                videos.c.account_id == job.account_id, videos.c.video_id == job.video_id
            )
            values = {"state": VideoState.PROCESSING, "progress": 0, "modified": self._clock.now()}
            connection.execute(change.values({**values, **options_columns(options), **failure_columns(None)}))
            connection.execute(insert(jobs).values(job_columns(job)))

    def add_redaction(self, video: Video, job: Job) -> None:
        """See ``ports.Jobs``."""
        with self._database.writing() as connection:
            try:
                self._count_videos(connection, job.account_id, 1)
            except AccountNotFoundError as error:
                raise no_video(job.video_id) from error
            self._require_idle(
                connection, job, (jobs.c.video_id == job.video_id) & (jobs.c.kind == JobKind.INDEX)
            )
            connection.execute(insert(videos).values(video_columns(video)))
            connection.execute(insert(jobs).values(job_columns(job)))

    def job(self, account_id: str, job_id: str) -> Job:
        """See ``ports.Jobs``."""
        return self._one(_OWN_BY_ID, job_id=job_id, account_id=account_id)

    def job_by_id(self, job_id: str) -> Job:
        """See ``ports.Jobs``."""
        return self._one(_BY_ID, job_id=job_id)

    def jobs_of_video(self, account_id: str, video_id: str) -> tuple[Job, ...]:
        """See ``ports.Jobs``."""
        own = select(jobs).where(jobs.c.account_id == account_id)
        with self._database.reading() as connection:
            # One by one and in no order: else SQLite walks through the account by time rather than look them up.
            rows = [
                row
                for role in (jobs.c.video_id, jobs.c.output_id)
                for row in connection.execute(own.where(role == video_id))
            ]
        return tuple(sorted(map(to_job, rows), key=lambda job: (job.created, job.job_id), reverse=True))

    def list_jobs(self, account_id: str, *, skip: int, limit: int) -> tuple[tuple[Job, ...], int]:
        """See ``ports.Jobs``."""
        own = jobs.c.account_id == account_id
        page = select(jobs).where(own).order_by(jobs.c.created.desc(), jobs.c.job_id.desc())
        with self._database.reading() as connection:
            total = connection.execute(select(func.count()).select_from(jobs).where(own)).scalar_one()
            limit = min(limit, total - skip)
            rows = connection.execute(page.offset(skip).limit(limit)).all() if limit > 0 else []
        return tuple(map(to_job, rows)), total

    def active_jobs(self, account_id: str, since: datetime) -> tuple[Job, ...]:
        """See ``ports.Jobs``."""
        own = jobs.c.account_id == account_id
        # The account twice, so that each side has an index of its own.
        wanted = or_(own & jobs.c.state.in_(OPEN), own & (jobs.c.created >= since))
        with self._database.reading() as connection:
            rows = connection.execute(select(jobs).where(wanted).order_by(jobs.c.created, jobs.c.job_id))
            return tuple(map(to_job, rows))

    def open_jobs(self) -> tuple[Job, ...]:
        """See ``ports.Jobs``."""
        wanted = select(jobs).where(jobs.c.state.in_(WORKABLE)).order_by(jobs.c.created, jobs.c.job_id)
        with self._database.reading() as connection:
            return tuple(map(to_job, connection.execute(wanted)))

    def num_open_jobs(self, account_id: str | None = None) -> int:
        """See ``ports.Jobs``."""
        count = select(func.count()).select_from(jobs).where(jobs.c.state.in_(OPEN))
        if account_id is not None:
            count = count.where(jobs.c.account_id == account_id)
        with self._database.reading() as connection:
            return int(connection.execute(count).scalar_one())

    def begin_job(self, job_id: str) -> bool:
        """See ``ports.Jobs``. A job that still waits for another is not begun either."""
        now = self._clock.now()
        with self._database.writing() as connection:
            job = self._lock_shown(connection, job_id)
            if job is None:
                return False
            begun = update(jobs).where(jobs.c.job_id == job_id, jobs.c.state == JobState.QUEUED)
            if connection.execute(begun.values(state=JobState.RUNNING, updated=now)).rowcount == 0:
                # Begun before, or ended since it was read.
                return connection.execute(_STATE_BY_ID, {"job_id": job_id}).scalar() is JobState.RUNNING
            shown = update_shown(job).where(videos.c.state == VideoState.UPLOADED)
            connection.execute(shown.values(state=VideoState.PROCESSING, modified=now))
            return True

    def is_open(self, job_id: str) -> bool:
        """See ``ports.Jobs``."""
        with self._database.reading() as connection:
            return connection.execute(_STATE_BY_ID, {"job_id": job_id}).scalar() in OPEN

    def set_segments(self, job_id: str, num_frames: Sequence[int]) -> None:
        """See ``ports.Jobs``. Segments of an earlier, longer plan are forgotten."""
        with self._database.writing() as connection:
            if self._lock_workable(connection, job_id) is None:
                return
            of_job = segments.c.job_id == job_id
            connection.execute(delete(segments).where(of_job, segments.c.segment >= len(num_frames)))
            known = set(connection.execute(select(segments.c.segment).where(of_job)).scalars())
            for number, length in enumerate(num_frames):
                if number in known:
                    same = update(segments).where(of_job, segments.c.segment == number)
                    done = _smaller(segments.c.frames_done, length)
                    connection.execute(same.values(num_frames=length, frames_done=done))
                else:
                    row = {"job_id": job_id, "segment": number, "num_frames": length, "frames_done": 0}
                    connection.execute(insert(segments).values(row))

    def report_segment(self, job_id: str, segment: int, frames_done: int, work_s: float) -> None:
        """See ``ports.Jobs``. The video that shows the job follows."""
        with self._database.writing() as connection:
            job = self._lock_workable(connection, job_id)
            if job is None:
                return
            of_job = segments.c.job_id == job_id
            # A header's estimate of the length may be too small.
            done = _smaller(segments.c.num_frames, max(frames_done, 0))
            change = update(segments).where(of_job, segments.c.segment == segment)
            connection.execute(change.where(segments.c.frames_done < done).values(frames_done=done))
            sums = select(func.sum(segments.c.frames_done), func.sum(segments.c.num_frames)).where(of_job)
            all_done, total = (int(value or 0) for value in connection.execute(sums).one())
            progress = max(job.progress, 1 + 94 * all_done // max(total, 1))
            own = update(jobs).where(jobs.c.job_id == job_id, jobs.c.state.in_(WORKABLE))
            connection.execute(
                own.values(
                    progress=progress,
                    num_frames=max(job.num_frames, all_done),
                    work_s=jobs.c.work_s + work_s,
                    updated=self._clock.now(),
                )
            )
            behind = (videos.c.state == VideoState.PROCESSING) & (videos.c.progress < progress)
            connection.execute(update_shown(job).where(behind).values(progress=progress))

    def note_source(self, job_id: str, source: StoredSource) -> None:
        """See ``ports.Jobs``. The file of a video whose file was deleted meanwhile is not kept."""
        with self._database.writing() as connection:
            job = self._lock_workable(connection, job_id)
            if job is None:
                return
            own = update(videos).where(
                videos.c.account_id == job.account_id, videos.c.video_id == job.video_id
            )
            wanted = own.where(videos.c.is_source_deleted.is_(False))
            connection.execute(wanted.values(**source_columns(source), modified=self._clock.now()))

    def job_counts(self) -> Mapping[tuple[JobKind, JobState], int]:
        """See ``ports.Jobs``."""
        counts = select(jobs.c.kind, jobs.c.state, func.count()).group_by(jobs.c.state, jobs.c.kind)
        with self._database.reading() as connection:
            return {(kind, state): count for kind, state, count in connection.execute(counts)}

    def job_totals(self) -> Mapping[JobKind, tuple[int, float]]:
        """See ``ports.Jobs``."""
        sums = select(jobs.c.kind, func.sum(jobs.c.num_frames), func.sum(jobs.c.work_s)).group_by(jobs.c.kind)
        with self._database.reading() as connection:
            return {kind: (int(frames), float(work_s)) for kind, frames, work_s in connection.execute(sums)}

    def oldest_queued(self) -> datetime | None:
        """See ``ports.Jobs``."""
        oldest = (
            select(jobs.c.created).where(jobs.c.state == JobState.QUEUED).order_by(jobs.c.created).limit(1)
        )
        with self._database.reading() as connection:
            return connection.execute(oldest).scalar()

    def _one(self, statement: Any, **keys: str) -> Job:
        with self._database.reading() as connection:
            row = connection.execute(statement, keys).first()
        if row is None:
            raise JobNotFoundError(f"there is no job {keys['job_id']!r}: list the jobs to see their ids")
        return to_job(row)

    def _require_idle(self, connection: Connection, job: Job, in_the_way: ColumnElement[bool]) -> None:
        """Lock the video of a new job, and refuse where another one is in the way."""
        self._lock_videos(connection, job.account_id, [job.video_id])
        video = select(videos.c.video_id).where(
            videos.c.account_id == job.account_id, videos.c.video_id == job.video_id
        )
        if connection.execute(video).first() is None:
            raise no_video(job.video_id)
        busy = select(jobs.c.job_id).where(
            jobs.c.account_id == job.account_id, jobs.c.state.in_(OPEN), in_the_way
        )
        other = connection.execute(busy.limit(1)).scalar()
        if other is not None:
            raise VideoBusyError(
                f"video {job.video_id} is being worked on by job {other}: wait until it has ended"
            )

    def _lock_shown(self, connection: Connection, job_id: str) -> Job | None:
        """A job, after its videos were locked; None where there is none."""
        job = read_job(connection, job_id)
        if job is not None:
            self._lock_videos(connection, job.account_id, [job.shown_video_id])
        return job

    def _lock_workable(self, connection: Connection, job_id: str) -> Job | None:
        """A job that may be worked on, its row and its video locked, so that reports follow one another."""
        if self._lock_shown(connection, job_id) is None:
            return None
        own = select(jobs).where(jobs.c.job_id == job_id, jobs.c.state.in_(WORKABLE)).with_for_update()
        row = connection.execute(own).first()
        return None if row is None else to_job(row)


def _smaller(column: ColumnElement[Any], value: int) -> ColumnElement[Any]:
    return case((column < value, column), else_=value)
