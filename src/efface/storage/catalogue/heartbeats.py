"""Which workers live, by the clock of the database: those of the workers' machines may differ."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from efface.storage.catalogue.part import CataloguePart
from efface.storage.catalogue.tables import heartbeats


class _Now(FunctionElement[int]):
    """Microseconds since 1970 by the clock of the database."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Now, "sqlite")
def _now_in_sqlite(element: _Now, compiler: SQLCompiler, **more: Any) -> str:
    # Julian days as a double resolve 40 microseconds; SQLite's own clock gives milliseconds.
    return "CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER)"


@compiles(_Now, "postgresql")
def _now_in_postgresql(element: _Now, compiler: SQLCompiler, **more: Any) -> str:
    # clock_timestamp: now() stands still within a transaction.
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"


class SqlHeartbeats(CataloguePart):
    """``ports.Heartbeats`` in SQL."""

    def beat(self, worker_id: str) -> None:
        """See ``ports.Heartbeats``."""
        with self._database.writing() as connection:
            own = update(heartbeats).where(heartbeats.c.worker_id == worker_id)
            if connection.execute(own.values(beaten_us=_Now())).rowcount == 0:
                connection.execute(insert(heartbeats).values(worker_id=worker_id, beaten_us=_Now()))

    def silent_workers(self, limit_s: float) -> tuple[str, ...]:
        """See ``ports.Heartbeats``."""
        silent = select(heartbeats.c.worker_id).where(_is_silent(limit_s)).order_by(heartbeats.c.beaten_us)
        with self._database.reading() as connection:
            return tuple(connection.execute(silent).scalars())

    def claim_silent(self, worker_id: str, limit_s: float) -> bool:
        """See ``ports.Heartbeats``."""
        claim = delete(heartbeats).where(heartbeats.c.worker_id == worker_id, _is_silent(limit_s))
        with self._database.writing() as connection:
            return connection.execute(claim).rowcount == 1

    def retire(self, worker_id: str) -> None:
        """See ``ports.Heartbeats``."""
        with self._database.writing() as connection:
            connection.execute(delete(heartbeats).where(heartbeats.c.worker_id == worker_id))

    def living_workers(self, limit_s: float) -> int:
        """See ``ports.Heartbeats``."""
        living = select(func.count()).select_from(heartbeats).where(~_is_silent(limit_s))
        with self._database.reading() as connection:
            return int(connection.execute(living).scalar_one())


def _is_silent(limit_s: float) -> ColumnElement[bool]:
    return heartbeats.c.beaten_us < _Now() - round(limit_s * 1_000_000)
