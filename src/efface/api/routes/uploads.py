"""Upload: a video in the request, or a URL that it is fetched from; with a redaction in the same call, if wanted."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from efface.api.access import AccountContributor
from efface.api.context import CurrentServices, CurrentSettings
from efface.api.errors import error_responses
from efface.api.multipart import receive_upload
from efface.api.urls import CurrentUrls, Urls
from efface.api.wire.addresses import read_video_url
from efface.api.wire.shape import json_answer
from efface.api.wire.upload import UPLOAD_NAMES, UploadQuery, incoming_file
from efface.api.wire.video_item import UploadedVideo, VideoItem, uploaded_video, video_item
from efface.domain.service import Account
from efface.usecases.intake import Intake, take_in

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos", tags=["videos"])

_BODY: dict[str, Any] = {
    "requestBody": {
        "description": "The file, in a part of any name; none with videoUrl.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "redact": {
                            "type": "string",
                            "description": "Body of a redaction that is to follow by itself, as JSON.",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "",
    response_model=UploadedVideo | VideoItem,
    responses=error_responses(400, 409, 429, 507),
    openapi_extra=_BODY,
)
async def upload(
    request: Request,
    caller: AccountContributor,
    services: CurrentServices,
    settings: CurrentSettings,
    urls: CurrentUrls,
    query: Annotated[UploadQuery, Query()],
) -> Response:
    """Take a video in and have it indexed; with ``redact``, which Azure does not have, also redacted."""
    url = read_video_url(request.scope["query_string"].decode("latin-1"), UPLOAD_NAMES)
    received = await receive_upload(request, settings.upload_folder, settings.max_upload_bytes, services.room)
    try:
        source = url or incoming_file(received)
        order = query.order(received, url, services.limits.max_name_length)
        taken = await run_in_threadpool(take_in, services, caller.account.account_id, order, source)
    finally:
        await run_in_threadpool(received.discard)
    return _answer(caller.account, taken, urls)


def _answer(account: Account, taken: Intake, urls: Urls) -> Response:
    if taken.redacted is None or taken.redaction_job is None:
        return json_answer(video_item(account, taken.video))
    location = urls.job(taken.redaction_job)
    shape = uploaded_video(account, taken.video, taken.redaction_job, taken.redacted, location)
    return json_answer(shape, headers={"Location": location})
