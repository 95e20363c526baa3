import pytest

from tests.storage.upgrade_contract import UpgradeContract


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


class TestPostgresUpgrade(UpgradeContract):
    """The whole contract on PostgreSQL."""
