"""Artifacts: files that the analysis has made, by signed link."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from efface.api.access import VideoReader
from efface.api.context import CurrentServices
from efface.api.errors import ApiError, ErrorType, error_responses
from efface.api.urls import CurrentUrls
from efface.domain.errors import ArtifactNotFoundError
from efface.usecases.reading import (
    FACE_PICTURES_FILE,
    FACES_FILE,
    INDEX_FILE,
    KEY_FRAME_PICTURES_FILE,
    index_file,
)

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}", tags=["files"])

_OFFERED = {
    "Faces": FACES_FILE,
    "FacesThumbnails": FACE_PICTURES_FILE,
    "KeyframesThumbnails": KEY_FRAME_PICTURES_FILE,
    "Metadata": INDEX_FILE,
}
_OF_VIDEO_INDEXER = (
    *("Ocr", "VisualContentModeration", "LanguageDetection", "MultiLanguageDetection", "Emotions"),
    *("TextualContentModeration", "AudioEffects", "ObservedPeople", "Labels", "Transcript"),
    *("FeaturedClothing", "Clapperboards", "DigitalPatterns", "DetectedObjects"),
)
_NAMES = {name.lower(): name for name in (*_OFFERED, *_OF_VIDEO_INDEXER)}
_LINK: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A signed link, as a bare JSON string.",
        "content": {"application/json": {"schema": {"type": "string"}}},
    }
}


@router.get("/ArtifactUrl", responses=_LINK | error_responses(400, 404), response_class=JSONResponse)
def artifact_url(
    request: Request,
    access: VideoReader,
    services: CurrentServices,
    urls: CurrentUrls,
    kind: Annotated[
        str | None,
        Query(alias="type", description="In any case.", json_schema_extra={"enum": [*_OFFERED]}),
    ] = None,
) -> Response:
    """A signed link to a file of the analysis, good for an hour."""
    name = _name_of(kind, request)
    video = access.video
    if video.index_version == 0:
        raise ApiError(
            404, ErrorType.VIDEO_HAS_NO_ARTIFACTS, f"Can't find artifacts for video '{video.video_id}'."
        )
    try:
        file = index_file(services, video, _OFFERED.get(name, name))
    except ArtifactNotFoundError as error:
        raise ApiError(
            404,
            ErrorType.NOT_FOUND,
            f"Can't find artifact of type '{name}' in video '{video.video_id}'.",
        ) from error
    return JSONResponse(urls.file(file.key, file.name))


def _name_of(kind: str | None, request: Request) -> str:
    """The kind that is meant; the documents also print ``ArtifactUrl?Faces``."""
    asked = (
        [kind] if kind is not None else [name for name, value in request.query_params.items() if not value]
    )
    for word in asked:
        name = _NAMES.get(word.strip().lower())
        if name is not None:
            return name
    raise ApiError(
        400,
        ErrorType.UNSUPPORTED,
        f"'type' is '{(kind or '')[:80]}': use one of {', '.join(_OFFERED)}.",
    )
