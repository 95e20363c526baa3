"""The worker process: takes jobs from the queue, has children do them, looks after the rest, and ends in good order."""

import fcntl
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from dbos import DBOSClient

from efface.domain.errors import ConfigurationError, ServiceUnavailableError
from efface.jobs import engine
from efface.jobs.callbacks import CallbackCourier
from efface.jobs.child_pool import ChildPool
from efface.jobs.heartbeat import Heartbeat
from efface.jobs.housekeeping import Chore, do_chores, mend_jobs, purge_workflows
from efface.jobs.news import News
from efface.jobs.orders import OrderRunner, Patience
from efface.jobs.records import JobRecords
from efface.jobs.stopping import Stop, WorkerStopping
from efface.jobs.watch import Watch, final_workflows
from efface.jobs.workflows import JobWorkflow, register
from efface.ports import CallbackSender
from efface.usecases.housekeeping import sweep_retention
from efface.usecases.services import Services

LOCAL_ID = "local"
"""The worker of a SQLite queue, of which there is one."""

_LOCK_WAIT_S = 10.0
_DRAIN_S = 2.0
_END_S = 4.0
_logger = logging.getLogger(__name__)


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _half_the_cores() -> int:
    return max(1, num_cores() // 2)


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """How a worker is set up."""

    system_database_url: str
    """Where the queue is: ``sqlite:///…`` or ``postgresql://…``."""
    command: Sequence[str]
    """Starts a child process that calls ``serve_orders``."""
    segments_at_once: int = field(default_factory=_half_the_cores)
    """How many children do heavy work at once; each gets an equal share of the cores."""
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if self.segments_at_once < 1:
            raise ValueError("a worker does at least one segment at once")
        if not self.command:
            raise ValueError("a worker needs a command for its children")

    @property
    def threads_per_child(self) -> int:
        """Threads that the libraries in one child may use."""
        return max(1, num_cores() // self.segments_at_once)


def run_worker(
    config: WorkerConfig,
    services: Services,
    sender: CallbackSender,
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Work until the process is told to end (SIGTERM or SIGINT); called in its main thread.

    Segments that are under way then are dropped, and done by whoever works next. Where something hangs on a database
    that is away, the process ends here and does not return.

    Args:
        config: how this worker is set up.
        services: what it works with.
        sender: makes calls back.
        on_ready: called once work is taken.

    Raises:
        ConfigurationError: another worker has the same SQLite queue.
    """
    stop = Stop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    try:
        with _executor_id(config.system_database_url, stop) as executor_id:
            worker = _Worker(config, services, sender, executor_id, stop)
            try:
                worker.start()
                if not stop.is_set and on_ready is not None:
                    on_ready()
                stop.wait()
            finally:
                stop.set()
                worker.end()
    except WorkerStopping:
        _logger.info("told to end before work had begun")


class _Worker:
    """The threads of a worker, and what they share."""

    def __init__(
        self,
        config: WorkerConfig,
        services: Services,
        sender: CallbackSender,
        executor_id: str,
        stop: Stop,
    ) -> None:
        self._config, self._services, self._stop = config, services, stop
        self._executor_id = executor_id
        self._pool = ChildPool(config.command, num_threads=config.threads_per_child)
        self._news = News()
        self._watch = Watch(final_workflows, stop, self._news)
        self._courier = CallbackCourier(services.catalogue, sender, services.clock)
        self._client: DBOSClient | None = None
        self._has_engine = False

    def start(self) -> None:
        """Reach the databases, however long that takes, and begin to take work."""
        url = self._config.system_database_url
        self._stop.patiently(lambda: engine.prepare_database(url))
        client = self._client = self._stop.patiently(lambda: _client_with_queues(url))
        engine.configure(url, self._executor_id)
        self._has_engine = True
        records = JobRecords(self._services, self._stop)
        runner = OrderRunner(self._services.catalogue, self._pool, self._stop, self._config.patience)
        register(JobWorkflow(records, self._watch), records, runner, self._news)
        is_shared = engine.is_server(url)
        heartbeat = Heartbeat(
            self._services.catalogue, self._executor_id, engine.recover if is_shared else None
        )
        # Before any work is taken, so that what this worker takes is missed when it dies.
        self._stop.patiently(lambda: self._services.catalogue.beat(self._executor_id))
        engine.launch(self._config.segments_at_once, self._news)
        errands, housekeeping = self._errands(), self._housekeeping(client)
        for name, body in (
            ("watch", self._watch.run),
            ("heartbeat", lambda: heartbeat.run(self._stop)),
            ("errands", lambda: do_chores(errands, self._stop)),
            ("housekeeping", lambda: do_chores(housekeeping, self._stop)),
        ):
            threading.Thread(target=body, name=name, daemon=True).start()

    def end(self) -> None:
        """Drop what is under way, give it back to the queue and let go of everything, within five seconds."""
        ending = threading.Thread(target=self._end, name="ending", daemon=True)
        ending.start()
        ending.join(_END_S)
        if ending.is_alive():
            _logger.warning("a database does not answer: the worker ends without good-bye")
            logging.shutdown()
            # Threads that hang in a database would keep the interpreter from ending.
            os._exit(0)

    def _end(self) -> None:
        self._courier.close()
        if self._has_engine:
            engine.stop_taking()
        self._news.ring()
        self._pool.close()
        if self._has_engine:
            self._give_back()
            engine.shut_down()
        if self._client is not None:
            self._client.destroy()

    def _give_back(self) -> None:
        """Let others have what this worker has begun."""
        limit_s = time.monotonic() + _DRAIN_S
        while engine.num_running() and time.monotonic() < limit_s:
            time.sleep(0.02)
        try:
            engine.recover([self._executor_id])
            # Last, since the mark is what others find this worker's work by, should the line above have failed.
            self._services.catalogue.retire(self._executor_id)
        except ServiceUnavailableError as error:
            _logger.warning("the worker could not give its work back: %s", error)

    def _errands(self) -> list[Chore]:
        return [
            Chore("calls back", 1.0, self._courier.deliver),
            Chore("idle children", 5.0, self._pool.end_idle),
        ]

    def _housekeeping(self, client: DBOSClient) -> list[Chore]:
        return [
            Chore("open jobs", 10.0, lambda: mend_jobs(self._services, client)),
            Chore("retention", 60.0, lambda: sweep_retention(self._services)),
            Chore("cache", 300.0, self._services.objects.trim_cache),
            Chore("old workflows", 600.0, lambda: purge_workflows(self._services, client)),
        ]


def _client_with_queues(url: str) -> DBOSClient:
    with engine.mapped_errors():
        client = engine.open_client(url)
        engine.register_queues(client)
        return client


@contextmanager
def _executor_id(system_database_url: str, stop: Stop) -> Iterator[str]:
    """A name that no other living worker has; what an earlier one of the same name has left is resumed."""
    if engine.is_server(system_database_url):
        yield f"{socket.gethostname()}-{uuid.uuid4().hex[:12]}"
        return
    path = engine.sqlite_path(system_database_url)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".worker.lock").open("w") as lock:
        limit_s = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > limit_s:
                    raise ConfigurationError(
                        f"another worker has the queue '{path}': stop it first, or use PostgreSQL for several workers"
                    ) from None
                stop.wait(0.1)  # the one before may be ending
                stop.check()
        yield LOCAL_ID
