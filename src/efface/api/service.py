"""The application as a service runs it: made from the service's settings."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, FastAPI

from efface.api.app import create_app
from efface.api.keyring import Keyring
from efface.api.routes import ROUTERS
from efface.api.settings import ApiSettings, Rate
from efface.api.tokens import Permission, Scope, TokenClaims, Tokens
from efface.domain.errors import RequestError
from efface.domain.service import Account
from efface.settings import Settings
from efface.usecases.services import Services
from efface.wiring.adapters import SystemClock


def create_service(
    services: Services, settings: Settings, *, more_routers: Sequence[APIRouter] = ()
) -> FastAPI:
    """The application.

    Args:
        services: ports and limits.
        settings: of the service.
        more_routers: what is served beside the API.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    return create_app(services, api_settings(settings), routers=(*ROUTERS, *more_routers))


def api_settings(settings: Settings) -> ApiSettings:
    """What the service's settings say of the API.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    return ApiSettings(
        keyring_file=settings.signing_keys_file,
        upload_folder=settings.scratch_folder,
        public_url=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
        location_aliases=settings.location_aliases,
        api_rate=Rate(settings.rate_per_s, settings.rate_per_min),
        light_rate=Rate(settings.web_rate_per_s, settings.web_rate_per_min),
        request_limit_s=settings.request_timeout_s,
        token_lifetime_s=settings.token_lifetime_s,
        url_lifetime_s=settings.url_lifetime_s,
        admin_secrets=(settings.admin_token,) if settings.admin_token else (),
        identity_secret=settings.identity_header,
        max_upload_bytes=settings.max_upload_bytes,
    )


def issue_token(
    settings: Settings, account: Account, permission: str, video_id: str | None = None
) -> tuple[str, datetime]:
    """An access token, and when it ends.

    Args:
        settings: name the keys that sign it.
        account: that it opens.
        permission: Azure's word, in any case.
        video_id: the only video that it opens; None for all.

    Raises:
        RequestError: no such permission.
    """
    granted = Permission.parse(permission)
    if granted is None:
        raise RequestError(f"permission {permission!r} is unknown: use Reader or Contributor")
    chosen = api_settings(settings)
    clock = SystemClock()
    keyring = Keyring(chosen.keyring_file, clock, chosen.max_url_lifetime_s)
    scope = Scope.VIDEO if video_id else Scope.ACCOUNT
    claims = TokenClaims(scope, granted, account.account_id, video_id)
    return Tokens(keyring, clock, chosen.token_lifetime_s).issue(claims)
