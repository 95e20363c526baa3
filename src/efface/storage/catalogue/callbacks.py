"""Calls that are owed: due ones are leased to one process at a time, so that a crash delays them and loses none."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from efface.domain.service import Callback
from efface.storage.catalogue.part import CataloguePart
from efface.storage.catalogue.tables import callbacks


class SqlCallbacks(CataloguePart):
    """``ports.Callbacks`` in SQL."""

    def claim_callbacks(self, now: datetime, lease_s: float, limit: int) -> tuple[Callback, ...]:
        """See ``ports.Callbacks``."""
        due = (
            select(callbacks)
            .where(callbacks.c.due <= now)
            .order_by(callbacks.c.due, callbacks.c.callback_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._database.reading() as connection:
            # Nothing is due nearly always: then no write lock is taken.
            if (
                connection.execute(
                    select(callbacks.c.callback_id).where(callbacks.c.due <= now).limit(1)
                ).first()
                is None
            ):
                return ()
        with self._database.writing() as connection:
            rows = connection.execute(due).all()
            taken = [row.callback_id for row in rows]
            lease = update(callbacks).where(callbacks.c.callback_id.in_(taken))
            connection.execute(lease.values(due=now + timedelta(seconds=lease_s)))
        return tuple(Callback(row.callback_id, row.job_id, row.url, row.attempts) for row in rows)

    def settle_callback(self, callback_id: int, next_attempt: datetime | None) -> None:
        """See ``ports.Callbacks``."""
        own = callbacks.c.callback_id == callback_id
        with self._database.writing() as connection:
            if next_attempt is None:
                connection.execute(delete(callbacks).where(own))
            else:
                again = update(callbacks).where(own)
                connection.execute(again.values(due=next_attempt, attempts=callbacks.c.attempts + 1))
