"""Databases and object stores of real servers; what needs one is skipped, with the reason, where it is missing."""

import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import create_engine, text

from tests.storage.servers import (
    ServerMissing,
    azure_server,
    make_azure_container,
    postgres_server,
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
def postgres_server_url(open_folder: Path) -> Iterator[str]:
    """URL of a PostgreSQL server that runs while the tests do."""
    yield from served(postgres_server, open_folder / "postgres")


@pytest.fixture
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """URL of an empty PostgreSQL database."""
    with empty_database(postgres_server_url) as url:
        yield url


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """URL of a database that is made for the block."""
    name = f"efface_{token_hex(6)}"
    server = create_engine(
        server_url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server_url.replace("/postgres", f"/{name}")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


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
