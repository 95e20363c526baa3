"""Bringing a catalogue up to date: the migrations in ``efface.storage.migrations``, run by one process at a time."""

import os
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text
from sqlalchemy import exc as sql_errors

from efface.domain.errors import ConfigurationError, ServiceUnavailableError
from efface.storage.catalogue.engine import Database

_ADVISORY_LOCK = 0x65666661  # "effa": any number that no other program takes


def upgrade_catalogue(url: str) -> None:
    """Make the tables, or bring them up to date; several processes may do so at once.

    Args:
        url: as for ``open_catalogue``.

    Raises:
        ConfigurationError: the address cannot be used, or a newer efface has made the catalogue.
        ServiceUnavailableError: the database does not answer.
    """
    database = Database(url)
    try:
        if database.is_sqlite:
            _prepare_file(database.url)
        with database.reading() as connection:
            if _revision(connection) == _newest():
                return
        with database.writing() as connection:
            _upgrade(connection, is_sqlite=database.is_sqlite)
    except sql_errors.DatabaseError as error:
        raise ConfigurationError(
            f"{url_for_people(database.url)} is no catalogue of efface: {error.orig}"
        ) from error
    finally:
        database.close()


def url_for_people(url: URL) -> str:
    """The address without its password."""
    return url.render_as_string(hide_password=True)


def _upgrade(connection: Connection, *, is_sqlite: bool) -> None:
    if not is_sqlite:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    found = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise ConfigurationError(
            f"the catalogue {url_for_people(connection.engine.url)} was made by a newer efface (its tables are of "
            f"version {found}): run that one, or name another catalogue"
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "efface.storage:migrations")
    return config


def _prepare_file(url: URL) -> None:
    """Make the file for its owner only, and turn it to write-ahead logging, which readers and a writer can share."""
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"the catalogue {path} cannot be opened ({error.strerror}): give its folder to this user, or name another"
        ) from error
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        raise ServiceUnavailableError(f"the catalogue {path} does not answer: {error}; try again") from error
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(f"{path} is no catalogue of efface ({error}): name another file") from error
