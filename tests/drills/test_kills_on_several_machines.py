"""Two APIs and three workers share PostgreSQL and S3, and workers die: others do their work, nothing differs."""

import json
import random
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from efface.storage import open_catalogue
from efface.usecases.accounts import create_account
from efface.wiring.adapters import SystemClock
from tests.drills.drill import (
    SETTINGS,
    PatientClient,
    Started,
    assert_redacted,
    assert_same_index,
    children_of,
    ready_line,
    reference_index,
    sha256_of,
)
from tests.drills.test_kills_on_one_machine import wait
from tests.live_service import LiveService, wait_until
from tests.storage.postgres import running_postgres
from tests.storage.servers import s3_server

pytestmark = [pytest.mark.slow, pytest.mark.weights, pytest.mark.postgres, pytest.mark.emulator]

FAIL_OVER_S = 30
BUSY_SHARE = 0.1
"""Of the work of the whole clip: a child that has done so much is in the middle of it, however quick the machine is."""
NUM_KILLS = 6


@dataclass
class Cluster:
    """Two APIs and three workers over one database and one store."""

    apis: list[Started]
    workers: list[Started]
    urls: tuple[str, ...]
    account: str
    token: str
    database_url: str


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        database_url = stack.enter_context(running_postgres()).url
        endpoint = stack.enter_context(s3_server(folder))
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/efface", method="PUT"), timeout=10).close()
        options = {
            "endpoint": endpoint, "region": "us-east-1", "allow_http": "true",
            "access_key_id": "drill", "secret_access_key": "drill",
        }  # fmt: skip
        settings = {
            **SETTINGS,
            "EFFACE_DATABASE_URL": database_url,
            "EFFACE_OBJECT_STORE_URL": "s3://efface/drill",
            "EFFACE_OBJECT_STORE_OPTIONS": json.dumps(options),
            "EFFACE_KEYS_FILE": str(folder / "keys.json"),
            "EFFACE_SEGMENTS_AT_ONCE": "1",
        }
        with open_catalogue(database_url) as catalogue:
            account, key = create_account(catalogue, SystemClock(), "drill")
        apis = [start(stack, folder, f"api{i}", settings, "api", "--port", "0", "--json") for i in range(2)]
        workers = [start(stack, folder, f"worker{i}", settings, "worker") for i in range(3)]
        told = [ready_line(api.log) for api in apis]
        first = LiveService(None, told[0]["url"], account.location, account.account_id, key, folder)
        yield Cluster(
            apis, workers, tuple(one["url"] for one in told), first.account_path, first.token(), database_url
        )


def start(stack: ExitStack, folder: Path, name: str, settings: dict[str, str], *command: str) -> Started:
    words = (command[0], "--data", str(folder / name), *command[1:])
    started = Started.start(*words, settings=settings, log=folder / f"{name}.log")
    stack.callback(started.end)
    return started


@pytest.fixture(scope="module")
def clip(shared: Path) -> Path:
    return shared / "media" / "faces_video" / "crying_laughing_hands_on_face.mp4"


def test_killed_workers_segments_are_done_by_others_and_the_result_is_that_of_one_process(
    clip: Path, tmp_path: Path
) -> None:
    began_s = time.process_time()
    reference = reference_index(clip)
    busy_s = BUSY_SHARE * (time.process_time() - began_s)
    before = sha256_of(clip)
    with running_cluster(tmp_path) as cluster:
        client = PatientClient(cluster.urls, cluster.token)
        try:
            video = client.upload(cluster.account, clip, "clip")
            doomed = worker_in_mid_segment(cluster, busy_s)
            doomed.kill()
            killed_s = time.monotonic()
            # It stays dead: only others can finish what it had begun.
            wait(lambda: client.is_processed(cluster.account, video), 180)
            fail_over_s = time.monotonic() - killed_s
            print(f"index done {fail_over_s:.1f} s after its worker was killed")
            assert fail_over_s < FAIL_OVER_S
            served = client.fetch(
                f"{cluster.account}/Videos/{video}/ArtifactUrl?type=Metadata", tmp_path / "index.json"
            )
            assert_same_index(served, reference)
            doomed.again()

            jobs = [
                client.redact(cluster.account, video, f"safe {i}", {"faces": {"blurringKind": "Black"}})
                for i in range(2)
            ]
            other = client.upload(cluster.account, clip, "again")
            chance = random.Random(7)
            for number in range(NUM_KILLS):
                time.sleep(chance.uniform(0.5, 4.0))
                victim = cluster.workers[number % 3]
                victim.kill()
                victim.again()
            wait(lambda: client.is_processed(cluster.account, other), 240)
            for number, job in enumerate(jobs):
                result = wait(partial(client.result_of, job), 240)
                redacted = client.fetch(result, tmp_path / f"safe-{number}.mp4")
                assert_redacted(clip, redacted, reference)
            back = client.fetch(f"{cluster.account}/Videos/{video}/SourceFile/DownloadUrl", tmp_path / "back")
            assert sha256_of(back) == before == sha256_of(clip)
            listed = client.get(f"{cluster.account}/Videos?pageSize=100").json()["results"]
            assert sorted(one["name"] for one in listed) == ["again", "clip", "safe 0", "safe 1"]
            assert {one["state"] for one in listed} == {"Processed"}
        finally:
            client.close()


def worker_in_mid_segment(cluster: Cluster, busy_s: float) -> Started:
    """A worker whose child is at work on a segment, and has used so many seconds of processor time."""

    def look() -> Started | None:
        return next((worker for worker in cluster.workers if children_busy(worker.process.pid, busy_s)), None)

    return wait_until(look, 60, "a worker that is at work", 0.02)


def children_busy(pid: int, busy_s: float) -> list[int]:
    """Children of a process that have used so many seconds of processor time."""
    busy = []
    for child in children_of(pid):
        try:
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if (int(fields[11]) + int(fields[12])) / 100 > busy_s:
            busy.append(child)
    return busy
