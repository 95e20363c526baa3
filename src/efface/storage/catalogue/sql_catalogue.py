"""The catalogue whole."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlalchemy import text

from efface.ports import Clock
from efface.storage.catalogue.accounts import SqlAccounts
from efface.storage.catalogue.callbacks import SqlCallbacks
from efface.storage.catalogue.corrections import SqlCorrections
from efface.storage.catalogue.engine import Database
from efface.storage.catalogue.heartbeats import SqlHeartbeats
from efface.storage.catalogue.jobs import SqlJobs
from efface.storage.catalogue.upgrade import upgrade_catalogue
from efface.storage.catalogue.videos import SqlVideos


class SqlCatalogue(SqlAccounts, SqlVideos, SqlCorrections, SqlJobs, SqlCallbacks, SqlHeartbeats):
    """``ports.Catalogue`` on SQLite or PostgreSQL; safe for several threads and, by the database, processes."""

    def ping(self) -> None:
        """See ``ports.Catalogue``."""
        with self._database.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """See ``ports.Clock``."""
        return datetime.now(UTC)


def open_catalogue(url: str, *, clock: Clock | None = None) -> SqlCatalogue:
    """Open a catalogue, made or brought up to date first; close it in the end.

    Args:
        url: ``sqlite:///folder/file`` (four slashes for an absolute path; missing folders are made) or
            ``postgresql://user:password@host/database``.
        clock: what ``updated``, ``modified`` and the like are taken from; the system's by default.

    Raises:
        ConfigurationError: the address cannot be used, or a newer efface has made the catalogue.
        ServiceUnavailableError: the database does not answer.
    """
    upgrade_catalogue(url)
    return SqlCatalogue(Database(url), clock or SystemClock())
