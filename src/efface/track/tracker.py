"""Following faces through a shot, forwards while it plays and backwards to where each was first to be seen."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from efface.domain.detection import Detections
from efface.domain.geometry import Boxes, Size, areas, clip_boxes, iou
from efface.track.assignment import best_pairs
from efface.track.motion import Gray, carry_boxes, likeness
from efface.track.tracklet import Tracklet

_MIN_VISIBLE_SHARE = 0.12
"""Share of a face box inside the frame below which the face has left; half a profile at the border still tells."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Times in seconds, scores in [0, 1]; lower ``min_*`` scores hide more faces and more that are none."""

    min_start_score: float = 0.25
    """Least confidence of a detection that starts a track."""
    min_hit_score: float = 0.12
    """Least confidence of a detection that continues one."""
    max_gap_s: float = 1.5
    """How long a face may stay unseen by the detector before its track ends."""
    max_tail_s: float = 0.6
    """How long a mask stays behind the last detection while the picture under it still looks like the face."""
    max_lead_s: float = 1.8
    """How far back from the first detection the face is looked for; longer than the time between thorough searches."""


@dataclass(slots=True)
class _Moment:
    """One past frame of the shot, for tracing back."""

    index: int
    gray: Gray
    weak: Detections
    """Detections that no track took."""


@dataclass(slots=True)
class SearchResult:
    """Detections of one frame, and how small a face that search could see."""

    detections: Detections
    """In analysis pixels."""
    min_visible: float
    """Longer side in analysis pixels of the smallest face that this search finds."""


