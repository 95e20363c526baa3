"""Running an iterator ahead in a thread, so that decoding overlaps with detection."""

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Ended:
    """Last entry of the queue: why the source stopped."""

    error: BaseException | None


class Prefetched(Generic[T]):
    """Iterates over ``source`` with up to ``depth`` items made in advance by a thread.

    Use as a context manager: leaving it early stops the thread at the next item and waits for it, so that the source
    can be closed safely. An error of the source is raised again in the consumer, in its place.
    """

    def __init__(self, source: Iterable[T], depth: int) -> None:
        self._source = source
        self._queue: queue.Queue[T | _Ended] = queue.Queue(maxsize=depth)
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="efface-prefetch", daemon=True)

    def __enter__(self) -> "Prefetched[T]":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_stopped.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.02)
            except queue.Empty:
                continue
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        while True:
            item = self._queue.get()
            if isinstance(item, _Ended):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._source:
                self._queue.put(item)
                if self._is_stopped.is_set():
                    return
        except BaseException as caught:  # handed to the consumer, who raises it
            error = caught
        self._queue.put(_Ended(error))
