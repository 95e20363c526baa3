"""Indexes and corrections that were read lately, decoded, so that a page that asks on and on costs no read."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class _Place(Generic[Item]):
    """What lies under a key, or is being made for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    item: Item | None = None
    size_bytes: int = 0


class ReviewShelf(Generic[Item]):
    """Keeps what was asked for last, within a bound of memory; safe for several threads.

    What lies under a key must never change, so that nothing on the shelf grows stale.

    Args:
        capacity_bytes: of all that is kept. What is larger than that by itself is made anew each time.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._places: OrderedDict[str, _Place[Item]] = OrderedDict()
        self._held_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], Item], size_of: Callable[[Item], int]) -> Item:
        """What lies under a key; made where nothing does, once however many ask at the same time.

        Args:
            key: names the content for good.
            make: gives it; whatever it raises is raised here, and nothing is kept.
            size_of: bytes that an item takes.
        """
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            if place.item is not None:
                return place.item
        return self._made(key, place, make, size_of)

    @property
    def held_bytes(self) -> int:
        """Bytes of all that is kept now."""
        with self._lock:
            return self._held_bytes

    def _made(
        self, key: str, place: _Place[Item], make: Callable[[], Item], size_of: Callable[[Item], int]
    ) -> Item:
        with place.lock:
            if place.item is not None:
                return place.item  # made by another while we waited
            try:
                item = make()
            except BaseException:
                self._drop(key, place)
                raise
            self._keep(key, place, item, size_of(item))
            return item

    def _keep(self, key: str, place: _Place[Item], item: Item, size_bytes: int) -> None:
        with self._lock:
            place.item, place.size_bytes = item, size_bytes
            if self._places.get(key) is not place:
                return  # crowded out while it was made: those who wait for it still get it
            self._held_bytes += size_bytes
            while self._held_bytes > self._capacity_bytes:
                oldest, dropped = next(
                    (each for each in self._places.items() if each[1].item is not None), (key, place)
                )
                del self._places[oldest]
                self._held_bytes -= dropped.size_bytes

    def _drop(self, key: str, place: _Place[Item]) -> None:
        with self._lock:
            if self._places.get(key) is place:
                del self._places[key]
