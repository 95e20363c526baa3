"""Searching frames in the background while the tracker works on earlier ones."""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from efface.detect.detector import Detector
from efface.detect.schedule import Search
from efface.detect.search import MIN_TURNED_SCORE, TURNS, find_faces
from efface.domain.detection import Detections
from efface.domain.geometry import Orientation, Size
from efface.media.frame import VideoFrame

_TURNED_SIDE = 640


@dataclass(frozen=True, slots=True)
class SearchOrder:
    """How one frame is to be searched."""

    search: Search
    turn: Orientation
    """The turn in which the shot shows its people."""
    may_turn: bool
    """Whether other turns are tried when nobody is found."""


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What was found."""

    detections: Detections
    """In frame pixels."""
    turn: Orientation
    """The turn that found somebody, else the one ordered."""


class FrameSearcher:
    """Runs searches on as many threads as there are cores; the network takes one core per search."""

    def __init__(self, detector: Detector, frame: Size, *, min_score: float, sure_score: float) -> None:
        self._detector = detector
        self._frame = frame
        self._min_score = min_score
        self._sure_score = sure_score
        self._pool: ThreadPoolExecutor | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep the threads while the block runs; searches not yet begun are dropped at its end."""
        self._pool = ThreadPoolExecutor(max(1, min(8, os.cpu_count() or 1)), "efface-search")
        try:
            yield
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def submit(self, frame: VideoFrame, order: SearchOrder) -> "Future[SearchAnswer]":
        """Begin a search; frames must not be converted elsewhere until it is done."""
        assert self._pool is not None, "submit outside of running()"
        return self._pool.submit(self._run, frame, order)

    def _run(self, frame: VideoFrame, order: SearchOrder) -> SearchAnswer:
        found = self._find(frame, order.search.long_side, order.turn)
        if not order.may_turn or (found.scores >= self._sure_score).any():
            return SearchAnswer(found, order.turn)
        side = min(_TURNED_SIDE, max(self._frame.width, self._frame.height))
        for turn in TURNS:
            turned = self._find(frame, side, turn)
            if (turned.scores >= MIN_TURNED_SCORE).any():
                return SearchAnswer(turned, turn)
        return SearchAnswer(found, order.turn)

    def _find(self, frame: VideoFrame, long_side: int, turn: Orientation) -> Detections:
        return find_faces(
            self._detector, frame, self._frame, long_side=long_side, min_score=self._min_score, turn=turn
        )
