"""Corrections by hand, revision after revision."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from efface.domain.errors import EditsChangedError
from efface.domain.service import EditsRevision
from efface.storage.catalogue.part import CataloguePart, no_video
from efface.storage.catalogue.tables import edits, videos


class SqlCorrections(CataloguePart):
    """``ports.Corrections``."""

    def edits_revision(
        self, account_id: str, video_id: str, revision: int | None = None
    ) -> EditsRevision | None:
        """See ``ports.Corrections``."""
        wanted = select(edits).where(*_of(account_id, video_id))
        if revision is None:
            wanted = wanted.order_by(edits.c.revision.desc()).limit(1)
        else:
            wanted = wanted.where(edits.c.revision == revision)
        with self._database.reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else _to_revision(row)

    def add_edits(
        self, account_id: str, video_id: str, *, expected: int, index_version: int, key: str
    ) -> EditsRevision:
        """See ``ports.Corrections``."""
        now = self._clock.now()
        made = EditsRevision(expected + 1, index_version, key, now)
        with self._database.writing() as connection:
            # It locks the video too, so that two who have read the same revision do not both save the next.
            touch = update(videos).where(videos.c.account_id == account_id, videos.c.video_id == video_id)
            if connection.execute(touch.values(modified=now)).rowcount == 0:
                raise no_video(video_id)
            current = _newest(connection, account_id, video_id)
            if current != expected:
                raise EditsChangedError(expected, current)
            connection.execute(
                insert(edits).values(
                    account_id=account_id,
                    video_id=video_id,
                    revision=made.revision,
                    index_version=index_version,
                    object_key=key,
                    created=now,
                )
            )
        return made

    def forget_edits(self, account_id: str, video_id: str, before: int) -> tuple[str, ...]:
        """See ``ports.Corrections``."""
        old = (*_of(account_id, video_id), edits.c.revision < before)
        with self._database.writing() as connection:
            keys = tuple(connection.execute(select(edits.c.object_key).where(*old)).scalars())
            connection.execute(delete(edits).where(*old))
        return keys


def _of(account_id: str, video_id: str) -> tuple[Any, Any]:
    return edits.c.account_id == account_id, edits.c.video_id == video_id


def _newest(connection: Connection, account_id: str, video_id: str) -> int:
    wanted = select(func.coalesce(func.max(edits.c.revision), 0)).where(*_of(account_id, video_id))
    return int(connection.execute(wanted).scalar_one())


def _to_revision(row: Row[Any]) -> EditsRevision:
    return EditsRevision(row.revision, row.index_version, row.object_key, row.created)
