"""Captions: valid documents without a line, since nothing is transcribed here."""

from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from efface.api.access import VideoReader
from efface.api.errors import ApiError, ErrorType, error_responses
from efface.api.wire.parameters import CaptionFormat
from efface.domain.service import VideoState

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}", tags=["files"])

_TTML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="{language}"><head/><body><div/></body></tt>\n'
)
_EMPTY = {
    "Vtt": ("text/vtt", "WEBVTT\n"),
    "Ttml": ("application/ttml+xml", _TTML),
    "Srt": ("application/x-subrip", ""),
    "Txt": ("text/plain", ""),
    "Csv": ("text/csv", "Video Name,Start Time,End Time,Transcript\r\n"),
}

_DOCUMENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string"}} for kind, _ in _EMPTY.values()}}
}


@router.get(
    "/Captions",
    responses=_DOCUMENTS | error_responses(400, 404),
    response_class=Response,
)
def captions(
    access: VideoReader, wanted: Annotated[CaptionFormat, Query(alias="format")] = "Vtt"
) -> Response:
    """Captions of a video, of which there are none."""
    if access.video.state is VideoState.FAILED:
        raise ApiError(400, ErrorType.INVALID_INPUT, f"Video '{access.video.video_id}' could not be indexed.")
    media_type, text = _EMPTY[wanted]
    return Response(
        text.replace("{language}", escape(access.video.details.language)),
        media_type=media_type,
        headers={"X-Content-Type-Options": "nosniff"},
    )
