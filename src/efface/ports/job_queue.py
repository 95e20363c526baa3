"""Handing work to the workers."""

from typing import Protocol

from efface.domain.service import JobKind, Priority


class JobQueue(Protocol):
    """A durable queue: what was handed in is done once, whatever dies meanwhile."""

    def submit(self, job_id: str, kind: JobKind, priority: Priority) -> None:
        """Hand in a job that stands in the catalogue; handing it in again changes nothing.

        Raises:
            ServiceUnavailableError: the queue cannot be reached; the job stays in the catalogue, and the workers
                hand it in themselves once they find it.
        """
        ...

    def cancel(self, job_id: str) -> None:
        """Stop a job and its segments, begun or not; an unknown or finished one is left as it is.

        Raises:
            ServiceUnavailableError: the queue cannot be reached.
        """
        ...
