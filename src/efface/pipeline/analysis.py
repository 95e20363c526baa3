"""Frames → shots, tracks and the best crops of each: detection and tracking as one streaming pass."""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from efface.detect.detector import Detector
from efface.detect.schedule import ScheduleSettings, Search, SearchSchedule
from efface.domain.detection import Detections
from efface.domain.geometry import Orientation, Size
from efface.identify.crops import BestCrops, FaceCrop
from efface.pipeline.key_frames import KeyFramePicker
from efface.pipeline.searching import FrameSearcher, SearchAnswer, SearchOrder
from efface.pipeline.shot_frames import (
    MarkedFrame,
    Prepared,
    ShotFrames,
    analysis_size,
    frame_per_analysis_px,
)
from efface.track.evidence import EvidenceSettings, settle
from efface.track.tracker import SearchResult, Tracker, TrackerSettings
from efface.track.tracklet import FinishedTracklet

_MAX_ELAPSED_S = 10.0
"""A frame that stays for longer counts as this long."""
_LAG = 20
"""Frames that the tracker stays behind the search, so that both cores are busy; each holds a decoded frame."""


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """All knobs of detection and tracking."""

    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedShot:
    """What the pass over the frames of one shot, or of a part of one, has yielded."""

    first_frame: int
    """Index in the video."""
    end_frame: int
    tracklets: tuple[FinishedTracklet, ...]
    """In order of time. Settled (only faces, each once) where the shot is whole, else all."""
    crops: Mapping[int, tuple[FaceCrop, ...]]
    """Best views by tracklet key, best first; a tracklet may have none."""
    key_frames: tuple[tuple[int, bytes], ...]
    """Frame index and JPEG of the pictures that stand for the shot."""
    begins_open: bool = False
    """True where the shot began before these frames."""
    ends_open: bool = False
    """True where the shot goes on behind these frames."""

    def __post_init__(self) -> None:
        if not 0 <= self.first_frame < self.end_frame:
            raise ValueError(f"shot must hold a frame, not {self.first_frame} .. {self.end_frame}")
        keys = [tracklet.key for tracklet in self.tracklets]
        if len(set(keys)) != len(keys) or not set(self.crops) <= set(keys):
            raise ValueError("tracklets of a shot need unique keys, and crops belong to one of them")
        for tracklet in self.tracklets:
            if tracklet.first_frame < self.first_frame or tracklet.end_frame > self.end_frame:
                raise ValueError(f"tracklet {tracklet.key} reaches out of its shot")

    @property
    def is_whole(self) -> bool:
        """Whether all of the shot was seen."""
        return not (self.begins_open or self.ends_open)


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    """A frame on its way from the search to the tracker."""

    item: Prepared
    index: int
    shot: int
    search: Search | None
    answer: "Future[SearchAnswer] | None"


