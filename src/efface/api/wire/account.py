"""An account by itself, with what it uses."""

from typing import Any

from efface.api.accounts import account_item
from efface.api.urls import Urls
from efface.api.wire.shape import WireShape
from efface.domain.service import Account
from efface.usecases.accounts import Usage

UNLIMITED = 2**31 - 1
"""Stands where Azure has a quota: there is none here."""


class AccountStatistics(WireShape):
    """How much an account holds; two names are spelt as Azure spells them."""

    videos_count: int
    lingusitic_models_count: int = 0
    person_modles_count: int = 0
    brands_count: int = 0


class QuotaUsage(WireShape):
    """What was uploaded today and ever; days begin at midnight UTC. What was deleted does not count."""

    daily_upload_count: int
    daily_upload_count_limit: int = UNLIMITED
    daily_upload_duration_in_seconds: int
    daily_upload_duration_limit_in_seconds: int = UNLIMITED
    ever_upload_duration_in_seconds: int
    ever_upload_duration_limit_in_seconds: int = UNLIMITED


class LimitedAccess(WireShape):
    """What Azure grants on request, none of which is here: faces are found, nobody is recognised."""

    is_face_identification_enabled: bool = False
    is_celebrity_recognition_enabled: bool = False
    is_high_risk_enabled: bool = False


class AccountItem(WireShape):
    """An account in a list."""

    id: str
    name: str
    location: str
    account_type: str
    url: str
    access_token: str | None
    is_in_move_to_arm: bool
    is_arm_only: bool
    move_to_arm_started_date: str | None


class AccountShape(AccountItem):
    """An account by itself."""

    state: str = "Active"
    is_paid: bool = True
    quota_usage: QuotaUsage | None
    statistics: AccountStatistics | None
    limited_access_features: LimitedAccess = LimitedAccess()


def account_shape(account: Account, urls: Urls, usage: Usage | None, num_videos: int | None) -> AccountShape:
    """An account.

    Args:
        account: which.
        urls: of the request that is answered.
        usage: None where it was not asked for.
        num_videos: None where it was not asked for.
    """
    plain: dict[str, Any] = account_item(account, urls)
    return AccountShape.model_validate(
        plain
        | {
            "quotaUsage": _quota(usage) if usage else None,
            "statistics": None if num_videos is None else AccountStatistics(videos_count=num_videos),
        }
    )


def _quota(usage: Usage) -> QuotaUsage:
    return QuotaUsage(
        daily_upload_count=usage.num_today,
        daily_upload_duration_in_seconds=int(usage.seconds_today),
        ever_upload_duration_in_seconds=int(usage.seconds_ever),
    )
