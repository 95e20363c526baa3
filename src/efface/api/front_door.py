"""First look at a request: is its URL usable, how is it meant, has the caller asked too often."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from efface.api.errors import ErrorType, RateLimitedError, error_response, rate_limit_response
from efface.api.origin import Origins
from efface.api.rate_limits import RateLimiter, Traffic, caller_of
from efface.api.url_shape import UrlShapes, canonical_query, raw_path

_MAX_URL = 6144
_MAX_QUERY = 4096
_LIGHT_PREFIXES = (
    "/files/",
    "/streams/",
    "/embed/",
    "/web/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/docs",
    "/openapi.json",
)
_LIGHT_TEMPLATES = frozenset({"/{location}/Accounts/{accountId}/Events"})
"""Read by pages in ways that let them send no header."""
WEB_HEADER = "x-efface-web"
"""Sent by the web page with all that it asks."""
_MAKES_WORK = ("/videos", "/redact", "/reindex")
"""Ends of the paths whose posts have a video analysed or rendered."""


class UrlDoor:
    """Refuses URLs that cannot be used, and has the rest spelt as routes spell them."""

    def __init__(self, app: ASGIApp, shapes: UrlShapes) -> None:
        self._app = app
        self._shapes = shapes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        query, path = scope["query_string"], scope["path"]
        length = len(scope.get("raw_path") or path.encode("utf-8", "replace"))
        if len(query) > _MAX_QUERY or length + len(query) > _MAX_URL:
            message = (
                f"The URL is too long: use at most {_MAX_URL} characters, {_MAX_QUERY} of them in the query."
            )
            await error_response(414, ErrorType.URI_TOO_LONG, message)(scope, receive, send)
            return
        # Databases take no NUL in a text, and no client means one.
        if "\0" in path or b"%00" in query or b"\0" in query:
            message = "The URL holds the character NUL: leave it out."
            await error_response(400, ErrorType.INVALID_INPUT, message)(scope, receive, send)
            return
        await self._app(self._canonical(scope), receive, send)

    def _canonical(self, scope: Scope) -> Scope:
        shape = self._shapes.of(scope["path"])
        changed = dict(scope, query_string=canonical_query(scope["query_string"]))
        if shape is not None:
            state = scope.setdefault("state", {})
            state["template"], state["methods"] = shape.template, shape.methods
            changed.update(path=shape.path, raw_path=raw_path(shape.path), state=state)
        return changed


class RateDoor:
    """Refuses callers who have asked too often from one address."""

    def __init__(self, app: ASGIApp, limiter: RateLimiter, origins: Origins) -> None:
        self._app = app
        self._limiter = limiter
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traffic = traffic_of(scope)
        scope.setdefault("state", {})["traffic"] = traffic
        address = caller_of(self._origins.of(scope).address)
        wait_s = self._limiter.admit(traffic, f"address:{address}")
        if wait_s:
            await rate_limit_response(RateLimitedError(wait_s))(scope, receive, send)
            return
        await self._app(scope, receive, send)


def traffic_of(scope: Scope) -> Traffic:
    """What a request counts as. Anybody may send the mark of the web page; its limit is higher, not absent."""
    template = scope.get("state", {}).get("template")
    if template in _LIGHT_TEMPLATES or scope["path"].startswith(_LIGHT_PREFIXES):
        return Traffic.LIGHT
    is_read = scope["method"] in {"GET", "HEAD"}
    makes_work = not is_read and scope["path"].rstrip("/").lower().endswith(_MAKES_WORK)
    # A person who corrects boxes, or looks at stills, asks more often than a program that has videos redacted.
    return Traffic.LIGHT if not makes_work and WEB_HEADER in Headers(scope=scope) else Traffic.API
