"""Accounts, as holders of a token or a key see them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from efface.api.access import AccessibleAccounts, AccountReader
from efface.api.accounts import account_item
from efface.api.context import CurrentServices
from efface.api.errors import error_responses
from efface.api.flags import Flag
from efface.api.urls import CurrentUrls
from efface.api.wire.account import AccountItem, AccountShape, account_shape
from efface.api.wire.shape import json_answer
from efface.usecases.accounts import account_usage

router = APIRouter(prefix="/{location}/Accounts", tags=["accounts"])


@router.get("", response_model=list[AccountItem], responses=error_responses())
def list_accounts(accounts: AccessibleAccounts, urls: CurrentUrls) -> list[dict[str, Any]]:
    """Accounts that the token or the key opens."""
    return [account_item(account, urls) for account in accounts]


@router.get("/{accountId}", response_model=AccountShape, responses=error_responses(400, 404))
def get_account(
    caller: AccountReader,
    services: CurrentServices,
    urls: CurrentUrls,
    with_usage: Annotated[Flag, Query(alias="includeUsage")] = False,
    with_statistics: Annotated[Flag, Query(alias="includeStatistics")] = False,
) -> Response:
    """The account."""
    account = caller.account
    num_videos = services.catalogue.num_videos(account.account_id) if with_statistics else None
    usage = account_usage(services, account.account_id) if with_usage else None
    return json_answer(account_shape(account, urls, usage, num_videos))
