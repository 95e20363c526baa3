import asyncio
import json
import logging
import threading
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query

from efface.api.errors import ErrorType
from efface.domain import errors as domain
from tests.fakes.api_in_process import ApiInProcess

RAISED = {
    "account": domain.AccountNotFoundError("no account"),
    "video": domain.VideoNotFoundError("no video"),
    "job": domain.JobNotFoundError("no job"),
    "artifact": domain.ArtifactNotFoundError("no artifact"),
    "source": domain.SourceDeletedError("source gone"),
    "duplicate": domain.DuplicateVideoError("a1b2c3d4e5"),
    "edits": domain.EditsChangedError(3, 5),
    "changed": domain.VideoChangedError("analysed anew"),
    "busy": domain.VideoBusyError("busy"),
    "request": domain.RequestError("wrong"),
    "face": domain.UnknownFaceError([1], [2]),
    "media": domain.UnsupportedMediaError("no video"),
    "full": domain.QueueFullError("full"),
    "down": domain.ServiceUnavailableError("postgres at 10.0.0.3 is down"),
    "index": domain.IndexFormatError("secret/path is damaged"),
    "disk": domain.DiskFullError("the file needs 3 GB"),
    "output": domain.OutputError("secret/path is full"),
    "configuration": domain.ConfigurationError("secret setting"),
    "bug": KeyError("secret"),
}


def probes() -> APIRouter:
    router = APIRouter()

    @router.get("/raise/{name}")
    def fail(name: str) -> None:
        raise RAISED[name]

    @router.get("/numbers")
    def numbers(page_size: Annotated[int, Query(alias="pageSize", ge=1)], skip: int = 0) -> int:
        return page_size + skip

    @router.post("/numbers")
    def post_numbers(body: dict[str, int]) -> int:
        return len(body)

    @router.delete("/numbers")
    def no_numbers() -> int:
        return 0

    @router.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(60)
        return "never"

    return router


@pytest.fixture
def probe(api: ApiInProcess) -> ApiInProcess:
    api.serve(probes())
    return api


@pytest.mark.parametrize(
    ("name", "status", "error_type"),
    [
        ("account", 404, "ACCOUNT_NOT_FOUND"),
        ("video", 404, "BREAKDOWN_NOT_FOUND"),
        ("job", 404, "NOT_FOUND"),
        ("artifact", 404, "NOT_FOUND"),
        ("source", 410, "SOURCE_VIDEO_DELETED"),
        ("duplicate", 409, "ALREADY_EXISTS"),
        ("edits", 412, "ALREADY_EXISTS"),
        ("changed", 412, "ALREADY_EXISTS"),
        ("disk", 507, "ACCOUNT_UPLOAD_QUOTA_EXCEEDED"),
        ("busy", 409, "VIDEO_INDEXING_IN_PROGRESS"),
        ("request", 400, "INVALID_INPUT"),
        ("face", 400, "INVALID_INPUT"),
        ("media", 400, "INVALID_INPUT"),
    ],
)
def test_error_of_the_core_has_one_status_and_tells_its_reason(
    probe: ApiInProcess, name: str, status: int, error_type: str
) -> None:
    answer = probe.get(f"/raise/{name}")
    assert answer.status_code == status
    assert answer.json() == {"ErrorType": error_type, "Message": str(RAISED[name])}


def test_duplicate_names_the_video_as_clients_look_for_it(probe: ApiInProcess) -> None:
    assert "video id: 'a1b2c3d4e5'" in probe.get("/raise/duplicate").json()["Message"]


@pytest.mark.parametrize("name", ["index", "output", "configuration", "bug"])
def test_fault_of_the_service_tells_nothing_of_itself(
    probe: ApiInProcess, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    answer = probe.get(f"/raise/{name}")
    assert answer.status_code == 500
    assert answer.json() == {"ErrorType": "GENERAL", "Message": "There was an error."}
    assert len(answer.headers["x-ms-request-id"]) == 36


def test_service_that_does_not_answer_is_a_timeout_to_be_tried_again(probe: ApiInProcess) -> None:
    answer = probe.get("/raise/down")
    assert answer.status_code == 504
    assert answer.json() == {
        "ErrorType": "SERVER_TIMEOUT",
        "Message": "Server did not respond to gateway within expected time",
    }
    assert int(answer.headers["retry-after"]) > 0


def test_full_queue_is_answered_like_too_many_requests(probe: ApiInProcess) -> None:
    answer = probe.get("/raise/full")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.json() == {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 60 seconds."}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "'pageSize' is missing in the query: add it."),
        ("?pageSize=x", "'pageSize' in the query cannot be used: input should be a valid integer"),
        (
            "?pageSize=0",
            "'pageSize' in the query cannot be used: input should be greater than or equal to 1.",
        ),
        ("?pageSize=1&skip=1.5", "'skip' in the query cannot be used"),
    ],
)
def test_wrong_parameter_is_named_with_what_it_should_be(
    probe: ApiInProcess, query: str, message: str
) -> None:
    answer = probe.get(f"/numbers{query}")
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")
    assert answer.json()["Message"].startswith(message)


def test_body_that_is_no_json_is_refused(probe: ApiInProcess) -> None:
    answer = probe.ask("POST", "/numbers", content=b'{"a":', headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")


def test_unknown_path_is_404_in_azures_form(probe: ApiInProcess) -> None:
    answer = probe.get("/nothing/here")
    assert (answer.status_code, answer.json()["ErrorType"]) == (404, "NOT_FOUND")
    assert answer.json().keys() == {"ErrorType", "Message"}


def test_wrong_method_is_405_and_names_all_that_are_right(probe: ApiInProcess) -> None:
    answer = probe.ask("PUT", "/Numbers/")
    assert answer.status_code == 405
    assert answer.headers.get_list("allow") == ["DELETE, GET, POST"]
    assert answer.json()["ErrorType"] == "UNSUPPORTED"


def test_request_that_outruns_its_limit_is_answered_504(probe: ApiInProcess) -> None:
    probe.serve(probes(), request_limit_s=0.01)
    answer = probe.get("/slow")
    assert answer.status_code == 504
    assert answer.json()["ErrorType"] == "SERVER_TIMEOUT"
    assert answer.headers["x-ms-request-id"]


def test_thread_that_hangs_does_not_hold_the_answer_back(
    api: ApiInProcess, serve_live: Callable[[FastAPI], str]
) -> None:
    is_released, is_done = threading.Event(), threading.Event()
    router = APIRouter()

    @router.get("/hang")
    def hang() -> str:
        is_released.wait(30)
        is_done.set()
        return "late"

    url = serve_live(api.serve(router, request_limit_s=0.05))
    try:
        with httpx.Client() as client:
            assert client.get(f"{url}/hang").status_code == 504
            assert not is_done.is_set()
            # The connection is good for more, and what comes late is not taken for the next answer.
            is_released.set()
            assert is_done.wait(10)
            assert client.get(f"{url}/healthz").json() == {"status": "alive"}
    finally:
        is_released.set()


def test_error_types_are_words_of_the_contract(shared: Any) -> None:
    contract = json.loads((shared / "contract" / "vi_operations_openapi_2022-06.json").read_text())
    assert {kind.value for kind in ErrorType} <= set(contract["components"]["schemas"]["ErrorType"]["enum"])
