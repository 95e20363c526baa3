"""A real service in processes of its own, as an operator starts it, and a client that speaks to it over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

PROGRAM = Path(sys.executable).with_name("efface")
START_S, STOP_S = 60.0, 30.0
UNLIMITED = {
    "EFFACE_RATE_PER_S": "0",
    "EFFACE_RATE_PER_MIN": "0",
    "EFFACE_WEB_RATE_PER_S": "0",
    "EFFACE_WEB_RATE_PER_MIN": "0",
}
"""For tests that ask more often than a client may."""


@dataclass
class LiveService:
    """A service that runs, and how it is reached."""

    process: "subprocess.Popen[str] | None"
    """None where somebody else starts and ends it."""
    url: str
    location: str
    account_id: str
    key: str
    data: Path

    @property
    def account_path(self) -> str:
        return f"/{self.location}/Accounts/{self.account_id}"

    def client(self, **options: Any) -> httpx.Client:
        """A client without a token."""
        return httpx.Client(base_url=self.url, timeout=60, **options)

    def token(self, *, can_edit: bool = True) -> str:
        """An access token for the account."""
        with self.client() as client:
            answer = client.get(
                f"/Auth{self.account_path}/AccessToken",
                params={"allowEdit": str(can_edit).lower()},
                headers={"Ocp-Apim-Subscription-Key": self.key},
            )
        answer.raise_for_status()
        return str(answer.json())

    @contextmanager
    def caller(self) -> Iterator["Caller"]:
        """A client with a contributor's token."""
        with self.client(headers={"Authorization": f"Bearer {self.token()}"}) as client:
            yield Caller(self, client)


@dataclass
class Caller:
    """What programs written for Video Indexer do, as short calls."""

    service: LiveService
    http: httpx.Client

    def upload(self, clip: Path, **parameters: str) -> str:
        """Upload a file; gives the video id."""
        with clip.open("rb") as file:
            answer = self.http.post(
                f"{self.service.account_path}/Videos",
                params={"name": clip.stem, **parameters},
                files={"file": (clip.name, file, "video/mp4")},
            )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def index(self, video_id: str) -> dict[str, Any]:
        """The index of a video in any state."""
        answer = self.http.get(f"{self.service.account_path}/Videos/{video_id}/Index")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def wait_for_index(self, video_id: str, limit_s: float = 300) -> dict[str, Any]:
        """The index of a video once it is processed."""
        return wait_until(lambda: _ended(self.index(video_id)), limit_s, f"index of {video_id}")

    def redact(self, video_id: str, body: Mapping[str, Any], **parameters: str) -> str:
        """Start a redaction; gives the URL of its job."""
        answer = self.http.post(
            f"{self.service.account_path}/Videos/{video_id}/redact", params=parameters, json=body
        )
        assert answer.status_code == 202, answer.text
        return str(answer.headers["Location"])

    def wait_for_job(self, job_url: str, limit_s: float = 300) -> str:
        """Where the job's result is, once it is done."""

        def look() -> str | None:
            answer = self.http.get(job_url)
            if answer.status_code == 303:
                return str(answer.headers["Location"])
            assert answer.status_code == 200, answer.text
            assert answer.json()["state"] == "Processing", answer.text
            return None

        return wait_until(look, limit_s, f"job {job_url}")

    def download(self, download_url: str, target: Path) -> Path:
        """Fetch the file behind a DownloadUrl."""
        signed = self.http.get(download_url)
        assert signed.status_code == 200, signed.text
        with httpx.stream("GET", signed.json(), timeout=60) as answer, target.open("wb") as file:
            assert answer.status_code == 200
            for chunk in answer.iter_bytes():
                file.write(chunk)
        return target


def wait_until(look: Callable[[], T | None], limit_s: float, what: str, every_s: float = 0.2) -> T:
    """What ``look`` gives once that is something; fails when it takes too long."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        found = look()
        if found is not None:
            return found
        time.sleep(every_s)
    raise AssertionError(f"{what}: not within {limit_s} s")


def _ended(index: dict[str, Any]) -> dict[str, Any] | None:
    assert index["state"] != "Failed", index["videos"][0]["failureMessage"]
    return index if index["state"] == "Processed" else None


def environment(**settings: str) -> dict[str, str]:
    """The environment of a process of the service: nothing of the developer's own settings, and a small reserve of
    disk, since machines that only run tests have small ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EFFACE_")}
    return {**kept, "EFFACE_RESERVED_DISK_BYTES": "50000000", **settings}


def start(
    data: Path,
    *,
    command: str = "serve",
    settings: Mapping[str, str] | None = None,
    key: str | None = None,
    port: int = 0,
) -> LiveService:
    """Start a service and wait until it answers.

    Args:
        data: its folder.
        command: ``serve`` or ``api``.
        settings: further ``EFFACE_…`` variables.
        key: the account's key where the account is there already.
        port: TCP port, 0 for a free one.
    """
    log = (data.parent / f"{data.name}.log").open("ab")
    process = subprocess.Popen(
        [PROGRAM, command, "--data", data, "--port", str(port), "--json"],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=environment(**(settings or {})),
    )
    log.close()
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the service ended at once: {(data.parent / f'{data.name}.log').read_text()[-3000:]}"
    told = json.loads(line)
    return LiveService(
        process, told["url"], told["location"], told["accountId"], told["subscriptionKey"] or key or "", data
    )


def stop(service: LiveService) -> int:
    """End a service in good order; gives its exit code."""
    assert service.process is not None
    if service.process.poll() is None:
        service.process.send_signal(signal.SIGTERM)
    try:
        return service.process.wait(STOP_S)
    finally:
        service.process.kill()
        if service.process.stdout:
            service.process.stdout.close()


@contextmanager
def running(data: Path, **options: Any) -> Iterator[LiveService]:
    """A service while the block runs."""
    service = start(data, **options)
    try:
        yield service
    finally:
        stop(service)
