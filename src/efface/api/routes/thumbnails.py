"""Thumbnails: faces, key frames, and the picture that stands for a video."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import PlainTextResponse, Response

from efface.api.access import VideoReader
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.api.wire.parameters import PictureSide, ThumbnailFormat
from efface.usecases.reading import read_picture

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}/Thumbnails", tags=["files"])

# Faces must not outlive their video in a cache.
_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
            "text/plain": {"schema": {"type": "string"}},
        }
    }
}


@router.get(
    "/{thumbnailId}",
    responses=_PICTURE | error_responses(400, 404),
    response_class=Response,
)
def thumbnail(
    access: VideoReader,
    services: CurrentServices,
    thumbnail_id: Annotated[str, Path(alias="thumbnailId", description="GUID of the picture.")],
    wanted: Annotated[ThumbnailFormat, Query(alias="format")] = "Jpeg",
    max_side: Annotated[
        PictureSide, Query(alias="maxSide", description="Greatest width and height in pixels.")
    ] = None,
) -> Response:
    """A picture, as JPEG or as Base64 text."""
    picture = read_picture(services, access.video, thumbnail_id, max_side)
    if wanted == "Base64":
        return PlainTextResponse(base64.b64encode(picture).decode(), headers=_HEADERS)
    return Response(picture, headers=_HEADERS, media_type="image/jpeg")