@dataclass(slots=True)
class Tracker:
    """Builds the tracklets of one shot at a time; ``step`` must be called for every frame in order."""

    size: Size
    """Of the analysis pictures."""
    frame_s: float
    """Median duration of a frame in seconds."""
    settings: TrackerSettings = field(default_factory=TrackerSettings)
    _open: list[Tracklet] = field(default_factory=list)
    _closed: list[Tracklet] = field(default_factory=list)
    _past: deque[_Moment] = field(default_factory=deque)
    _next_key: int = 1

    def step(self, index: int, gray: Gray, search: SearchResult | None) -> list[tuple[int, int]]:
        """Take the next frame of the shot.

        Args:
            index: the frame's index, one more than the last.
            gray: (h, w) uint8 analysis picture.
            search: what a detector found in it, None if it was not searched.

        Returns:
            (tracklet key, row of ``search.detections``) for each detection that a tracklet took.
        """
        self._carry_open(gray)
        taken: list[tuple[int, int]] = []
        weak = Detections.empty()
        if search is not None:
            taken, weak = self._take_detections(index, gray, search)
        self._remember(_Moment(index, gray, weak))
        for tracklet in self._open:
            if not tracklet.is_traced_back and _is_believable(tracklet):
                self._trace_back(tracklet)
        self._close_lost(index)
        return taken

    def end_shot(self) -> list[Tracklet]:
        """Close all tracklets and forget the pictures; returns what the shot has yielded, unfiltered."""
        for tracklet in self._open:
            self._close(tracklet)
        done, self._closed, self._open = self._closed, [], []
        self._past.clear()
        return sorted(done, key=lambda t: (t.first_frame, t.key))

    def open_boxes(self) -> Boxes:
        """(n, 4) boxes, in analysis pixels, of the faces that are being followed and were seen lately."""
        boxes = [t.boxes[-1] for t in self._open if t.pending_chances < 3]
        return np.stack(boxes).astype(np.float32) if boxes else np.zeros((0, 4), np.float32)

    def _carry_open(self, gray: Gray) -> None:
        if not self._open or not self._past:
            return
        boxes = np.stack([t.boxes[-1] for t in self._open]).astype(np.float32)
        carried = carry_boxes(self._past[-1].gray, gray, boxes)
        for tracklet, box, trust in zip(self._open, carried.boxes, carried.trust, strict=True):
            moved = box if trust >= 0.3 else tracklet.boxes[-1] + 0.7 * tracklet.velocity
            tracklet.carry(np.asarray(moved, np.float32), gray, float(trust))

    def _take_detections(
        self, index: int, gray: Gray, search: SearchResult
    ) -> tuple[list[tuple[int, int]], Detections]:
        found = search.detections
        pairs = self._associate(index, found)
        hit = {row for _, row in pairs}
        matched = {position for position, _ in pairs}
        for position, row in pairs:
            self._open[position].hit(found.boxes[row], float(found.scores[row]), gray, carried_weight=0.25)
        for position, tracklet in enumerate(self._open):
            if (
                position not in matched
                and float((tracklet.boxes[-1][2:] - tracklet.boxes[-1][:2]).max()) >= search.min_visible
            ):
                tracklet.pending_chances += 1
        taken = [(self._open[position].key, row) for position, row in pairs]
        left = np.array([row for row in range(len(found)) if row not in hit], np.intp)
        started = set()
        for row in left:
            if found.scores[row] >= self.settings.min_start_score and not self._is_covered(
                found.boxes[row], matched
            ):
                taken.append((self._start(index, gray, found.boxes[row], float(found.scores[row])), int(row)))
                started.add(int(row))
        return taken, found.select(np.array([row for row in left if int(row) not in started], np.intp))

    def _start(self, index: int, gray: Gray, box: NDArray[np.float32], score: float) -> int:
        tracklet = Tracklet(self._next_key, index, [box], [score], [True], gray, box, index)
        self._next_key += 1
        self._open.append(tracklet)
        return tracklet.key

    def _is_covered(self, box: NDArray[np.float32], matched: set[int]) -> bool:
        """True where a tracklet that has its own detection already covers this box: a second answer for one face."""
        boxes = [self._open[i].boxes[-1] for i in sorted(matched)]
        return bool(boxes) and bool((iou(box[None], np.stack(boxes)) > 0.45).any())

    def _associate(self, index: int, found: Detections) -> list[tuple[int, int]]:
        """Pairs (position in ``_open``, row of ``found``): sure detections first, then the weak ones."""
        pairs: list[tuple[int, int]] = []
        strong = found.scores >= self.settings.min_start_score
        weak = (found.scores >= self.settings.min_hit_score) & ~strong
        for candidates in (np.nonzero(strong)[0], np.nonzero(weak)[0]):
            busy = {position for position, _ in pairs}
            free = [i for i in range(len(self._open)) if i not in busy]
            if not free or len(candidates) == 0:
                continue
            affinity = self._affinity(index, [self._open[i] for i in free], found.boxes[candidates])
            pairs += [(free[row], int(candidates[column])) for row, column in best_pairs(affinity)]
        return pairs

    def _affinity(self, index: int, tracklets: list[Tracklet], boxes: Boxes) -> NDArray[np.float32]:
        """(n, m) how well detections continue tracklets; 0 where they cannot."""
        predicted = np.stack([t.boxes[-1] for t in tracklets]).astype(np.float32)
        sides = np.sqrt(np.maximum(1e-3, (predicted[:, 2:] - predicted[:, :2]).prod(axis=1)))
        other = np.sqrt(np.maximum(1e-3, (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)))
        ratio = np.maximum(sides[:, None] / other[None], other[None] / sides[:, None])
        centres, centres_found = (predicted[:, :2] + predicted[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
        distance = np.linalg.norm(centres[:, None] - centres_found[None], axis=2) / sides[:, None]
        gaps = np.array([(index - t.last_hit) * self.frame_s for t in tracklets], np.float32)
        # The longer a face went unseen, and the longer a frame lasts, the further it may have gone.
        reach = np.minimum(0.45 + 0.8 * gaps, 1.6)[:, None]
        closeness = np.clip(1 - distance / reach, 0, 1)
        possible = (ratio <= 2.0) & ((iou(predicted, boxes) > 0.25) | (distance < reach))
        return np.where(possible, iou(predicted, boxes) + closeness + 1e-3, 0).astype(np.float32)

    def _remember(self, moment: _Moment) -> None:
        self._past.append(moment)
        while len(self._past) > max(2, round(self.settings.max_lead_s / self.frame_s) + 2):
            self._past.popleft()

    def _trace_back(self, tracklet: Tracklet) -> None:
        """Follow the face backwards from its first row to where it was first to be seen in the shot."""
        tracklet.is_traced_back = True
        moments = [m for m in self._past if m.index <= tracklet.first_frame]
        if not moments or moments[-1].index != tracklet.first_frame:
            return
        reference, reference_box = moments[-1].gray, tracklet.boxes[0]
        budget = round(self.settings.max_lead_s / self.frame_s)
        for later, earlier in zip(moments[::-1], moments[-2::-1], strict=False):
            carried = carry_boxes(later.gray, earlier.gray, tracklet.boxes[0][None].astype(np.float32))
            box, score = carried.boxes[0], 0.0
            seen = iou(box[None], earlier.weak.boxes)[0] if len(earlier.weak) else np.zeros(0)
            if len(seen) and seen.max() > 0.35:
                row = int(seen.argmax())
                box, score = earlier.weak.boxes[row], float(earlier.weak.scores[row])
                reference, reference_box = earlier.gray, box
            elif carried.trust[0] < 0.35 or likeness(reference, earlier.gray, reference_box, box) < 0.4:
                break
            if (
                budget <= 0
                or self._is_known(earlier.index, box, tracklet.key)
                or self._are_outside(box[None])[0]
            ):
                break
            tracklet.prepend(np.asarray(box, np.float32), score)
            budget -= 1

    def _is_known(self, index: int, box: NDArray[np.float32], key: int) -> bool:
        """True where another tracklet covers this box in that frame."""
        rows = [
            t.boxes[index - t.first_frame]
            for t in (*self._open, *self._closed)
            if t.key != key and t.first_frame <= index <= t.last_frame
        ]
        return bool(rows) and bool((iou(box[None], np.stack(rows)) > 0.5).any())

    def _are_outside(self, boxes: Boxes) -> NDArray[np.bool_]:
        """(n,) True where so little of a face is left inside the frame that nobody can be known by it."""
        inside = areas(clip_boxes(boxes, self.size))
        return np.asarray(inside < _MIN_VISIBLE_SHARE * areas(boxes))

    def _close_lost(self, index: int) -> None:
        if not self._open:
            return
        longest = self.settings.max_gap_s / self.frame_s
        outside = self._are_outside(np.stack([t.boxes[-1] for t in self._open]))
        still = []
        for tracklet, is_outside in zip(self._open, outside, strict=True):
            if is_outside or index - tracklet.last_hit > longest or _is_flash(tracklet):
                self._close(tracklet)
            else:
                still.append(tracklet)
        self._open = still

    def _close(self, tracklet: Tracklet) -> None:
        tracklet.trim_tail(max(1, round(self.settings.max_tail_s / self.frame_s)))
        self._closed.append(tracklet)


def _is_believable(tracklet: Tracklet) -> bool:
    """Worth tracing back: seen twice, or once and surely."""
    scores = tracklet.hit_scores
    return len(scores) >= 2 or scores[0] >= 0.5


def _is_flash(tracklet: Tracklet) -> bool:
    """Not worth following on: seen once, not surely, and then missed twice."""
    return tracklet.pending_chances >= 2 and not _is_believable(tracklet)
