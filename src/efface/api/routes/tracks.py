"""Tracks: where everybody is, frame by frame, for pages that draw boxes over the video. Not offered by Azure."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from efface.api.access import VideoTokenReader
from efface.api.compression import compressed
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.api.wire.seen import tracks_tag
from efface.api.wire.shape import json_answer
from efface.api.wire.tracks import ChunkOfBoxes, TracksQuery, TracksShape, chunk_shape, tracks_shape
from efface.usecases.tracks import read_chunk, read_tracks

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}/Tracks", tags=["corrections"])

ChunkPath = Annotated[int, Path(description="Number of the chunk, from 0.", ge=0, le=2**31 - 1)]


_TAGGED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"description": "For If-Match of redact.", "schema": {"type": "string"}}}}
}


@router.get("", response_model=TracksShape, responses=_TAGGED | error_responses(400, 404))
def get_tracks(
    request: Request,
    access: VideoTokenReader,
    services: CurrentServices,
    query: Annotated[TracksQuery, Query()],
) -> Response:
    """Who is in a video and what was drawn, as corrected; the boxes come in chunks."""
    found = read_tracks(services, access.video, query.edits)
    return compressed(request, json_answer(tracks_shape(found), headers={"ETag": tracks_tag(found)}))


@router.get("/{chunk}", response_model=ChunkOfBoxes, responses=error_responses(400, 404))
def get_chunk(
    request: Request,
    access: VideoTokenReader,
    chunk: ChunkPath,
    services: CurrentServices,
    query: Annotated[TracksQuery, Query()],
) -> Response:
    """The boxes of one chunk of frames."""
    found = read_chunk(services, access.video, chunk, query.edits)
    return compressed(request, json_answer(chunk_shape(found)))
