"""What bringing a catalogue up to date must do on either database; the fixture ``url`` is an empty database."""

import subprocess
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from efface.domain.errors import ConfigurationError
from efface.storage import open_catalogue, upgrade_catalogue
from efface.storage.catalogue.engine import Database
from efface.storage.catalogue.tables import metadata

OPEN_TOGETHER = """
import sys
from efface.storage import open_catalogue

input()
with open_catalogue(sys.argv[1]) as catalogue:
    print(len(catalogue.list_accounts()))
"""


class UpgradeContract:
    """Needs the fixture ``url``."""

    def test_empty_database_gets_the_tables_that_the_code_knows(self, url: str) -> None:
        upgrade_catalogue(url)
        with closing(Database(url)) as database, database.reading() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
            tables = set(inspect(connection).get_table_names())
        assert tables == {*metadata.tables, "alembic_version"}

    def test_second_upgrade_changes_nothing(self, url: str) -> None:
        for _ in range(2):
            with open_catalogue(url) as catalogue:
                assert catalogue.list_accounts() == ()

    def test_catalogue_of_a_newer_program_is_refused(self, url: str) -> None:
        upgrade_catalogue(url)
        with closing(Database(url)) as database, database.writing() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(ConfigurationError, match="newer efface"):
            open_catalogue(url)

    def test_many_processes_may_open_an_empty_database_at_once(self, url: str) -> None:
        command = [sys.executable, "-c", OPEN_TOGETHER, url]
        processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(4)
        ]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        for process in processes:
            out, complaints = process.communicate(timeout=60)
            assert (process.returncode, out) == (0, b"0\n"), complaints.decode()
