"""A worker whose children do as a test has written: ``python scripted_worker.py CATALOGUE_URL QUEUE_URL FOLDER N``.

N is how many segments it does at once. It writes ``ready-<pid>`` when it takes work, and ``deleted`` when it removes
something from the store.
"""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from efface.jobs import DbosJobQueue, Patience, WorkerConfig, run_worker
from efface.storage.catalogue import SystemClock, open_catalogue
from efface.usecases.services import Services


class NotedDeletes:
    """An object store of which only removals are wanted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def delete(self, prefix: str) -> None:
        """Note it."""
        with (self._folder / "deleted").open("a") as file:
            file.write(f"{prefix}\n")

    def trim_cache(self) -> None:
        """There is none."""


class NotedPosts:
    """Makes no call, but notes it; answers well."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def post(self, url: str) -> bool:
        """Note it."""
        with (self._folder / "posted").open("a") as file:
            file.write(f"{url}\n")
        return True


@contextlib.contextmanager
def _services(catalogue_url: str, queue_url: str, folder: Path) -> Iterator[Services]:
    with open_catalogue(catalogue_url) as catalogue, contextlib.closing(DbosJobQueue(queue_url)) as queue:
        yield Services(catalogue, NotedDeletes(folder), queue, SystemClock())  # type: ignore[arg-type]


def main(catalogue_url: str, queue_url: str, folder: Path, segments_at_once: int) -> None:
    """Work until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(message)s")
    config = WorkerConfig(
        queue_url,
        [sys.executable, str(Path(__file__).with_name("scripted_child.py")), str(folder)],
        segments_at_once,
        Patience(pauses_s=(0.05, 0.1)),
    )
    with _services(catalogue_url, queue_url, folder) as services:
        run_worker(config, services, NotedPosts(folder), on_ready=(folder / f"ready-{os.getpid()}").touch)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
