"""How often a caller may ask: exact sliding windows, in bounded memory, per process."""

import ipaddress
import math
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from enum import Enum

from efface.api.settings import Rate

_WINDOWS_S = (1.0, 60.0)
_MAX_TIMES = 500_000
"""Time stamps kept in all, about 20 MB; past it the callers that were quiet longest are forgotten."""


class Traffic(Enum):
    """What is counted together."""

    API = "api"
    LIGHT = "light"
    """Files, streams, health, metrics, and what the web page reads."""


class RateLimiter:
    """Counts requests by caller; a request that is refused does not count."""

    def __init__(self, rates: dict[Traffic, Rate], monotonic: Callable[[], float]) -> None:
        """Start with nothing counted.

        Args:
            rates: limits by kind of traffic.
            monotonic: seconds that never go back.
        """
        self._rates = rates
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._times: OrderedDict[tuple[Traffic, str], deque[float]] = OrderedDict()
        self._num_times = 0

    def admit(self, traffic: Traffic, caller: str) -> int:
        """Count a request.

        Returns:
            0 if it may go on, else after how many seconds it may be sent again.
        """
        rate = self._rates[traffic]
        longest = max(rate.per_second, rate.per_minute)
        if longest == 0:
            return 0
        now = self._monotonic()
        with self._lock:
            times = self._times.setdefault((traffic, caller), deque())
            self._times.move_to_end((traffic, caller))
            self._drop_old(times, now)
            wait_s = _wait_s(times, now, rate)
            if wait_s > 0:
                return max(1, math.ceil(wait_s))
            times.append(now)
            self._num_times += 1
            self._forget_quiet()
        return 0

    def _drop_old(self, times: deque[float], now: float) -> None:
        while times and times[0] <= now - _WINDOWS_S[-1]:
            times.popleft()
            self._num_times -= 1

    def _forget_quiet(self) -> None:
        # A caller without time stamps costs memory too, so the number of callers is bounded as well.
        while self._num_times > _MAX_TIMES or len(self._times) > _MAX_TIMES // 10:
            _, times = self._times.popitem(last=False)
            self._num_times -= len(times)


def _wait_s(times: deque[float], now: float, rate: Rate) -> float:
    """Seconds until both windows have room."""
    wait_s = 0.0
    for limit, window_s in zip((rate.per_second, rate.per_minute), _WINDOWS_S, strict=True):
        if limit and len(times) >= limit:
            wait_s = max(wait_s, times[-limit] + window_s - now)
    return wait_s


def caller_of(address: str) -> str:
    """What stands for an address: itself, or its /64, which is what one IPv6 customer has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return address
