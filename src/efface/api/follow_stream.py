"""A region followed in a thread, told line by line to a client who may go away at any time."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog
from starlette.concurrency import run_in_threadpool

from efface.api.errors import GENERAL_MESSAGE
from efface.api.wire.previews import error_line, path_line, progress_line
from efface.domain.edits import DrawnRegion, FollowedRegion
from efface.domain.errors import Cancelled, EffaceError, InputError, NotFoundError, QueueFullError
from efface.domain.service import Video
from efface.usecases.previews import follow
from efface.usecases.services import Services

_QUIET_S = 5.0
"""After so long a line is repeated, so that nobody takes the connection for dead."""

_State = tuple[int, int | None]


async def follow_lines(services: Services, video: Video, region: DrawnRegion) -> AsyncIterator[bytes]:
    """Lines of JSON while a region is followed; stops the work when they are no longer read."""
    progress = _Noted(asyncio.get_running_loop())
    work = asyncio.ensure_future(run_in_threadpool(follow, services, video, region, progress))
    work.add_done_callback(progress.end)
    told: _State | None = None
    told_s = 0.0
    try:
        while not work.done():
            await progress.changed.wait()
            progress.changed.clear()
            if work.done():
                break
            now_s = time.monotonic()
            if progress.state != told or now_s - told_s >= _QUIET_S:
                told, told_s = progress.state, now_s
                yield progress_line(*told)
        yield _last_line(work)
    finally:
        progress.is_unwanted.set()


def _last_line(work: "asyncio.Future[tuple[FollowedRegion, ...]]") -> bytes:
    error = work.exception()
    if error is None:
        return path_line(work.result())
    if isinstance(error, InputError | NotFoundError | QueueFullError):
        return error_line(str(error))
    if isinstance(error, EffaceError):
        # Names hosts and paths of ours.
        structlog.get_logger(__name__).warning("region was not followed", reason=str(error))
        return error_line("The region could not be followed just now: try again in a minute.")
    structlog.get_logger(__name__).error("region was not followed", exc_info=error)
    return error_line(GENERAL_MESSAGE)


class _Noted:
    """Notes how far the thread is, for the loop to tell; stops the thread when nobody listens any more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.state: _State = (0, None)
        self.changed = asyncio.Event()
        self.is_unwanted = threading.Event()

    def report(self, stage: str, done: int, total: int | None) -> None:
        """Called in the thread."""
        if self.is_unwanted.is_set():
            raise Cancelled("the client does not wait any more")
        self.state = (done, total)
        with suppress(RuntimeError):  # the server has stopped, and its loop with it
            self._loop.call_soon_threadsafe(self.changed.set)

    def end(self, work: "asyncio.Future[tuple[FollowedRegion, ...]]") -> None:
        """Called in the loop when the thread is done."""
        if not work.cancelled():
            work.exception()  # looked at, also where nobody waits for it any more
        self.changed.set()
