"""Wakes those who look into the database, when this process knows that there is something to see."""

import threading
import time

_EAGER_INTERVAL_S = 0.02
_EAGER_S = 0.3
"""What rings may show in the database some milliseconds later, on a slow disk a few hundred."""


class News:
    """A bell for threads that poll: they look seldom, and at once when it rings.

    An idle worker would else take 5 % of a core in order to be as quick.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._num_rings = 0
        self._eager_until_s = 0.0

    def ring(self) -> None:
        """Something has changed in the database, or is about to."""
        with self._condition:
            self._num_rings += 1
            self._eager_until_s = time.monotonic() + _EAGER_S
            self._condition.notify_all()

    def wait(self, idle_s: float) -> None:
        """Sleep until there may be something to see: a moment after a ring, else ``idle_s`` or to the next ring."""
        with self._condition:
            if time.monotonic() < self._eager_until_s:
                self._condition.wait(_EAGER_INTERVAL_S)
            else:
                num_rings = self._num_rings
                self._condition.wait_for(lambda: self._num_rings != num_rings, idle_s)
