from dataclasses import replace
from typing import Any

import jwt
import pytest

from tests.fakes.api_in_process import ApiInProcess
from tests.storage.records import video

SECRET = "operator-secret-0123456789"
RESOURCE = "/subscriptions/1b2c/resourceGroups/media/providers/Microsoft.VideoIndexer/accounts/Studio%20One"
VERSIONS = ["2021-10-18-preview", "2022-08-01", "2024-01-01", "2025-04-01", ""]


@pytest.fixture
def arm(api: ApiInProcess) -> ApiInProcess:
    api.serve(admin_secrets=("another-secret-0123456789", SECRET))
    return api


def generate(
    api: ApiInProcess, body: Any, *, resource: str = RESOURCE, secret: str = SECRET, what: str = ""
) -> Any:
    url = f"{resource}/{what or 'generateAccessToken'}?api-version=2024-01-01"
    return api.ask("POST", url, json=body, headers={"Authorization": f"Bearer {secret}"})


def claims(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"accessToken"}
    return dict(jwt.decode(answer.json()["accessToken"], options={"verify_signature": False}))


@pytest.mark.parametrize(
    ("body", "permission"),
    [
        ({"permissionType": "Contributor", "scope": "Account"}, "Contributor"),
        ({"PermissionType": "Reader", "Scope": "Account", "VideoId": None, "ProjectId": None}, "Reader"),
        ({"permissionType": "owner", "scope": "account"}, "Owner"),
        ({}, "Reader"),
    ],
)
def test_arm_token_has_the_permission_of_any_spelling(arm: ApiInProcess, body: Any, permission: str) -> None:
    said = claims(generate(arm, body))
    assert (said["permission"], said["scope"], said["accountId"]) == (
        permission,
        "Account",
        arm.account.account_id,
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_arm_account_tells_location_and_id_in_any_version(arm: ApiInProcess, version: str) -> None:
    url = f"{RESOURCE.lower()}?api-version={version}"
    found = arm.get(url, headers={"Authorization": f"Bearer {SECRET}"}).json()
    assert found["location"] == "westus2"
    assert found["properties"]["accountId"] == arm.account.account_id
    assert (found["name"], found["type"]) == ("Studio One", "Microsoft.VideoIndexer/accounts")
    assert found["id"].startswith("/subscriptions/1b2c/resource")


def test_arm_token_for_a_video_is_for_that_video(arm: ApiInProcess) -> None:
    record = arm.add_video(replace(video(0xAB), account_id=arm.account.account_id))
    said = claims(
        generate(arm, {"permissionType": "Contributor", "scope": "Video", "videoId": record.video_id})
    )
    assert (said["scope"], said["videoId"]) == ("Video", record.video_id)


def test_arm_restricted_viewer_only_reads(arm: ApiInProcess) -> None:
    body = {"permissionType": "Contributor", "scope": "Account"}
    said = claims(generate(arm, body, what="generateRestrictedViewerAccessToken"))
    assert said["permission"] == "Reader"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"permissionType": "God"}, 400),
        ({"scope": "Video"}, 400),
        ({"scope": "Project", "projectId": "x"}, 400),
        ({"scope": "Video", "videoId": "ffffffffff"}, 404),
        ([], 400),
        ("x" * 20000, 400),
    ],
)
def test_arm_body_that_cannot_be_used_is_refused_in_arms_form(
    arm: ApiInProcess, body: Any, status: int
) -> None:
    answer = generate(arm, body)
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"code", "message"}


def test_arm_body_that_is_no_json_is_refused(arm: ApiInProcess) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = arm.ask("POST", f"{RESOURCE}/generateAccessToken", content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_arm_unknown_account_is_404(arm: ApiInProcess) -> None:
    answer = generate(arm, {}, resource=RESOURCE.replace("Studio", "Stadio"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("", "AuthenticationFailed"),
        ("wrong", "InvalidAuthenticationToken"),
        (SECRET[:-1], "InvalidAuthenticationToken"),
    ],
)
def test_arm_stranger_is_refused_before_anything_is_told(arm: ApiInProcess, secret: str, code: str) -> None:
    for resource in (RESOURCE, RESOURCE.replace("Studio", "Stadio")):
        for answer in (
            generate(arm, {}, resource=resource, secret=secret),
            arm.get(resource, headers={"Authorization": f"Bearer {secret}"}),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


def test_arm_is_closed_when_no_secret_is_configured(api: ApiInProcess) -> None:
    for secret in (SECRET, "", "None"):
        assert generate(api, {}, secret=secret).status_code == 401


def test_arm_takes_no_access_token_of_an_account(arm: ApiInProcess) -> None:
    assert generate(arm, {}, secret=arm.token()).status_code == 401
