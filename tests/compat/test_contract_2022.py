"""Our answers against the response schemas of Video Indexer's own description of 2022."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes.api_in_process import POSTER_ID, ApiInProcess

ACCOUNT = "/{location}/Accounts/{accountId}"
VIDEO = f"{ACCOUNT}/Videos/{{videoId}}"
AUTH = "/Auth/{location}/Accounts/{accountId}"

DEVIATIONS = {
    "sourceLanguage": "typed as an object or enumeration there, a plain string in every real answer",
    "sourceLanguages": "the same, in a list",
    "language": "the same",
    "languages": "the same",
    "streamingPreset": "the description of 2022 knows fewer presets than today's clients send",
    "indexingPreset": "the same",
    "moveToArmStartedDate": "null where nothing was ever moved; a date is demanded there",
    "failureCode": "newer codes, UnsupportedFileType among them, are not in the enumeration of 2022",
}
"""Fields that are not held against an answer, and why."""
_PASSED_OVER = {"nullable", "example", "additionalProperties"}
"""Real answers of later years hold fields more than the description of 2022 allows, and so do ours."""


@pytest.fixture(scope="session")
def contract(shared: Path) -> dict[str, Any]:
    text = (shared / "contract" / "vi_operations_openapi_2022-06.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 says ``nullable`` where JSON Schema has a type ``null``; excused fields may be anything."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    if str(node.get("$ref", "")).endswith("/AccountState"):
        return {}  # a number there; a word in every answer that anybody has shown
    made = {key: as_json_schema(value) for key, value in node.items() if key not in _PASSED_OVER}
    for name in DEVIATIONS.keys() & made.get("properties", {}).keys():
        made["properties"][name] = {}
    if node.get("nullable") or "$ref" in node:
        # What refers to another schema cannot say that it may be null, though real answers are.
        return {"anyOf": [made, {"type": "null"}]}
    return made


def assert_fits(contract: dict[str, Any], method: str, path: str, status: int, body: Any) -> None:
    response = contract["paths"][path][method.lower()]["responses"][str(status)]
    if "$ref" in response:
        response = contract["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    schema = response["content"]["application/json"]["schema"]
    whole = {"components": as_json_schema_of_components(contract), **as_json_schema(schema)}
    wrong = [
        f"{error.json_path}: {error.message[-160:]}"
        for top in jsonschema.Draft7Validator(whole).iter_errors(body)
        for error in leaves(top)
    ]
    assert wrong == []


def leaves(error: Any) -> Iterator[Any]:
    """What is wrong at the bottom, not that none of several schemas fits."""
    inner = [part for part in error.context or () if part.validator != "type" or part.instance is not None]
    serious = [part for part in inner if "null" not in str(part.validator_value)]
    if not serious:
        yield error
    for part in serious:
        yield from leaves(part)


def as_json_schema_of_components(contract: dict[str, Any]) -> dict[str, Any]:
    schemas = {name: as_json_schema(schema) for name, schema in contract["components"]["schemas"].items()}
    return {"schemas": schemas}


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("GET", ACCOUNT, "?includeUsage=true&includeStatistics=true"),
        ("GET", "/{location}/Accounts", ""),
        ("GET", f"{ACCOUNT}/Videos", ""),
        ("GET", f"{ACCOUNT}/Videos/Search", "?query=clip"),
        ("GET", f"{ACCOUNT}/Videos/GetIdByExternalId", "?externalId=e-1"),
        ("GET", f"{VIDEO}/Index", ""),
        ("GET", f"{VIDEO}/ArtifactUrl", "?type=Faces"),
        ("GET", f"{VIDEO}/SourceFile/DownloadUrl", ""),
        ("GET", "/Auth/{location}/Accounts", "?generateAccessTokens=true"),
        ("GET", f"{AUTH}/AccessToken", "?allowEdit=true"),
        ("GET", f"{AUTH}/AccessTokenWithPermission", "?permission=Reader"),
        ("GET", f"{AUTH}/Videos/{{videoId}}/AccessToken", ""),
    ],
)
def test_answer_fits_the_description_of_2022(
    api: ApiInProcess, contract: dict[str, Any], method: str, path: str, query: str
) -> None:
    video = api.indexed("clip", externalId="e-1")
    answer = api.ask(method, filled(api, path, video.video_id) + query, headers=everything(api))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    if path.endswith("/Accounts"):
        # Described as one account; clients get, and read, a list of them.
        (body,) = body
    assert_fits(contract, method, path, 200, body)


def test_upload_answer_fits_the_description_of_2022(api: ApiInProcess, contract: dict[str, Any]) -> None:
    answer = api.call("POST", "/Videos?name=clip", files={"file": ("a.mp4", b"bytes")})
    assert answer.status_code == 200
    assert_fits(contract, "POST", f"{ACCOUNT}/Videos", 200, answer.json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", f"{VIDEO}/Index/Faces/{{faceId}}", 204),
        ("PUT", f"{VIDEO}/Index/Faces/{{faceId}}", 204),
        ("PUT", f"{VIDEO}/ReIndex", 204),
        ("DELETE", f"{VIDEO}/SourceFile", 204),
        ("DELETE", VIDEO, 204),
        ("GET", f"{VIDEO}/Thumbnails/{{thumbnailId}}", 200),
        ("GET", f"{VIDEO}/Captions", 200),
        ("GET", f"{VIDEO}/PlayerWidget", 301),
        ("GET", f"{VIDEO}/InsightsWidget", 301),
    ],
)
def test_status_is_one_of_those_of_2022(
    api: ApiInProcess, contract: dict[str, Any], method: str, path: str, status: int
) -> None:
    video = api.indexed()
    url = filled(api, path, video.video_id) + "?newName=Ada"
    assert str(status) in contract["paths"][path][method.lower()]["responses"]
    assert api.ask(method, url, headers=everything(api)).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{VIDEO}/ArtifactUrl", 404),
        ("DELETE", VIDEO, 404),
        ("GET", f"{VIDEO}/Thumbnails/{{thumbnailId}}", 404),
        ("GET", f"{VIDEO}/streaming-url", 404),
        ("PUT", f"{VIDEO}/ReIndex", 404),
    ],
)
def test_error_fits_the_description_of_2022(
    api: ApiInProcess, contract: dict[str, Any], method: str, path: str, status: int
) -> None:
    url = filled(api, path, "0" * 10) + "?type=Faces"
    answer = api.ask(method, url, headers=everything(api))
    assert answer.status_code == status
    assert_fits(contract, method, path, status, answer.json())
    assert answer.headers["x-ms-request-id"]


def test_missing_token_fits_the_description_of_2022(api: ApiInProcess, contract: dict[str, Any]) -> None:
    answer = api.get(f"{api.path}/Videos")
    assert answer.status_code == 401
    assert_fits(contract, "GET", f"{ACCOUNT}/Videos", 401, answer.json())
    known = contract["components"]["schemas"]["ErrorType"]["enum"]
    assert answer.json()["ErrorType"] in known


def filled(api: ApiInProcess, path: str, video_id: str) -> str:
    values = {
        "location": api.account.location,
        "accountId": api.account.account_id,
        "videoId": video_id,
        "thumbnailId": POSTER_ID,
        "faceId": "1001",
    }
    return path.format(**values)


def everything(api: ApiInProcess) -> dict[str, str]:
    return {**api.authorized(), "Ocp-Apim-Subscription-Key": api.key}
