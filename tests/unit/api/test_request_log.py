import uuid
from typing import Any

import pytest
import structlog
from fastapi import APIRouter, Request
from structlog.testing import CapturingLogger

from tests.fakes.api_in_process import ApiInProcess

SECRET = "eyJ-very-secret"


@pytest.fixture
def lines() -> Any:
    """What is logged, with everything that is bound to it."""
    logger = CapturingLogger()
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.EventRenamer("event")],
        logger_factory=lambda *_: logger,
        cache_logger_on_first_use=False,
    )
    yield logger.calls
    structlog.reset_defaults()


def probes() -> APIRouter:
    router = APIRouter()

    @router.get("/speak")
    def speak(request: Request) -> str:
        structlog.get_logger().info("speaking")
        request.state.account_id = "acc"
        return "ok"

    @router.get("/bug")
    def bug() -> None:
        raise RuntimeError("boom")

    return router


def test_every_answer_has_a_guid_that_is_in_every_line_of_the_request(api: ApiInProcess, lines: Any) -> None:
    api.serve(probes())
    answers = [
        api.get("/speak"),
        api.get("/bug"),
        api.get("/nowhere"),
        api.ask("PUT", "/speak"),
        api.get("/?a=%00"),
    ]
    ids = [answer.headers["x-ms-request-id"] for answer in answers]
    assert len({uuid.UUID(found) for found in ids}) == len(answers)
    spoken = [call.kwargs for call in lines if call.kwargs.get("event") == "speaking"]
    assert [line["request_id"] for line in spoken] == ids[:1]
    ended = [call.kwargs for call in lines if call.kwargs.get("event") == "request"]
    assert [line["request_id"] for line in ended] == ids
    assert [line["status"] for line in ended] == [200, 500, 404, 405, 400]


def test_client_request_id_comes_back_when_it_is_plain(api: ApiInProcess) -> None:
    for sent, back in [
        ("abc-1", "abc-1"),
        ("", None),
        ("x" * 128, "x" * 128),
        ("x" * 129, None),
        ("é", None),
    ]:
        answer = api.get("/healthz", headers={"x-ms-client-request-id": sent.encode("utf-8")})
        assert answer.headers.get("x-ms-client-request-id") == back


def test_access_line_tells_who_and_how_long_and_no_secret(api: ApiInProcess, lines: Any) -> None:
    api.serve(probes())
    api.get(f"/speak?accessToken={SECRET}", headers={"Authorization": f"Bearer {SECRET}"})
    api.get(f"/files/{SECRET}/clip.mp4")
    api.get(f"/FILES/{SECRET}/clip.mp4")
    ended = [call.kwargs for call in lines if call.kwargs.get("event") == "request"]
    assert (ended[0]["method"], ended[0]["path"], ended[0]["account"]) == ("GET", "/speak", "acc")
    assert ended[0]["ms"] >= 0
    assert [line["path"] for line in ended[1:]] == ["/files/…", "/files/…"]
    assert SECRET not in str(lines)


def test_health_checks_do_not_fill_the_log(api: ApiInProcess, lines: Any) -> None:
    api.get("/healthz")
    assert [call.method_name for call in lines] == ["debug"]


def test_bug_is_in_the_log_whole(api: ApiInProcess, lines: Any) -> None:
    api.serve(probes())
    api.get("/bug")
    failures = [call for call in lines if call.kwargs.get("event") == "unexpected error"]
    assert [(call.method_name, call.kwargs["exc_info"]) for call in failures] == [("error", True)]
