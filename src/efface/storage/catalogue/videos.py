"""Videos, and what users have changed of their faces."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from efface.domain.errors import AccountNotFoundError, ServiceUnavailableError
from efface.domain.service import FaceEdit, Failure, Job, JobState, Video, VideoState
from efface.ports.catalogue import VideoFilter, VideoOrder, VideoPage
from efface.storage.catalogue.job_ends import end_jobs
from efface.storage.catalogue.part import CataloguePart, no_video
from efface.storage.catalogue.rows import (
    job_columns,
    to_job,
    to_video,
    url_hash,
    video_columns,
)
from efface.storage.catalogue.tables import face_edits, fold, jobs, videos
from efface.storage.catalogue.video_search import PageWanted, count_videos, find_page, find_redactions

_BY_ID = select(videos).where(
    videos.c.account_id == bindparam("account_id"), videos.c.video_id == bindparam("video_id")
)


class SqlVideos(CataloguePart):
    """``ports.Videos`` in SQL."""

    def add_video(
        self, video: Video, job: Job | None = None, *, followed_by: tuple[Video, Job] | None = None
    ) -> None:
        """See ``ports.Videos``.

        Raises:
            AccountNotFoundError: no such account.
            ServiceUnavailableError: the id, which is made by chance, is taken.
        """
        new_videos = [video, *(followed_by[:1] if followed_by else ())]
        new_jobs = [one for one in (job, followed_by[1] if followed_by else None) if one]
        try:
            with self._database.writing() as connection:
                self._count_videos(connection, video.account_id, len(new_videos))
                connection.execute(insert(videos), [video_columns(one) for one in new_videos])
                if new_jobs:
                    connection.execute(insert(jobs), [job_columns(one) for one in new_jobs])
        except IntegrityError as error:
            raise ServiceUnavailableError(f"the id of video {video.video_id} is taken: try again") from error

    def video(self, account_id: str, video_id: str) -> Video:
        """See ``ports.Videos``."""
        with self._database.reading() as connection:
            return _require(connection, account_id, video_id)

    def find_videos(
        self,
        account_id: str,
        wanted: VideoFilter,
        *,
        skip: int,
        limit: int,
        order: VideoOrder = VideoOrder.NEWEST,
    ) -> VideoPage:
        """See ``ports.Videos``."""
        with self._database.reading() as connection:
            return find_page(connection, account_id, wanted, PageWanted(skip, limit, order))

    def num_videos(self, account_id: str) -> int:
        """See ``ports.Videos``."""
        with self._database.reading() as connection:
            return count_videos(connection, account_id, VideoFilter())

    def uploads_since(self, account_id: str, since: datetime | None) -> tuple[int, float]:
        """See ``ports.Videos``."""
        wanted = select(func.count(), func.coalesce(func.sum(videos.c.duration_s), 0.0)).where(
            videos.c.account_id == account_id, videos.c.original_id.is_(None)
        )
        if since is not None:
            wanted = wanted.where(videos.c.created >= since)
        with self._database.reading() as connection:
            num_videos, seconds = connection.execute(wanted).one()
            return int(num_videos), float(seconds)

    def video_with_content(
        self, account_id: str, *, sha256: str | None = None, md5: str | None = None, url: str | None = None
    ) -> Video | None:
        """See ``ports.Videos``. The content of a video whose file was deleted still counts."""
        columns = videos.c
        same = [
            columns.source_sha256 == sha256 if sha256 is not None else None,
            columns.source_md5 == md5 if md5 is not None else None,
            columns.source_url_hash == url_hash(url) if url is not None else None,
        ]
        with self._database.reading() as connection:
            # One by one and in no order: else SQLite walks through the account by time rather than look one up.
            for key in same:
                if key is None:
                    continue
                row = connection.execute(
                    select(videos)
                    .where(columns.account_id == account_id, key)
                    .where(columns.original_id.is_(None), columns.state != VideoState.FAILED)
                    .limit(1)
                ).first()
                if row is not None:
                    return to_video(row)
        return None

    def forget_source(self, account_id: str, video_id: str) -> Video:
        """See ``ports.Videos``."""
        return self._change(account_id, video_id, {"source_key": None, "is_source_deleted": True})

    def remove_video(self, account_id: str, video_id: str) -> None:
        """See ``ports.Videos``. Redactions that are being made of it end too, and their videos fail."""
        failure = Failure("Cancelled", f"video {video_id} was deleted before the work was done")
        with self._database.writing() as connection:
            try:
                self._count_videos(connection, account_id, -1)
            except AccountNotFoundError as error:
                raise no_video(video_id) from error
            self._lock_videos(connection, account_id, [video_id])
            touching = select(jobs).where(
                jobs.c.account_id == account_id,
                or_(jobs.c.video_id == video_id, jobs.c.output_id == video_id),
                jobs.c.state.in_([state for state in JobState if not state.is_final]),
            )
            touched = tuple(map(to_job, connection.execute(touching)))
            self._lock_videos(connection, account_id, [job.shown_video_id for job in touched])
            end_jobs(connection, touched, JobState.CANCELLED, failure, self._clock.now())
            if connection.execute(delete(videos).where(*_is(account_id, video_id))).rowcount == 0:
                raise no_video(video_id)

    def expired_videos(self, now: datetime, limit: int) -> tuple[Video, ...]:
        """See ``ports.Videos``."""
        wanted = select(videos).where(videos.c.expires <= now).order_by(videos.c.expires).limit(limit)
        with self._database.reading() as connection:
            return tuple(map(to_video, connection.execute(wanted)))

    def redactions_of(
        self, account_id: str, video_ids: Collection[str], limit: int
    ) -> Mapping[str, tuple[Video, ...]]:
        """See ``ports.Videos``."""
        if not video_ids:
            return {}
        with self._database.reading() as connection:
            return find_redactions(connection, account_id, video_ids, limit)

    def face_edits(self, account_id: str, video_id: str) -> Mapping[int, FaceEdit]:
        """See ``ports.Videos``."""
        return self.face_edits_of(account_id, [video_id]).get(video_id, {})

    def face_edits_of(
        self, account_id: str, video_ids: Collection[str]
    ) -> Mapping[str, Mapping[int, FaceEdit]]:
        """See ``ports.Videos``."""
        if not video_ids:
            return {}
        wanted = select(face_edits).where(
            face_edits.c.account_id == account_id, face_edits.c.video_id.in_(tuple(video_ids))
        )
        found: dict[str, dict[int, FaceEdit]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(wanted.order_by(face_edits.c.face_id)):
                edit = FaceEdit(row.face_id, row.name, row.is_deleted)
                found.setdefault(row.video_id, {})[row.face_id] = edit
        return found

    def edit_face(self, account_id: str, video_id: str, edit: FaceEdit) -> None:
        """See ``ports.Videos``."""
        values = {
            "name": edit.name,
            "name_folded": None if edit.name is None else fold(edit.name),
            "is_deleted": edit.is_deleted,
        }
        key = {"account_id": account_id, "video_id": video_id, "face_id": edit.face_id}
        with self._database.writing() as connection:
            # It locks the video too, so that two edits of one face do not both find that there is none yet.
            touch = update(videos).where(*_is(account_id, video_id)).values(modified=self._clock.now())
            if connection.execute(touch).rowcount == 0:
                raise no_video(video_id)
            if connection.execute(update(face_edits).filter_by(**key).values(values)).rowcount == 0:
                connection.execute(insert(face_edits).values({**key, **values}))

    def _change(self, account_id: str, video_id: str, values: dict[str, Any]) -> Video:
        change = update(videos).where(*_is(account_id, video_id))
        with self._database.writing() as connection:
            connection.execute(change.values({**values, "modified": self._clock.now()}))
            return _require(connection, account_id, video_id)


def _is(account_id: str, video_id: str) -> tuple[Any, Any]:
    return videos.c.account_id == account_id, videos.c.video_id == video_id


def _require(connection: Connection, account_id: str, video_id: str) -> Video:
    row = connection.execute(_BY_ID, {"account_id": account_id, "video_id": video_id}).first()
    if row is None:
        raise no_video(video_id)
    return to_video(row)
