"""Frames → shots, tracks and the best crops of each: detection and tracking as one streaming pass."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.detect.schedule import ScheduleSettings, Search, SearchSchedule
from efface.detect.search import TURNS, find_faces
from efface.domain.detection import Detections
from efface.domain.geometry import Boxes, Orientation, Size
from efface.domain.track import FaceTrack, Shot
from efface.identify.crops import BestCrops, FaceCrop
from efface.media.frame import VideoFrame
from efface.track.cuts import CutDetector
from efface.track.evidence import EvidenceSettings, drop_duplicates, is_face, smooth_boxes
from efface.track.tracker import SearchResult, Tracker, TrackerSettings
from efface.track.tracklet import Tracklet

_ANALYSIS_SIDE = 960
"""Longer side of the gray pictures in which motion is followed."""
_RATE_SAMPLE = 8
"""Frames looked at to learn how long a frame lasts; headers lie."""
_MIN_FRAME_S, _MAX_FRAME_S, _DEFAULT_FRAME_S = 1 / 120, 10.0, 1 / 25
_MIN_TURNED_SCORE = 0.6
"""A turned picture yields more false hits than an upright one."""
_TURNED_SIDE = 640


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


class FrameAnalysis:
    """One pass over the frames of a video; give them all to ``run``."""

    def __init__(self, detector: Detector, size: Size, time_base: Fraction, settings: AnalysisSettings | None = None) -> None:
        self._detector = detector
        self._size = size
        self._time_base = time_base
        self._settings = settings or AnalysisSettings()
        small = analysis_size(size)
        self._to_frame = np.tile(np.array([size.width / small.width, size.height / small.height], np.float32), 2)
        self._small = small
        self._schedule = SearchSchedule(size, self._settings.schedule)
        self._crops = BestCrops()
        self._raw_pts: list[int | None] = []
        self._cuts: list[int] = []
        self._tracks: list[FaceTrack] = []
        self._keys: list[int] = []
        self._turn = Orientation.UPRIGHT
        self._turns_tried = 0

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
        cuts, waiting = CutDetector(), deque[Prepared]()
        for item in chain(head, source):
            waiting.append(item)
            starts_shot = cuts.push(item.gray)
            if starts_shot is not None:
                self._analyse(waiting.popleft(), starts_shot)
                on_frame(len(self._raw_pts))
        for starts_shot in cuts.finish():
            self._analyse(waiting.popleft(), starts_shot)
            on_frame(len(self._raw_pts))
        self._end_shot()
        return self._result()

    def _analyse(self, item: Prepared, starts_shot: bool) -> None:
        index = len(self._raw_pts)
        if starts_shot:
            self._end_shot()
            self._cuts.append(index)
            self._turn, self._turns_tried = Orientation.UPRIGHT, 0
        elapsed = self._elapsed_s(item.frame.pts)
        self._raw_pts.append(item.frame.pts)
        search = self._schedule.next(elapsed, starts_shot=starts_shot, faces=self._tracker.open_boxes() * self._to_frame)
        found = self._search(item.frame, search) if search else None
        result = None
        if search and found is not None:
            small = Detections(found.boxes / self._to_frame, found.scores, found.landmarks)
            result = SearchResult(small, search.min_visible / float(self._to_frame.max()))
        for key, row in self._tracker.step(index, item.gray, result):
            assert found is not None
            self._crops.offer(
                key,
                frame_index=index,
                seconds=index * self._frame_s,
                box=found.boxes[row],
                score=float(found.scores[row]),
                landmarks=found.landmarks[row],
                frame_size=self._size,
                cut=item.frame.rgb_crop,
            )

    def _search(self, frame: VideoFrame, search: Search) -> Detections:
        low = self._settings.tracker.min_hit_score
        found = find_faces(
            self._detector, frame, self._size, long_side=search.long_side, min_score=low, turn=self._turn
        )
        if search.is_thorough and self._turn is Orientation.UPRIGHT and not self._has_faces(found):
            found = self._try_turns(frame, found, low)
        return found

    def _has_faces(self, found: Detections) -> bool:
        return len(self._tracker.open_boxes()) > 0 or bool((found.scores >= self._settings.evidence.base_score).any())

    def _try_turns(self, frame: VideoFrame, upright: Detections, low: float) -> Detections:
        """Look for people who lie sideways or upside down; the turn that finds one is kept for the shot."""
        self._turns_tried += 1
        if self._turns_tried > 2 and self._turns_tried % 4:
            return upright
        side = min(_TURNED_SIDE, max(self._size.width, self._size.height))
        for turn in TURNS:
            found = find_faces(self._detector, frame, self._size, long_side=side, min_score=low, turn=turn)
            if (found.scores >= _MIN_TURNED_SCORE).any():
                self._turn = turn
                return found
        return upright

    def _elapsed_s(self, pts: int | None) -> float:
        previous = self._raw_pts[-1] if self._raw_pts else None
        if pts is None or previous is None or pts <= previous:
            return self._frame_s
        return min(float((pts - previous) * self._time_base), _MAX_FRAME_S)

    def _end_shot(self) -> None:
        if not self._cuts:
            return
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
        crops = {track.track_id: self._crops.take(key) for track, key in zip(self._tracks, self._keys, strict=True)}
        return AnalysedFrames(tuple(self._raw_pts), shots, tuple(self._tracks), crops)


def _median_frame_s(raw: Sequence[int | None], time_base: Fraction) -> float:
    known = [pts for pts in raw if pts is not None]
    steps = [b - a for a, b in zip(known, known[1:], strict=False) if b > a]
    if not steps:
        return _DEFAULT_FRAME_S
    return float(np.clip(float(np.median(steps)) * float(time_base), _MIN_FRAME_S, _MAX_FRAME_S))
