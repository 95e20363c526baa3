"""Calls back: when they are tried again, and when not."""

from datetime import UTC, datetime, timedelta

import pytest

from efface.domain.errors import RequestError
from efface.domain.service import Callback
from efface.jobs.callbacks import AT_ONCE, LEASE_S, PAUSES_S, CallbackCourier, next_attempt

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class FixedClock:
    """It is always noon."""

    def now(self) -> datetime:
        """Noon."""
        return NOW


class Owed:
    """Calls that are owed; notes how they are settled."""

    def __init__(self, *callbacks: Callback) -> None:
        self.due = callbacks
        self.settled: dict[int, datetime | None] = {}

    def claim_callbacks(self, now: datetime, lease_s: float, limit: int) -> tuple[Callback, ...]:
        """All of them."""
        assert (now, lease_s, limit) == (NOW, LEASE_S, AT_ONCE)
        return self.due

    def settle_callback(self, callback_id: int, next_attempt: datetime | None) -> None:
        """Note it."""
        self.settled[callback_id] = next_attempt


class Answers:
    """A web server that answers some calls well."""

    def post(self, url: str) -> bool:
        """Whether it does."""
        if "refused" in url:
            raise RequestError("the address is refused")
        return "good" in url


def owed(callback_id: int, url: str, attempts: int = 0) -> Callback:
    """A call."""
    return Callback(callback_id, "job", url, attempts)


def test_pauses_grow_and_last_a_day() -> None:
    assert list(PAUSES_S) == sorted(PAUSES_S)
    assert 23 * 3600 < sum(PAUSES_S) <= 24 * 3600


@pytest.mark.parametrize(("draw", "factor"), [(0.0, 0.8), (1.0, 1.2)])
def test_next_attempt_is_spread_around_its_pause(draw: float, factor: float) -> None:
    later = next_attempt(owed(1, "x", attempts=2), NOW, lambda: draw)
    assert later == NOW + timedelta(seconds=PAUSES_S[2] * factor)


def test_next_attempt_is_none_after_a_day() -> None:
    assert next_attempt(owed(1, "x", attempts=len(PAUSES_S) - 1), NOW, lambda: 0.5) is not None
    assert next_attempt(owed(1, "x", attempts=len(PAUSES_S)), NOW, lambda: 0.5) is None


def test_courier_settles_each_call_by_its_own_answer() -> None:
    calls = Owed(owed(1, "https://good"), owed(2, "https://bad"), owed(3, "https://refused"))
    courier = CallbackCourier(calls, Answers(), FixedClock())
    assert courier.deliver() == 3
    courier.close()

    assert calls.settled[1] is None
    assert calls.settled[3] is None, "an address that is refused is never called again"
    later = calls.settled[2]
    assert later is not None
    assert timedelta(seconds=0.8) <= later - NOW <= timedelta(seconds=1.2)


def test_courier_gives_up_a_call_that_nobody_has_answered_for_a_day() -> None:
    calls = Owed(owed(1, "https://bad", attempts=len(PAUSES_S)))
    courier = CallbackCourier(calls, Answers(), FixedClock())
    courier.deliver()
    courier.close()
    assert calls.settled == {1: None}
