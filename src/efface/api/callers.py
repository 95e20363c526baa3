"""Whom a token or a subscription key stands for.

The order of checks is fixed so that nothing shows whether another account's id exists: without a token that opens the
account named in the path the answer is 401, whatever that path names.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import Request

from efface.api.context import ApiContext
from efface.api.errors import ApiError, ErrorType, RateLimitedError
from efface.api.rate_limits import Traffic
from efface.api.tokens import Permission, Scope, TokenClaims, TokenExpiredError, TokenInvalidError
from efface.domain.errors import AccountNotFoundError, VideoNotFoundError
from efface.domain.service import Account, Privacy, Video
from efface.usecases.accounts import hash_key

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


def location_not_found(location: str) -> ApiError:
    """The answer where the account, or any, has no such location."""
    return ApiError(
        404,
        ErrorType.LOCATION_NOT_FOUND,
        f"Location '{location[:64]}' was not found: use that of the account.",
    )


def account_not_found() -> ApiError:
    """The answer where there is no such account."""
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
        raise location_not_found(location)


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
        raise location_not_found(location)


def _refused(context: ApiContext, location: str, account_id: str, refusal: ApiError) -> ApiError:
    """The refusal itself, or that the path could never lead anywhere, which tells nothing of anybody."""
    check_known_location(context, location)
    return refusal if is_guid(account_id) else account_not_found()


def caller_with_token(
    request: Request, context: ApiContext, place: tuple[str, str], video_id: str | None, needed: Permission
) -> Caller:
    """The caller whose token opens an account, or one video in it.

    Args:
        request: carries the token.
        context: of the application.
        place: location and account id of the path.
        video_id: of the path, None where it names none.
        needed: the least that the caller must be allowed.

    Raises:
        ApiError: 401 or 404.
        RateLimitedError: the account has asked too often.
    """
    location, account_id = place
    try:
        claims = _best_claims(context, tokens_of(request), account_id, video_id)
    except ApiError as refusal:
        raise _refused(context, location, account_id, refusal) from None
    note_account(request, context, account_id.lower())
    try:
        account = context.accounts.account(account_id.lower())
    except AccountNotFoundError:
        raise account_not_found() from None
    return _admitted(context, account, location, claims, needed)


def caller_at_hand(
    request: Request, context: ApiContext, place: tuple[str, str], needed: Permission
) -> Caller | None:
    """The caller whose token opens an account that was looked up lately; waits for nothing.

    Returns:
        None where ``caller_with_token`` has to look closer, also to refuse.

    Raises:
        ApiError, RateLimitedError: as ``caller_with_token``.
    """
    location, account_id = place
    account = context.accounts.at_hand(account_id.lower())
    if account is None:
        return None
    try:
        claims = _best_claims(context, tokens_of(request), account_id, None)
    except ApiError:
        return None
    note_account(request, context, account.account_id)
    return _admitted(context, account, location, claims, needed)


def _admitted(
    context: ApiContext, account: Account, location: str, claims: TokenClaims, needed: Permission
) -> Caller:
    check_location(context, account, location)
    if claims.permission < needed:
        raise not_allowed(account.account_id)
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


def public_video(request: Request, context: ApiContext, place: tuple[str, str], video_id: str) -> VideoAccess:
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


def key_of(request: Request) -> str | None:
    """The subscription key that a request carries, header before query."""
    return request.headers.get("ocp-apim-subscription-key") or request.query_params.get("subscription-key")


def accounts_with_key(context: ApiContext, key: str) -> tuple[Account, ...]:
    """The accounts that a subscription key opens."""
    return context.services.catalogue.accounts_with_key(hash_key(key.strip()))


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
