"""A limit for how long a request may take to be answered."""

import asyncio

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from efface.api.answers import SEND_STARTED
from efface.api.errors import timeout_response

_UNLIMITED_PREFIXES = ("/files/", "/streams/")
_UPLOADS = {
    ("POST", "/{location}/Accounts/{accountId}/Videos"),
    ("PATCH", "/{location}/Accounts/{accountId}/Uploads/{uploadId}"),
}
"""They have limits of their own."""


class TimeLimit:
    """Answers 504 for a request whose answer has not begun in time.

    The work is told to stop, yet not waited for: a thread that hangs in a database must not hold the answer back. What
    it may still do is what any client must expect after a 504.
    """

    def __init__(self, app: ASGIApp, limit_s: float) -> None:
        self._app = app
        self._limit_s = limit_s
        self._left: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or _is_unlimited(scope):
            await self._app(scope, receive, send)
            return
        gate = _Gate(send)
        task = asyncio.ensure_future(self._run(scope, receive, gate))
        try:
            await asyncio.wait({task}, timeout=self._limit_s)
            if not task.done() and not gate.is_open:
                self._give_up(task, gate)
                await timeout_response()(scope, receive, send)
                return
            await task
        except asyncio.CancelledError:
            self._give_up(task, gate)
            raise

    async def _run(self, scope: Scope, receive: Receive, gate: "_Gate") -> None:
        await self._app(scope, receive, gate.send)

    def _give_up(self, task: asyncio.Task[None], gate: "_Gate") -> None:
        gate.is_shut = True
        if not task.done():
            task.cancel()
            # A task that nobody holds may be collected before it ends.
            self._left.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._left.discard(task)
        if not task.cancelled() and task.exception() is not None:
            structlog.get_logger(__name__).warning(
                "request failed after its time was over", exc_info=task.exception()
            )


class _Gate:
    """Lets an answer through until it is shut."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_open = False
        self.is_shut = False

    async def send(self, message: Message) -> None:
        if self.is_shut:
            return
        self.is_open = self.is_open or message["type"] == SEND_STARTED
        await self._send(message)


def _is_unlimited(scope: Scope) -> bool:
    path: str = scope["path"]
    is_upload = (scope["method"], scope.get("state", {}).get("template")) in _UPLOADS
    return is_upload or path.startswith(_UNLIMITED_PREFIXES)
