import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from efface.domain.errors import ServiceUnavailableError
from efface.domain.service import JobState
from efface.storage import open_catalogue
from efface.storage.catalogue import engine
from tests.storage.records import account, index_job, video
from tests.storage.servers import free_port


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.sqlite"
    with open_catalogue(f"sqlite:///{path}") as catalogue:
        catalogue.add_account(account(), "hash")
    return path


def test_catalogue_that_stays_locked_is_unavailable_for_writes_only(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_BUSY_S", 0.05)
    with open_catalogue(f"sqlite:///{file}") as catalogue, closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ServiceUnavailableError, match="locked"):
            catalogue.add_video(video())
        assert catalogue.account(account().account_id) == account()
        other.rollback()
        catalogue.add_video(video())
        assert catalogue.num_videos(account().account_id) == 1


def test_failed_call_leaves_nothing_behind_and_no_lock(file: Path) -> None:
    with open_catalogue(f"sqlite:///{file}") as catalogue:
        catalogue.add_video(video(1), index_job(video(1)))
        with pytest.raises(ServiceUnavailableError):
            catalogue.add_video(video(2), index_job(video(2)))
        assert catalogue.num_videos(account().account_id) == 1
        catalogue.add_video(video(2), index_job(video(2), 2))


def test_password_is_in_no_message() -> None:
    url = f"postgresql://efface:secret@127.0.0.1:{free_port()}/efface"
    with pytest.raises(ServiceUnavailableError, match="does not answer") as caught:
        open_catalogue(url)
    assert "secret" not in str(caught.value)


RACE = """
import sys
from efface.domain.service import Failure, JobState
from efface.storage import open_catalogue

with open_catalogue(sys.argv[1]) as catalogue:
    print("ready", flush=True)
    input()
    ended = [catalogue.end_job(job_id, JobState.CANCELLED, Failure("X", "x")) for job_id in sys.argv[2:]]
print(sum(ended))
"""


def test_one_of_several_processes_ends_a_job(file: Path) -> None:
    url = f"sqlite:///{file}"
    num_jobs = 30
    with open_catalogue(url) as catalogue:
        ids = [index_job(video(number), number).job_id for number in range(num_jobs)]
        for number in range(num_jobs):
            job = index_job(video(number), number, callback_url="https://example.org")
            catalogue.add_video(video(number), job)
        command = [sys.executable, "-c", RACE, url, *ids]
        racers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        ended = [racer.communicate("\n", timeout=60)[0] for racer in racers]
        assert sum(map(int, ended)) == num_jobs
        assert {catalogue.job_by_id(job_id).state for job_id in ids} == {JobState.CANCELLED}
        assert len(catalogue.claim_callbacks(index_job(video(), 10**9).created, 60, 99)) == num_jobs
