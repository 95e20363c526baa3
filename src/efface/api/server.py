"""Running the application: the only place that knows uvicorn."""

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from efface.api.context import ApiContext
from efface.domain.errors import ConfigurationError

_GRACE_S = 10
"""How long open requests may take to end after SIGTERM."""
_BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """Take an address, so that a taken one shows before anything is started.

    Args:
        host: name or address to listen on.
        port: TCP port, 0 for a free one.

    Raises:
        ConfigurationError: it cannot be had.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} cannot be listened on ({error.strerror}): choose another --port or --host"
        ) from error
    # Connections inherit it. Without, the body of an answer waits 40 ms for the client to acknowledge its head: the
    # event loop sets it only on sockets that were made for TCP by number, which Python's own call does not do.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address_of(listener: socket.socket) -> str:
    """``http://host:port`` of a bound socket, as a browser on this machine reaches it."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_server(app: FastAPI, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; open requests are let end, for ten seconds at most.

    Args:
        app: what is served; its long requests are told to end.
        listener: a bound socket.
        on_ready: called once requests are answered.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE_S,
        lifespan="on",
    )
    context: ApiContext = app.state.context
    server = _Server(config, on_ready, context.stopping.set)
    # uvicorn raises the signal that has stopped it once more, for whoever was there before: nobody, or this process
    # would end here and leave undone what its caller has to close.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _done_already)
    asyncio.run(server.serve(sockets=[listener]))


def _done_already(_signum: int, _frame: FrameType | None) -> None:
    """Leave a signal that was obeyed as it is."""


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], on_stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_ready, self._on_stop = on_ready, on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Before the others are waited for: a stream of events would use up all of their time.
        self._on_stop()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()
