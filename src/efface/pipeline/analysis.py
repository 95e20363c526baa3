"""Frames → shots, tracks and the best crops of each: detection and tracking as one streaming pass."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice, pairwise

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.detect.schedule import ScheduleSettings, Search, SearchSchedule
from efface.domain.detection import Detections
from efface.domain.geometry import Boxes, Orientation, Size
from efface.domain.track import FaceTrack, Shot
from efface.identify.crops import BestCrops, FaceCrop
from efface.media.frame import VideoFrame
from efface.pipeline.searching import FrameSearcher, SearchAnswer, SearchOrder
from efface.track.cuts import CutDetector
from efface.track.evidence import EvidenceSettings, drop_duplicates, is_face, smooth_boxes
from efface.track.tracker import SearchResult, Tracker, TrackerSettings
from efface.track.tracklet import Tracklet

_ANALYSIS_SIDE = 960
"""Longer side of the gray pictures in which motion is followed."""
_RATE_SAMPLE = 8
"""Frames looked at to learn how long a frame lasts; headers lie."""
_MIN_FRAME_S, _MAX_FRAME_S, _DEFAULT_FRAME_S = 1 / 120, 10.0, 1 / 25
_LAG = 20
"""Frames that the tracker stays behind the search, so that both cores are busy; each holds a decoded frame."""


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """All knobs of detection and tracking."""

    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)


@dataclass(frozen=True, slots=True)
class AnalysedFrames:
    """What the pass over all frames has yielded."""

    raw_pts: tuple[int | None, ...]
    """PTS of each frame as decoded."""
    shots: tuple[Shot, ...]
    tracks: tuple[FaceTrack, ...]
    crops: Mapping[int, Sequence[FaceCrop]]
    """Best views by track id."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A decoded frame with its analysis picture; made ahead by the decoding thread."""

    frame: VideoFrame
    gray: NDArray[np.uint8]


def prepare_frames(frames: Iterable[VideoFrame], size: Size) -> Iterator[Prepared]:
    """Frames with their gray analysis pictures."""
    picture = analysis_size(size)
    for frame in frames:
        yield Prepared(frame, frame.gray(picture))


