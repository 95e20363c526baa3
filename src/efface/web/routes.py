"""Routes of the pages. All data on them comes from the API, fetched by their scripts with the account's token."""

from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from efface.api.callers import accounts_with_key, find_video
from efface.api.context import ApiContext, CurrentContext
from efface.api.errors import ApiError, ErrorType
from efface.api.tokens import Permission, Scope, TokenClaims
from efface.api.urls import base_url_of
from efface.domain.errors import AccountNotFoundError
from efface.domain.service import Account, Video
from efface.web.context import CurrentWeb
from efface.web.guard import FromOwnPage
from efface.web.pages import STATIC_FOLDER, packed_file, page, static_mark
from efface.web.sessions import CurrentSessions, Session, Sessions, base_path, end_session

router = APIRouter(include_in_schema=False)
ROUTERS: tuple[APIRouter, ...] = (router,)

LIBRARY = "/web/library"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_MAX_REPORT_BYTES = 16_000
_WRONG_CODE = (
    "This link was used already or is too old. The service prints a new one whenever it starts, and "
    "`efface account link` makes one; or sign in with account and key."
)
_WRONG_KEY = "This account and key do not belong together. Mind that a key is 64 characters long."


@router.get("/")
async def root(request: Request, context: CurrentContext) -> Response:
    """To the pages."""
    return RedirectResponse(f"{_base(request, context)}{LIBRARY}", 302)


@router.get("/web")
async def web(request: Request, context: CurrentContext) -> Response:
    """The same."""
    return RedirectResponse(f"{_base(request, context)}{LIBRARY}", 302)


@router.get("/web/library")
def library(request: Request, context: CurrentContext, sessions: CurrentSessions) -> Response:
    """All videos of the account."""
    session = sessions.read(request)
    if session is None:
        return _to_sign_in(request, context)
    return page(request, context, "library.html", account=session.account)


@router.get("/web/redactions/{videoId}")
@router.get("/web/videos/{videoId}")
def video_page(
    videoId: str, request: Request, context: CurrentContext, sessions: CurrentSessions
) -> Response:
    """One video: its people, corrections and redaction, or itself beside its original where it is a redaction."""
    session = sessions.read(request)
    if session is None:
        return _to_sign_in(request, context)
    video = _video(context, session, videoId)
    if video is None:
        return _missing(request, context, session)
    template = "redaction.html" if video.is_redaction else "review.html"
    return page(request, context, template, account=session.account, video=video)


@router.get("/web/sign-in")
def sign_in_page(
    request: Request,
    context: CurrentContext,
    web: CurrentWeb,
    sessions: CurrentSessions,
    code: str = "",
    next: str = "",
) -> Response:
    """The form; or straight in, with a code that is good once."""
    base_url = base_url_of(request, context)
    if code:
        account = _account_of(context, web.sign_in_codes.take(code))
        if account is None and sessions.read(request) is not None:
            # The link is often opened anew, from the history: whoever is signed in already needs none.
            return RedirectResponse(f"{base_path(base_url)}{_target(next)}", 303)
        if account is None:
            return page(
                request, context, "sign_in.html", status=401, problem=_WRONG_CODE, next=_target(next), name=""
            )
        return _signed_in(sessions, account, base_url, next)
    if sessions.read(request) is not None:
        return RedirectResponse(f"{base_path(base_url)}{_target(next)}", 303)
    return page(request, context, "sign_in.html", problem="", next=_target(next), name="")


