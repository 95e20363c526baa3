"""The application: routes, the layers around them, and what they share."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI

from efface.api.answers import UnexpectedErrors
from efface.api.context import ApiContext
from efface.api.errors import install_error_handlers
from efface.api.front_door import RateDoor, UrlDoor
from efface.api.keyring import Keyring
from efface.api.known_accounts import KnownAccounts
from efface.api.live_events import LiveEvents
from efface.api.metrics import Metrics
from efface.api.openapi import describe
from efface.api.origin import Origins
from efface.api.rate_limits import RateLimiter, Traffic
from efface.api.request_log import RequestLog
from efface.api.routes import ROUTERS
from efface.api.settings import ApiSettings
from efface.api.stopping import Stopping
from efface.api.time_limit import TimeLimit
from efface.api.tokens import Tokens
from efface.api.unfinished_uploads import UnfinishedUploads
from efface.api.upload_file import remove_stale_uploads
from efface.api.url_shape import UrlShapes
from efface.api.wire.event import event_text
from efface.usecases.services import Services

_SWEEP_S = 600
"""How often uploads that have expired are looked for."""


def create_app(
    services: Services,
    settings: ApiSettings,
    *,
    routers: Sequence[APIRouter] = ROUTERS,
    monotonic: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """Make the application of one API process.

    Args:
        services: ports and limits.
        settings: of the API.
        routers: what is served; their paths are found in any case, so a router is complete when it gets here.
        monotonic: seconds that never go back, for the rate limits and what is kept of accounts.

    Raises:
        ConfigurationError: the signing keys cannot be used.
    """
    app = FastAPI(
        title="efface",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    for router in routers:
        app.include_router(router)
    context = _context(services, settings, routers, monotonic)
    # A keyring that cannot be used should stop the start, not the first request.
    context.keyring.signing_key("start")
    app.state.context = context
    install_error_handlers(app)
    # The one that is added last is met first.
    app.add_middleware(TimeLimit, limit_s=settings.request_limit_s)
    app.add_middleware(RateDoor, limiter=context.limiter, origins=context.origins)
    app.add_middleware(UrlDoor, shapes=context.shapes)
    app.add_middleware(UnexpectedErrors)
    app.add_middleware(RequestLog, metrics=context.metrics)
    _describe_lazily(app)
    return app


def _context(
    services: Services,
    settings: ApiSettings,
    routers: Sequence[APIRouter],
    monotonic: Callable[[], float],
) -> ApiContext:
    keyring = Keyring(
        settings.keyring_file,
        services.clock,
        max(settings.max_url_lifetime_s, settings.token_lifetime_s, settings.url_lifetime_s),
    )
    stopping = Stopping()
    rates = {Traffic.API: settings.api_rate, Traffic.LIGHT: settings.light_rate}
    return ApiContext(
        services=services,
        settings=settings,
        accounts=KnownAccounts(services.catalogue, monotonic),
        keyring=keyring,
        tokens=Tokens(keyring, services.clock, settings.token_lifetime_s),
        origins=Origins(settings.trusted_proxies),
        limiter=RateLimiter(rates, monotonic),
        metrics=Metrics(services.catalogue, services.clock, settings.worker_silence_s),
        shapes=UrlShapes(route for router in routers for route in router.routes),
        uploads=UnfinishedUploads(
            settings.upload_folder,
            services.clock,
            timedelta(seconds=settings.resumable_lifetime_s),
            settings.max_unfinished_uploads,
            services.room,
        ),
        events=LiveEvents(
            services.catalogue,
            services.clock,
            stopping,
            event_text,
            max_listeners=settings.max_listeners,
            lifetime_s=settings.token_lifetime_s,
            monotonic=monotonic,
        ),
        stopping=stopping,
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: ApiContext = app.state.context
    settings = context.settings
    # Twice the limit: nothing that is still arriving in another process may go.
    remove_stale_uploads(settings.upload_folder, 2 * settings.upload_limit_s)
    sweeping = asyncio.create_task(_remove_expired_uploads(context))
    yield
    sweeping.cancel()


async def _remove_expired_uploads(context: ApiContext) -> None:
    """What has come of a video and is wanted by nobody any more must not lie on a disk until somebody uploads again."""
    while True:
        try:
            await asyncio.to_thread(context.uploads.remove_expired)
        except OSError as error:
            structlog.get_logger(__name__).warning("expired uploads cannot be removed", reason=str(error))
        await asyncio.sleep(_SWEEP_S)


def _describe_lazily(app: FastAPI) -> None:
    described: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not described:
            described.update(describe(app))
        return described

    # FastAPI's documented way to replace the description that it makes.
    app.openapi = openapi  # type: ignore[method-assign]
