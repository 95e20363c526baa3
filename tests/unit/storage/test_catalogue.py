from collections.abc import Iterator
from pathlib import Path

import pytest

from efface.storage import SqlCatalogue, open_catalogue
from tests.storage.catalogue_contract import CatalogueContract
from tests.storage.corrections_contract import CorrectionsContract
from tests.storage.records import StillClock, account


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def catalogue(tmp_path: Path, clock: StillClock) -> Iterator[SqlCatalogue]:
    with open_catalogue(f"sqlite:///{tmp_path}/catalogue.sqlite", clock=clock) as opened:
        for number in (1, 2):
            opened.add_account(account(number), f"hash {number}")
        yield opened


class TestSqliteCatalogue(CatalogueContract):
    """The whole contract on SQLite."""


class TestSqliteCorrections(CorrectionsContract):
    """Corrections on SQLite."""
