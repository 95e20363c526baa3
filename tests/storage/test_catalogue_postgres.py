from collections.abc import Iterator

import pytest
from sqlalchemy import text

from efface.domain.errors import RequestError
from efface.domain.service import VideoDetails
from efface.storage import SqlCatalogue, open_catalogue
from tests.storage.catalogue_contract import CatalogueContract
from tests.storage.corrections_contract import CorrectionsContract
from tests.storage.postgres import Postgres
from tests.storage.records import StillClock, account, video


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    """One database for all: to make and migrate one takes longer than a test."""
    with postgres.database() as url:
        yield url


@pytest.fixture
def catalogue(database_url: str, clock: StillClock) -> Iterator[SqlCatalogue]:
    with open_catalogue(database_url, clock=clock) as opened:
        with opened._database.writing() as connection:
            connection.execute(text("TRUNCATE accounts, heartbeats CASCADE"))
        for number in (1, 2):
            opened.add_account(account(number), f"hash {number}")
        yield opened


class TestPostgresCatalogue(CatalogueContract):
    """The whole contract on PostgreSQL."""

    def test_zero_character_is_refused_with_a_sentence(self, catalogue: SqlCatalogue) -> None:
        with pytest.raises(RequestError, match="control characters"):
            catalogue.add_video(video(details=VideoDetails("a\x00b")))
        with pytest.raises(RequestError, match="control characters"):
            catalogue.video(account().account_id, "a\x00b")


class TestPostgresCorrections(CorrectionsContract):
    """Corrections on PostgreSQL."""
