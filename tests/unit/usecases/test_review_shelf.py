import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from efface.usecases.review_shelf import ReviewShelf


def test_item_is_made_once_and_then_kept() -> None:
    shelf: ReviewShelf[str] = ReviewShelf(100)
    made: list[str] = []

    def make() -> str:
        made.append("x")
        return "item"

    assert [shelf.get("a", make, len) for _ in range(3)] == ["item"] * 3
    assert made == ["x"]
    assert shelf.held_bytes == 4


def test_oldest_makes_room_and_what_is_too_large_is_not_kept() -> None:
    shelf: ReviewShelf[str] = ReviewShelf(10)
    made: list[str] = []

    def get(key: str, size: int = 4) -> str:
        def make() -> str:
            made.append(key)
            return "x" * size

        return shelf.get(key, make, len)

    get("a")
    get("b")
    get("a")
    get("c")  # crowds b out, which was asked for longest ago
    get("a")
    get("b")
    assert made == ["a", "b", "c", "b"]
    assert get("huge", 11) == "x" * 11
    assert shelf.held_bytes <= 10


def test_failure_is_told_and_the_next_who_asks_tries_again() -> None:
    shelf: ReviewShelf[str] = ReviewShelf(10)

    def fail() -> str:
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        shelf.get("a", fail, len)
    assert shelf.get("a", lambda: "back", len) == "back"


def test_many_who_ask_at_once_wait_for_one() -> None:
    shelf: ReviewShelf[str] = ReviewShelf(100)
    made: list[int] = []
    barrier = threading.Barrier(8)

    def make() -> str:
        time.sleep(0.02)
        made.append(1)
        return "item"

    def ask(_: int) -> str:
        barrier.wait()
        return shelf.get("a", make, len)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"item"}
    assert made == [1]
    assert shelf.held_bytes == 4