@router.post("/web/sign-in")
def sign_in(
    request: Request,
    context: CurrentContext,
    sessions: CurrentSessions,
    _own: FromOwnPage,
    account: Annotated[str, Form(max_length=200)] = "",
    key: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Sign in with an account's name or id and its key."""
    wanted = account.strip().lower()
    opened = accounts_with_key(context, key)
    known = [each for each in opened if wanted in {each.account_id, each.name.lower()}]
    if not known:
        return page(
            request, context, "sign_in.html", status=401, problem=_WRONG_KEY, next=_target(next), name=account
        )
    return _signed_in(sessions, known[0], base_url_of(request, context), next)


@router.post("/web/sign-out")
def sign_out(request: Request, context: CurrentContext, _own: FromOwnPage) -> Response:
    """Sign out."""
    base_url = base_url_of(request, context)
    answer = RedirectResponse(f"{base_path(base_url)}/web/sign-in", 303)
    end_session(answer, base_url)
    return answer


@router.get("/web/session")
def session(
    request: Request, context: CurrentContext, sessions: CurrentSessions, _own: FromOwnPage
) -> Response:
    """The account that somebody is signed in to, and a token for the API."""
    found = sessions.read(request)
    if found is None:
        raise ApiError(401, ErrorType.USER_NOT_AUTHENTICATED, "You are signed out: sign in again.")
    account = found.account
    token, ends = context.tokens.issue(TokenClaims(Scope.ACCOUNT, Permission.CONTRIBUTOR, account.account_id))
    body = {
        "account": {"id": account.account_id, "name": account.name, "location": account.location},
        "accessToken": token,
        "expiresIn": int((ends - context.services.clock.now()).total_seconds()),
    }
    answer = JSONResponse(body, headers={"Cache-Control": "no-store"})
    if sessions.is_half_over(found):
        sessions.give(answer, account, base_url_of(request, context))
    return answer


@router.post("/web/csp-report", status_code=204)
async def csp_report(request: Request) -> Response:
    """What a browser has refused to load, into the log."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_REPORT_BYTES:
            break
    structlog.get_logger(__name__).warning(
        "a browser refused to load something",
        report=bytes(body[:_MAX_REPORT_BYTES]).decode("utf-8", "replace"),
    )
    return Response(status_code=204)


@router.get("/web/static/{mark}/{name:path}")
async def static(mark: str, name: str, request: Request) -> Response:
    """A script, a style sheet or a drawing."""
    path = (STATIC_FOLDER / name).resolve()
    kind = _TYPES.get(path.suffix)
    if kind is None or not path.is_relative_to(STATIC_FOLDER) or not await run_in_threadpool(path.is_file):
        raise ApiError(404, ErrorType.NOT_FOUND, f"There is no file '{name[:64]}' here.")
    is_current = mark == static_mark()
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if is_current else "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    headers["Vary"] = "Accept-Encoding"
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return FileResponse(path, media_type=kind, headers=headers)
    packed = await run_in_threadpool(packed_file, path, static_mark())
    return Response(packed, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})


def _signed_in(sessions: Sessions, account: Account, base_url: str, wanted: str) -> Response:
    answer = RedirectResponse(f"{base_path(base_url)}{_target(wanted)}", 303)
    sessions.give(answer, account, base_url)
    return answer


def _account_of(context: ApiContext, account_id: str | None) -> Account | None:
    if account_id is None:
        return None
    try:
        return context.services.catalogue.account(account_id)
    except AccountNotFoundError:
        return None


def _video(context: ApiContext, session: Session, video_id: str) -> Video | None:
    try:
        return find_video(context, session.account.account_id, video_id)
    except ApiError:
        return None


def _missing(request: Request, context: ApiContext, session: Session) -> Response:
    return page(request, context, "missing.html", account=session.account, status=404)


def _to_sign_in(request: Request, context: ApiContext) -> Response:
    wanted = request.url.path
    query = "" if wanted == LIBRARY else f"?next={quote(wanted, safe='')}"
    return RedirectResponse(f"{_base(request, context)}/web/sign-in{query}", 303)


def _target(wanted: str) -> str:
    """Where to go after signing in: a page of ours, whatever a link says."""
    is_page = wanted.startswith("/web/") and not any(c in wanted for c in "\\?#") and wanted.isprintable()
    return wanted if is_page and "//" not in wanted and not wanted.startswith("/web/sign-in") else LIBRARY


def _base(request: Request, context: ApiContext) -> str:
    return base_path(base_url_of(request, context))
