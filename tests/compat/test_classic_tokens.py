from dataclasses import replace
from typing import Any

import jwt
import pytest

from tests.fakes.api_in_process import ApiInProcess
from tests.storage.records import video

ITEM_KEYS = {
    *("id", "name", "location", "accountType", "url", "accessToken"),
    *("isInMoveToArm", "isArmOnly", "moveToArmStartedDate"),
}
ELSEWHERE = "11111111-1111-4111-8111-111111111111"


def keyed(api: ApiInProcess, url: str, key: str | None = None) -> Any:
    return api.get(url, headers={"Ocp-Apim-Subscription-Key": api.key if key is None else key})


def claims(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(jwt.decode(answer.json(), options={"verify_signature": False}))


@pytest.mark.parametrize(
    ("query", "permission"),
    [
        ("", "Reader"),
        ("?allowEdit=true", "Contributor"),
        ("?allowEdit=True", "Contributor"),
        ("?AllowEdit=TRUE", "Contributor"),
        ("?allowEdit=false", "Reader"),
        ("?allowEdit=", "Reader"),
    ],
)
def test_account_token_has_the_permission_asked_for(api: ApiInProcess, query: str, permission: str) -> None:
    said = claims(keyed(api, f"/auth{api.path}/accesstoken{query}"))
    assert (said["permission"], said["scope"], said["accountId"]) == (
        permission,
        "Account",
        api.account.account_id,
    )


def test_token_body_is_a_bare_json_string_and_nothing_around_it(api: ApiInProcess) -> None:
    answer = keyed(api, f"/Auth{api.path}/AccessToken?allowEdit=true")
    assert answer.headers["content-type"] == "application/json"
    # As three families of clients read it.
    assert answer.text[1:-1] == answer.text.strip('"') == answer.json()


def test_key_is_taken_from_the_query_too(api: ApiInProcess) -> None:
    assert api.get(f"/Auth{api.path}/AccessToken?Subscription-Key={api.key}").status_code == 200


@pytest.mark.parametrize("permission", ["Reader", "contributor", "MyAccessAdministrator", "Owner"])
def test_account_token_with_permission_has_it(api: ApiInProcess, permission: str) -> None:
    said = claims(keyed(api, f"/Auth{api.path}/AccessTokenWithPermission?permission={permission}"))
    assert said["permission"].lower() == permission.lower()


def test_unknown_permission_is_refused(api: ApiInProcess) -> None:
    answer = keyed(api, f"/Auth{api.path}/AccessTokenWithPermission?permission=God")
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")


def test_video_token_is_for_that_video(api: ApiInProcess) -> None:
    record = api.add_video(replace(video(0xAB), account_id=api.account.account_id))
    said = claims(keyed(api, f"/Auth{api.path}/Videos/{record.video_id.upper()}/AccessToken?allowEdit=true"))
    assert (said["scope"], said["videoId"], said["permission"]) == ("Video", record.video_id, "Contributor")


@pytest.mark.parametrize("thing", ["Videos", "Projects"])
def test_token_for_what_is_not_there_is_404(api: ApiInProcess, thing: str) -> None:
    answer = keyed(api, f"/Auth{api.path}/{thing}/ffffffffff/AccessToken")
    assert (answer.status_code, answer.json()["ErrorType"]) == (404, "BREAKDOWN_NOT_FOUND")
    assert answer.json()["Message"] == f"{thing[:-1]} 'ffffffffff' was not found."


def test_user_token_lists_the_accounts_of_the_key(api: ApiInProcess) -> None:
    said = claims(keyed(api, f"/Auth/{api.account.location}/Users/me/AccessToken?allowEdit=true"))
    assert (said["scope"], said["accountIds"]) == ("User", [api.account.account_id])
    answer = api.get(f"/Auth/{api.account.location}/Users/me/AccessToken")
    assert (answer.status_code, answer.json()["ErrorType"]) == (401, "USER_NOT_AUTHENTICATED")
    assert answer.json()["Message"].startswith("User is not logged in")


def test_accounts_of_the_key_are_listed_with_tokens_when_asked(api: ApiInProcess) -> None:
    api.add_account("Stranger")
    path = f"/Auth/{api.account.location}/Accounts"
    plain = keyed(api, path).json()
    assert [item["id"] for item in plain] == [api.account.account_id]
    assert plain[0]["accessToken"] is None
    assert plain[0].keys() == ITEM_KEYS
    full = keyed(api, f"{path}?generateAccessTokens=true&allowEdit=true").json()
    said = jwt.decode(full[0]["accessToken"], options={"verify_signature": False})
    assert (said["accountId"], said["permission"]) == (api.account.account_id, "Contributor")


def test_key_opens_no_other_account_whether_it_exists_or_not(api: ApiInProcess) -> None:
    stranger = api.add_account("Stranger")[0]
    for account_id in (stranger.account_id, ELSEWHERE):
        for path in ("AccessToken", "AccessTokenWithPermission", "Videos/00000000ab/AccessToken"):
            answer = keyed(api, f"/Auth/westus2/Accounts/{account_id}/{path}")
            assert answer.status_code == 401
            assert answer.json() == {
                "ErrorType": "USER_NOT_ALLOWED",
                "Message": f"User not allowed access account '{account_id}'.",
            }


@pytest.mark.parametrize("key", ["", "wrong", "0" * 64, "é"])
def test_wrong_key_opens_nothing(api: ApiInProcess, key: str) -> None:
    answer = api.get(f"/Auth{api.path}/AccessToken", params={"subscription-key": key})
    expected = "INVALID_AUTH_SUBSCRIPTION_KEY" if key else "USER_NOT_AUTHENTICATED"
    assert (answer.status_code, answer.json()["ErrorType"]) == (401, expected)


def test_unknown_location_is_404(api: ApiInProcess) -> None:
    answer = keyed(api, f"/Auth/mars/Accounts/{api.account.account_id}/AccessToken")
    assert (answer.status_code, answer.json()["ErrorType"]) == (404, "LOCATION_NOT_FOUND")
