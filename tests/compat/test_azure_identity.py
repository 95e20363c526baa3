from collections.abc import Callable

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError, DefaultAzureCredential, ManagedIdentityCredential
from fastapi import FastAPI

from tests.fakes.api_in_process import ApiInProcess

SECRET = "identity-header-0123456789"
SCOPE = "https://management.azure.com/.default"
RESOURCE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.VideoIndexer/accounts/studio%20one"


@pytest.fixture
def live(api: ApiInProcess, serve_live: Callable[[FastAPI], str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a service whose identity endpoint this process is pointed at."""
    api.clock.time = api.clock.time.now(api.clock.time.tzinfo)
    url = serve_live(api.serve(identity_secret=SECRET))
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", SECRET)
    return url


@pytest.mark.parametrize("kind", [ManagedIdentityCredential, DefaultAzureCredential])
def test_unmodified_azure_client_gets_from_identity_to_an_account_token(
    live: str, api: ApiInProcess, kind: type[ManagedIdentityCredential | DefaultAzureCredential]
) -> None:
    with kind() as credential:
        management = credential.get_token(SCOPE)
    headers = {"Authorization": f"Bearer {management.token}"}
    with httpx.Client(base_url=live, headers=headers) as client:
        account = client.get(f"{RESOURCE}?api-version=2025-04-01").json()
        assert account["properties"]["accountId"] == api.account.account_id
        answer = client.post(
            f"{RESOURCE}/generateAccessToken?api-version=2025-04-01",
            json={"permissionType": "Contributor", "scope": "Account"},
        )
    assert api.context.tokens.read(answer.json()["accessToken"]).account_id == api.account.account_id


def test_identity_refuses_a_wrong_secret(live: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "guess")
    with (
        ManagedIdentityCredential() as credential,
        pytest.raises((ClientAuthenticationError, CredentialUnavailableError)),
    ):
        credential.get_token(SCOPE)


def test_identity_answer_has_the_fields_of_app_service(api: ApiInProcess) -> None:
    api.serve(identity_secret=SECRET)
    query = {"resource": "https://management.azure.com/", "api-version": "2019-08-01"}
    found = api.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": SECRET}).json()
    assert found["token_type"] == "Bearer"
    assert found["resource"] == "https://management.azure.com/"
    assert int(found["expires_on"]) == int(api.clock.now().timestamp()) + 3600


@pytest.mark.parametrize(
    ("secret", "resource", "status"),
    [
        ("", "https://management.azure.com", 401),
        ("guess", "https://management.azure.com", 401),
        (SECRET, "https://storage.azure.com", 400),
        (SECRET, "", 400),
    ],
)
def test_identity_gives_nothing_to_strangers_and_for_other_services(
    api: ApiInProcess, secret: str, resource: str, status: int
) -> None:
    api.serve(identity_secret=SECRET)
    answer = api.get("/msi/token", params={"resource": resource}, headers={"X-IDENTITY-HEADER": secret})
    assert (answer.status_code, "access_token" in answer.json()) == (status, False)


@pytest.mark.parametrize("secret", ["", "None"])
def test_identity_is_closed_when_no_secret_is_configured(api: ApiInProcess, secret: str) -> None:
    query = {"resource": "https://management.azure.com"}
    assert api.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": secret}).status_code == 401
