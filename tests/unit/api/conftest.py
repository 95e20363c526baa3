"""The API in process, and served for real where the wire matters."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
import uvicorn
from fastapi import FastAPI

from efface.api.server import address_of, bind
from tests.fakes.api_in_process import ApiInProcess
from tests.fakes.fresh_catalogue import fresh_catalogue
from tests.storage.records import StillClock


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """Nothing is printed: the console's pretty tracebacks take seconds each."""
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiInProcess]:
    """An application over a catalogue of its own."""
    clock = StillClock()
    with closing(fresh_catalogue(tmp_path, clock)) as catalogue:
        yield ApiInProcess(tmp_path, catalogue, clock)


@pytest.fixture
def serve_live() -> Iterator[Callable[[FastAPI], str]]:
    """Serves applications on a free port of this machine; gives their address."""
    started: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve(app: FastAPI) -> str:
        listener = bind("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        started.append((server, thread))
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        return address_of(listener)

    yield serve
    for server, thread in started:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
