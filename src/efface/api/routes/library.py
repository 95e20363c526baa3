"""The library: what the web page lists. An extension of efface."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from efface.api.access import AccountReader, VideoReader
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.api.wire.library import LibraryItem, LibraryList, LibraryQuery, library_item
from efface.api.wire.paging import next_page
from efface.api.wire.shape import json_answer
from efface.usecases.library import library_entry, list_library

router = APIRouter(prefix="/{location}/Accounts/{accountId}", tags=["efface"])


@router.get("/Library", response_model=LibraryList, responses=error_responses(400))
def list_(
    caller: AccountReader, services: CurrentServices, query: Annotated[LibraryQuery, Query()]
) -> Response:
    """Videos of the account as people look at them: with progress, people, redactions."""
    page = list_library(
        services,
        caller.account.account_id,
        query.to_filter(),
        skip=query.skip,
        limit=query.page_size,
        order=query.sort,
    )
    shape = LibraryList(
        results=tuple(map(library_item, page.entries)),
        total=page.total,
        next_page=next_page(query.page_size, query.skip, page.total),
    )
    return json_answer(shape)


@router.get("/Library/{videoId}", response_model=LibraryItem, responses=error_responses(404))
def one(access: VideoReader, services: CurrentServices) -> Response:
    """One of them."""
    return json_answer(library_item(library_entry(services, access.video)))
