"""Answers sent from middleware, outside of any route."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from efface.api.errors import unexpected_response

SEND_STARTED = "http.response.start"


class UnexpectedErrors:
    """Turns a bug into 500 without internals; the log has them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_started = False

        async def noting(message: Message) -> None:
            nonlocal is_started
            is_started = is_started or message["type"] == SEND_STARTED
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:  # the outermost loop of a request: whatever is left is a bug
            structlog.get_logger(__name__).exception("unexpected error")
            if is_started:
                # The server cuts the connection, which tells the client that the answer is not whole.
                raise
            await unexpected_response()(scope, receive, send)
