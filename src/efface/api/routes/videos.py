"""Videos: list, search, index, index again, delete."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from efface.api.access import AccountReader, VideoContributor, VideoReader
from efface.api.context import CurrentServices
from efface.api.errors import ApiError, ErrorType, error_responses
from efface.api.wire.addresses import read_callback_url
from efface.api.wire.index import IndexQuery, IndexShape, index_shape, left_out
from efface.api.wire.paging import VideoList, next_page, video_list
from efface.api.wire.search import ListQuery, SearchQuery, search_match
from efface.api.wire.shape import json_answer
from efface.api.wire.upload import ReIndexQuery
from efface.api.wire.video_item import video_item
from efface.ports.catalogue import VideoFilter
from efface.usecases.changes import delete_source, delete_video, index_again
from efface.usecases.reading import read_insights
from efface.usecases.searching import search_videos

router = APIRouter(prefix="/{location}/Accounts/{accountId}/Videos", tags=["videos"])

_STRING: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A bare JSON string.",
        "content": {"application/json": {"schema": {"type": "string"}}},
    }
}


@router.get("", response_model=VideoList, responses=error_responses(400))
def list_videos(
    caller: AccountReader, services: CurrentServices, query: Annotated[ListQuery, Query()]
) -> Response:
    """Videos of the account, newest first."""
    page = services.catalogue.find_videos(
        caller.account.account_id, query.to_filter(), skip=query.skip, limit=query.page_size
    )
    items = (video_item(caller.account, video) for video in page.videos)
    return json_answer(video_list(items, next_page(query.page_size, query.skip, page.total)))


@router.get("/Search", response_model=VideoList, responses=error_responses(400))
def search(
    caller: AccountReader, services: CurrentServices, query: Annotated[SearchQuery, Query()]
) -> Response:
    """Videos that hold words in their name, description or the names of their faces."""
    if query.means_nobody(caller.account):
        return json_answer(video_list((), next_page(query.page_size, query.skip, 0)))
    page = search_videos(
        services, caller.account.account_id, query.to_filter(), skip=query.skip, limit=query.page_size
    )
    items = (
        video_item(caller.account, found.video, [search_match(match) for match in found.matches])
        for found in page.found
    )
    return json_answer(video_list(items, next_page(query.page_size, query.skip, page.total)))


@router.get("/GetIdByExternalId", responses=_STRING | error_responses(400, 404), response_class=JSONResponse)
def id_by_external_id(
    caller: AccountReader,
    services: CurrentServices,
    external_id: Annotated[str, Query(alias="externalId", description="As given with the upload.")],
) -> Response:
    """Id of the newest video with this external id."""
    wanted = VideoFilter(external_ids=(external_id,))
    page = services.catalogue.find_videos(caller.account.account_id, wanted, skip=0, limit=1)
    if not page.videos:
        raise ApiError(404, ErrorType.NOT_FOUND, f"Video with external id '{external_id}' was not found.")
    return JSONResponse(page.videos[0].video_id)


@router.get("/{videoId}/Index", response_model=IndexShape, responses=error_responses(400, 404))
def get_index(
    access: VideoReader, services: CurrentServices, query: Annotated[IndexQuery, Query()]
) -> Response:
    """What was found in a video: the same shape in every state."""
    insights = read_insights(services, access.video)
    shape = index_shape(
        access.account, access.video, insights, has_summary=bool(query.include_summarized_insights)
    )
    return json_answer(shape, leaving_out=left_out(query))


@router.put("/{videoId}/ReIndex", status_code=204, responses=error_responses(400, 404, 409, 429))
def re_index(
    access: VideoContributor, services: CurrentServices, query: Annotated[ReIndexQuery, Query()]
) -> Response:
    """Analyse a video anew; until that is done, the old index is read."""
    index_again(
        services,
        access.video,
        query.options(),
        priority=query.priority,
        callback_url=read_callback_url(query.callback_url),
    )
    return Response(status_code=204)


@router.delete("/{videoId}", status_code=204, responses=error_responses(404))
def delete(access: VideoContributor, services: CurrentServices) -> Response:
    """Delete a video and what was made of it, but its redactions, which are videos of their own."""
    delete_video(services, access.video)
    return Response(status_code=204)


@router.delete("/{videoId}/SourceFile", status_code=204, responses=error_responses(400, 404, 409))
def delete_source_file(access: VideoContributor, services: CurrentServices) -> Response:
    """Delete a video's own file; its index stays."""
    delete_source(services, access.video)
    return Response(status_code=204)
