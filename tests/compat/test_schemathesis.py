"""Schemathesis asks for everything that our own description of the API allows, and for much that it does not."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import schemathesis
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from efface.api.openapi import describe
from efface.domain.service import Video
from efface.storage import open_catalogue
from efface.usecases.services import Limits
from tests.compat.test_client_quirks import finished, redacted
from tests.fakes.api_in_process import POSTER_ID, ApiInProcess
from tests.storage.records import StillClock
from tests.unit.api.routes.test_streams import stream_of, streamed

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
LOCATION, SECRET = "westus2", "a-secret-of-the-operator-0123456789"
FOR_NOTHING = "GET /Auth/{location}/Accounts/{accountId}/Projects/{projectId}/AccessToken"
"""There are no projects: never answers but with a refusal."""
LONGEST_ANSWER_S = 10
KNOWN_REGION = {
    "first_frame": 0,
    "end_frame": 9,
    "is_followed": True,
    "keyframes": [{"frame": 3, "box": [1, 2, 30, 40]}],
}
KNOWN_BODIES: dict[str, dict[str, Any]] = {
    "PUT /{location}/Accounts/{accountId}/Videos/{videoId}/Edits": {
        "format": "efface-edits",
        "version": 1,
        "source_sha256": sha256(b"a video").hexdigest(),
    },
    "POST /{location}/Accounts/{accountId}/Videos/{videoId}/Regions/Follow": {"region": KNOWN_REGION},
    "POST /{location}/Accounts/{accountId}/Videos/{videoId}/Preview": {
        "frame": 7,
        "redaction": {"faces": {}, "regions": [KNOWN_REGION]},
    },
}
"""Bodies that fit the video that is asked about, by operation."""


@schemathesis.serializer("application/offset+octet-stream")
def part_of_a_file(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@dataclass
class Asker:
    """Asks an application whose answers are all held against its own description."""

    api: ApiInProcess
    stream: Video
    described: Any

    def operations(self) -> list[Any]:
        return [found.ok() for found in self.described.get_all_operations()]

    def fallible(self) -> list[Any]:
        """Operations of which more than words in the path can be put wrongly."""
        return [found for found in self.operations() if [*found.query, *found.headers, *found.body]]

    def ask_about(self, operation: Any, mode: GenerationMode, num_examples: int) -> Counter[int]:
        """Ask for one operation in many ways; gives how often each status was the answer."""
        statuses: Counter[int] = Counter()

        @settings(
            max_examples=num_examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode))
        def ask(case: Any) -> None:
            asked = statuses.total()
            if asked % 4 < 3:  # the others keep what was made up
                self.put_known_values(case, is_job_done=asked % 2 == 1)
            began = time.monotonic()
            answer = case.call_and_validate(headers=self.headers(operation.label), checks=CHECKS)
            assert time.monotonic() - began < LONGEST_ANSWER_S
            statuses[answer.status_code] += 1

        ask()
        return statuses

    def put_known_values(self, case: Any, *, is_job_done: bool) -> None:
        """Put what is there into a request, so that it gets past the door."""
        known = self.known_values(case.operation.label, is_job_done)
        for values in (case.path_parameters, case.query, case.headers):
            for name in set(values or {}) & known.keys():
                values[name] = known[name]
        if case.operation.label in KNOWN_BODIES:
            case.body = KNOWN_BODIES[case.operation.label]

    def known_values(self, label: str, is_job_done: bool) -> dict[str, str]:
        if "/streams/" in label:
            return {"token": stream_of(self.api, self.stream).split("/")[-2], "track": "video"}
        video = self.api.indexed("known", externalId="known")
        if "/files/" in label:
            url = self.api.call("GET", f"/Videos/{video.video_id}/SourceFile/DownloadUrl").json()
            return dict(zip(("token", "name"), unquote(url).split("/")[-2:], strict=True))
        known = {
            "location": LOCATION,
            "accountId": self.api.account.account_id,
            "accountName": self.api.account.name,
            "videoId": self.stream.video_id if "streaming-url" in label else video.video_id,
            "thumbnailId": POSTER_ID,
            "faceId": "1001",
            "chunk": "0",
            "edits": "0",
            "revision": "0",
            "resource": "https://management.azure.com",
            "X-IDENTITY-HEADER": SECRET,
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "1000000",
            "Upload-Offset": "0",
        }
        if "/Edits" in label:
            revision = self.api.catalogue.edits_revision(video.account_id, video.video_id)
            known["If-Match"] = f'"{revision.revision if revision else 0}"'
        if "{uploadId}" in label:
            account = self.api.account.account_id
            known["uploadId"] = self.api.context.uploads.create(account, 1000, "", "").upload_id
        if "GetIdByExternalId" in label:
            known["externalId"] = "known"
        if "{jobId}" in label:
            _, job, _ = redacted(self.api, video)
            known["jobId"] = job.job_id
            if is_job_done:
                finished(self.api, job)
        return known

    def headers(self, label: str) -> dict[str, str]:
        token = SECRET if "/subscriptions/" in label else self.api.token()
        return {"Authorization": f"Bearer {token}", "Ocp-Apim-Subscription-Key": self.api.key}


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    folder: Path = tmp_path_factory.mktemp("schemathesis")
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())
    clock = StillClock()
    with closing(open_catalogue(f"sqlite:///{folder}/catalogue.sqlite", clock=clock)) as catalogue:
        catalogue.beat("a worker, so that the service is ready")
        api = ApiInProcess(folder, catalogue, clock)
        # Each example leaves two jobs behind.
        api.services = replace(api.services, limits=Limits(10**6, 10**6))
        # A route that hangs answers 504, which is a finding.
        api.serve(
            request_limit_s=20,
            max_unfinished_uploads=10**6,
            worker_silence_s=10**6,
            admin_secrets=(SECRET,),
            identity_secret=SECRET,
        )
        # Else they never end, and the test's own client reads answers whole.
        api.context.events._lifetime_s = 0
        described = schemathesis.openapi.from_asgi("/openapi.json", api.app)
        yield Asker(api, streamed(api), described)
    structlog.reset_defaults()


def test_every_operation_answers_as_it_is_described(asker: Asker) -> None:
    answers = {
        operation.label: asker.ask_about(operation, GenerationMode.POSITIVE, 4)
        for operation in asker.operations()
    }
    assert len(answers) >= 40
    outside = {label for label, statuses in answers.items() if not statuses.keys() - {401, 403, 404}}
    assert outside == {FOR_NOTHING}


def test_every_operation_answers_as_it_is_described_when_it_is_asked_wrongly(asker: Asker) -> None:
    answers = [
        asker.ask_about(operation, GenerationMode.NEGATIVE, 4).total() for operation in asker.fallible()
    ]
    assert len(answers) >= 20
    assert min(answers) > 0


@pytest.mark.slow
def test_every_operation_answers_as_it_is_described_however_often_it_is_asked(asker: Asker) -> None:
    answers = {
        operation.label: asker.ask_about(operation, GenerationMode.POSITIVE, 25)
        for operation in asker.operations()
    }
    assert {label for label, statuses in answers.items() if min(statuses) >= 400} == {FOR_NOTHING}
    for operation in asker.fallible():
        asker.ask_about(operation, GenerationMode.NEGATIVE, 15)


def test_no_operation_that_needs_a_token_answers_without_one(asker: Asker) -> None:
    guarded = [operation for operation in asker.operations() if operation.definition.raw.get("security")]
    assert len(guarded) >= 30
    for operation in guarded:
        known = asker.known_values(operation.label, is_job_done=True)
        url = operation.path.format_map(
            {**known, "projectId": "p", "subscriptionId": "s", "resourceGroup": "g"}
        )
        answer = asker.api.ask(operation.method.upper(), url)
        assert answer.status_code == 401, operation.label


def test_default_that_is_described_is_a_value_that_is_described(asker: Asker) -> None:
    wrong = [
        (path, parameter["name"])
        for path, methods in describe(asker.api.app)["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if "enum" in (schema := parameter["schema"])
        and "default" in schema
        and schema["default"] not in schema["enum"]
    ]
    assert wrong == []
