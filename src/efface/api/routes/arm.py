"""The calls of Azure's resource manager that give tokens: for operators, by account name."""

import hmac
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from efface.api.context import ApiContext, CurrentContext
from efface.api.errors import error_responses
from efface.api.tokens import Permission, Scope, TokenClaims, TokenExpiredError, TokenInvalidError
from efface.domain.errors import AccountNotFoundError, VideoNotFoundError
from efface.domain.service import Account
from efface.usecases.accounts import find_account

_PROVIDER = "Microsoft.VideoIndexer/accounts"
_PREFIX = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/Microsoft.VideoIndexer"
    "/accounts/{accountName}"
)
_MAX_BODY = 16 * 1024

router = APIRouter(tags=["tokens"])
_bearer = HTTPBearer(scheme_name="management", description="The operator's secret.", auto_error=False)
Management = Annotated[object, Security(_bearer)]
Subscription = Annotated[str, Path(alias="subscriptionId", description="Any.")]
ResourceGroup = Annotated[str, Path(alias="resourceGroup", description="Any.")]
AccountName = Annotated[str, Path(alias="accountName", description="Name of the account, in any case.")]


class ArmError(BaseModel):
    """What went wrong, in the form of the resource manager."""

    code: str
    message: str


class ArmErrorBody(BaseModel):
    """Body of every refusal of these calls."""

    error: ArmError


class ArmToken(BaseModel):
    """A token."""

    accessToken: str


class ArmRefusalError(Exception):
    """A refusal in the form of the resource manager."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)

    def response(self) -> Response:
        """The answer."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else None
        body = {"error": {"code": self.code, "message": self.message}}
        return JSONResponse(body, self.status, headers=headers)


_RESPONSES = error_responses() | {
    status: {"model": ArmErrorBody, "description": description}
    for status, description in (
        (400, "Invalid input."),
        (401, "No management token."),
        (404, "No such account."),
    )
}


_BODY = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "permissionType": {"type": "string", "enum": ["Reader", "Contributor"]},
                        "scope": {"type": "string", "enum": ["Account", "Video"]},
                        "videoId": {"type": "string", "nullable": True},
                    },
                }
            }
        }
    }
}


@router.post(
    f"{_PREFIX}/generateAccessToken", openapi_extra=_BODY, responses=_RESPONSES, response_model=ArmToken
)
async def generate_access_token(
    request: Request,
    subscription: Subscription,
    group: ResourceGroup,
    name: AccountName,
    context: CurrentContext,
    _management: Management,
) -> Response:
    """A token for an account or one of its videos. The body is ``{"permissionType", "scope", "videoId"}``."""
    return await _token_answer(request, context, name, group)


@router.post(
    f"{_PREFIX}/generateRestrictedViewerAccessToken",
    openapi_extra=_BODY,
    responses=_RESPONSES,
    response_model=ArmToken,
)
async def generate_restricted_viewer_access_token(
    request: Request,
    subscription: Subscription,
    group: ResourceGroup,
    name: AccountName,
    context: CurrentContext,
    _management: Management,
) -> Response:
    """A token that reads, whatever permission the body names."""
    return await _token_answer(request, context, name, group, only=Permission.READER)


@router.get(_PREFIX, responses=_RESPONSES)
def read_account(
    request: Request,
    subscription: Subscription,
    group: ResourceGroup,
    name: AccountName,
    context: CurrentContext,
    _management: Management,
) -> Response:
    """An account as a resource."""
    try:
        account = _account(request, context, name, group)
    except ArmRefusalError as refusal:
        return refusal.response()
    created = account.created.isoformat()
    return JSONResponse(
        {
            "id": f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{_PROVIDER}/{account.name}",
            "name": account.name,
            "type": _PROVIDER,
            "location": account.location,
            "tags": {},
            "identity": None,
            "systemData": {"createdAt": created, "lastModifiedAt": created},
            "properties": {
                "accountId": account.account_id,
                "accountName": account.name,
                "tenantId": "00000000-0000-0000-0000-000000000000",
                "storageServices": None,
                "provisioningState": "Succeeded",
            },
        }
    )


async def _token_answer(
    request: Request, context: ApiContext, name: str, group: str, only: Permission | None = None
) -> Response:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            return ArmRefusalError(400, "InvalidRequestContent", "The body is too long.").response()
    try:
        claims = await run_in_threadpool(_claims, request, context, name, group, bytes(body))
    except ArmRefusalError as refusal:
        return refusal.response()
    if only is not None:
        claims = TokenClaims(claims.scope, only, claims.account_id, claims.video_id)
    return JSONResponse({"accessToken": context.tokens.issue(claims)[0]})


def _account(request: Request, context: ApiContext, name: str, group: str) -> Account:
    _refuse_strangers(request, context)
    try:
        account = find_account(context.services.catalogue, name)
    except AccountNotFoundError:
        raise ArmRefusalError(
            404,
            "ResourceNotFound",
            f"The Resource '{_PROVIDER}/{name[:80]}' under resource group '{group[:80]}' was not found.",
        ) from None
    request.state.account_id = account.account_id
    return account


def _refuse_strangers(request: Request, context: ApiContext) -> None:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise ArmRefusalError(
            401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."
        )
    secrets = context.settings.admin_secrets
    # Every secret is compared, so that time tells nothing of which came close.
    if any([hmac.compare_digest(secret.encode(), token.encode("utf-8", "replace")) for secret in secrets]):
        return
    try:
        context.tokens.read(token, is_management=True)
    except TokenExpiredError:
        raise ArmRefusalError(
            401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than now."
        ) from None
    except TokenInvalidError:
        raise ArmRefusalError(401, "InvalidAuthenticationToken", "The access token is invalid.") from None


def _claims(request: Request, context: ApiContext, name: str, group: str, body: bytes) -> TokenClaims:
    account = _account(request, context, name, group)
    asked = _fields(body)
    permission = Permission.parse(asked.get("permissiontype") or Permission.READER.wire_name)
    if permission is None:
        raise ArmRefusalError(400, "InvalidRequestContent", "permissionType must be Reader or Contributor.")
    scope = (asked.get("scope") or Scope.ACCOUNT.value).strip().lower()
    if scope == "account":
        return TokenClaims(Scope.ACCOUNT, permission, account.account_id)
    if scope != "video" or not asked.get("videoid"):
        raise ArmRefusalError(
            400,
            "InvalidRequestContent",
            "scope must be Account, or Video with a videoId; there are no projects here.",
        )
    video_id = asked["videoid"].strip().lower()
    try:
        context.services.catalogue.video(account.account_id, video_id)
    except VideoNotFoundError:
        raise ArmRefusalError(404, "ResourceNotFound", f"Video '{video_id[:64]}' was not found.") from None
    return TokenClaims(Scope.VIDEO, permission, account.account_id, video_id)


def _fields(body: bytes) -> dict[str, str]:
    """The texts of a body by lower-case name: C# clients write PascalCase and explicit nulls."""
    try:
        document: Any = json.loads(body or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ArmRefusalError(
            400, "InvalidRequestContent", "The request content was invalid: send a JSON object."
        )
    return {name.lower(): value for name, value in document.items() if isinstance(value, str)}
