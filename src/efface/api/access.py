"""Who may do what: settled here, before a route runs.

The order is fixed so that nothing shows whether another account's id exists: without a token that opens the account
named in the path the answer is 401, whatever that path names.
"""

import hmac
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPBearer

from efface.api.context import ApiContext, context_of
from efface.api.errors import ApiError, ErrorType, RateLimitedError
from efface.api.rate_limits import Traffic
from efface.api.tokens import Permission, Scope, TokenClaims, TokenExpiredError, TokenInvalidError
from efface.domain.errors import AccountNotFoundError, VideoNotFoundError
from efface.domain.service import Account, Privacy, Video
from efface.usecases.accounts import hash_key

__all__ = [
    "AccessibleAccounts",
    "AccountContributor",
    "AccountReader",
    "Caller",
    "KeyHolder",
    "KeyedAccount",
    "Permission",
    "Scope",
    "VideoAccess",
    "VideoContributor",
    "VideoReader",
]

NO_SECURITY = "none"
"""Stands in the description of operations that need no token for some videos; ``openapi`` takes it out again."""
_MAX_TOKENS = 8
_MAX_TOKEN_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has sent a request, and what they may do."""

    account: Account
    permission: Permission
    scope: Scope
    video_id: str | None = None
    """The only video that the caller may touch, None for all of the account."""
    is_anonymous: bool = False
    """True for a caller without a token, who reads a public video."""


@dataclass(frozen=True, slots=True)
class VideoAccess:
    """A caller, and the video of the path."""

    caller: Caller
    video: Video

    @property
    def account(self) -> Account:
        """Whose video it is."""
        return self.caller.account


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who has sent a subscription key."""

    accounts: tuple[Account, ...]
    """Those that the key opens, at least one."""


_token_query = APIKeyQuery(
    name="accessToken", scheme_name="accessToken", description="An access token.", auto_error=False
)
_token_bearer = HTTPBearer(scheme_name="bearer", description="An access token.", auto_error=False)
_key_header = APIKeyHeader(
    name="Ocp-Apim-Subscription-Key", scheme_name="subscriptionKey", description="A key.", auto_error=False
)
_key_query = APIKeyQuery(
    name="subscription-key", scheme_name="subscriptionKeyQuery", description="A key.", auto_error=False
)
_no_token = APIKeyQuery(name="none", scheme_name=NO_SECURITY, auto_error=False)

LocationPath = Annotated[str, Path(alias="location", description="The account's location, in any case.")]
AccountPath = Annotated[str, Path(alias="accountId", description="GUID of the account.")]
VideoPath = Annotated[str, Path(alias="videoId", description="Id of the video.")]


def tokens_of(request: Request) -> list[str]:
    """The tokens that a request carries, in the order in which they are tried."""
    query, headers = request.query_params, request.headers
    found = [*query.getlist("accessToken"), *query.getlist("token")]
    for value in (*headers.getlist("authorization"), *headers.getlist("bearertoken")):
        scheme, _, rest = value.strip().partition(" ")
        if scheme.lower() == "bearer":
            found.append(rest)
        elif not rest:
            found.append(scheme)
    # Clients that forget to take the quotes off a JSON string are understood.
    cleaned = (token.strip().strip('"').strip() for token in found)
    return [token for token in cleaned if token and len(token) <= _MAX_TOKEN_LENGTH][:_MAX_TOKENS]


def not_allowed(account_id: str) -> ApiError:
    """The refusal of a caller who may not do that in this account."""
    return ApiError(
        401,
        ErrorType.USER_NOT_ALLOWED,
        f"Access token is not authorized to access account '{account_id[:64]}'.",
    )


def video_not_found(video_id: str) -> ApiError:
    """The answer where an account has no such video."""
    return ApiError(404, ErrorType.BREAKDOWN_NOT_FOUND, f"Video '{video_id[:64]}' was not found.")


def _location_not_found(location: str) -> ApiError:
    return ApiError(
        404,
        ErrorType.LOCATION_NOT_FOUND,
        f"Location '{location[:64]}' was not found: use that of the account.",
    )


def _account_not_found() -> ApiError:
    return ApiError(404, ErrorType.ACCOUNT_NOT_FOUND, "The account doesn't exist")


