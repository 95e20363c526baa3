"""Access tokens for holders of a subscription key: ``/Auth/{location}/…``."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import JSONResponse, Response

from efface.api.access import Keyed, KeyedAccount, VideoPath, find_video
from efface.api.accounts import account_item
from efface.api.context import CurrentContext
from efface.api.errors import ApiError, ErrorType, error_responses
from efface.api.flags import Flag
from efface.api.tokens import Permission, Scope, TokenClaims
from efface.api.urls import CurrentUrls

router = APIRouter(prefix="/Auth/{location}", tags=["tokens"])

AllowEdit = Annotated[
    Flag, Query(alias="allowEdit", description="true for Contributor, false for Reader; in any case.")
]
_PERMISSIONS = tuple(permission.wire_name for permission in Permission)
_TOKEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The token, a bare JSON string.",
        "content": {"application/json": {"schema": {"type": "string"}}},
    }
}


def permission_for(allow_edit: bool) -> Permission:
    """What Azure's switch stands for."""
    return Permission.CONTRIBUTOR if allow_edit else Permission.READER


def _token(context: CurrentContext, claims: TokenClaims) -> Response:
    # Clients cut one character off at each end, so nothing may stand around the quotes.
    return JSONResponse(context.tokens.issue(claims)[0])


@router.get("/Accounts", responses=error_responses())
def list_accounts(
    holder: Keyed,
    context: CurrentContext,
    urls: CurrentUrls,
    with_tokens: Annotated[
        Flag, Query(alias="generateAccessTokens", description="Adds a token to each.")
    ] = False,
    allow_edit: AllowEdit = False,
) -> list[dict[str, Any]]:
    """Accounts that the key opens."""
    permission = permission_for(allow_edit)
    items = []
    for account in holder.accounts:
        claims = TokenClaims(Scope.ACCOUNT, permission, account.account_id)
        token = context.tokens.issue(claims)[0] if with_tokens else None
        items.append(account_item(account, urls, token))
    return items


@router.get("/Users/me/AccessToken", responses=_TOKEN | error_responses(), response_class=JSONResponse)
def user_token(holder: Keyed, context: CurrentContext, allow_edit: AllowEdit = False) -> Response:
    """A token that lists the accounts of the key."""
    ids = tuple(account.account_id for account in holder.accounts)
    return _token(context, TokenClaims(Scope.USER, permission_for(allow_edit), account_ids=ids))


@router.get(
    "/Accounts/{accountId}/AccessToken", responses=_TOKEN | error_responses(), response_class=JSONResponse
)
def account_token(account: KeyedAccount, context: CurrentContext, allow_edit: AllowEdit = False) -> Response:
    """A token for everything in an account."""
    return _token(context, TokenClaims(Scope.ACCOUNT, permission_for(allow_edit), account.account_id))


@router.get(
    "/Accounts/{accountId}/AccessTokenWithPermission",
    responses=_TOKEN | error_responses(),
    response_class=JSONResponse,
)
def account_token_with_permission(
    account: KeyedAccount,
    context: CurrentContext,
    permission: Annotated[
        str, Query(description="In any case.", json_schema_extra={"enum": [*_PERMISSIONS]})
    ] = "Reader",
) -> Response:
    """A token for an account with a permission of one's choice."""
    granted = Permission.parse(permission)
    if granted is None:
        raise ApiError(
            400,
            ErrorType.INVALID_INPUT,
            "The request is invalid: permission must be Reader, Contributor, MyAccessAdministrator or Owner.",
        )
    return _token(context, TokenClaims(Scope.ACCOUNT, granted, account.account_id))


@router.get(
    "/Accounts/{accountId}/Videos/{videoId}/AccessToken",
    responses=_TOKEN | error_responses(),
    response_class=JSONResponse,
)
def video_token(
    account: KeyedAccount, video_id: VideoPath, context: CurrentContext, allow_edit: AllowEdit = False
) -> Response:
    """A token for one video."""
    video = find_video(context, account.account_id, video_id)
    return _token(
        context,
        TokenClaims(Scope.VIDEO, permission_for(allow_edit), account.account_id, video.video_id),
    )


@router.get("/Accounts/{accountId}/Projects/{projectId}/AccessToken", responses=error_responses())
def project_token(
    account: KeyedAccount,
    project_id: Annotated[str, Path(alias="projectId", description="Id of the project.")],
    allow_edit: AllowEdit = False,
) -> Response:
    """Never a token: there are no projects here."""
    raise ApiError(404, ErrorType.BREAKDOWN_NOT_FOUND, f"Project '{project_id[:64]}' was not found.")
