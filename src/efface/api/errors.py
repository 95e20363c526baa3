"""How refusals look on the wire: ``{"ErrorType","Message"}``, the statuses of Azure's article, one table."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from efface.domain import errors as domain


class ErrorType(StrEnum):
    """The words of Azure's enumeration that this service answers with."""

    ACCESS_TOKEN_EXPIRED = "ACCESS_TOKEN_EXPIRED"
    ACCESS_TOKEN_VALIDATION_FAILED = "ACCESS_TOKEN_VALIDATION_FAILED"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    ACCOUNT_UPLOAD_QUOTA_EXCEEDED = "ACCOUNT_UPLOAD_QUOTA_EXCEEDED"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    BREAKDOWN_NOT_FOUND = "BREAKDOWN_NOT_FOUND"
    CLIENT_CONNECTION_FAILURE = "CLIENT_CONNECTION_FAILURE"
    CLIENT_DISCONNECTED = "CLIENT_DISCONNECTED"
    FORBIDDEN = "FORBIDDEN"
    GENERAL = "GENERAL"
    INPUT_FILE_EMPTY = "INPUT_FILE_EMPTY"
    INPUT_FILE_SIZE_LIMIT_EXCEEDED = "INPUT_FILE_SIZE_LIMIT_EXCEEDED"
    INVALID_AUTH_SUBSCRIPTION_KEY = "INVALID_AUTH_SUBSCRIPTION_KEY"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_URL = "INVALID_URL"
    LOCATION_NOT_FOUND = "LOCATION_NOT_FOUND"
    NOT_FOUND = "NOT_FOUND"
    SERVER_TIMEOUT = "SERVER_TIMEOUT"
    SOURCE_VIDEO_DELETED = "SOURCE_VIDEO_DELETED"
    UNSUPPORTED = "UNSUPPORTED"
    URI_TOO_LONG = "URI_TOO_LONG"
    USER_NOT_ALLOWED = "USER_NOT_ALLOWED"
    USER_NOT_AUTHENTICATED = "USER_NOT_AUTHENTICATED"
    VIDEO_ALREADY_IN_PROGRESS = "VIDEO_ALREADY_IN_PROGRESS"
    VIDEO_HAS_NO_ARTIFACTS = "VIDEO_HAS_NO_ARTIFACTS"
    VIDEO_INDEXING_IN_PROGRESS = "VIDEO_INDEXING_IN_PROGRESS"
    VIDEO_NAME_TOO_LONG = "VIDEO_NAME_TOO_LONG"
    VIDEO_NO_STREAMING_PRESET = "VIDEO_NO_STREAMING_PRESET"
    VIDEO_UPLOAD_LIMIT_EXCEEDED = "VIDEO_UPLOAD_LIMIT_EXCEEDED"


class ErrorBody(BaseModel):
    """Body of every refusal but 429."""

    ErrorType: str
    """A word of Azure's enumeration, for programs."""
    Message: str
    """One sentence for people."""


class RateLimitBody(BaseModel):
    """Body of 429, in the form of Azure's gateway."""

    statusCode: int
    message: str


