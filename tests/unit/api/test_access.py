from dataclasses import replace
from typing import Any

import pytest
from fastapi import APIRouter

from efface.api.access import (
    AccessibleAccounts,
    AccountContributor,
    AccountReader,
    Permission,
    Scope,
    VideoContributor,
    VideoReader,
)
from efface.api.settings import Rate
from efface.api.tokens import TokenClaims
from efface.domain.service import Privacy, Video
from tests.fakes.api_in_process import ApiInProcess
from tests.storage.records import video as video_record

router = APIRouter()
VIDEO_ID = "00000000ab"
ELSEWHERE = "11111111-1111-4111-8111-111111111111"


@router.get("/{location}/Accounts/{accountId}/probe")
def read_account(caller: AccountReader) -> dict[str, Any]:
    return {"account": caller.account.account_id, "permission": caller.permission.wire_name}


@router.post("/{location}/Accounts/{accountId}/probe")
def change_account(caller: AccountContributor) -> dict[str, Any]:
    return {"account": caller.account.account_id}


@router.get("/{location}/Accounts/{accountId}/Videos/{videoId}/probe")
def read_video(access: VideoReader) -> dict[str, Any]:
    return {"video": access.video.video_id, "isAnonymous": access.caller.is_anonymous}


@router.post("/{location}/Accounts/{accountId}/Videos/{videoId}/probe")
def change_video(access: VideoContributor) -> dict[str, Any]:
    return {"video": access.video.video_id}


@router.get("/{location}/Accounts")
def list_accounts(accounts: AccessibleAccounts) -> list[str]:
    return [account.account_id for account in accounts]


@pytest.fixture
def probe(api: ApiInProcess) -> ApiInProcess:
    api.serve(router)
    return api


def stored(api: ApiInProcess, privacy: Privacy = Privacy.PRIVATE) -> Video:
    record = video_record(0xAB)
    details = replace(record.details, privacy=privacy)
    return api.add_video(replace(record, account_id=api.account.account_id, details=details))


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["ErrorType"]


@pytest.mark.parametrize(
    "carried",
    [
        lambda token: {"params": {"accessToken": token}},
        lambda token: {"params": {"AccessToken": token}},
        lambda token: {"params": {"token": token}},
        lambda token: {"headers": {"Authorization": f"Bearer {token}"}},
        lambda token: {"headers": {"Authorization": f"bearer  {token}"}},
        lambda token: {"headers": {"bearertoken": token}},
        lambda token: {"headers": {"bearertoken": f"Bearer {token}"}},
        lambda token: {"params": {"accessToken": f'"{token}"'}},
        lambda token: {"params": {"accessToken": "junk"}, "headers": {"Authorization": f"Bearer {token}"}},
    ],
)
def test_token_is_taken_wherever_clients_put_it(probe: ApiInProcess, carried: Any) -> None:
    answer = probe.get(f"{probe.path}/probe", **carried(probe.token(Permission.READER)))
    assert answer.json() == {"account": probe.account.account_id, "permission": "Reader"}


def test_account_and_location_are_found_in_any_case(probe: ApiInProcess) -> None:
    path = f"/WestUS2/ACCOUNTS/{probe.account.account_id.upper()}/PROBE"
    assert probe.get(path, params={"accessToken": probe.token()}).status_code == 200


def test_missing_token_is_refused_as_documented(probe: ApiInProcess) -> None:
    answer = probe.get(f"{probe.path}/probe")
    assert answer.status_code == 401
    assert answer.json() == {
        "ErrorType": "USER_NOT_ALLOWED",
        "Message": f"Access token is not authorized to access account '{probe.account.account_id}'.",
    }
    assert answer.headers["www-authenticate"] == "Bearer"


def test_expired_token_is_told_from_a_malformed_one(probe: ApiInProcess) -> None:
    token = probe.token()
    probe.clock.move(3700)
    assert kind(probe.get(f"{probe.path}/probe", params={"accessToken": token})) == (
        401,
        "ACCESS_TOKEN_EXPIRED",
    )
    malformed = probe.get(f"{probe.path}/probe", params={"accessToken": token[:-4] + "AAAA"})
    assert kind(malformed) == (401, "ACCESS_TOKEN_VALIDATION_FAILED")


