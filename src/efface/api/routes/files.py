"""Files behind signed links: ``/files/{token}/{name}``."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from efface.api.context import CurrentContext
from efface.api.errors import ApiError, error_response, error_responses, response_to
from efface.api.file_response import ServedObject, cors_preflight, serve_object, with_cors
from efface.api.urls import Links
from efface.domain.errors import EffaceError

router = APIRouter(tags=["files"])

_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {
        "description": "A part of the file.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The client's copy is good."},
}


@router.get(
    "/files/{token}/{name:path}", responses=_CONTENT | error_responses(403, 416), response_class=Response
)
@router.head(
    "/files/{token}/{name:path}",
    responses=_CONTENT | error_responses(403, 416),
    response_class=Response,
    operation_id="probe_file",
)
async def read_file(request: Request, token: str, name: str, context: CurrentContext) -> Response:
    """A file, or a range of it. The link itself is the permission."""
    try:
        file = Links(context.keyring, context.services.clock).read_file(token, name)
        served = ServedObject(file.key, file.name, file.is_inline)
        return await serve_object(request, context.services.objects, served)
    except ApiError as error:
        return with_cors(error_response(error.status, error.error_type, error.message))
    except EffaceError as error:
        return with_cors(response_to(error))


@router.options("/files/{token}/{name:path}", include_in_schema=False)
async def preflight(token: str, name: str) -> Response:
    """Tells browsers that pages of any host may read."""
    return cors_preflight()
