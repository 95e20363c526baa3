"""Handing jobs to the workers, from any process."""

import threading
from collections.abc import Callable
from typing import TypeVar

from dbos import DBOSClient, EnqueueOptions

from efface.domain.service import JobKind, Priority
from efface.jobs import engine

T = TypeVar("T")


class DbosJobQueue:
    """Fulfils ``JobQueue`` with one row per job; may be used by many threads.

    Args:
        system_database_url: ``sqlite:///…`` or ``postgresql://…``; reached with the first call, which also makes the
            tables that are missing.
    """

    def __init__(self, system_database_url: str) -> None:
        self._url = system_database_url
        self._client: DBOSClient | None = None
        self._lock = threading.Lock()

    def submit(self, job_id: str, kind: JobKind, priority: Priority) -> None:
        """Hand in a job that stands in the catalogue; handing it in again changes nothing.

        Raises:
            ServiceUnavailableError: the queue cannot be reached.
        """
        options: EnqueueOptions = {
            "workflow_name": engine.JOB_WORKFLOW,
            "queue_name": engine.JOBS_QUEUE,
            "workflow_id": job_id,
            "priority": int(priority),
            "app_version": engine.VERSION,
        }
        self._call(lambda client: client.enqueue(options, job_id))

    def cancel(self, job_id: str) -> None:
        """Stop a job and its segments, begun or not; an unknown or finished one is left as it is.

        Raises:
            ServiceUnavailableError: the queue cannot be reached.
        """
        self._call(lambda client: client.cancel_workflow(job_id, cancel_children=True))

    def prepare(self) -> None:
        """Reach the queue now and not with the first job.

        Raises:
            ServiceUnavailableError: it cannot be reached.
        """
        self._call(lambda client: client.check_connection())

    def close(self) -> None:
        """Let the connections go."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.destroy()

    def _call(self, call: Callable[[DBOSClient], T]) -> T:
        with engine.mapped_errors():
            return call(self._open())

    def _open(self) -> DBOSClient:
        with self._lock:
            if self._client is None:
                engine.prepare_database(self._url)
                self._client = engine.open_client(self._url)
            return self._client
