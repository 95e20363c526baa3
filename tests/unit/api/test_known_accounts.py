from collections import Counter
from typing import Any

import pytest

from efface.api.access import Permission
from efface.api.known_accounts import KnownAccounts
from efface.domain.errors import AccountNotFoundError
from efface.domain.service import Account
from tests.fakes.api_in_process import ApiInProcess, Ticks
from tests.storage.records import account

UNKNOWN = "00000000-0000-0000-0000-ffffffffffff"


class CountedAccounts:
    """Accounts 1 to 2000, and how often each was asked for."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.held = {account(number).account_id: account(number) for number in range(1, 2001)}

    def account(self, account_id: str) -> Account:
        self.asked[account_id] += 1
        if account_id not in self.held:
            raise AccountNotFoundError("none")
        return self.held[account_id]

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is not to be asked")


@pytest.fixture
def accounts() -> CountedAccounts:
    return CountedAccounts()


def test_account_is_looked_up_once_in_five_seconds(accounts: CountedAccounts) -> None:
    ticks = Ticks()
    known, wanted = KnownAccounts(accounts, ticks), account(1)
    assert known.at_hand(wanted.account_id) is None
    assert known.account(wanted.account_id) == known.account(wanted.account_id) == wanted
    assert known.at_hand(wanted.account_id) == wanted
    assert accounts.asked[wanted.account_id] == 1
    ticks.seconds += 5
    assert known.at_hand(wanted.account_id) is None
    assert known.account(wanted.account_id) == wanted
    assert accounts.asked[wanted.account_id] == 2


def test_account_that_is_not_there_is_asked_for_each_time(accounts: CountedAccounts) -> None:
    known = KnownAccounts(accounts, Ticks())
    for _ in range(2):
        with pytest.raises(AccountNotFoundError):
            known.account(UNKNOWN)
    assert accounts.asked[UNKNOWN] == 2


def test_no_more_than_a_thousand_are_kept(accounts: CountedAccounts) -> None:
    known = KnownAccounts(accounts, Ticks())
    for number in range(1, 1002):
        known.account(account(number).account_id)
    assert known.at_hand(account(1).account_id) is None
    assert known.at_hand(account(2).account_id) is not None


def test_asking_about_a_job_again_costs_one_look_up(
    api: ApiInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = api.upload()
    (job,) = api.catalogue.jobs_of_video(video.account_id, video.video_id)
    assert api.call("GET", f"/Jobs/{job.job_id}").status_code == 200
    asked = Counter[str]()
    reading = api.catalogue._database.reading

    def counted() -> Any:
        asked["database"] += 1
        return reading()

    monkeypatch.setattr(api.catalogue._database, "reading", counted)
    assert api.call("GET", f"/Jobs/{job.job_id}").status_code == 200
    assert asked["database"] == 1


def test_account_at_hand_lets_nobody_in(api: ApiInProcess) -> None:
    assert api.call("GET", "/Jobs").status_code == 200
    other, _ = api.add_account("Other")
    stranger = api.authorized(account=other)
    reader = api.authorized(permission=Permission.READER)
    job = "/Jobs/10000000-0000-0000-0000-000000000001"
    assert api.get(f"{api.path}/Jobs").status_code == 401
    assert api.get(f"{api.path}/Jobs", headers={"Authorization": "Bearer x.y.z"}).status_code == 401
    assert api.get(f"{api.path}/Jobs", headers=stranger).status_code == 401
    assert api.ask("DELETE", api.path + job, headers=reader).status_code == 401
    assert api.get(api.path.replace("westus2", "nowhere") + "/Jobs", headers=reader).status_code == 404
    api.clock.move(3700)
    expired = api.get(f"{api.path}/Jobs", headers=reader)
    assert (expired.status_code, expired.json()["ErrorType"]) == (401, "ACCESS_TOKEN_EXPIRED")
