"""Uploads that resume after a lost connection or a restart: the protocol tus 1.0.0. Not offered by Azure."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from efface.api.access import AccountContributor
from efface.api.context import ApiContext, CurrentContext, CurrentSettings
from efface.api.errors import ApiError, ErrorType, error_responses
from efface.api.multipart import timed_chunks
from efface.api.resumed_intake import check_parameters, finish_upload, settle
from efface.api.unfinished_uploads import UnfinishedUpload
from efface.api.upload_part import UploadPart
from efface.api.urls import CurrentUrls
from efface.api.wire.tus import (
    CONTENT_TYPE,
    EXTENSIONS,
    RESUMABLE,
    VERSION,
    number_of,
    parameters_of,
    require_content_type,
    require_version,
    state_headers,
)
from efface.api.wire.upload import UploadQuery
from efface.domain.errors import ServiceUnavailableError

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Uploads", tags=["uploads"])

UploadPath = Annotated[str, Path(alias="uploadId", description="The end of the Location of its creation.")]
VersionHeader = Annotated[str, Header(alias="Tus-Resumable", description=f"Always {VERSION}.")]
LengthHeader = Annotated[str, Header(alias="Upload-Length", description="Bytes of the whole file.")]
OffsetHeader = Annotated[
    str, Header(alias="Upload-Offset", description="Where the body belongs; what HEAD says.")
]
MetadataHeader = Annotated[
    str,
    Header(
        alias="Upload-Metadata",
        description="Parameters of the upload, each with its value in base64: ``name bXkgY2xpcA==,fileName YS5tcDQ=``.",
    ),
]
_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _headers(*names: str) -> dict[str, Any]:
    described = {"Tus-Resumable": {"schema": {"type": "string"}}}
    return {"headers": described | {name: {"schema": {"type": "string"}} for name in names}}


_CREATED: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "Location is the address of the upload.",
        **_headers("Location", "Upload-Offset", "Upload-Expires"),
    }
}
_STATE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Upload-Offset says how many bytes have come; X-Video-Id names the video once it is whole.",
        **_headers("Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires", "X-Video-Id"),
    }
}
_ADDED: dict[int | str, dict[str, Any]] = {
    204: {
        "description": "As the state; with the last byte the video is taken in, and X-Video-Id names it.",
        **_headers("Upload-Offset", "Upload-Expires", "X-Video-Id"),
    }
}


@router.options("", include_in_schema=False)
@router.options("/{uploadId}", include_in_schema=False)
async def abilities(settings: CurrentSettings) -> Response:
    """What of the protocol is spoken here; depends on nobody."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(settings.max_upload_bytes),
    }
    return Response(status_code=204, headers={**RESUMABLE, **headers})


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=_CREATED | error_responses(400, 412, 413, 507),
)
async def create_upload(
    request: Request,
    caller: AccountContributor,
    context: CurrentContext,
    urls: CurrentUrls,
    _query: Annotated[UploadQuery, Query()],
    _length: LengthHeader = "",
    _version: VersionHeader = "",
    _metadata: MetadataHeader = "",
) -> Response:
    """Expect a file that may come in several requests, with the parameters of the ordinary upload."""
    require_version(request)
    length = number_of(request, "Upload-Length")
    _refuse_length(length, context.settings.max_upload_bytes)
    parameters = parameters_of(request)
    check_parameters(parameters, context.services.limits.max_name_length)
    metadata = request.headers.get("upload-metadata", "")
    account = caller.account
    upload = await run_in_threadpool(context.uploads.create, account.account_id, length, parameters, metadata)
    location = f"{urls.account(account.account_id)}/Uploads/{upload.upload_id}"
    return Response(status_code=201, headers={**state_headers(upload, 0), "Location": location})


@router.head(
    "/{uploadId}",
    response_class=Response,
    responses=_STATE | error_responses(404, 412),
    operation_id="probe_upload",
)
async def probe(
    request: Request,
    caller: AccountContributor,
    upload_id: UploadPath,
    context: CurrentContext,
    _version: VersionHeader = "",
) -> Response:
    """How much of an upload has come, and which video was made of it."""
    require_version(request)
    upload = await run_in_threadpool(_find, context, caller.account.account_id, upload_id)
    headers = state_headers(upload, context.uploads.offset_of(upload))
    metadata = {"Upload-Metadata": upload.metadata} if upload.metadata else {}
    return Response(headers={**headers, **metadata, "Upload-Length": str(upload.length)})


