"""Previews: a frame as it will be rendered, and regions followed while the user waits. Not offered by Azure."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from efface.api.access import VideoContributor, VideoTokenReader
from efface.api.context import CurrentServices
from efface.api.departures import run_while_wanted
from efface.api.errors import error_responses
from efface.api.follow_stream import follow_lines
from efface.api.request_body import read_body
from efface.api.wire.previews import FOLLOW_SCHEMA, PREVIEW_SCHEMA, read_preview, read_region
from efface.usecases.previews import check_region, preview

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}", tags=["corrections"])

_MAX_BYTES = 4_000_000
"""Of a body: a page sends what it has not saved, never the paths of regions."""
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The frame as it will be rendered.",
        "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "X-Efface-Waiting-Regions": {
                "description": "Numbers of regions that were not followed yet: they show where they were drawn only.",
                "schema": {"type": "string"},
            }
        },
    }
}
_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": 'Lines of JSON: {"done", "total"} again and again, then {"path", "parts", "lost"} or {"error"}.',
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/Preview",
    responses=_JPEG | error_responses(400, 404, 410, 429),
    openapi_extra=_body(PREVIEW_SCHEMA),
    response_class=Response,
)
async def post_preview(request: Request, access: VideoTokenReader, services: CurrentServices) -> Response:
    """One frame exactly as a redaction would render it, before anything is."""
    body = await read_body(request, _MAX_BYTES)
    wanted = await run_in_threadpool(read_preview, body)
    redaction = wanted.redaction
    look = partial(
        preview,
        services,
        access.video,
        wanted.frame_index,
        redaction.request,
        redaction.edits,
        wanted.max_side,
    )
    # A page that steps on asks for the next frame at once: those that nobody waits for any more make room.
    made = await run_while_wanted(request, look)
    headers = {"Cache-Control": "no-store"}
    if made.waiting:
        headers["X-Efface-Waiting-Regions"] = ", ".join(map(str, made.waiting))
    return Response(made.jpeg, 200, headers, media_type="image/jpeg")


@router.post(
    "/Regions/Follow",
    responses=_LINES | error_responses(400, 404, 410, 429),
    openapi_extra=_body(FOLLOW_SCHEMA),
    response_class=Response,
)
async def follow_region(request: Request, access: VideoContributor, services: CurrentServices) -> Response:
    """Follow a drawn region through its shots, telling how far it is; closing the connection stops it."""
    body = await read_body(request, _MAX_BYTES)
    region = await run_in_threadpool(read_region, body)
    await run_in_threadpool(check_region, services, access.video, region)
    lines = follow_lines(services, access.video, region)
    # A proxy that collects lines would make a page look stuck.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, 200, headers, media_type="application/x-ndjson")
