"""Running an iterator ahead in a thread."""

import threading
import time
from collections.abc import Iterator

import pytest

from efface.pipeline.prefetch import Prefetched


class Source:
    """Counts up, and knows who asked and when it was closed."""

    def __init__(self, num: int, error: BaseException | None = None) -> None:
        self.num = num
        self.error = error
        self.made = 0
        self.threads: set[str] = set()

    def __iter__(self) -> Iterator[int]:
        for i in range(self.num):
            self.threads.add(threading.current_thread().name)
            self.made += 1
            yield i
        if self.error is not None:
            raise self.error


def num_threads() -> int:
    return sum(thread.name == "efface-prefetch" for thread in threading.enumerate())


@pytest.mark.parametrize("num", [0, 1, 3, 200])
@pytest.mark.parametrize("depth", [1, 6])
def test_all_items_come_in_order(num: int, depth: int) -> None:
    with Prefetched(Source(num), depth) as items:
        assert list(items) == list(range(num))
    assert num_threads() == 0


def test_items_are_made_by_another_thread_and_only_so_far_ahead() -> None:
    source = Source(50)
    with Prefetched(source, 3) as items:
        stream = iter(items)
        assert next(stream) == 0
        deadline = time.monotonic() + 5
        while source.made < 4 and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.02)
        # One was taken, three wait, one is held by the thread until there is room.
        assert 4 <= source.made <= 5
    assert threading.current_thread().name not in source.threads


def test_error_of_the_source_comes_after_its_items() -> None:
    with Prefetched(Source(3, KeyError("broken")), 2) as items:
        stream = iter(items)
        assert [next(stream) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(KeyError, match="broken"):
            next(stream)
    assert num_threads() == 0


def test_leaving_early_stops_the_thread() -> None:
    source = Source(10**9)
    with Prefetched(source, 2) as items:
        assert next(iter(items)) == 0
    assert num_threads() == 0
    assert source.made < 100


def test_leaving_without_a_look_stops_the_thread() -> None:
    with Prefetched(Source(10**9), 2):
        pass
    assert num_threads() == 0


def fail_in_the_middle() -> None:
    with Prefetched(Source(10**9, ValueError("late")), 2) as items:
        for item in items:
            assert item < 5, "enough"


def test_error_of_the_consumer_stops_the_thread_and_is_not_hidden() -> None:
    with pytest.raises(AssertionError, match="enough"):
        fail_in_the_middle()
    assert num_threads() == 0
