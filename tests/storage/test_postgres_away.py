"""A server that ends and comes back."""

import pytest

from efface.domain.errors import ServiceUnavailableError
from efface.storage import open_catalogue
from tests.storage.postgres import running_postgres
from tests.storage.records import account

pytestmark = pytest.mark.slow  # as all that starts a server


def test_catalogue_works_again_after_the_database_was_away() -> None:
    # One of its own: others would miss it.
    with running_postgres() as server, open_catalogue(server.url) as catalogue:
        catalogue.add_account(account(), "hash")
        server.stop()
        for call in (catalogue.ping, catalogue.list_accounts, lambda: catalogue.beat("w")):
            with pytest.raises(ServiceUnavailableError, match="does not answer"):
                call()
        server.start()
        catalogue.beat("w")
        assert catalogue.list_accounts() == (account(),)
