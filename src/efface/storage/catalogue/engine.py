"""The door to the database: connections, transactions, and its errors in efface's words."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy import exc as sql_errors
from sqlalchemy.pool import ConnectionPoolEntry

from efface.domain.errors import ConfigurationError, RequestError, ServiceUnavailableError

_BUSY_S = 10.0
"""How long SQLite waits for another process's transaction; ours last milliseconds."""
_LOCKED_ATTEMPTS = 3
_IS_WRITE = "efface_is_write"


class Database:
    """A database of one of the two kinds, safe for several threads and processes.

    On SQLite a writing transaction takes the write lock at its start, so that what it has read stays true. On
    PostgreSQL it locks the rows it decides by; the order is account, videos, jobs, the rest, and an original before
    what is made of it, so that two transactions never wait for each other.
    """

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        # One statement needs no transaction around it: it saves two round trips of each read.
        self._reads = (
            self._engine if self.is_sqlite else self._engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._writes = self._engine.execution_options(**{_IS_WRITE: True})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for reads; each statement sees what is committed when it begins.

        Raises:
            ServiceUnavailableError: the database does not answer.
            RequestError: a value cannot be put to the database.
        """
        with self._mapped(), self._reads.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, committed when the block ends well and undone otherwise.

        Raises:
            ServiceUnavailableError: the database does not answer.
            RequestError: a value cannot be kept in the database.
        """
        with self._mapped(), self._writes.connect() as connection, _begin(connection):
            yield connection

    def close(self) -> None:
        """Close all connections; the database may be used again all the same."""
        self._engine.dispose()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (sql_errors.OperationalError, sql_errors.InterfaceError, sql_errors.TimeoutError) as error:
            raise ServiceUnavailableError(
                f"{self._place()} does not answer: {_reason(error)}; try again"
            ) from error
        except (sql_errors.DataError, UnicodeEncodeError, OverflowError) as error:
            raise RequestError(
                "a text or number cannot be kept in the catalogue: leave out control characters and halves of "
                "surrogate pairs, and give smaller numbers"
            ) from error
        except sql_errors.DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise ServiceUnavailableError(f"{self._place()} closed the connection; try again") from error

    def _place(self) -> str:
        return f"the catalogue {self.url.render_as_string(hide_password=True)}"


def parse_url(url: str) -> URL:
    """The address of a database with the driver that efface uses.

    Raises:
        ConfigurationError: it is not an address of SQLite (a file) or PostgreSQL.
    """
    way_out = "give sqlite:///folder/catalogue.sqlite or postgresql://user:password@host/database"
    try:
        parsed = make_url(url)
    except (sql_errors.ArgumentError, ValueError) as error:
        raise ConfigurationError(f"the address of the catalogue cannot be read: {way_out}") from error
    backend = parsed.get_backend_name()
    if backend in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        if parsed.database in {None, "", ":memory:"} or str(parsed.database).startswith("file:"):
            raise ConfigurationError(f"a catalogue in memory would be lost and cannot be shared: {way_out}")
        return parsed.set(drivername="sqlite+pysqlite")
    raise ConfigurationError(f"the catalogue cannot be kept in {backend!r}: {way_out}")


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": _BUSY_S}, pool_size=10, max_overflow=54, pool_timeout=30
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # The driver's own BEGIN comes too late, after the first read: transactions are begun in _begin_sqlite.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")
    # A call that has returned must survive a power cut: in WAL mode NORMAL would lose the last transactions.
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(_IS_WRITE):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(
        url,
        connect_args={
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
        # A server that was restarted must not cost a request each of the connections that it cut.
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=30,
        pool_timeout=15,
        isolation_level="READ COMMITTED",
    )


def _begin(connection: Connection) -> Any:
    """Begin a transaction, with another try where SQLite says that it is locked without having waited."""
    for attempt in range(1, _LOCKED_ATTEMPTS + 1):
        try:
            return connection.begin()
        except sql_errors.OperationalError as error:
            if attempt == _LOCKED_ATTEMPTS or not isinstance(error.orig, sqlite3.OperationalError):
                raise
            with contextlib.suppress(sql_errors.SQLAlchemyError):
                connection.rollback()
            time.sleep(0.02 * attempt)
    raise AssertionError("unreachable")


def _reason(error: sql_errors.SQLAlchemyError) -> str:
    """The first line of what the driver says, without the statement and its values."""
    original = getattr(error, "orig", None) or error
    lines = str(original).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(original).__name__


__all__ = ["Database", "parse_url"]
