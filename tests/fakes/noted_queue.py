"""A job queue that only notes what it is told."""

from efface.domain.service import JobKind, Priority


class NotedQueue:
    """Remembers what was handed in and what was cancelled."""

    def __init__(self) -> None:
        self.submitted: list[str] = []
        self.cancelled: list[str] = []

    def submit(self, job_id: str, kind: JobKind, priority: Priority) -> None:
        self.submitted.append(job_id)

    def cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)