def is_guid(text: str) -> bool:
    """Whether a text is a GUID with dashes, in any case."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def note_account(request: Request, context: ApiContext, account_id: str) -> None:
    """Count a request that has proved to belong to an account, and name it in the log.

    Only then, so that nobody can use up the share of an account that they know the id of.

    Raises:
        RateLimitedError: the account has asked too often.
    """
    request.state.account_id = account_id
    traffic = getattr(request.state, "traffic", Traffic.API)
    wait_s = context.limiter.admit(traffic, f"account:{account_id}")
    if wait_s:
        raise RateLimitedError(wait_s)


def _best_claims(
    context: ApiContext, tokens: Iterable[str], account_id: str, video_id: str | None
) -> TokenClaims:
    """The claims of the first token that opens the account, or the video in it.

    Raises:
        ApiError: 401, none does; the refusal of the token that came closest is told.
    """
    closeness, refusal = 0, not_allowed(account_id)
    for token in tokens:
        try:
            claims = context.tokens.read(token)
        except TokenExpiredError:
            if closeness < 2:
                closeness = 2
                refusal = ApiError(
                    401, ErrorType.ACCESS_TOKEN_EXPIRED, "The access token has expired: ask for a fresh one."
                )
        except TokenInvalidError:
            if closeness < 1:
                closeness = 1
                refusal = ApiError(
                    401,
                    ErrorType.ACCESS_TOKEN_VALIDATION_FAILED,
                    "The access token is malformed or was not issued here: ask for a fresh one.",
                )
        else:
            if _opens(claims, account_id, video_id):
                return claims
            closeness, refusal = 3, not_allowed(account_id)
    raise refusal


def _opens(claims: TokenClaims, account_id: str, video_id: str | None) -> bool:
    if claims.account_id is None or claims.account_id != account_id.lower():
        return False
    if claims.scope is Scope.ACCOUNT:
        return True
    return claims.scope is Scope.VIDEO and video_id is not None and claims.video_id == video_id.lower()


def check_location(context: ApiContext, account: Account, location: str) -> None:
    """Refuse a location that is not the account's.

    Raises:
        ApiError: 404.
    """
    if not _is_location_of(context, account, location):
        raise _location_not_found(location)


def _is_location_of(context: ApiContext, account: Account, location: str) -> bool:
    wanted = location.lower()
    return wanted == account.location or any(
        wanted == alias.lower() for alias in context.settings.location_aliases
    )


def check_known_location(context: ApiContext, location: str) -> None:
    """Refuse a location that no account has.

    Raises:
        ApiError: 404.
    """
    accounts = context.services.catalogue.list_accounts()
    if not any(_is_location_of(context, account, location) for account in accounts):
        raise _location_not_found(location)


def _refused(context: ApiContext, location: str, account_id: str, refusal: ApiError) -> ApiError:
    """The refusal itself, or that the path could never lead anywhere, which tells nothing of anybody."""
    check_known_location(context, location)
    return refusal if is_guid(account_id) else _account_not_found()


def _caller(
    request: Request, context: ApiContext, place: tuple[str, str], video_id: str | None, needed: Permission
) -> Caller:
    location, account_id = place
    try:
        claims = _best_claims(context, tokens_of(request), account_id, video_id)
    except ApiError as refusal:
        raise _refused(context, location, account_id, refusal) from None
    note_account(request, context, account_id.lower())
    try:
        account = context.services.catalogue.account(account_id.lower())
    except AccountNotFoundError:
        raise _account_not_found() from None
    check_location(context, account, location)
    if claims.permission < needed:
        raise not_allowed(account_id)
    return Caller(account, claims.permission, claims.scope, claims.video_id)


def find_video(context: ApiContext, account_id: str, video_id: str) -> Video:
    """A video of an account, its id in any case.

    Raises:
        ApiError: 404.
    """
    try:
        return context.services.catalogue.video(account_id, video_id.lower())
    except VideoNotFoundError:
        raise video_not_found(video_id) from None


def _public_video(
    request: Request, context: ApiContext, place: tuple[str, str], video_id: str
) -> VideoAccess:
    """A public video for a caller without a token; for everything else, the same refusal."""
    location, account_id = place
    catalogue = context.services.catalogue
    try:
        video = catalogue.video(account_id.lower(), video_id.lower())
        account = catalogue.account(account_id.lower())
    except (VideoNotFoundError, AccountNotFoundError):
        raise _refused(context, location, account_id, not_allowed(account_id)) from None
    if video.details.privacy is not Privacy.PUBLIC or not _is_location_of(context, account, location):
        raise _refused(context, location, account_id, not_allowed(account_id))
    request.state.account_id = account.account_id
    return VideoAccess(Caller(account, Permission.READER, Scope.VIDEO, video.video_id, True), video)


async def _with_token_schemes(
    _query: Annotated[str | None, Security(_token_query)], _bearer: Annotated[object, Security(_token_bearer)]
) -> None:
    """Tells the API's description which tokens are taken."""


async def _with_optional_token(
    _schemes: Annotated[None, Depends(_with_token_schemes)],
    _none: Annotated[str | None, Security(_no_token)],
) -> None:
    """The same, and that some videos need none."""


async def _with_key_schemes(
    _header: Annotated[str | None, Security(_key_header)], _query: Annotated[str | None, Security(_key_query)]
) -> None:
    """Tells the API's description how a subscription key is sent."""


