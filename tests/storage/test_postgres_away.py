"""A server that ends and comes back."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from efface.domain.errors import ServiceUnavailableError
from efface.storage import open_catalogue
from tests.storage.records import account
from tests.storage.servers import ServerMissing, postgres_server, restart_postgres


def test_catalogue_works_again_after_the_database_was_away() -> None:
    with TemporaryDirectory(prefix="efface-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            server = postgres_server(folder)
            url = server.__enter__()
        except ServerMissing as reason:
            pytest.skip(str(reason))
        with open_catalogue(url) as catalogue:
            catalogue.add_account(account(), "hash")
            server.__exit__(None, None, None)
            for call in (catalogue.ping, catalogue.list_accounts, lambda: catalogue.beat("w")):
                with pytest.raises(ServiceUnavailableError, match="does not answer"):
                    call()
            with restart_postgres(folder, url):
                catalogue.beat("w")
                assert catalogue.list_accounts() == (account(),)
