"""Our answers against the response schemas of Video Indexer's own description of 2022."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from efface.api.openapi import describe
from efface.domain.service import Failure, JobState
from tests.compat.test_client_quirks import finished, redacted
from tests.fakes.api_in_process import POSTER_ID, ApiInProcess
from tests.unit.api.routes.test_streams import streamed

PAGE = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")

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

_NOT_MADE = "an insight that is not made here; Azure leaves out what it has not found"
_OF_AZURE = "of Azure's subscriptions, Media Services or lists of users, which there are none of here"
_DEAD = "models of animated characters ended in 2023"
_NOBODY = "of people whom Azure has recognised; real answers of 2022 leave it out for others"
LEFT_OUT = {
    **dict.fromkeys(
        (f"VideoInsights.{name}" for name in (
            *("audioEffects", "blocks", "brands", "emotions", "framePatterns", "keywords", "labels", "topics"),
            *("namedLocations", "namedPeople", "observedPeople", "ocr", "sentiments", "speakers"),
            *("sourceLanguageConfidence", "visualContentModeration"),
        )),
        _NOT_MADE,
    ),
    **dict.fromkeys(
        (f"Account.{name}" for name in (
            *("amsAadConnectionApplicationId", "amsResource", "cName", "contributors", "createTime"),
            *("description", "invitedContributors", "invitedReaders", "mediaServices", "owners", "readers"),
        )),
        _OF_AZURE,
    ),
    **dict.fromkeys(
        (
            *("VideoInsights.animatedCharacters", "SummarizedInsightsV2.animatedCharacters"),
            *("MediaAssetSearchResultItem.animationModelId", "VideoIndex.animationModelId"),
        ),
        _DEAD,
    ),
    **dict.fromkeys((f"FaceInsight.{name}" for name in ("knownPersonId", "referenceId", "referenceType")), _NOBODY),
}  # fmt: skip
"""Fields of the description that our answers do not hold, and why."""


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
    response = resolved(contract, contract["paths"][path][method.lower()]["responses"][str(status)])
    schema = response["content"]["application/json"]["schema"]
    whole = {"components": as_json_schema_of_components(contract), **as_json_schema(schema)}
    wrong = [
        f"{error.json_path}: {error.message[-160:]}"
        for top in jsonschema.Draft7Validator(whole).iter_errors(body)
        for error in leaves(top)
    ]
    assert wrong == []


def assert_complete(contract: dict[str, Any], method: str, path: str, body: Any) -> None:
    """No field is missing, though the description demands none: clients read them all the same."""
    schema = success_schema(contract, method, path)
    assert set(missing_fields(contract, schema, body)) - LEFT_OUT.keys() == set()


def success_schema(contract: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    response = resolved(contract, contract["paths"][path][method.lower()]["responses"]["200"])
    schema: dict[str, Any] = response["content"]["application/json"]["schema"]
    return schema


def resolved(contract: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = contract["components"][kind][name]
    return node


def missing_fields(
    contract: dict[str, Any], schema: dict[str, Any], body: Any, owner: str = ""
) -> Iterator[str]:
    """Fields that the description names and the answer does not, after the schema that names them."""
    owner = schema["$ref"].rsplit("/", 1)[1] if "$ref" in schema else owner
    schema = resolved(contract, schema)
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from missing_fields(contract, part, body, owner)
    if isinstance(body, list):
        for item in body:
            yield from missing_fields(contract, schema.get("items", {}), item, owner)
    elif isinstance(body, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in body:
                yield from missing_fields(contract, inner, body[name], f"{owner}.{name}")
            else:
                yield f"{owner}.{name}"


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


ANSWERS = [
    ("GET", ACCOUNT, "?includeUsage=true&includeStatistics=true"),
    ("GET", "/{location}/Accounts", ""),
    ("GET", f"{ACCOUNT}/Videos", ""),
    ("GET", f"{ACCOUNT}/Videos/Search", "?query=clip"),
    ("GET", f"{ACCOUNT}/Videos/GetIdByExternalId", "?externalId=e-1"),
    ("GET", f"{VIDEO}/Index", ""),
    ("GET", f"{VIDEO}/ArtifactUrl", "?type=Faces"),
    ("GET", f"{VIDEO}/SourceFile/DownloadUrl", ""),
    ("GET", "/Auth/{location}/Accounts", "?generateAccessTokens=true"),
    ("GET", "/Auth/{location}/Users/me/AccessToken", ""),
    ("GET", f"{AUTH}/AccessToken", "?allowEdit=true"),
    ("GET", f"{AUTH}/AccessTokenWithPermission", "?permission=Reader"),
    ("GET", f"{AUTH}/Videos/{{videoId}}/AccessToken", ""),
]
UPLOAD = ("POST", f"{ACCOUNT}/Videos")
STREAM = ("GET", f"{VIDEO}/streaming-url")
STATUSES = [
    ("DELETE", f"{VIDEO}/Index/Faces/{{faceId}}", 204),
    ("PUT", f"{VIDEO}/Index/Faces/{{faceId}}", 204),
    ("PUT", f"{VIDEO}/ReIndex", 204),
    ("DELETE", f"{VIDEO}/SourceFile", 204),
    ("DELETE", VIDEO, 204),
    ("GET", f"{VIDEO}/Thumbnails/{{thumbnailId}}", 200),
    ("GET", f"{VIDEO}/Captions", 200),
    ("GET", f"{VIDEO}/PlayerWidget", 301),
    ("GET", f"{VIDEO}/InsightsWidget", 301),
]
ERRORS = [
    ("GET", f"{VIDEO}/ArtifactUrl", 404),
    ("DELETE", VIDEO, 404),
    ("DELETE", f"{VIDEO}/SourceFile", 404),
    ("GET", f"{VIDEO}/SourceFile/DownloadUrl", 404),
    ("GET", f"{VIDEO}/Thumbnails/{{thumbnailId}}", 404),
    ("GET", f"{VIDEO}/Captions", 404),
    ("GET", f"{VIDEO}/PlayerWidget", 404),
    ("GET", f"{VIDEO}/InsightsWidget", 404),
    ("GET", f"{VIDEO}/streaming-url", 404),
    ("PUT", f"{VIDEO}/ReIndex", 404),
    ("PUT", f"{VIDEO}/Index/Faces/{{faceId}}", 404),
    ("DELETE", f"{VIDEO}/Index/Faces/{{faceId}}", 404),
    ("GET", f"{AUTH}/Videos/{{videoId}}/AccessToken", 404),
    ("GET", f"{AUTH}/Projects/{{projectId}}/AccessToken", 404),
]


@pytest.mark.parametrize(("method", "path", "query"), ANSWERS)
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
    assert_complete(contract, method, path, body)


def test_upload_answer_fits_the_description_of_2022(api: ApiInProcess, contract: dict[str, Any]) -> None:
    answer = api.call("POST", "/Videos?name=clip", files={"file": ("a.mp4", b"bytes")})
    assert answer.status_code == 200
    assert_fits(contract, *UPLOAD, 200, answer.json())
    assert_complete(contract, *UPLOAD, answer.json())


def test_streaming_answer_fits_the_description_of_2022(api: ApiInProcess, contract: dict[str, Any]) -> None:
    answer = api.call("GET", f"/Videos/{streamed(api).video_id}/streaming-url")
    assert answer.status_code == 200
    assert_fits(contract, *STREAM, 200, answer.json())
    assert_complete(contract, *STREAM, answer.json())


@pytest.mark.parametrize("moment", ["uploaded", "processing", "failed", "redacting", "redacted"])
def test_index_fits_the_description_of_2022_in_every_state(
    api: ApiInProcess, contract: dict[str, Any], moment: str
) -> None:
    if moment.startswith("redact"):
        _, job, video = redacted(api, api.indexed())
        if moment == "redacted":
            finished(api, job)
    else:
        video = api.upload()
        (job,) = api.catalogue.jobs_of_video(video.account_id, video.video_id)
        if moment != "uploaded":
            api.catalogue.begin_job(job.job_id)
        if moment == "failed":
            api.catalogue.end_job(job.job_id, JobState.FAILED, Failure("NoVideoError", "It is no video."))
    states = {"uploaded": "Uploaded", "failed": "Failed", "redacted": "Processed"}
    body = api.call("GET", f"/Videos/{video.video_id}/Index").json()
    assert body["state"] == states.get(moment, "Processing")
    assert_fits(contract, "GET", f"{VIDEO}/Index", 200, body)
    assert_complete(contract, "GET", f"{VIDEO}/Index", body)


@pytest.mark.parametrize(("method", "path", "status"), STATUSES)
def test_status_is_one_of_those_of_2022(
    api: ApiInProcess, contract: dict[str, Any], method: str, path: str, status: int
) -> None:
    video = api.indexed()
    url = filled(api, path, video.video_id) + "?newName=Ada"
    assert str(status) in contract["paths"][path][method.lower()]["responses"]
    assert api.ask(method, url, headers=everything(api)).status_code == status


@pytest.mark.parametrize(("method", "path", "status"), ERRORS)
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


def test_every_operation_of_2022_that_is_offered_is_held_against_it(
    api: ApiInProcess, contract: dict[str, Any]
) -> None:
    held = {(method, path) for method, path, _ in (*ANSWERS, *STATUSES, *ERRORS)} | {UPLOAD, STREAM}
    assert held == operations(contract) & operations(describe(api.app))


def test_every_operation_of_2022_that_is_not_offered_says_so(
    api: ApiInProcess, contract: dict[str, Any]
) -> None:
    video = api.indexed()
    others = operations(contract) - operations(describe(api.app))
    assert len(others) >= 50
    for method, path in others:
        url = filled(api, re.sub(r"\{(?!location|accountId|videoId)\w+\}", "1", path), video.video_id)
        answer = api.ask(method, url, headers=everything(api), json={})
        assert answer.status_code == promised(method, path), f"{method} {path}"
        assert set(answer.json()) == {"ErrorType", "Message"}


def test_every_parameter_of_2022_is_on_the_page_of_compatibility(
    api: ApiInProcess, contract: dict[str, Any]
) -> None:
    words = set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`]*)`", PAGE))))
    missing = {
        (path, parameter["name"])
        for method, path in operations(contract) & operations(describe(api.app))
        for parameter in contract["paths"][path][method.lower()].get("parameters", ())
        if parameter["in"] == "query" and parameter["name"] not in words
    }
    assert missing == set()


def promised(method: str, path: str) -> int | None:
    """What the page says that an operation answers that is not offered."""
    for row in re.findall(r"^\| .* \| not offered: .*$", PAGE, re.MULTILINE):
        named = re.search(r"`(?:(\w+) )?(/\S+)`", row)
        assert named, row
        if (named[1] == method and path == named[2]) or (named[1] is None and path.startswith(named[2])):
            return int(row.partition("not offered: ")[2][:3])
    return None


def operations(described: dict[str, Any]) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}


def filled(api: ApiInProcess, path: str, video_id: str) -> str:
    values = {
        "location": api.account.location,
        "accountId": api.account.account_id,
        "videoId": video_id,
        "thumbnailId": POSTER_ID,
        "faceId": "1001",
        "projectId": "0" * 10,
    }
    return path.format(**values)


def everything(api: ApiInProcess) -> dict[str, str]:
    return {**api.authorized(), "Ocp-Apim-Subscription-Key": api.key}
