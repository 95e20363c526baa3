"""Who may do what, as dependencies of routes: settled before a route runs."""

import hmac
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyHeader, APIKeyQuery, HTTPBearer
from starlette.concurrency import run_in_threadpool

from efface.api.callers import (
    Caller,
    KeyHolder,
    VideoAccess,
    account_not_found,
    accounts_with_key,
    bad_key,
    caller_at_hand,
    caller_with_token,
    check_known_location,
    check_location,
    find_video,
    is_guid,
    key_of,
    not_allowed,
    note_account,
    public_video,
    tokens_of,
    video_not_found,
)
from efface.api.context import ApiContext, context_of
from efface.api.errors import ApiError, ErrorType
from efface.api.tokens import Permission, Scope, TokenExpiredError, TokenInvalidError
from efface.domain.service import Account

__all__ = [
    "AccessibleAccounts",
    "AccountContributor",
    "AccountReader",
    "Caller",
    "KeyHolder",
    "Keyed",
    "KeyedAccount",
    "Permission",
    "Scope",
    "VideoAccess",
    "VideoContributor",
    "VideoOfAccountContributor",
    "VideoReader",
    "VideoTokenReader",
    "find_video",
    "not_allowed",
    "video_not_found",
]

NO_SECURITY = "none"
"""Stands in the description of operations that need no token for some videos; ``openapi`` takes it out again."""
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


async def _account_reader(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_token_schemes)],
) -> Caller:
    return await _account_caller(request, context, (location, account_id), Permission.READER)


async def _account_contributor(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_token_schemes)],
) -> Caller:
    return await _account_caller(request, context, (location, account_id), Permission.CONTRIBUTOR)


async def _account_caller(
    request: Request, context: ApiContext, place: tuple[str, str], needed: Permission
) -> Caller:
    # A change of threads costs more than all of these checks, so there is one only where a database is asked.
    caller = caller_at_hand(request, context, place, needed)
    if caller is None:
        caller = await run_in_threadpool(caller_with_token, request, context, place, None, needed)
    return caller


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
        return public_video(request, context, place, video_id)
    return _video_access(request, context, place, video_id, Permission.READER)


def _video_token_reader(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    video_id: VideoPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_token_schemes)],
) -> VideoAccess:
    return _video_access(request, context, (location, account_id), video_id, Permission.READER)


def _video_contributor(
    request: Request,
    location: LocationPath,
    account_id: AccountPath,
    video_id: VideoPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _schemes: Annotated[None, Depends(_with_token_schemes)],
) -> VideoAccess:
    return _video_access(request, context, (location, account_id), video_id, Permission.CONTRIBUTOR)


def _video_access(
    request: Request, context: ApiContext, place: tuple[str, str], video_id: str, needed: Permission
) -> VideoAccess:
    caller = caller_with_token(request, context, place, video_id, needed)
    return VideoAccess(caller, find_video(context, caller.account.account_id, video_id))


def _video_of_account_contributor(
    access: Annotated[VideoAccess, Depends(_video_contributor)],
) -> VideoAccess:
    if access.caller.scope is not Scope.ACCOUNT:
        raise not_allowed(access.account.account_id)
    return access


def _key_holder(
    request: Request,
    location: LocationPath,
    context: Annotated[ApiContext, Depends(context_of)],
    _key: Annotated[None, Depends(_with_key_schemes)],
) -> KeyHolder:
    key = key_of(request)
    accounts = accounts_with_key(context, key) if key else ()
    if not accounts:
        check_known_location(context, location)
        raise bad_key(is_missing=not key)
    note_account(request, context, accounts[0].account_id)
    check_known_location(context, location)
    return KeyHolder(accounts)


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
        raise account_not_found()
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
        found = accounts_with_key(context, key)
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
VideoTokenReader = Annotated[VideoAccess, Depends(_video_token_reader)]
"""A caller whose token reads the video of the path; that it is public opens nothing of what people work on."""
VideoContributor = Annotated[VideoAccess, Depends(_video_contributor)]
"""A caller who may change the video of the path."""
VideoOfAccountContributor = Annotated[VideoAccess, Depends(_video_of_account_contributor)]
"""A caller who may change the whole account, and the video of the path: for what makes new videos of it."""
KeyedAccount = Annotated[Account, Depends(_keyed_account)]
"""The account of the path, opened by a subscription key."""
Keyed = Annotated[KeyHolder, Depends(_key_holder)]
"""Everything that a subscription key opens."""
AccessibleAccounts = Annotated[tuple[Account, ...], Depends(_accessible_accounts)]
"""Accounts that a token (of scope User or Account) or a subscription key opens, at least one."""
