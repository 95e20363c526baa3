"""Risks: the moments at which a person should look before a video is published. Not offered by Azure."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from efface.api.access import VideoTokenReader
from efface.api.compression import compressed
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.api.wire.risks import RisksQuery, RisksShape, risks_shape
from efface.api.wire.shape import json_answer
from efface.usecases.risks import read_risks

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}/Risks", tags=["corrections"])


@router.get("", response_model=RisksShape, responses=error_responses(400, 404))
def get_risks(
    request: Request,
    access: VideoTokenReader,
    services: CurrentServices,
    query: Annotated[RisksQuery, Query()],
) -> Response:
    """The moments of the corrected index at which a face is most likely bare, the worst first."""
    moments = read_risks(services, access.video, query.edits)
    return compressed(request, json_answer(risks_shape(moments, query.limit)))
