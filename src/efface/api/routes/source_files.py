"""The video's own file."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from efface.api.access import VideoReader
from efface.api.errors import error_responses
from efface.api.urls import CurrentUrls
from efface.usecases.reading import source_file

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}/SourceFile", tags=["files"])

_FOR_PEOPLE = ("video/", "application/octet-stream", "text/html")
_FOR_PROGRAMS = ("application/json", "*/*")
_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept"}
_LINK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A signed link, as a bare JSON string.",
        "content": {"application/json": {"schema": {"type": "string"}}},
    },
    302: {"description": "To the file, for those who ask for a file or a page."},
}


@router.get(
    "/DownloadUrl",
    responses=_LINK | error_responses(400, 404, 410),
    response_class=JSONResponse,
)
def download_url(request: Request, access: VideoReader, urls: CurrentUrls) -> Response:
    """A signed link to the video's file, good for an hour; each call gives a fresh one."""
    file = source_file(access.video)
    link = urls.file(file.key, file.name)
    if prefers_file(request.headers.get("accept", "")):
        return RedirectResponse(link, 302, _HEADERS)
    return JSONResponse(link, headers=_HEADERS)


def prefers_file(accept: str) -> bool:
    """Whether a client would rather have the file than a link as JSON: a browser, or one that says so."""
    best, is_file = -1.0, False
    for entry in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        weight = _weight(parameters)
        wants_file = media_type.startswith(_FOR_PEOPLE)
        if (wants_file or media_type in _FOR_PROGRAMS) and weight > best:
            best, is_file = weight, wants_file
    return is_file


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
