"""The door to DBOS: names, configuration, and the few private calls of it that a worker cannot do without.

The private calls are why its version is pinned to one release; ``tests/jobs`` fails when one of them changes.
"""

import logging
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from dbos import WorkflowStatusString as Status
from dbos import error as dbos_errors

from efface.domain.errors import ServiceUnavailableError
from efface.jobs.news import News

APPLICATION = "efface"
VERSION = "1"
"""Of the workflows. A worker resumes those of its own version only, so this changes only with what they do in which
order: by default it would be a hash of the code, and an upgrade would strand every job that is under way."""

JOBS_QUEUE = "jobs"
"""One workflow per job, which waits for its parts."""
SEGMENTS_QUEUE = "segments"
"""Heavy work, as much at once per worker as its cores allow."""
FETCHES_QUEUE = "fetches"
"""Downloads: they wait on the network and must not keep the cores from working."""

JOB_WORKFLOW = "efface.job"
WORK_WORKFLOW = "efface.work"

FINAL_STATES = (
    Status.SUCCESS.value,
    Status.ERROR.value,
    Status.CANCELLED.value,
    Status.MAX_RECOVERY_ATTEMPTS_EXCEEDED.value,
)
"""States of a workflow that will not go on by itself."""

IDLE_POLL_S = {JOBS_QUEUE: 0.25, SEGMENTS_QUEUE: 0.5, FETCHES_QUEUE: 0.5}
"""How often an idle worker looks into a queue. Jobs come from other processes, segments mostly from this one, which
rings."""
MAX_JOBS_AT_ONCE = 1000
"""Workflows of jobs in one worker. They only wait, so that one of low priority never keeps a high one from starting."""
FETCHES_AT_ONCE = 2

_PAUSE_S = 0.01
"""Between two looks, besides the waiting for news."""


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Turn what DBOS raises into our own error.

    Raises:
        ServiceUnavailableError: the block has raised anything else.
    """
    try:
        yield
    except ServiceUnavailableError:
        raise
    except Exception as error:
        # DBOS lets the errors of three database layers through, and adds its own.
        raise ServiceUnavailableError(
            f"the job queue does not answer ({type(error).__name__}): try again, or look after its database"
        ) from error


def quiet_logs() -> None:
    """Let DBOS log like everybody else, and only what somebody has to know."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        # Without any handler it would add one of its own, which writes past the settings of the process.
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.WARNING)
    if not any(isinstance(known, _Expected) for known in logger.filters):
        logger.addFilter(_Expected())


