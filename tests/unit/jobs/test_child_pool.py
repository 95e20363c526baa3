"""Children from the worker's side: warm, bounded, and gone when they are to be gone."""

import logging
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from efface.jobs.child_pool import MAX_ORDERS, ChildPool, ChildProcess
from tests.unit.jobs.children import child_command

BODY = """
if order.get('die'):
    os._exit(3)
if order.get('hang'):
    time.sleep(60)
if order.get('log'):
    print(order['log'], file=sys.stderr)
return {'pid': os.getpid(), 'threads': os.environ['OMP_NUM_THREADS'], 'session': os.getsid(0)}
"""


@pytest.fixture
def pool() -> Iterator[ChildPool]:
    """A pool of children that tell who they are."""
    with closing(ChildPool(child_command(BODY), num_threads=3)) as pool:
        yield pool


def answer(child: ChildProcess, **order: Any) -> dict[str, Any] | None:
    """What a child answers to an order."""
    child.send(order)
    return child.receive(timeout_s=20)


def test_child_is_kept_warm_for_the_next_order(pool: ChildPool) -> None:
    first = pool.take()
    answer(first)
    pool.give_back(first)
    assert pool.take() is first


def test_children_of_two_orders_are_two(pool: ChildPool) -> None:
    assert pool.take() is not pool.take()


def test_child_has_a_session_of_its_own_and_bounded_threads(pool: ChildPool) -> None:
    child = pool.take()
    message = answer(child)
    assert message == {"result": {"pid": child.pid, "threads": "3", "session": child.pid}}
    assert child.pid != os.getsid(0)


def test_dead_child_is_told_and_never_taken_again(pool: ChildPool) -> None:
    child = pool.take()
    assert answer(child, die=True) is None
    assert child.last_words() == "exit code 3"
    pool.give_back(child)
    assert pool.take() is not child


def test_silence_of_a_living_child_is_a_timeout(pool: ChildPool) -> None:
    child = pool.take()
    child.send({"hang": True})
    with pytest.raises(TimeoutError):
        child.receive(timeout_s=0.01)
    pool.kill(child)
    assert not child.is_alive
    assert child.last_words() == "signal SIGKILL"
    assert child.receive(timeout_s=5) is None


def test_order_for_a_child_that_is_dead_raises_nothing(pool: ChildPool) -> None:
    child = pool.take()
    child.kill()
    child.send({})
    assert child.receive(timeout_s=5) is None


def test_child_that_is_idle_for_too_long_ends() -> None:
    with closing(ChildPool(child_command(BODY), num_threads=1, idle_s=0)) as pool:
        child = pool.take()
        pool.give_back(child)
        pool.end_idle()
        assert not child.is_alive


def test_child_that_is_not_idle_for_long_stays(pool: ChildPool) -> None:
    child = pool.take()
    pool.give_back(child)
    pool.end_idle()
    assert child.is_alive


def test_child_makes_room_for_a_fresh_one_in_the_end(pool: ChildPool) -> None:
    child = pool.take()
    child.num_orders = MAX_ORDERS
    pool.give_back(child)
    assert not child.is_alive


def test_closed_pool_has_killed_all_and_starts_none(pool: ChildPool) -> None:
    busy, idle = pool.take(), pool.take()
    pool.give_back(idle)
    pool.close()
    assert not busy.is_alive
    assert not idle.is_alive
    with pytest.raises(OSError, match="stopping"):
        pool.take()


def test_what_a_child_writes_to_stderr_is_in_the_log(
    pool: ChildPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    child = pool.take()
    answer(child, log="a word from below")
    child.kill()
    assert child.receive(timeout_s=5) is None
    child.join_log(timeout_s=5)
    assert f"child {child.pid}: a word from below" in caplog.text


def test_structured_record_of_a_child_stays_as_it_is(
    pool: ChildPool, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    child = pool.take()
    answer(child, log='{"event": "fault", "level": "error"}')
    child.kill()
    child.join_log(timeout_s=5)
    assert capsys.readouterr().err == '{"event": "fault", "level": "error"}\n'
    assert "fault" not in caplog.text


def test_command_that_cannot_be_started_is_an_os_error() -> None:
    with (
        closing(ChildPool(["/nowhere/at/all"], num_threads=1)) as pool,
        pytest.raises(OSError, match="nowhere"),
    ):
        pool.take()
