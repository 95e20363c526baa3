"""Redaction: a new video in which the chosen faces are hidden."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from efface.api.access import VideoOfAccountContributor
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.api.request_body import read_body
from efface.api.urls import CurrentUrls
from efface.api.wire.job import JobStatus, job_status
from efface.api.wire.redaction import REDACTION_SCHEMA, read_redaction
from efface.api.wire.seen import seen_state
from efface.api.wire.shape import json_answer
from efface.api.wire.upload import RedactionQuery
from efface.usecases.redactions import start_redaction

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos/{videoId}", tags=["redaction"])

MAX_BODY_BYTES = 65_000_000
"""Room for a whole document of corrections."""
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"headers": {"Location": {"description": "The job.", "schema": {"type": "string"}}}}
}
_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": REDACTION_SCHEMA}}},
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "description": "The ETag of the tracks that were chosen from: 412 if it is another by now.",
            "schema": {"type": "string", "example": '"1.0"'},
        }
    ],
}


@router.post(
    "/redact",
    status_code=202,
    response_model=JobStatus,
    responses=_ACCEPTED | error_responses(400, 404, 409, 412, 429),
    openapi_extra=_BODY,
)
async def redact(
    request: Request,
    access: VideoOfAccountContributor,
    services: CurrentServices,
    urls: CurrentUrls,
    query: Annotated[RedactionQuery, Query()],
) -> Response:
    """Make a new video in which faces are hidden; the original stays as it is."""
    body = await read_body(request, MAX_BODY_BYTES)
    wanted = await run_in_threadpool(read_redaction, body)
    order = query.order(access.video, wanted, services.limits.max_name_length, seen_state(request))
    _, job = await run_in_threadpool(start_redaction, services, access.video, order)
    return json_answer(job_status(job), 202, headers={"Location": urls.job(job)})
