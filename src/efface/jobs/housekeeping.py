"""What a worker looks after besides its work: jobs that fell between catalogue and queue, old workflows, retention."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dbos import DBOSClient
from dbos import WorkflowStatusString as Status

from efface.domain.errors import NotFoundError, ServiceUnavailableError
from efface.domain.service import Failure, JobState
from efface.jobs import engine
from efface.jobs.stopping import Stop
from efface.usecases.completion import give_up
from efface.usecases.services import Services

KEPT_FOR = timedelta(days=1)
"""Finished workflows are kept for so long, for whoever looks into the database after a fault."""
PURGED_AT_ONCE = 200

_BAD_ENDS = {
    Status.CANCELLED.value: (JobState.CANCELLED, Failure("Cancelled", "stopped on request")),
    Status.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value: (
        JobState.FAILED,
        Failure("WorkerCrashed", "workers have died too often during this job"),
    ),
}
_FAULT = (
    JobState.FAILED,
    Failure("InternalError", "a fault in efface stopped the job: see the worker's log"),
)

_logger = logging.getLogger(__name__)


def mend_jobs(services: Services, client: DBOSClient) -> int:
    """Bring catalogue and queue together again; gives how many jobs needed it.

    A job that was never handed in, because the queue was away or a process died in between, is handed in now. One
    whose workflow has ended without telling the catalogue is given up.

    Raises:
        ServiceUnavailableError: the catalogue or the queue does not answer.
    """
    jobs = services.catalogue.open_jobs()
    states = engine.workflow_states(client, [job.job_id for job in jobs])
    num_mended = 0
    for job in jobs:
        state = states.get(job.job_id)
        if state is None:
            services.queue.submit(job.job_id, job.kind, job.priority)
        elif state in engine.FINAL_STATES and services.catalogue.is_open(job.job_id):
            _logger.warning("job %s is open, but its workflow is %s", job.job_id, state)
            end, failure = _BAD_ENDS.get(state, _FAULT)
            give_up(services.catalogue, services.objects, job.job_id, end, failure)
        else:
            continue
        num_mended += 1
    return num_mended


def purge_workflows(services: Services, client: DBOSClient) -> int:
    """Delete some of the workflows that ended long ago; gives how many jobs.

    Raises:
        ServiceUnavailableError: the queue does not answer.
    """
    return engine.purge_workflows(client, services.clock.now() - KEPT_FOR, PURGED_AT_ONCE)


@dataclass(slots=True)
class Chore:
    """Something that is done every so often."""

    name: str
    every_s: float
    action: Callable[[], object]
    next_s: float = 0.0


def do_chores(chores: Sequence[Chore], stop: Stop) -> None:
    """Do each chore when it is due, until the worker stops; the body of a thread."""
    while not stop.is_set:
        for chore in chores:
            if not stop.is_set and time.monotonic() >= chore.next_s:
                _do(chore)
                chore.next_s = time.monotonic() + chore.every_s
        stop.wait(max(0.0, min(chore.next_s for chore in chores) - time.monotonic()))


def _do(chore: Chore) -> None:
    try:
        chore.action()
    except (ServiceUnavailableError, NotFoundError) as error:
        _logger.warning("%s: %s", chore.name, error)
    except Exception:
        # The outermost loop: one chore that fails must not end the others, and the next time may be better.
        _logger.exception("fault in %s", chore.name)
