"""What the tests with real workers need: jobs in a real catalogue, scripted children, workers that are killed."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from efface.domain.errors import ServiceUnavailableError
from efface.domain.service import (
    Account,
    IndexOptions,
    Job,
    JobKind,
    JobState,
    Priority,
    StoredSource,
    Video,
    VideoDetails,
    VideoState,
)
from efface.jobs import DbosJobQueue, engine
from efface.storage.catalogue import SqlCatalogue, open_catalogue

END_S = 10.0
"""How long a worker may take to end in good order; whoever supervises it kills it then."""
_PATIENCE_S = 60.0
"""A test that passes never waits so long; a busy machine may."""
ACCOUNT = Account("a" * 8, "tests", "here", datetime(2026, 1, 1, tzinfo=UTC))


class Drill:
    """A catalogue, a queue, a folder in which children read what to do, and the workers."""

    def __init__(self, folder: Path, catalogue_url: str = "", queue_url: str = "") -> None:
        self.folder = folder
        self.catalogue_url = catalogue_url or f"sqlite:///{folder}/catalogue.sqlite"
        self.queue_url = queue_url or f"sqlite:///{folder}/jobs.sqlite"
        self.catalogue: SqlCatalogue = open_catalogue(self.catalogue_url)
        self.catalogue.add_account(ACCOUNT, uuid.uuid4().hex)
        self.queue = DbosJobQueue(self.queue_url)
        self.queue.prepare()
        self._client = engine.open_client(self.queue_url)
        self.workers: list[subprocess.Popen[bytes]] = []
        self._script: dict[str, Mapping[str, Any]] = {}
        self._write_script()

    def close(self) -> None:
        """End all workers and let go of the databases."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
        self._client.destroy()
        self.queue.close()
        self.catalogue.close()

    def _write_script(self) -> None:
        path = self.folder / "script.new"
        path.write_text(json.dumps(self._script))
        path.rename(self.folder / "script.json")

    def allow(self, name: str) -> None:
        """Let the children go on that wait for this."""
        (self.folder / name).touch()

    def add_job(
        self,
        actions: Mapping[str, Mapping[str, Any]] | None = None,
        priority: Priority = Priority.NORMAL,
        *,
        source_url: str | None = None,
        callback_url: str | None = None,
        followed_by_redaction: bool = False,
        age_s: float = 0,
    ) -> Job:
        """A job that indexes a video, in the catalogue and in the queue.

        Args:
            actions: what children do with its orders, see ``scripted_child``; the rest they do at once and well.
            priority: of the job.
            source_url: where the video is to be fetched from; else it is there.
            callback_url: who is to be called in the end.
            followed_by_redaction: whether a redaction waits for it.
            age_s: how long ago it was made.
        """
        job, video = new_index_job(priority, source_url, callback_url)
        job = replace(job, created=job.created - timedelta(seconds=age_s))
        self._script |= {f"{job.job_id}/{name}": action for name, action in (actions or {}).items()}
        self._write_script()
        follower = waiting_redaction(job) if followed_by_redaction else None
        self.catalogue.add_video(video, job, followed_by=follower)
        self.queue.submit(job.job_id, job.kind, priority)
        return job

    def add_forgotten_job(self) -> Job:
        """A job that stands in the catalogue only."""
        job, video = new_index_job()
        self.catalogue.add_video(video, job)
        return job

    def start_worker(self, segments_at_once: int = 1) -> "subprocess.Popen[bytes]":
        """A worker that takes work."""
        script = Path(__file__).with_name("scripted_worker.py")
        arguments = [self.catalogue_url, self.queue_url, str(self.folder), str(segments_at_once)]
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen([sys.executable, str(script), *arguments], stderr=log)
        self.workers.append(worker)
        self.wait_for(lambda: (self.folder / f"ready-{worker.pid}").exists() or worker.poll() is not None)
        assert worker.poll() is None, self.worker_log()
        return worker

    def wait_for(self, condition: Callable[[], Any], limit_s: float = _PATIENCE_S) -> float:
        """Wait until something holds; gives how many seconds that took."""
        start_s = time.monotonic()
        while not condition():
            assert time.monotonic() - start_s < limit_s, (
                f"waited in vain\n{self.lines()}\n{self.worker_log()}"
            )
            time.sleep(0.01)
        return time.monotonic() - start_s

    def wait_for_end(self, *jobs: Job, limit_s: float = _PATIENCE_S) -> None:
        """Wait until jobs are final."""
        self.wait_for(lambda: all(self.state(job).is_final for job in jobs), limit_s)

    def state(self, job: Job) -> JobState:
        """How far a job is."""
        return self.catalogue.job_by_id(job.job_id).state

    def is_handed_on(self, job: Job, part: str) -> bool:
        """Whether a part of a job is in the queue."""
        workflow_id = f"{job.job_id}-{part}"
        return workflow_id in engine.workflow_states(self._client, [workflow_id])

    def lines(self) -> list[str]:
        """What children have done, ``start <job id> <order>`` and ``end …``."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def has(self, line: str) -> bool:
        """Whether children have done that."""
        return line in self.lines()

    def is_final_if_known(self, job: Job) -> bool:
        """Whether a job is final; no, while the catalogue does not answer."""
        try:
            return self.state(job).is_final
        except ServiceUnavailableError:
            return False

    def sleep(self, pause_s: float) -> None:
        """Let time pass that no fake clock can, since it is that of other processes."""
        time.sleep(pause_s)

    def counts(self, job: Job) -> tuple[Counter[str], Counter[str]]:
        """How often each order of a job was begun and ended."""
        starts: Counter[str] = Counter()
        ends: Counter[str] = Counter()
        for line in self.lines():
            verb, job_id, name = line.split()
            if job_id == job.job_id:
                (starts if verb == "start" else ends)[name] += 1
        return starts, ends

    def child_pid(self, job: Job, order: str) -> int:
        """Process that has begun an order last."""
        return int((self.folder / f"pid-{job.job_id}-{order}").read_text())

    def worker_log(self) -> str:
        """What the workers have written."""
        path = self.folder / "worker.log"
        return path.read_text()[-6000:] if path.exists() else ""


def is_running(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for does not."""
    with suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return False


