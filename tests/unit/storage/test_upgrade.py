import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from efface.domain.errors import ConfigurationError
from efface.storage import open_catalogue
from tests.storage.upgrade_contract import UpgradeContract


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/a/b/catalogue.sqlite"


class TestSqliteUpgrade(UpgradeContract):
    """The whole contract on SQLite."""


def test_sqlite_file_is_closed_to_others_and_logs_ahead(url: str, tmp_path: Path) -> None:
    open_catalogue(url).close()
    path = tmp_path / "a" / "b" / "catalogue.sqlite"
    assert path.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, and no database at all\n" * 100)
    with pytest.raises(ConfigurationError, match=r"notes\.txt"):
        open_catalogue(f"sqlite:///{tmp_path}/notes.txt")
    assert (tmp_path / "notes.txt").read_text().startswith("these are notes")


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="file"):
        open_catalogue(f"sqlite:///{tmp_path}/file/catalogue.sqlite")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "mysql://h/d",
        "redis://h",
    ],
)
def test_address_that_is_no_catalogue_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="sqlite:///folder"):
        open_catalogue(url)
