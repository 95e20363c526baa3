"""What changes of an account's videos and jobs, told as it happens: one look into the catalogue a second for all who
listen to an account, and none while nobody does."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from efface.api.errors import RateLimitedError
from efface.api.stopping import Stopping
from efface.domain.errors import NotFoundError, ServiceUnavailableError
from efface.domain.service import Job, Video
from efface.ports import Catalogue, Clock
from efface.ports.catalogue import VideoFilter

_LOOK_S = 1.0
_ALIVE_S = 15.0
"""After how long without an event a listener is told that the connection lives."""
_KEPT_S = 60.0
"""How long the end of a job is told to those who come later."""
_RETRY_S = 15

Describe = Callable[[Video | Job], str]
"""The text of an event."""


@dataclass(slots=True)
class _Told:
    """The last event of one video or job."""

    text: str
    seen_s: float
    """When it was last found in the catalogue."""


@dataclass(slots=True)
class _Board:
    """The events of one account, where at least one listens."""

    num_listeners: int = 0
    latest: dict[str, _Told] = field(default_factory=dict)
    """By the id of the video or job."""
    open_jobs: set[str] = field(default_factory=set)
    """Jobs that the last look has found."""
    next_look_s: float = 0.0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


class LiveEvents:
    """Tells listeners of one process.

    Args:
        catalogue: that is looked into.
        clock: by which jobs are made.
        stopping: ends all streams.
        describe: makes the text of an event; two that are equal count as no change.
        max_listeners: that one account may have.
        lifetime_s: of a stream, so that nobody listens for long with a token that has expired.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        clock: Clock,
        stopping: Stopping,
        describe: Describe,
        *,
        max_listeners: int,
        lifetime_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue, self._clock, self._stopping, self._describe = catalogue, clock, stopping, describe
        self._max_listeners, self._lifetime_s, self._monotonic = max_listeners, lifetime_s, monotonic
        self._boards: dict[str, _Board] = {}

    def refuse_crowd(self, account_id: str) -> None:
        """Refuse a listener too many.

        Raises:
            RateLimitedError: the account has as many as it may.
        """
        board = self._boards.get(account_id)
        if board is not None and board.num_listeners >= self._max_listeners:
            raise RateLimitedError(_RETRY_S)

    async def listen(self, account_id: str) -> AsyncIterator[str]:
        """Events as they happen: first of all that is under way, then of each change. A listener who is slow is told
        the newest of each video and job, so that nothing piles up.

        Yields:
            Text of the stream, whole events and comments.
        """
        board = self._boards.setdefault(account_id, _Board())
        board.num_listeners += 1
        ends_s = self._monotonic() + self._lifetime_s
        sent: dict[str, str] = {}
        try:
            yield "retry: 2000\n\n"
            told_s = self._monotonic()
            while not self._stopping.is_set and self._monotonic() < ends_s:
                await self._look_in_turn(account_id, board)
                for key, told in list(board.latest.items()):
                    if sent.get(key) != told.text:
                        sent[key], told_s = told.text, self._monotonic()
                        yield told.text
                sent = {key: text for key, text in sent.items() if key in board.latest}
                if self._monotonic() - told_s >= _ALIVE_S:
                    told_s = self._monotonic()
                    yield ": still here\n\n"
                await asyncio.sleep(max(0.0, min(_LOOK_S, board.next_look_s - self._monotonic())))
        finally:
            board.num_listeners -= 1
            if board.num_listeners == 0:
                self._boards.pop(account_id, None)

    async def _look_in_turn(self, account_id: str, board: _Board) -> None:
        """Look, unless another listener has done so a moment ago."""
        async with board.looking:
            if self._monotonic() < board.next_look_s:
                return
            try:
                await asyncio.to_thread(self._look, account_id, board)
            except ServiceUnavailableError as error:
                structlog.get_logger(__name__).warning("events cannot be looked for", reason=str(error))
            board.next_look_s = self._monotonic() + _LOOK_S

    def _look(self, account_id: str, board: _Board) -> None:
        jobs = list(self._jobs(account_id, board.open_jobs))
        board.open_jobs = {job.job_id for job in jobs if not job.state.is_final}
        shown = {job.shown_video_id for job in jobs}
        videos: tuple[Video, ...] = ()
        if shown:
            wanted = VideoFilter(video_ids=shown)
            videos = self._catalogue.find_videos(account_id, wanted, skip=0, limit=len(shown)).videos
        now_s = self._monotonic()
        found = {video.video_id: _Told(self._describe(video), now_s) for video in videos}
        found |= {job.job_id: _Told(self._describe(job), now_s) for job in jobs}
        kept = {key: told for key, told in board.latest.items() if now_s - told.seen_s < _KEPT_S}
        # As a whole: listeners read it while this thread works.
        board.latest = kept | found

    def _jobs(self, account_id: str, open_before: set[str]) -> list[Job]:
        """The jobs that are open, that were before, or that are new: one may begin and end between two looks."""
        since = self._clock.now() - timedelta(seconds=_KEPT_S)
        jobs = {job.job_id: job for job in self._catalogue.active_jobs(account_id, since)}
        for job_id in open_before - jobs.keys():
            try:
                jobs[job_id] = self._catalogue.job(account_id, job_id)
            except NotFoundError:
                continue  # it went with its video
        return list(jobs.values())
