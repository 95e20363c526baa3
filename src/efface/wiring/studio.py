"""The studio in child processes: one makes stills, one follows regions; both start when they are first needed."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from efface.domain import errors
from efface.domain.edits import FollowedRegion
from efface.domain.errors import (
    DamagedMediaError,
    EffaceError,
    QueueFullError,
    RequestError,
    ServiceUnavailableError,
)
from efface.jobs.child_pool import ChildPool, ChildProcess
from efface.ports import FollowOrder, Progress, SilentProgress, StillOrder
from efface.usecases.studio_work import follow_document, path_of, still_document, still_of

STUDIO_COMMAND = (sys.executable, "-m", "efface", "run-studio")
"""Settings reach it through the environment."""
_LOOK_S = 0.2
"""How often it is asked whether the work is still wanted."""


@dataclass(frozen=True, slots=True)
class StudioLimits:
    """How long somebody waits, in seconds, and how many may."""

    still_s: float = 30.0
    """For one still, from its turn on."""
    silence_s: float = 120.0
    """Without a frame of progress, after which following counts as hung; the first may lie far behind a key frame."""
    follow_s: float = 1800.0
    """For following one region, from its turn on."""
    max_waiting: int = 8
    """Requests that wait for the process, beside the one that it works on; of stills and of regions each."""
    idle_s: float = 120.0
    """After which a process without work is ended."""


class ChildStudio:
    """``ports.Studio`` in child processes, which may be killed at any moment; a dead one is replaced by a fresh one.

    Args:
        command: starts a child.
        limits: on time and waiting.
    """

    def __init__(self, command: Sequence[str] = STUDIO_COMMAND, limits: StudioLimits | None = None) -> None:
        self._limits = limits or StudioLimits()
        self._stills = _Bench(command, self._limits)
        self._follows = _Bench(command, self._limits)

    def still(self, order: StillOrder, progress: Progress) -> bytes:
        """See ``ports.Studio``."""
        limit_s = self._limits.still_s
        # One that is begun is ended: to kill the child would make the next wait longer than this one takes.
        with self._stills.turn("still", progress):
            result = self._stills.run(
                still_document(order), order.video.name, SilentProgress(), limit_s, limit_s
            )
        return still_of(result)

    def follow(self, order: FollowOrder, progress: Progress) -> tuple[FollowedRegion, ...]:
        """See ``ports.Studio``."""
        limits = self._limits
        with self._follows.turn("follow", progress):
            result = self._follows.run(
                follow_document(order), order.video.name, progress, limits.follow_s, limits.silence_s
            )
        return path_of(result)

    def close(self) -> None:
        """Kill the children; whoever waits for one is told."""
        self._stills.close()
        self._follows.close()


class _Bench:
    """One child, and those who wait for it."""

    def __init__(self, command: Sequence[str], limits: StudioLimits) -> None:
        self._limits = limits
        self._pool = ChildPool(command, num_threads=2, idle_s=limits.idle_s)
        self._turn = threading.Lock()
        self._num_inside = 0
        self._count = threading.Lock()
        self._timer: threading.Timer | None = None

    def run(
        self, document: Mapping[str, Any], name: str, progress: Progress, limit_s: float, silence_s: float
    ) -> Mapping[str, Any]:
        """Have an order done in one's turn; raises what the child tells, and what became of the child."""
        try:
            child = self._pool.take()
        except OSError as error:
            raise ServiceUnavailableError(f"no process could be started for {name}: {error}") from error
        is_reusable = False
        try:
            child.send(document)
            message = self._listen(child, name, progress, limit_s, silence_s)
            is_reusable = child.is_alive
        finally:
            if is_reusable:
                self._pool.give_back(child)
                self._end_idle_later()
            else:
                self._pool.kill(child)
        if "error" in message:
            raise _told(message["error"])
        result: Mapping[str, Any] = message["result"]
        return result

    @contextmanager
    def turn(self, stage: str, progress: Progress) -> Iterator[None]:
        """Wait until the child is free, and keep it so for the block."""
        with self._place():
            while not self._turn.acquire(timeout=_LOOK_S):
                progress.report(stage, 0, None)
            try:
                yield
            finally:
                self._turn.release()

    def close(self) -> None:
        with self._count:
            if self._timer is not None:
                self._timer.cancel()
        self._pool.close()

    def _listen(
        self, child: ChildProcess, name: str, progress: Progress, limit_s: float, silence_s: float
    ) -> dict[str, Any]:
        """The result or error of a child, which it must give in time."""
        began_s = heard_s = time.monotonic()
        done, total = 0, None
        while True:
            now_s = time.monotonic()
            if now_s - began_s > limit_s or now_s - heard_s > silence_s:
                raise DamagedMediaError(
                    f"{name} takes too long to be decoded here: use another copy of the video, such as one that was "
                    "encoded anew"
                )
            try:
                message = child.receive(_LOOK_S)
            except TimeoutError:
                progress.report("follow", done, total)
                continue
            if message is None:
                words = child.last_words()
                structlog.get_logger(__name__).warning("child of the studio died", how=words)
                raise DamagedMediaError(
                    f"{name} cannot be shown: the process that decodes it has died; try again, and if it happens once "
                    "more, use another copy of the video"
                )
            if "progress" not in message:
                return message
            heard_s, done, total = now_s, message["progress"], message["total"]
            progress.report("follow", done, total)

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._count:
            if self._num_inside > self._limits.max_waiting:
                raise QueueFullError(
                    "so many wait for a look into their videos that no more are taken: try again soon"
                )
            self._num_inside += 1
        try:
            yield
        finally:
            with self._count:
                self._num_inside -= 1

    def _end_idle_later(self) -> None:
        with self._count:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._limits.idle_s + 0.1, self._pool.end_idle)
            self._timer.daemon = True
            self._timer.start()


def _told(error: Mapping[str, Any]) -> EffaceError:
    """The error that a child tells of."""
    message = str(error["message"])
    kind = getattr(errors, str(error["type"]), None)
    if error.get("is_transient") and kind is not errors.DiskFullError:
        return ServiceUnavailableError(message)
    if not isinstance(kind, type) or not issubclass(kind, EffaceError):
        return EffaceError(message)
    with suppress(TypeError):  # some are made of more than a message
        return kind(message)
    return RequestError(message)
