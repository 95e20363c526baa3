"""A number for every request, in its answer and in every line of the log, and one line when it ends."""

import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from efface.api.answers import SEND_STARTED
from efface.api.metrics import Metrics

_MAX_CLIENT_ID = 128
_UNKNOWN_ROUTE = "other"
_HIDDEN_PATHS = ("/files/", "/streams/")
"""Their paths hold what opens a file."""
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestLog:
    """Gives every request its id, binds it to the log, counts and logs the answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        client_id = _client_id(Headers(scope=scope))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        bound = {"request_id": request_id} | ({"client_request_id": client_id} if client_id else {})
        status, began = 0, time.perf_counter()

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == SEND_STARTED:
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-ms-request-id"] = request_id
                if client_id:
                    headers["x-ms-client-request-id"] = client_id
            await send(message)

        path = scope["path"]
        with structlog.contextvars.bound_contextvars(**bound):
            try:
                await self._app(scope, receive, numbered)
            finally:
                seconds = time.perf_counter() - began
                route = state.get("template") or _UNKNOWN_ROUTE
                self._metrics.count_request(scope["method"], route, status, seconds)
                log = structlog.get_logger(__name__)
                (log.debug if route in _QUIET_ROUTES else log.info)(
                    "request",
                    method=scope["method"],
                    path=_shown(path),
                    status=status,
                    ms=round(1000 * seconds, 1),
                    account=state.get("account_id"),
                )


def _shown(path: str) -> str:
    for hidden in _HIDDEN_PATHS:
        if path.lower().lstrip("/").startswith(hidden.lstrip("/")):
            return hidden + "…"
    return path[:300]


def _client_id(headers: Headers) -> str:
    """The client's own id for the request, empty where it would not be safe to repeat."""
    value = headers.get("x-ms-client-request-id", "").strip()
    is_plain = len(value) <= _MAX_CLIENT_ID and value.isascii() and value.isprintable()
    return value if is_plain else ""
