"""What routes and dependencies are given: one object per application, made in ``app``."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from efface.api.keyring import Keyring
from efface.api.known_accounts import KnownAccounts
from efface.api.live_events import LiveEvents
from efface.api.metrics import Metrics
from efface.api.origin import Origins
from efface.api.rate_limits import RateLimiter
from efface.api.settings import ApiSettings
from efface.api.stopping import Stopping
from efface.api.tokens import Tokens
from efface.api.unfinished_uploads import UnfinishedUploads
from efface.api.url_shape import UrlShapes
from efface.usecases.services import Services


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Everything that a request may need."""

    services: Services
    settings: ApiSettings
    accounts: KnownAccounts
    keyring: Keyring
    tokens: Tokens
    origins: Origins
    limiter: RateLimiter
    metrics: Metrics
    shapes: UrlShapes
    uploads: UnfinishedUploads
    events: LiveEvents
    stopping: Stopping


async def context_of(request: Request) -> ApiContext:
    """The context of the application that serves a request."""
    context: ApiContext = request.app.state.context
    return context


async def services_of(request: Request) -> Services:
    """The ports and limits."""
    return (await context_of(request)).services


async def settings_of(request: Request) -> ApiSettings:
    """The settings of the API."""
    return (await context_of(request)).settings


CurrentContext = Annotated[ApiContext, Depends(context_of)]
CurrentServices = Annotated[Services, Depends(services_of)]
CurrentSettings = Annotated[ApiSettings, Depends(settings_of)]