class ApiError(Exception):
    """A refusal that a route or a dependency has settled on."""

    def __init__(
        self,
        status: int,
        error_type: ErrorType | str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.error_type = str(error_type)
        self.message = message
        self.headers = dict(headers or {})
        super().__init__(message)


class RateLimitedError(Exception):
    """Too many requests, or too much pending work."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = max(1, retry_after_s)
        super().__init__(f"Rate limit is exceeded. Try again in {self.retry_after_s} seconds.")


GENERAL_MESSAGE = "There was an error."
TIMEOUT_MESSAGE = "Server did not respond to gateway within expected time"
_RETRY_AFTER_S = 10
_QUEUE_FULL_RETRY_AFTER_S = 60

# The first class that fits counts. ServiceUnavailableError is 504 and not 500, because Azure's clients try again
# after a 504 and give up on a 500, and because "did not respond in time" is what has happened.
_STATUSES: tuple[tuple[type[domain.EffaceError], int, ErrorType], ...] = (
    (domain.AccountNotFoundError, 404, ErrorType.ACCOUNT_NOT_FOUND),
    (domain.VideoNotFoundError, 404, ErrorType.BREAKDOWN_NOT_FOUND),
    (domain.SourceDeletedError, 410, ErrorType.SOURCE_VIDEO_DELETED),
    (domain.NotFoundError, 404, ErrorType.NOT_FOUND),
    (domain.DuplicateVideoError, 409, ErrorType.ALREADY_EXISTS),
    (domain.EditsChangedError, 412, ErrorType.ALREADY_EXISTS),
    (domain.VideoChangedError, 412, ErrorType.ALREADY_EXISTS),
    (domain.ConflictError, 409, ErrorType.VIDEO_INDEXING_IN_PROGRESS),
    (domain.ServiceUnavailableError, 504, ErrorType.SERVER_TIMEOUT),
    (domain.DiskFullError, 507, ErrorType.ACCOUNT_UPLOAD_QUOTA_EXCEEDED),
    # An index of ours that cannot be read is no fault of the caller.
    (domain.IndexFormatError, 500, ErrorType.GENERAL),
    (domain.IndexMismatchError, 500, ErrorType.GENERAL),
    (domain.InputError, 400, ErrorType.INVALID_INPUT),
)

_HTTP_ERRORS = {
    404: (ErrorType.NOT_FOUND, "There is nothing at this address: /docs lists all that there is."),
    405: (
        ErrorType.UNSUPPORTED,
        "This address does not take this method: the header Allow names those it takes.",
    ),
}


def error_response(
    status: int, error_type: ErrorType | str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with Azure's error body."""
    body = {"ErrorType": str(error_type), "Message": message}
    return JSONResponse(body, status, headers=dict(headers or {}))


def rate_limit_response(error: RateLimitedError) -> Response:
    """429 in the form of Azure's gateway, which clients parse for the seconds."""
    body = {"statusCode": 429, "message": str(error)}
    return JSONResponse(body, 429, headers={"Retry-After": str(error.retry_after_s)})


def unexpected_response() -> Response:
    """500 without a word of what has happened, which is in the log."""
    return error_response(500, ErrorType.GENERAL, GENERAL_MESSAGE)


def timeout_response() -> Response:
    """504 as the article has it."""
    headers = {"Retry-After": str(_RETRY_AFTER_S)}
    return error_response(504, ErrorType.SERVER_TIMEOUT, TIMEOUT_MESSAGE, headers)


def response_to(error: domain.EffaceError) -> Response:
    """The answer to a request that the core has refused."""
    if isinstance(error, domain.QueueFullError):
        return rate_limit_response(RateLimitedError(_QUEUE_FULL_RETRY_AFTER_S))
    for kind, status, error_type in _STATUSES:
        if isinstance(error, kind):
            if status == 507:
                # Nothing is read of a body that has no place to go.
                headers = {"Connection": "close"}
                structlog.get_logger(__name__).warning("disk full", reason=str(error))
                return error_response(status, error_type, str(error), headers)
            if status < 500:
                return error_response(status, error_type, str(error))
            structlog.get_logger(__name__).warning("request failed", reason=str(error), kind=error.error_type)
            return timeout_response() if status == 504 else unexpected_response()
    structlog.get_logger(__name__).error("request failed", reason=str(error), kind=error.error_type)
    return unexpected_response()


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses=`` of a route: its own refusals, and those that any request may meet.

    Args:
        statuses: what this route answers beside 400, 401, 404, 414, 429, 500 and 504.
    """
    described: dict[int | str, dict[str, Any]] = {}
    for status in sorted({400, 401, 404, 414, 429, 500, 504, *statuses}):
        described[status] = {
            "model": RateLimitBody if status == 429 else ErrorBody,
            "description": _DESCRIPTIONS[status],
        }
        if status in {429, 504}:
            described[status]["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
            }
    return described


_DESCRIPTIONS = {
    400: "Invalid input.",
    401: "The access token is missing, not valid, or not for this.",
    403: "Not allowed, or the link has expired.",
    404: "The account, the video or the thing asked for was not found.",
    405: "Not a method of this address.",
    409: "The state of the video forbids it, or it is there already.",
    410: "The source file was deleted.",
    412: "Changed by somebody else since, or another version of the protocol.",
    413: "Too large.",
    414: "The URL is too long.",
    415: "The body is of another type than this takes.",
    416: "The range lies outside the file.",
    423: "Another request is changing it just now.",
    428: "The header If-Match is missing.",
    429: "Too many requests, or too much pending work.",
    500: "An error occurred on the server.",
    504: "The server did not answer in time.",
    507: "The disk of the server has no room for it.",
}


def install_error_handlers(app: FastAPI) -> None:
    """Have every refusal of an application answered in Azure's form."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RateLimitedError, _on_rate_limited)
    app.add_exception_handler(domain.EffaceError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)


async def _on_api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    headers = dict(error.headers)
    if error.status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return error_response(error.status, error.error_type, error.message, headers)


async def _on_rate_limited(_: Request, error: Exception) -> Response:
    assert isinstance(error, RateLimitedError)
    return rate_limit_response(error)


async def _on_domain_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, domain.EffaceError)
    return response_to(error)


async def _on_validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return error_response(400, ErrorType.INVALID_INPUT, _sentence(error))


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(getattr(request.state, "methods", ())) or headers.get("allow", "")
        headers.pop("allow", None)
    if error.status_code not in _HTTP_ERRORS and error.status_code >= 500:
        return unexpected_response()
    fallback = (ErrorType.INVALID_INPUT, f"The request cannot be used: {error.detail}.")
    error_type, message = _HTTP_ERRORS.get(error.status_code, fallback)
    return error_response(error.status_code, error_type, message, headers)


async def _on_disconnect(_: Request, error: Exception) -> Response:
    # Goes nowhere; it gives the log its status.
    return error_response(
        400, ErrorType.CLIENT_DISCONNECTED, "The client went away before the body was whole."
    )


def _sentence(error: RequestValidationError) -> str:
    details = error.errors()
    if not details:
        return "The request is invalid."
    first = details[0]
    if first["type"] == "json_invalid":
        return "The body is not valid JSON: mend it and send it again."
    where, *names = [str(part) for part in first["loc"]]
    name = ".".join(names) or where
    place = "the body" if where == "body" else f"the {where}"
    if first["type"] == "missing":
        return f"'{name}' is missing in {place}: add it."
    wanted = str(first["msg"])
    return f"'{name}' in {place} cannot be used: {wanted[:1].lower()}{wanted[1:]}."