class FrameAnalysis:
    """One pass over frames of a video; give them all to ``run``.

    What is searched and how depends on what the tracker knew ``_LAG`` frames before, never on how fast the machine
    is: the same video gives the same tracks. Nothing that is learned in one shot is used in another, so a pass that
    begins at a cut finds there what a pass from the beginning finds.

    Args:
        detector: who searches the frames.
        size: of the upright frames.
        time_base: seconds per tick of their PTS.
        frame_s: seconds that a frame of the video lasts.
        settings: all knobs of the analysis.
        first_frame: index in the video of the first frame that ``run`` gets.
    """

    def __init__(
        self,
        detector: Detector,
        size: Size,
        time_base: Fraction,
        frame_s: float,
        settings: AnalysisSettings | None = None,
        first_frame: int = 0,
    ) -> None:
        self._size = size
        self._time_base = time_base
        self._frame_s = frame_s
        self._settings = settings or AnalysisSettings()
        self._first_frame = first_frame
        self._to_frame = frame_per_analysis_px(size)
        self._schedule = SearchSchedule(size, self._settings.schedule)
        self._searcher = FrameSearcher(
            detector,
            size,
            min_score=self._settings.tracker.min_hit_score,
            sure_score=self._settings.evidence.base_score,
        )
        self._tracker = Tracker(analysis_size(size), frame_s, self._settings.tracker)
        self._crops = BestCrops()
        self._picker = KeyFramePicker(frame_s)
        self.raw_pts: list[int | None] = []
        """PTS of each frame as decoded."""
        self._cuts: list[int] = []
        self._shots: list[AnalysedShot] = []
        self._begins_open = False
        self._turn = Orientation.UPRIGHT
        self._turns_tried = 0
        self._tracked_shot = 0

    def run(self, frames: ShotFrames, on_frame: Callable[[int], None]) -> tuple[AnalysedShot, ...]:
        """Analyse all frames.

        Args:
            frames: the frames in presentation order.
            on_frame: called with the number of frames done after each frame; may raise to stop.
        """
        self._begins_open = frames.begins_open
        pending = deque[_Pending]()
        with self._searcher.running():
            for marked in frames:
                pending.append(self._order_search(marked))
                if len(pending) > _LAG:
                    self._follow(pending.popleft(), on_frame)
            while pending:
                self._follow(pending.popleft(), on_frame)
        self._end_shot(ends_open=frames.ends_open)
        return tuple(self._shots)

    def _order_search(self, marked: MarkedFrame) -> _Pending:
        """Decide how the next frame is searched, and have it begun."""
        item, index = marked.item, self._first_frame + len(self.raw_pts)
        if marked.starts_shot:
            self._cuts.append(index)
            self._turn, self._turns_tried = Orientation.UPRIGHT, 0
        elapsed = self._elapsed_s(item.frame.pts)
        self.raw_pts.append(item.frame.pts)
        shot = len(self._cuts)
        known = self._tracker.open_boxes() if shot == self._tracked_shot else np.zeros((0, 4), np.float32)
        search = self._schedule.next(
            elapsed,
            starts_shot=marked.starts_shot,
            ends_shot=marked.ends_shot,
            faces=known * self._to_frame,
        )
        if search is None:
            return _Pending(item, index, shot, None, None)
        order = SearchOrder(search, self._turn, self._may_turn(search, len(known)))
        return _Pending(item, index, shot, search, self._searcher.submit(item.frame, order))

    def _may_turn(self, search: Search, num_known: int) -> bool:
        """Other turns are tried where a shot shows nobody: at its start, and from time to time after that."""
        if not search.is_thorough or self._turn is not Orientation.UPRIGHT or num_known:
            return False
        self._turns_tried += 1
        return self._turns_tried <= 2 or self._turns_tried % 4 == 0

    def _follow(self, pending: _Pending, on_frame: Callable[[int], None]) -> None:
        """Wait for a frame's search and hand both to the tracker."""
        if pending.shot != self._tracked_shot:
            self._end_shot(ends_open=False)
            self._tracked_shot = pending.shot
        frame, found, result = pending.item.frame, Detections.empty(), None
        if pending.search and pending.answer:
            answer = pending.answer.result()
            found = answer.detections
            if pending.shot == len(self._cuts) and answer.turn is not Orientation.UPRIGHT:
                self._turn = answer.turn
            small = Detections(found.boxes / self._to_frame, found.scores, found.landmarks)
            result = SearchResult(small, pending.search.min_visible / float(self._to_frame.max()))
        for key, row in self._tracker.step(pending.index, pending.item.gray, result):
            self._crops.offer(
                key,
                frame_index=pending.index,
                seconds=pending.index * self._frame_s,
                box=found.boxes[row],
                score=float(found.scores[row]),
                landmarks=found.landmarks[row],
                frame_size=self._size,
                cut=frame.rgb_crop,
            )
        self._picker.offer(pending.index, frame, pending.item.gray)
        on_frame(pending.index + 1 - self._first_frame)

    def _elapsed_s(self, pts: int | None) -> float:
        previous = self.raw_pts[-1] if self.raw_pts else None
        if pts is None or previous is None or pts <= previous:
            return self._frame_s
        return min(float((pts - previous) * self._time_base), _MAX_ELAPSED_S)

    def _end_shot(self, *, ends_open: bool) -> None:
        """Take over what the tracker has made of the shot it was in."""
        if self._tracked_shot == 0:
            return
        begins_open = self._begins_open and self._tracked_shot == 1
        tracklets = [tracklet.finished() for tracklet in self._tracker.end_shot()]
        if not (begins_open or ends_open):
            tracklets = settle(tracklets, self._to_frame, self._settings.evidence)
        views = ((tracklet.key, self._crops.take(tracklet.key)) for tracklet in tracklets)
        cuts = [*self._cuts, self._first_frame + len(self.raw_pts)]
        self._shots.append(
            AnalysedShot(
                cuts[self._tracked_shot - 1],
                cuts[self._tracked_shot],
                tuple(tracklets),
                {key: crops for key, crops in views if crops},
                self._picker.end_shot(),
                begins_open,
                ends_open,
            )
        )
        self._crops.keep_only(set())
