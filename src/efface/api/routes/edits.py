"""Corrections by hand: read, saved as a new revision, downloaded for the command line. Not offered by Azure."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from efface.api.access import VideoContributor, VideoTokenReader
from efface.api.compression import compressed
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.api.request_body import read_body
from efface.api.wire.edits import (
    EDITS_SCHEMA,
    MAX_EDITS_BYTES,
    SAVED_SCHEMA,
    EditsQuery,
    edits_text,
    expected_revision,
    saved_document,
)
from efface.domain.service import Video
from efface.edit import decode_edits
from efface.usecases.corrections import SavedEdits, read_edits, save_edits
from efface.usecases.services import Services

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}/Edits", tags=["corrections"])

_TAG = {"ETag": {"description": "The revision, for If-Match.", "schema": {"type": "string"}}}
_SAVED: dict[int | str, dict[str, Any]] = {
    200: {"headers": _TAG, "content": {"application/json": {"schema": SAVED_SCHEMA}}}
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The document alone.",
        "headers": _TAG,
        "content": {"application/json": {"schema": EDITS_SCHEMA}},
    }
}
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": EDITS_SCHEMA}}},
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "The revision that was changed.",
            "schema": {"type": "string", "example": '"0"'},
        }
    ],
}


@router.get("", responses=_SAVED | error_responses(400, 404), response_class=Response)
def get_edits(
    request: Request,
    access: VideoTokenReader,
    services: CurrentServices,
    query: Annotated[EditsQuery, Query()],
) -> Response:
    """The corrections of a video, the newest revision unless told otherwise."""
    return compressed(request, _answer(read_edits(services, access.video, query.revision)))


@router.put(
    "",
    responses=_SAVED | error_responses(400, 404, 412, 428),
    openapi_extra=_BODY,
    response_class=Response,
)
async def put_edits(request: Request, access: VideoContributor, services: CurrentServices) -> Response:
    """Save corrections as the revision that follows the one that was changed."""
    expected = expected_revision(request)
    body = await read_body(request, MAX_EDITS_BYTES)
    return _answer(await run_in_threadpool(_save, services, access.video, body, expected))


@router.get("/File", responses=_FILE | error_responses(400, 404), response_class=Response)
def get_edits_file(
    access: VideoTokenReader, services: CurrentServices, query: Annotated[EditsQuery, Query()]
) -> Response:
    """The document alone, as a file for ``efface redact --edits``."""
    saved = read_edits(services, access.video, query.revision)
    name = quote(f"{access.video.details.name}.edits.json", safe="")
    headers = {**_tag(saved), "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(edits_text(saved), 200, headers, media_type="application/json")


def _save(services: Services, video: Video, body: bytes, expected: int) -> SavedEdits:
    return save_edits(services, video, decode_edits(body, "edits"), expected)


def _answer(saved: SavedEdits) -> Response:
    return Response(saved_document(saved), 200, _tag(saved), media_type="application/json")


def _tag(saved: SavedEdits) -> dict[str, str]:
    return {"ETag": f'"{saved.revision}"', "Cache-Control": "no-store"}