def test_token_of_another_account_is_refused_whether_the_account_exists_or_not(probe: ApiInProcess) -> None:
    stranger = probe.add_account("Stranger")[0]
    params = {"accessToken": probe.token(account=stranger)}
    there = probe.get(f"{probe.path}/probe", params=params)
    nowhere = probe.get(f"/westus2/Accounts/{ELSEWHERE}/probe", params=params)
    assert kind(there) == kind(nowhere) == (401, "USER_NOT_ALLOWED")
    assert there.json()["Message"].replace(probe.account.account_id, "") == nowhere.json()["Message"].replace(
        ELSEWHERE, ""
    )


def test_no_token_tells_nothing_of_accounts_and_videos(probe: ApiInProcess) -> None:
    stored(probe)
    paths = [
        f"{probe.path}/Videos/{VIDEO_ID}/probe",
        f"{probe.path}/Videos/ffffffffff/probe",
        f"/westus2/Accounts/{ELSEWHERE}/Videos/{VIDEO_ID}/probe",
    ]
    assert {kind(probe.get(path)) for path in paths} == {(401, "USER_NOT_ALLOWED")}


def test_account_that_is_no_guid_is_not_found(probe: ApiInProcess) -> None:
    answer = probe.get("/westus2/Accounts/me/probe")
    assert kind(answer) == (404, "ACCOUNT_NOT_FOUND")


def test_account_that_is_gone_is_not_found_with_its_own_token(probe: ApiInProcess) -> None:
    ghost = replace(probe.account, account_id=ELSEWHERE)
    answer = probe.get(
        f"/westus2/Accounts/{ELSEWHERE}/probe", params={"accessToken": probe.token(account=ghost)}
    )
    assert kind(answer) == (404, "ACCOUNT_NOT_FOUND")


@pytest.mark.parametrize("has_token", [True, False])
def test_unknown_location_is_not_found(probe: ApiInProcess, has_token: bool) -> None:
    params = {"accessToken": probe.token()} if has_token else {}
    answer = probe.get(f"/mars/Accounts/{probe.account.account_id}/probe", params=params)
    assert kind(answer) == (404, "LOCATION_NOT_FOUND")


def test_location_of_another_account_is_not_this_ones(probe: ApiInProcess) -> None:
    probe.add_account("Other", "eastasia")
    path = f"/eastasia/Accounts/{probe.account.account_id}/probe"
    assert kind(probe.get(path, params={"accessToken": probe.token()})) == (404, "LOCATION_NOT_FOUND")
    # Without the account's token it is no more than a place that exists.
    assert kind(probe.get(path)) == (401, "USER_NOT_ALLOWED")


def test_location_alias_counts_when_it_is_configured(probe: ApiInProcess) -> None:
    path = f"/Trial/Accounts/{probe.account.account_id}/probe"
    assert probe.get(path, params={"accessToken": probe.token()}).status_code == 404
    probe.serve(router, location_aliases=("trial",))
    assert probe.get(path, params={"accessToken": probe.token()}).status_code == 200


def test_reader_may_not_change_anything(probe: ApiInProcess) -> None:
    stored(probe)
    params = {"accessToken": probe.token(Permission.READER)}
    for path in (f"{probe.path}/probe", f"{probe.path}/Videos/{VIDEO_ID}/probe"):
        assert kind(probe.ask("POST", path, params=params)) == (401, "USER_NOT_ALLOWED")
        assert probe.get(path, params=params).status_code == 200


@pytest.mark.parametrize(
    "permission", [Permission.CONTRIBUTOR, Permission.ACCESS_ADMINISTRATOR, Permission.OWNER]
)
def test_contributor_and_above_may_change_things(probe: ApiInProcess, permission: Permission) -> None:
    answer = probe.ask("POST", f"{probe.path}/probe", params={"accessToken": probe.token(permission)})
    assert answer.status_code == 200