@router.patch(
    "/{uploadId}",
    status_code=204,
    response_class=Response,
    responses=_ADDED | error_responses(400, 404, 409, 412, 415, 423, 429, 507),
    openapi_extra=_BYTES,
)
async def add_bytes(
    request: Request,
    caller: AccountContributor,
    upload_id: UploadPath,
    context: CurrentContext,
    _offset: OffsetHeader = "",
    _version: VersionHeader = "",
) -> Response:
    """Add to an upload from where it stands; what has come stays, also when the connection breaks."""
    require_version(request)
    require_content_type(request)
    offset, account_id = number_of(request, "Upload-Offset"), caller.account.account_id
    upload = await run_in_threadpool(_find, context, account_id, upload_id)
    if upload.video_id is None:
        async with context.uploads.adding(upload) as part:
            # Another request may have ended it while this one waited for its turn.
            upload = await run_in_threadpool(_find, context, account_id, upload_id)
            if upload.video_id is None:
                upload = await _add(request, context, upload, part, offset)
                return _state(context, upload, part)
            await run_in_threadpool(context.uploads.remove_part, upload)
    if offset != upload.length:
        raise _wrong_offset(upload, upload.length)
    return Response(status_code=204, headers=state_headers(upload, upload.length))


@router.delete("/{uploadId}", status_code=204, responses=error_responses(404, 412, 423))
async def delete_upload(
    request: Request,
    caller: AccountContributor,
    upload_id: UploadPath,
    context: CurrentContext,
    _version: VersionHeader = "",
) -> Response:
    """Remove what has come of an upload. A video that was made of it stays."""
    require_version(request)
    upload = await run_in_threadpool(context.uploads.find, caller.account.account_id, upload_id)
    async with context.uploads.adding(upload):
        await run_in_threadpool(context.uploads.remove, upload.upload_id)
    return Response(status_code=204, headers=RESUMABLE)


def _find(context: ApiContext, account_id: str, upload_id: str) -> UnfinishedUpload:
    uploads = context.uploads
    return settle(context.services, uploads, uploads.find(account_id, upload_id))


async def _add(
    request: Request, context: ApiContext, upload: UnfinishedUpload, part: UploadPart, offset: int
) -> UnfinishedUpload:
    """Take the body; with the last byte, the video."""
    stands_at = context.uploads.offset_of(upload)
    if offset != stands_at:
        raise _wrong_offset(upload, stands_at)
    part.cut(stands_at)
    await part.append(_chunks(request, context), upload.length - stands_at)
    if part.size < upload.length:
        return upload
    # A thread that has begun goes on when the request is cancelled; the note that it leaves is found later.
    return await asyncio.shield(
        run_in_threadpool(finish_upload, context.services, context.uploads, upload, part)
    )


async def _chunks(request: Request, context: ApiContext) -> AsyncIterator[bytes]:
    settings = context.settings
    async for chunk in timed_chunks(request, settings.upload_limit_s, settings.upload_idle_s):
        yield chunk
        if context.stopping.is_set:
            raise ServiceUnavailableError("the server is about to end: go on with the upload in a moment")


def _state(context: ApiContext, upload: UnfinishedUpload, part: UploadPart) -> Response:
    offset = upload.length if upload.video_id else part.size
    return Response(status_code=204, headers=state_headers(upload, offset))


def _wrong_offset(upload: UnfinishedUpload, offset: int) -> ApiError:
    return ApiError(
        409,
        ErrorType.INVALID_INPUT,
        f"The upload stands at {offset} of {upload.length} bytes: set 'Upload-Offset' to that and go on from there.",
        headers={**RESUMABLE, "Upload-Offset": str(offset), "Connection": "close"},
    )


def _refuse_length(length: int, max_bytes: int) -> None:
    if length == 0:
        raise ApiError(
            400,
            ErrorType.INPUT_FILE_EMPTY,
            "The header 'Upload-Length' is 0, so the file is empty: choose another.",
            headers=RESUMABLE,
        )
    if length > max_bytes:
        raise ApiError(
            413,
            ErrorType.INPUT_FILE_SIZE_LIMIT_EXCEEDED,
            f"The file has {length} bytes: an upload may have {max_bytes}, so give a videoUrl instead.",
            headers={**RESUMABLE, "Tus-Max-Size": str(max_bytes)},
        )