def kill_hard(worker: "subprocess.Popen[bytes]") -> None:
    """End a worker without a word."""
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


def new_index_job(
    priority: Priority = Priority.NORMAL, source_url: str | None = None, callback_url: str | None = None
) -> tuple[Job, Video]:
    """Records of a video and of the job that indexes it."""
    now = datetime.now(UTC)
    video = Video(
        video_id=uuid.uuid4().hex[:10],
        account_id=ACCOUNT.account_id,
        details=VideoDetails("clip"),
        options=IndexOptions("Default", True, "NoStreaming", False),
        created=now,
        modified=now,
        state=VideoState.UPLOADED,
        source=None if source_url else StoredSource("k", 1, "0" * 64),
        source_url=source_url,
    )
    job = Job(
        job_id=str(uuid.uuid4()),
        account_id=ACCOUNT.account_id,
        kind=JobKind.INDEX,
        video_id=video.video_id,
        priority=priority,
        state=JobState.QUEUED,
        created=now,
        updated=now,
        callback_url=callback_url,
    )
    return job, video


def waiting_redaction(original: Job) -> tuple[Video, Job]:
    """Records of a redaction that waits for an index."""
    job, video = new_index_job()
    made = replace(video, source=None, original_id=original.video_id, state=VideoState.PROCESSING)
    waiting = replace(
        job,
        kind=JobKind.REDACTION,
        video_id=original.video_id,
        output_id=made.video_id,
        state=JobState.WAITING,
        waits_for=original.job_id,
    )
    return made, waiting