def test_video_token_opens_its_video_and_nothing_else(probe: ApiInProcess) -> None:
    stored(probe)
    probe.add_video(replace(video_record(2), account_id=probe.account.account_id))
    params = {"accessToken": probe.token(video_id=VIDEO_ID)}
    assert probe.get(f"{probe.path}/Videos/{VIDEO_ID.upper()}/probe", params=params).status_code == 200
    assert probe.ask("POST", f"{probe.path}/Videos/{VIDEO_ID}/probe", params=params).status_code == 200
    assert kind(probe.get(f"{probe.path}/Videos/0000000002/probe", params=params)) == (
        401,
        "USER_NOT_ALLOWED",
    )
    assert kind(probe.get(f"{probe.path}/probe", params=params)) == (401, "USER_NOT_ALLOWED")


def test_unknown_video_is_not_found_in_the_contracts_words(probe: ApiInProcess) -> None:
    answer = probe.get(f"{probe.path}/Videos/ffffffffff/probe", params={"accessToken": probe.token()})
    assert answer.status_code == 404
    assert answer.json() == {
        "ErrorType": "BREAKDOWN_NOT_FOUND",
        "Message": "Video 'ffffffffff' was not found.",
    }


def test_video_of_another_account_is_not_found(probe: ApiInProcess) -> None:
    stored(probe)
    stranger = probe.add_account("Stranger")[0]
    answer = probe.get(
        f"{probe.path_of(stranger)}/Videos/{VIDEO_ID}/probe",
        params={"accessToken": probe.token(account=stranger)},
    )
    assert kind(answer) == (404, "BREAKDOWN_NOT_FOUND")


def test_public_video_is_read_without_a_token_and_never_changed(probe: ApiInProcess) -> None:
    stored(probe, Privacy.PUBLIC)
    path = f"{probe.path}/Videos/{VIDEO_ID}/probe"
    assert probe.get(path).json() == {"video": VIDEO_ID, "isAnonymous": True}
    assert kind(probe.ask("POST", path)) == (401, "USER_NOT_ALLOWED")


def test_public_video_is_refused_with_a_token_of_another_account(probe: ApiInProcess) -> None:
    stored(probe, Privacy.PUBLIC)
    stranger = probe.add_account("Stranger")[0]
    params = {"accessToken": probe.token(account=stranger)}
    assert kind(probe.get(f"{probe.path}/Videos/{VIDEO_ID}/probe", params=params)) == (
        401,
        "USER_NOT_ALLOWED",
    )


def test_subscription_key_alone_opens_no_data(probe: ApiInProcess) -> None:
    answer = probe.get(f"{probe.path}/probe", headers={"Ocp-Apim-Subscription-Key": probe.key})
    assert answer.status_code == 401


def test_user_token_opens_the_list_of_accounts_and_nothing_in_them(probe: ApiInProcess) -> None:
    claims = TokenClaims(Scope.USER, Permission.OWNER, account_ids=(probe.account.account_id,))
    params = {"accessToken": probe.context.tokens.issue(claims)[0]}
    assert probe.get("/westus2/Accounts", params=params).json() == [probe.account.account_id]
    assert probe.get(f"{probe.path}/probe", params=params).status_code == 401


@pytest.mark.parametrize("opened_by", ["account token", "key", "nothing", "video token"])
def test_accounts_are_listed_for_whoever_may_see_them(probe: ApiInProcess, opened_by: str) -> None:
    probe.add_account("Stranger")
    request: dict[str, Any] = {
        "account token": {"params": {"accessToken": probe.token()}},
        "key": {"params": {"subscription-key": probe.key}},
        "video token": {"params": {"accessToken": probe.token(video_id=VIDEO_ID)}},
        "nothing": {},
    }[opened_by]
    answer = probe.get("/westus2/Accounts", **request)
    if opened_by in {"nothing", "video token"}:
        assert kind(answer) == (401, "USER_NOT_AUTHENTICATED")
    else:
        assert answer.json() == [probe.account.account_id]


def test_account_limit_counts_only_those_who_may_use_the_account(probe: ApiInProcess) -> None:
    probe.serve(router, api_rate=Rate(3, 0))
    for number in range(6):
        # Another address each time, so that only the account's own limit could be meant.
        assert probe.get(f"{probe.path}/probe", peer=f"198.51.100.{number}").status_code == 401
    params = {"accessToken": probe.token()}
    answers = [
        probe.get(f"{probe.path}/probe", peer=f"192.0.2.{number}", params=params) for number in range(4)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json() == {
        "statusCode": 429,
        "message": "Rate limit is exceeded. Try again in 1 seconds.",
    }
