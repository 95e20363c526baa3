"""The studio's adapter: children that start when needed, are bounded in time, and are replaced when they die."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from efface.domain.edits import DrawnBox, DrawnRegion
from efface.domain.errors import (
    Cancelled,
    DamagedMediaError,
    DiskFullError,
    EffaceError,
    QueueFullError,
    RequestError,
    ServiceUnavailableError,
)
from efface.domain.redaction import RedactionRequest
from efface.ports import FollowOrder, SilentProgress, StillOrder, StudioVideo
from efface.wiring.studio import ChildStudio, StudioLimits
from tests.unit.jobs.children import child_command

# What a child does is told by the name of the video.
BODY = """
from efface.domain.errors import UnknownFaceError
name = order['name']
if name == 'dies':
    os._exit(3)
if name == 'hangs':
    time.sleep(60)
if name == 'refused':
    raise RequestError('frame 7 is not there')
if name == 'unknown':
    raise UnknownFaceError([7], [1001])
if name == 'away':
    raise ServiceUnavailableError('the store is away')
if name == 'full':
    raise DiskFullError('the disk is full')
if name == 'bug':
    raise KeyError('secret')
if name == 'slow':
    for i in range(600):
        progress.report('follow', i, 600)
        time.sleep(0.1)
if order['task'] == 'still':
    return {'jpeg': 'SlBFRw==', 'pid': os.getpid()}
return {'edits': order['edits']}
"""
QUICK = StudioLimits(still_s=30.0, silence_s=30.0, max_waiting=1)
REGION = DrawnRegion(1, "", None, (DrawnBox(0, (0.0, 0.0, 9.0, 9.0)),), 0, 5, True)


@pytest.fixture
def open_studio() -> Iterator[Callable[..., ChildStudio]]:
    with ExitStack() as stack:

        def make(**limits: Any) -> ChildStudio:
            studio = ChildStudio(child_command(BODY), replace(QUICK, **limits))
            stack.callback(studio.close)
            return studio

        yield make


def still(name: str = "clip") -> StillOrder:
    return StillOrder(StudioVideo("source", "index", name), 3, 640, RedactionRequest())


def follow(name: str = "clip") -> FollowOrder:
    return FollowOrder(StudioVideo("source", "index", name), REGION)


def test_still_and_region_come_back_from_children(open_studio: Callable[..., ChildStudio]) -> None:
    studio = open_studio()
    assert studio.still(still(), SilentProgress()) == b"JPEG"
    assert studio.follow(follow(), SilentProgress()) == ()


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("refused", RequestError, "frame 7 is not there"),
        ("unknown", RequestError, "face id 7 is not in the index"),
        ("away", ServiceUnavailableError, "the store is away"),
        ("full", DiskFullError, "the disk is full"),
        ("bug", EffaceError, "a fault in efface"),
    ],
)
def test_refusal_of_a_child_is_that_of_the_studio_and_its_child_stays(
    open_studio: Callable[..., ChildStudio], name: str, kind: type[EffaceError], words: str
) -> None:
    studio = open_studio()
    with pytest.raises(kind, match=words):
        studio.still(still(name), SilentProgress())
    assert studio.still(still(), SilentProgress()) == b"JPEG"


def test_child_that_dies_is_told_and_replaced(open_studio: Callable[..., ChildStudio]) -> None:
    studio = open_studio()
    with pytest.raises(DamagedMediaError, match="dies cannot be shown: the process"):
        studio.still(still("dies"), SilentProgress())
    assert studio.still(still(), SilentProgress()) == b"JPEG"


def test_child_that_hangs_is_told(open_studio: Callable[..., ChildStudio]) -> None:
    studio = open_studio(still_s=0.5)
    began = time.monotonic()
    with pytest.raises(DamagedMediaError, match="hangs takes too long"):
        studio.still(still("hangs"), SilentProgress())
    assert time.monotonic() - began < 10
    assert studio._stills._pool._busy == set()


def test_following_ends_when_it_is_not_wanted_and_the_next_is_served(
    open_studio: Callable[..., ChildStudio],
) -> None:
    studio = open_studio()

    class Impatient:
        def __init__(self) -> None:
            self.seen: list[tuple[int, int | None]] = []

        def report(self, stage: str, done: int, total: int | None) -> None:
            self.seen.append((done, total))
            if done > 0:
                raise Cancelled("enough")

    progress = Impatient()
    with pytest.raises(Cancelled):
        studio.follow(follow("slow"), progress)
    assert progress.seen[-1][1] == 600
    assert studio.follow(follow(), SilentProgress()) == ()


def test_those_who_wait_hear_so_and_too_many_are_refused(open_studio: Callable[..., ChildStudio]) -> None:
    studio = open_studio()
    is_stopped, is_waiting = threading.Event(), threading.Event()

    class Stoppable:
        def report(self, stage: str, done: int, total: int | None) -> None:
            if total is None and done == 0:
                is_waiting.set()
            if is_stopped.is_set():
                raise Cancelled("stopped")

    def run() -> None:
        with pytest.raises(Cancelled):
            studio.follow(follow("slow"), Stoppable())

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert is_waiting.wait(10)
        while studio._follows._num_inside < 2:
            time.sleep(0.01)
        with pytest.raises(QueueFullError):
            studio.follow(follow(), SilentProgress())
        assert studio.still(still(), SilentProgress()) == b"JPEG", "stills do not wait for those who follow"
    finally:
        is_stopped.set()
        for thread in threads:
            thread.join(10)


def test_child_without_work_ends_after_a_while(open_studio: Callable[..., ChildStudio]) -> None:
    studio = open_studio(idle_s=0.2)
    studio.still(still(), SilentProgress())
    ((_, child),) = studio._stills._pool._idle
    deadline = time.monotonic() + 10
    while child.is_alive and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.is_alive
    assert studio.still(still(), SilentProgress()) == b"JPEG"


def test_closing_kills_what_is_under_way(open_studio: Callable[..., ChildStudio]) -> None:
    studio = open_studio(still_s=60.0)
    told: list[BaseException] = []

    def run() -> None:
        try:
            studio.still(still("hangs"), SilentProgress())
        except EffaceError as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while not studio._stills._pool._busy:
        time.sleep(0.01)
    studio.close()
    thread.join(10)
    assert not thread.is_alive()
    assert len(told) == 1


def test_still_that_nobody_waits_for_leaves_the_line_and_one_that_is_begun_is_ended(
    open_studio: Callable[..., ChildStudio],
) -> None:
    studio = open_studio()
    is_gone = threading.Event()

    class Gone:
        def report(self, stage: str, done: int, total: int | None) -> None:
            if is_gone.is_set():
                raise Cancelled("gone")

    with studio._stills.turn("still", SilentProgress()):
        threading.Timer(0.3, is_gone.set).start()
        with pytest.raises(Cancelled):
            studio.still(still(), Gone())
    assert is_gone.is_set()
    assert studio.still(still(), Gone()) == b"JPEG"
