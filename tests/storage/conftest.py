"""Databases and object stores of real servers; what needs one is skipped, with the reason, where it is missing."""

import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.storage.postgres import Postgres, running_postgres
from tests.storage.servers import (
    ServerMissing,
    azure_server,
    make_azure_container,
    s3_server,
)


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder that other users may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="efface-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def served(server: Callable[[Path], AbstractContextManager[str]], folder: Path) -> Iterator[str]:
    """Run a server for a fixture, or skip what asks for it."""
    folder.mkdir()
    try:
        with server(folder) as url:
            yield url
    except ServerMissing as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server that runs while the tests do."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """URL of an empty PostgreSQL database."""
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def s3_url(open_folder: Path) -> Iterator[str]:
    """Endpoint of an S3 server with a bucket ``videos``."""
    for url in served(s3_server, open_folder / "s3"):
        request = urllib.request.Request(f"{url}/videos", method="PUT")
        urllib.request.urlopen(request, timeout=10).close()
        yield url


@pytest.fixture(scope="session")
def azure_url(open_folder: Path) -> Iterator[str]:
    """Endpoint of an Azure Blob storage with a container ``videos``."""
    for url in served(azure_server, open_folder / "azure"):
        make_azure_container(url, "videos")
        yield url