def analysis_size(frame: Size) -> Size:
    """Size of the gray pictures for frames of this size."""
    scale = min(1.0, _ANALYSIS_SIDE / max(frame.width, frame.height))
    return Size(max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    """A frame on its way from the search to the tracker."""

    item: Prepared
    index: int
    shot: int
    search: Search | None
    answer: "Future[SearchAnswer] | None"


class FrameAnalysis:
    """One pass over the frames of a video; give them all to ``run``.

    What is searched and how depends on what the tracker knew ``_LAG`` frames before, never on how fast the machine
    is: the same video gives the same tracks.
    """

    def __init__(
        self, detector: Detector, size: Size, time_base: Fraction, settings: AnalysisSettings | None = None
    ) -> None:
        self._size = size
        self._time_base = time_base
        self._settings = settings or AnalysisSettings()
        self._small = analysis_size(size)
        scale = np.array([size.width / self._small.width, size.height / self._small.height], np.float32)
        self._to_frame = np.tile(scale, 2)
        self._schedule = SearchSchedule(size, self._settings.schedule)
        self._searcher = FrameSearcher(
            detector,
            size,
            min_score=self._settings.tracker.min_hit_score,
            sure_score=self._settings.evidence.base_score,
        )
        self._crops = BestCrops()
        self._raw_pts: list[int | None] = []
        self._cuts: list[int] = []
        self._tracks: list[FaceTrack] = []
        self._keys: list[int] = []
        self._turn = Orientation.UPRIGHT
        self._turns_tried = 0
        self._tracked_shot = 0

    def run(self, prepared: Iterable[Prepared], on_frame: Callable[[int], None]) -> AnalysedFrames:
        """Analyse all frames.

        Args:
            prepared: the frames in presentation order.
            on_frame: called with the number of frames done after each frame; may raise to stop.
        """
        source = iter(prepared)
        head = list(islice(source, _RATE_SAMPLE))
        self._frame_s = _median_frame_s([p.frame.pts for p in head], self._time_base)
        self._tracker = Tracker(self._small, self._frame_s, self._settings.tracker)
        pending = deque[_Pending]()
        with self._searcher.running():
            for item, starts_shot, ends_shot in _with_cuts(chain(head, source)):
                pending.append(self._order_search(item, starts_shot, ends_shot))
                if len(pending) > _LAG:
                    self._follow(pending.popleft(), on_frame)
            while pending:
                self._follow(pending.popleft(), on_frame)
        self._end_shot()
        return self._result()

    def _order_search(self, item: Prepared, starts_shot: bool, ends_shot: bool) -> _Pending:
        """Decide how the next frame is searched, and have it begun."""
        index = len(self._raw_pts)
        if starts_shot:
            self._cuts.append(index)
            self._turn, self._turns_tried = Orientation.UPRIGHT, 0
        elapsed = self._elapsed_s(item.frame.pts)
        self._raw_pts.append(item.frame.pts)
        shot = len(self._cuts)
        known = self._tracker.open_boxes() if shot == self._tracked_shot else np.zeros((0, 4), np.float32)
        search = self._schedule.next(
            elapsed, starts_shot=starts_shot, ends_shot=ends_shot, faces=known * self._to_frame
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
            self._end_shot()
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
        on_frame(pending.index + 1)

    def _elapsed_s(self, pts: int | None) -> float:
        previous = self._raw_pts[-1] if self._raw_pts else None
        if pts is None or previous is None or pts <= previous:
            return self._frame_s
        return min(float((pts - previous) * self._time_base), _MAX_FRAME_S)

    def _end_shot(self) -> None:
        """Take over what the tracker has made of the shot it was in."""
        tracklets = [t for t in self._tracker.end_shot() if self._is_face(t)]
        for tracklet in drop_duplicates(tracklets):
            self._tracks.append(self._track(tracklet))
            self._keys.append(tracklet.key)
        self._crops.keep_only(set(self._keys))

    def _is_face(self, tracklet: Tracklet) -> bool:
        sides = np.stack(tracklet.boxes) * self._to_frame
        side_px = float(np.median((sides[:, 2:] - sides[:, :2]).max(axis=1)))
        return is_face(tracklet, side_px, self._settings.evidence)

    def _track(self, tracklet: Tracklet) -> FaceTrack:
        boxes: Boxes = smooth_boxes(tracklet, self._frame_s) * self._to_frame
        scores = np.clip(np.asarray(tracklet.scores, np.float32), 0, 1)
        return FaceTrack(len(self._tracks) + 1, tracklet.first_frame, boxes.astype(np.float32), scores)

    def _result(self) -> AnalysedFrames:
        ends = [*self._cuts[1:], len(self._raw_pts)]
        shots = tuple(Shot(first, end) for first, end in zip(self._cuts, ends, strict=True))
        crops = {
            track.track_id: self._crops.take(key) for track, key in zip(self._tracks, self._keys, strict=True)
        }
        return AnalysedFrames(tuple(self._raw_pts), shots, tuple(self._tracks), crops)


def _with_cuts(prepared: Iterable[Prepared]) -> Iterator[tuple[Prepared, bool, bool]]:
    """Frames with whether they start and whether they end a shot."""
    held: tuple[Prepared, bool] | None = None
    for item, starts_shot in _with_starts(prepared):
        if held is not None:
            yield *held, starts_shot
        held = item, starts_shot
    if held is not None:
        yield *held, True


def _with_starts(prepared: Iterable[Prepared]) -> Iterator[tuple[Prepared, bool]]:
    """Frames with whether they start a shot."""
    cuts, waiting = CutDetector(), deque[Prepared]()
    for item in prepared:
        waiting.append(item)
        starts_shot = cuts.push(item.gray)
        if starts_shot is not None:
            yield waiting.popleft(), starts_shot
    for starts_shot in cuts.finish():
        yield waiting.popleft(), starts_shot


def _median_frame_s(raw: Sequence[int | None], time_base: Fraction) -> float:
    steps = [b - a for a, b in pairwise(raw) if a is not None and b is not None and b > a]
    if not steps:
        return _DEFAULT_FRAME_S
    return float(np.clip(float(np.median(steps)) * float(time_base), _MIN_FRAME_S, _MAX_FRAME_S))
