"""Accounts as Azure shows them in lists."""

from typing import Any

from efface.api.urls import Urls
from efface.domain.service import Account


def account_item(account: Account, urls: Urls, access_token: str | None = None) -> dict[str, Any]:
    """An account in a list.

    Args:
        account: which.
        urls: of the request that is answered.
        access_token: a token for it, if one was asked for.
    """
    return {
        "id": account.account_id,
        "name": account.name,
        "location": account.location,
        "accountType": "Paid",
        "url": urls.account(account.account_id, account.location),
        "accessToken": access_token,
        "isInMoveToArm": False,
        "isArmOnly": False,
        "moveToArmStartedDate": None,
    }