class _Expected(logging.Filter):
    """Keeps out what DBOS reports as a fault whenever a job is cancelled or resumed."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        is_cancel = isinstance(error, dbos_errors.DBOSAwaitedWorkflowCancelledError)
        return not is_cancel and "recorded outcome" not in record.getMessage()


def is_server(system_database_url: str) -> bool:
    """Whether the queue is in a database server, which several machines can share."""
    return not system_database_url.startswith("sqlite")


def sqlite_path(system_database_url: str) -> Path:
    """The file of a queue that is no database server."""
    return Path(system_database_url.split("///", 1)[1])


def prepare_database(system_database_url: str) -> None:
    """Make the tables of the queue, or bring them up to date; several processes may do so at once.

    Raises:
        ServiceUnavailableError: the database cannot be reached.
    """
    quiet_logs()
    with mapped_errors():
        _migrate(system_database_url)


def _migrate(system_database_url: str) -> None:
    if not is_server(system_database_url):
        path = sqlite_path(system_database_url)
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=30)
        try:
            # Stays in the file. Readers, which poll all the time, then never hold up the one who hands in a job.
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
    DBOS.migrate(system_database_url)


def open_client(system_database_url: str, *, is_patient: bool = False) -> DBOSClient:
    """A client that hands in workflows and looks at them, without running any.

    Args:
        system_database_url: where the queue is; ``prepare_database`` has been there.
        is_patient: whether a call waits for a database that does not answer, or fails.
    """
    return DBOSClient(
        system_database_url=system_database_url,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        retry_connection_errors=is_patient,
    )


def register_queues(client: DBOSClient) -> None:
    """Make the queues known. Before a launch, since a worker looks for new ones once a second only."""
    # One segment at once is what a worker does that fails to apply its own number, see ``_steer_queues``.
    for name, at_once in (
        (JOBS_QUEUE, MAX_JOBS_AT_ONCE),
        (SEGMENTS_QUEUE, 1),
        (FETCHES_QUEUE, FETCHES_AT_ONCE),
    ):
        client.register_queue(name, worker_concurrency=at_once, polling_interval_sec=_PAUSE_S)


def configure(system_database_url: str, executor_id: str) -> None:
    """Tell DBOS what this process is; comes before workflows are registered.

    Args:
        system_database_url: where the queue is.
        executor_id: no other living worker has it. Workflows that this executor has left unfinished are resumed.
    """
    quiet_logs()
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": system_database_url,
        "application_version": VERSION,
        "executor_id": executor_id,
        # JSON and no pickles: whoever can write to the database must not be able to run code in a worker.
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    DBOS(config=config)


def launch(segments_at_once: int, news: News) -> None:
    """Begin to take work from the queues; the workflows have been registered.

    Args:
        segments_at_once: of this worker.
        news: wakes the threads that look into the queues.
    """
    DBOS.listen_queues([JOBS_QUEUE, SEGMENTS_QUEUE, FETCHES_QUEUE])
    DBOS.launch()
    _steer_queues(segments_at_once, news)
    news.ring()


def recover(executor_ids: Collection[str]) -> int:
    """Put what these dead executors have begun back into its queues; gives how many workflows.

    Doing so twice does nothing: a workflow that somebody else has taken meanwhile bears another id.

    Raises:
        ServiceUnavailableError: some are left; the executors must not be forgotten yet.
    """
    ids = list(executor_ids)
    with mapped_errors():
        # It notes what it could not put back in the log, and goes on.
        num_recovered = len(DBOS._recover_pending_workflows(ids))
        left = DBOS.list_workflows(
            executor_id=ids,
            status=Status.PENDING.value,
            app_version=VERSION,
            limit=1,
            load_input=False,
            load_output=False,
        )
    if left:
        raise ServiceUnavailableError("the job queue has not taken everything back: this is tried again")
    return num_recovered


def stop_taking() -> None:
    """Take nothing more from the queues; what runs goes on."""
    for event in _instance().background_thread_stop_events:
        event.set()


def num_running() -> int:
    """Workflows that this process runs now."""
    return len(_instance()._active_workflows_set.activeList())


def shut_down() -> None:
    """Close the connections of DBOS in this process."""
    DBOS.destroy(destroy_registry=True)


def workflow_states(client: DBOSClient, workflow_ids: Sequence[str]) -> dict[str, str]:
    """State of those of these workflows that exist.

    Raises:
        ServiceUnavailableError: the queue does not answer.
    """
    if not workflow_ids:
        return {}
    with mapped_errors():
        found = client.list_workflows(workflow_ids=list(workflow_ids), load_input=False, load_output=False)
    return {status.workflow_id: status.status for status in found}


def purge_workflows(client: DBOSClient, completed_before: datetime, limit: int) -> int:
    """Delete some of the workflows that ended before a time, with their parts; gives how many jobs.

    Raises:
        ServiceUnavailableError: the queue does not answer.
    """
    with mapped_errors():
        old = client.list_workflows(
            name=JOB_WORKFLOW,
            status=list(FINAL_STATES),
            completed_before=completed_before.isoformat(),
            limit=limit,
            load_input=False,
            load_output=False,
        )
        if old:
            client.delete_workflows([status.workflow_id for status in old], delete_children=True)
    return len(old)


def _instance() -> Any:
    from dbos import _dbos  # noqa: PLC0415  the instance is a global of this module that comes and goes

    return _dbos._get_dbos_instance()


def _steer_queues(segments_at_once: int, news: News) -> None:
    """Bound the heavy work of this worker, and have it look into the queues when there is news.

    The engine keeps both in the database, where the last worker that starts would set the bound for all, however many
    cores they have; and it sleeps between two looks without an ear for anything. But before each look it reads the
    settings of the queue anew, and that is where this worker comes in.
    """
    database = _instance()._sys_db
    stored = database.get_queue

    def get_queue(name: str, **options: Any) -> Any:
        if name in IDLE_POLL_S:
            news.wait(IDLE_POLL_S[name])
        found = stored(name, **options)
        if found is not None and name == SEGMENTS_QUEUE:
            found._worker_concurrency = segments_at_once
        return found

    database.get_queue = get_queue
