"""Clients that go away while work is done for them."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from efface.domain.errors import Cancelled
from efface.ports import Progress

Answer = TypeVar("Answer")

_LOOK_S = 0.2


async def run_while_wanted(request: Request, call: Callable[[Progress], Answer]) -> Answer:
    """Run a call in a thread; its progress cancels it when the client has gone.

    Args:
        request: whose body was read.
        call: takes a progress to report to.

    Raises:
        ClientDisconnect: the call was cancelled for that.
    """
    progress = _Wanted()
    watch = asyncio.ensure_future(_watch(request, progress))
    try:
        return await run_in_threadpool(call, progress)
    except Cancelled as error:
        raise ClientDisconnect from error
    finally:
        # Also where this request is given up, because its time is over.
        progress.is_unwanted.set()
        watch.cancel()


async def _watch(request: Request, progress: "_Wanted") -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(_LOOK_S)
    progress.is_unwanted.set()


class _Wanted:
    """A progress that cancels once nobody waits any more."""

    def __init__(self) -> None:
        self.is_unwanted = threading.Event()

    def report(self, stage: str, done: int, total: int | None) -> None:
        if self.is_unwanted.is_set():
            raise Cancelled("the client does not wait any more")
