"""Widgets: Azure's embedded pages, which clients put into frames, as pages of ours."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from efface.api.access import VideoReader
from efface.api.callers import tokens_of
from efface.api.context import CurrentContext, CurrentServices
from efface.api.embedded_pages import insights_page, player_page, style_sheet
from efface.api.errors import error_responses
from efface.api.tokens import Permission, Scope, TokenClaims
from efface.api.urls import CurrentUrls, Urls
from efface.usecases.reading import read_insights, read_picture, source_file

router = APIRouter(tags=["widgets"])

_STYLE = "/embed/style.css"

_MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "To a page that is shown in a frame."},
    **error_responses(400, 404),
}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}},
    **error_responses(404, 410),
}
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
    **error_responses(404),
}
# No script, no other host; the page may be framed by whoever has its address, which is what it is for.
_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'"


@router.get(
    "/{location}/Accounts/{accountId}/Videos/{videoId}/PlayerWidget",
    status_code=301,
    responses=_MOVED,
    response_class=RedirectResponse,
)
def player_widget(
    request: Request, access: VideoReader, context: CurrentContext, urls: CurrentUrls
) -> Response:
    """Where the video is played."""
    return _moved("player", request, access, context, urls)


@router.get(
    "/{location}/Accounts/{accountId}/Videos/{videoId}/InsightsWidget",
    status_code=301,
    responses=_MOVED,
    response_class=RedirectResponse,
)
def insights_widget(
    request: Request, access: VideoReader, context: CurrentContext, urls: CurrentUrls
) -> Response:
    """Where the people of a video are shown."""
    return _moved("insights", request, access, context, urls)


@router.get("/embed/player/{location}/{accountId}/{videoId}", responses=_PAGE, response_class=Response)
def player(access: VideoReader, urls: CurrentUrls) -> Response:
    """The video, to be played in a frame."""
    file = source_file(access.video)
    return _page(
        player_page(access.video, urls.file(file.key, file.name, inline=True), urls.absolute(_STYLE))
    )


@router.get("/embed/insights/{location}/{accountId}/{videoId}", responses=_PAGE, response_class=Response)
def insights(request: Request, access: VideoReader, services: CurrentServices, urls: CurrentUrls) -> Response:
    """Who is in a video and when, to be shown in a frame."""
    found = read_insights(services, access.video)
    location = request.path_params["location"]
    pictures = urls.absolute(
        f"/embed/pictures/{location}/{access.account.account_id}/{access.video.video_id}"
    )
    return _page(
        insights_page(
            access.video, found, pictures, _query(next(iter(tokens_of(request)), None)), urls.absolute(_STYLE)
        )
    )


@router.get(
    "/embed/pictures/{location}/{accountId}/{videoId}/{thumbnailId}",
    responses=_PICTURE,
    response_class=Response,
)
def picture(
    access: VideoReader,
    services: CurrentServices,
    thumbnail_id: Annotated[str, Path(alias="thumbnailId", description="GUID of the picture.")],
) -> Response:
    """A picture of the page. A page asks for all of its pictures at once, which the limit for clients would forbid."""
    content = read_picture(services, access.video, thumbnail_id)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.get(_STYLE, include_in_schema=False)
def style() -> Response:
    """How the pages look."""
    return Response(style_sheet(), media_type="text/css", headers={"Cache-Control": "max-age=3600"})


def _moved(page: str, request: Request, access: VideoReader, context: CurrentContext, urls: Urls) -> Response:
    location, token = request.path_params["location"], _narrow_token(request, access, context)
    place = f"/embed/{page}/{location}/{access.account.account_id}/{access.video.video_id}"
    # 301 is kept for ever by browsers unless told not to, with a token that ends.
    return RedirectResponse(urls.absolute(place) + _query(token), 301, {"Cache-Control": "no-store"})


def _narrow_token(request: Request, access: VideoReader, context: CurrentContext) -> str | None:
    """A token that reads this video and nothing else: people can see the address of a frame in their browser, and
    clients come with tokens that change whole accounts. One that is as narrow is passed on, so that none is renewed."""
    caller = access.caller
    if caller.is_anonymous:
        return None
    if caller.scope is Scope.VIDEO and caller.permission is Permission.READER:
        return tokens_of(request)[0]
    claims = TokenClaims(Scope.VIDEO, Permission.READER, access.account.account_id, access.video.video_id)
    return context.tokens.issue(claims)[0]


def _query(token: str | None) -> str:
    """A frame sends no headers, so a token goes into the address."""
    return "?" + urlencode({"accessToken": token}) if token else ""


def _page(html: str) -> Response:
    headers = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(html, headers=headers)
