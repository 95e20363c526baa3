"""Faces: naming them, and taking them out of the index."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from efface.api.access import VideoContributor
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.usecases.changes import delete_face, name_face

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}/Index/Faces", tags=["faces"])

FacePath = Annotated[int, Path(alias="faceId", description="As the index tells it.", ge=0, le=2**31 - 1)]


@router.put("/{faceId}", status_code=204, responses=error_responses(400, 404))
def update_face(
    access: VideoContributor,
    face_id: FacePath,
    services: CurrentServices,
    new_name: Annotated[str, Query(alias="newName", description="What the person is called from now on.")],
) -> Response:
    """Name a face; the index and the search show the name from now on."""
    name_face(services, access.video, face_id, new_name)
    return Response(status_code=204)


@router.delete("/{faceId}", status_code=204, responses=error_responses(400, 404))
def remove_face(access: VideoContributor, face_id: FacePath, services: CurrentServices) -> Response:
    """Take a face out of the index. A redaction of all faces still hides it."""
    delete_face(services, access.video, face_id)
    return Response(status_code=204)
