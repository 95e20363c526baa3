"""A managed-identity endpoint in the form of App Service, so that unmodified Azure clients get a management token."""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from efface.api.context import CurrentContext
from efface.api.errors import error_responses
from efface.api.tokens import Permission, Scope, TokenClaims

router = APIRouter(tags=["tokens"])

_MANAGEMENT_HOSTS = frozenset({"management.azure.com", "management.core.windows.net"})


class IdentityToken(BaseModel):
    """What the endpoint answers."""

    access_token: str
    expires_on: str
    """Seconds since the epoch."""
    resource: str
    token_type: str
    client_id: str


@router.get("/msi/token", responses=error_responses(), response_model=IdentityToken)
def management_token(
    context: CurrentContext,
    resource: Annotated[str, Query(description="https://management.azure.com")] = "",
    secret: Annotated[
        str, Header(alias="X-IDENTITY-HEADER", description="The secret that the operator has set.")
    ] = "",
) -> Response:
    """A token for the resource manager's calls."""
    expected = context.settings.identity_secret
    if expected is None or not hmac.compare_digest(expected.encode(), secret.encode()):
        return _refusal(
            401, "The header X-IDENTITY-HEADER does not hold the secret that the operator has set."
        )
    if urlsplit(resource).hostname not in _MANAGEMENT_HOSTS:
        return _refusal(400, "Tokens are issued for the resource https://management.azure.com only.")
    token, ends = context.tokens.issue(TokenClaims(Scope.MANAGEMENT, Permission.OWNER))
    body = IdentityToken(
        access_token=token,
        expires_on=str(int(ends.timestamp())),
        resource=resource,
        token_type="Bearer",
        client_id="00000000-0000-0000-0000-000000000000",
    )
    return JSONResponse(body.model_dump(), headers={"Cache-Control": "no-store"})


def _refusal(status: int, message: str) -> Response:
    # msal reads statusCode and message; the other two are what every refusal here has.
    kind = "USER_NOT_AUTHENTICATED" if status == 401 else "INVALID_INPUT"
    body = {"statusCode": status, "message": message, "ErrorType": kind, "Message": message}
    return JSONResponse(body, status)