def _account_reader(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_token_schemes)],
) -> Caller:
    return _caller(request, context, (location, account_id), None, Permission.READER)


def _account_contributor(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_token_schemes)],
) -> Caller:
    return _caller(request, context, (location, account_id), None, Permission.CONTRIBUTOR)


def _video_reader(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    video_id: VideoPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_optional_token)],
) -> VideoAccess:
    place = (location, account_id)
    if not tokens_of(request):
        return _public_video(request, context, place, video_id)
    caller = _caller(request, context, place, video_id, Permission.READER)
    return VideoAccess(caller, find_video(context, caller.account.account_id, video_id))


def _video_contributor(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    video_id: VideoPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_token_schemes)],
) -> VideoAccess:
    caller = _caller(request, context, (location, account_id), video_id, Permission.CONTRIBUTOR)
    return VideoAccess(caller, find_video(context, caller.account.account_id, video_id))


def key_of(request: Request) -> str | None:
    """The subscription key that a request carries, header before query."""
    return request.headers.get("ocp-apim-subscription-key") or request.query_params.get("subscription-key")


def _accounts_with_key(context: ApiContext, key: str) -> tuple[Account, ...]:
    return context.services.catalogue.accounts_with_key(hash_key(key.strip()))


def _key_holder(
    request: Request,
    location: LocationPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _key: Annotated[None, Depends(_with_key_schemes)],
) -> KeyHolder:
    key = key_of(request)
    accounts = _accounts_with_key(context, key) if key else ()
    if not accounts:
        check_known_location(context, location)
        raise bad_key(is_missing=not key)
    note_account(request, context, accounts[0].account_id)
    check_known_location(context, location)
    return KeyHolder(accounts)


def bad_key(*, is_missing: bool) -> ApiError:
    """The refusal of a caller without a key, or with one that opens nothing."""
    if is_missing:
        return ApiError(
            401,
            ErrorType.USER_NOT_AUTHENTICATED,
            "User is not logged in: send the subscription key in the header Ocp-Apim-Subscription-Key.",
        )
    return ApiError(
        401,
        ErrorType.INVALID_AUTH_SUBSCRIPTION_KEY,
        "Access denied due to invalid subscription key: `efface account list` and `rotate-key` help.",
    )


def _keyed_account(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    holder: Annotated[KeyHolder, Depends(_key_holder)],
    context: Annotated[ApiContext, Depends(context_of)],
) -> Account:
    for account in holder.accounts:
        if hmac.compare_digest(account.account_id, account_id.lower().encode("ascii", "replace").decode()):
            check_location(context, account, location)
            return account
    if not is_guid(account_id):
        raise _account_not_found()
    raise ApiError(401, ErrorType.USER_NOT_ALLOWED, f"User not allowed access account '{account_id[:64]}'.")


def _accessible_accounts(
    request: Request,
    location: LocationPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_token_schemes)],
    _key: Annotated[None, Depends(_with_key_schemes)],
) -> tuple[Account, ...]:
    refusal = ApiError(401, ErrorType.USER_NOT_AUTHENTICATED, "User is not logged in.")
    wanted: tuple[str, ...] = ()
    for token in tokens_of(request):
        try:
            claims = context.tokens.read(token)
        except TokenExpiredError:
            refusal = ApiError(401, ErrorType.ACCESS_TOKEN_EXPIRED, "The access token has expired.")
        except TokenInvalidError:
            continue
        else:
            own = (claims.account_id,) if claims.scope is Scope.ACCOUNT and claims.account_id else ()
            wanted = wanted or claims.account_ids or own
    known = context.services.catalogue.list_accounts()
    found = tuple(account for account in known if account.account_id in wanted)
    key = key_of(request)
    if not found and key:
        found = _accounts_with_key(context, key)
    check_known_location(context, location)
    if not found:
        raise refusal
    note_account(request, context, found[0].account_id)
    return found


AccountReader = Annotated[Caller, Depends(_account_reader)]
"""A caller with a token of scope Account that may read."""
AccountContributor = Annotated[Caller, Depends(_account_contributor)]
"""A caller with a token of scope Account that may change things."""
VideoReader = Annotated[VideoAccess, Depends(_video_reader)]
"""A caller who may read the video of the path: by a token of scope Account or Video, or because it is public."""
VideoContributor = Annotated[VideoAccess, Depends(_video_contributor)]
"""A caller who may change the video of the path."""
KeyedAccount = Annotated[Account, Depends(_keyed_account)]
"""The account of the path, opened by a subscription key."""
Keyed = Annotated[KeyHolder, Depends(_key_holder)]
"""Everything that a subscription key opens."""
AccessibleAccounts = Annotated[tuple[Account, ...], Depends(_accessible_accounts)]
"""Accounts that a token (of scope User or Account) or a subscription key opens, at least one."""
