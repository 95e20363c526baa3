"""Fixtures with real workers."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.jobs.drill import Drill


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    """A catalogue and a queue on SQLite, without any worker."""
    with closing(Drill(tmp_path)) as drill:
        yield drill


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """The same with one worker that does one segment at once; for tests that leave it alive."""
    with closing(Drill(tmp_path_factory.mktemp("working"))) as drill:
        drill.start_worker()
        yield drill
