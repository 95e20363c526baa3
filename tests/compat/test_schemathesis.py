"""Schemathesis asks for everything that our own description of the API allows, and for much that it does not."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from efface.storage import open_catalogue
from efface.usecases.services import Limits
from tests.fakes.api_in_process import POSTER_ID, ApiInProcess
from tests.storage.records import StillClock

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
LOCATION = "westus2"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiInProcess]:
    folder: Path = tmp_path_factory.mktemp("schemathesis")
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    clock = StillClock()
    with closing(open_catalogue(f"sqlite:///{folder}/catalogue.sqlite", clock=clock)) as catalogue:
        catalogue.beat("a worker, so that the service is ready")
        made = ApiInProcess(folder, catalogue, clock)
        # Each example leaves two jobs behind.
        made.services = replace(made.services, limits=Limits(10**6, 10**6))
        yield made
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def described(api: ApiInProcess) -> Any:
    api.serve(request_limit_s=20)
    return schemathesis.openapi.from_asgi("/openapi.json", api.app)


def known_values(api: ApiInProcess) -> dict[str, str]:
    """Ids of what is there, so that requests get past the door."""
    video = api.indexed("known")
    answer = api.call("POST", f"/Videos/{video.video_id}/redact?name=made", json={"faces": {}})
    return {
        "location": LOCATION,
        "accountId": api.account.account_id,
        "videoId": video.video_id,
        "jobId": answer.headers["Location"].rsplit("/", 1)[1],
        "thumbnailId": POSTER_ID,
        "faceId": "1001",
    }


def ask_about(operation: Any, api: ApiInProcess, num_examples: int) -> int:
    """Ask for one operation in many ways; gives how often."""
    asked = 0

    @settings(
        max_examples=num_examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        nonlocal asked
        asked += 1
        known = known_values(api)
        if asked % 4:  # the others keep what was made up
            for name in case.path_parameters or {}:
                if name in known:
                    case.path_parameters[name] = known[name]
        headers = {"Authorization": f"Bearer {api.token()}", "Ocp-Apim-Subscription-Key": api.key}
        case.call_and_validate(headers=headers, checks=CHECKS)

    ask()
    return asked


def operations(described: Any) -> list[Any]:
    return [found.ok() for found in described.get_all_operations()]


def test_every_operation_answers_as_it_is_described(api: ApiInProcess, described: Any) -> None:
    asked = {operation.label: ask_about(operation, api, 4) for operation in operations(described)}
    assert len(asked) >= 40
    assert min(asked.values()) >= 1


@pytest.mark.slow
def test_every_operation_answers_as_it_is_described_however_often_it_is_asked(
    api: ApiInProcess, described: Any
) -> None:
    for operation in operations(described):
        ask_about(operation, api, 40)
