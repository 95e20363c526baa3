import pytest

from efface.api import rate_limits
from efface.api.rate_limits import RateLimiter, Traffic, caller_of
from efface.api.settings import Rate
from tests.fakes.api_in_process import Ticks


def limiter(ticks: Ticks, api: Rate, light: Rate | None = None) -> RateLimiter:
    return RateLimiter({Traffic.API: api, Traffic.LIGHT: light or Rate(0, 0)}, ticks)


def test_limiter_refuses_the_eleventh_request_of_a_second_and_says_for_how_long() -> None:
    ticks = Ticks()
    limits = limiter(ticks, Rate(10, 120))
    assert [limits.admit(Traffic.API, "a") for _ in range(11)] == [0] * 10 + [1]
    ticks.seconds += 1.0
    assert limits.admit(Traffic.API, "a") == 0


def test_limiter_window_slides_rather_than_starting_anew() -> None:
    ticks = Ticks()
    limits = limiter(ticks, Rate(2, 0))
    limits.admit(Traffic.API, "a")
    ticks.seconds += 0.9
    limits.admit(Traffic.API, "a")
    ticks.seconds += 0.2
    # The first has left the window, the second has not.
    assert [limits.admit(Traffic.API, "a"), limits.admit(Traffic.API, "a")] == [0, 1]


def test_limiter_tells_when_the_minute_has_room_again() -> None:
    ticks = Ticks()
    limits = limiter(ticks, Rate(0, 3))
    for _ in range(3):
        assert limits.admit(Traffic.API, "a") == 0
        ticks.seconds += 10
    assert limits.admit(Traffic.API, "a") == 30
    ticks.seconds += 30
    assert limits.admit(Traffic.API, "a") == 0


def test_limiter_does_not_count_what_it_refuses() -> None:
    ticks = Ticks()
    limits = limiter(ticks, Rate(1, 0))
    limits.admit(Traffic.API, "a")
    for _ in range(9):
        ticks.seconds += 0.1
        limits.admit(Traffic.API, "a")
    ticks.seconds += 0.11
    assert limits.admit(Traffic.API, "a") == 0


def test_limiter_keeps_callers_and_kinds_of_traffic_apart() -> None:
    limits = limiter(Ticks(), Rate(1, 0), Rate(2, 0))
    assert limits.admit(Traffic.API, "a") == 0
    assert limits.admit(Traffic.API, "b") == 0
    assert limits.admit(Traffic.LIGHT, "a") == 0
    assert limits.admit(Traffic.LIGHT, "a") == 0
    assert limits.admit(Traffic.API, "a") == 1


def test_limiter_with_zero_lifts_the_limit() -> None:
    limits = limiter(Ticks(), Rate(0, 0))
    assert {limits.admit(Traffic.API, "a") for _ in range(1000)} == {0}


def test_limiter_memory_is_bounded_when_callers_never_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "_MAX_TIMES", 100)
    limits = limiter(Ticks(), Rate(5, 0))
    for _ in range(5):
        limits.admit(Traffic.API, "regular")
    for number in range(1000):
        limits.admit(Traffic.API, f"passer-by {number}")
    assert len(limits._times) <= 10
    assert limits._num_times == sum(len(times) for times in limits._times.values()) <= 100


def test_caller_of_an_ipv6_address_is_its_network() -> None:
    assert caller_of("2001:db8:1:2:3:4:5:6") == caller_of("2001:db8:1:2::1") != caller_of("2001:db8:1:3::1")
    assert caller_of("192.0.2.7") == "192.0.2.7"
    assert caller_of("") == ""
