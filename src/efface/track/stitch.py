"""Joining what two passes over overlapping parts of one shot have followed, without a seam.

The earlier pass knows the past of the frames that both have seen, the later one their future. In those frames the
boxes go over from one to the other bit by bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes, areas
from efface.track.tracklet import FinishedTracklet

_MIN_IOU = 0.35
"""Median overlap in the shared frames from which two tracklets follow one face; strangers side by side have less."""
_AGREED_IOU, _ASTRAY_IOU = 0.7, 0.4
"""Boxes that overlap like the first are the same but for jitter; at the second one of them has gone astray, nobody
knows which, and only a box around both is safe."""


_MAX_GROWTH = 2.0
"""Ratio of sides up to which a face that was lost may be the one that comes back."""


@dataclass(frozen=True, slots=True, eq=False)
class StitchedTracklet:
    """A tracklet of the joined parts, and the keys of those that it is made of."""

    tracklet: FinishedTracklet
    early_key: int | None
    """None where only the later part has seen the face."""
    late_keys: tuple[int, ...]
    """More than one where the later part has lost the face and found it again."""


def stitch(
    early: Sequence[FinishedTracklet],
    late: Sequence[FinishedTracklet],
    *,
    end_frame: int,
    frame_s: float,
    max_gap_s: float,
) -> list[StitchedTracklet]:
    """Join the tracklets of two parts of a shot; whatever one part alone has followed is kept as it is.

    Args:
        early: tracklets of the part that began first.
        late: tracklets of the part that goes on for longer.
        end_frame: index behind the last frame that the earlier part has seen.
        frame_s: seconds that a frame lasts.
        max_gap_s: how long a face may be lost and still be held for the same one; the frames of the gap are
            filled, so that it does not show in between.

    Returns:
        All tracklets in order of time, with new keys 1, 2, 3 …
    """
    stitched = [StitchedTracklet(t, t.key, ()) for t in early]
    left = list(late)
    for i, j in _pairs(early, late):
        stitched[i] = StitchedTracklet(_joined(early[i], late[j]), early[i].key, (late[j].key,))
        left.remove(late[j])
    while link := _nearest_over_gap(stitched, left, end_frame, frame_s, max_gap_s):
        position, found = link
        one = stitched[position]
        stitched[position] = StitchedTracklet(
            _joined(one.tracklet, found), one.early_key, (*one.late_keys, found.key)
        )
        left.remove(found)
    stitched += [StitchedTracklet(t, None, (t.key,)) for t in left]
    stitched.sort(key=lambda s: (s.tracklet.first_frame, s.early_key is None, s.tracklet.key))
    return [replace(s, tracklet=replace(s.tracklet, key=key)) for key, s in enumerate(stitched, start=1)]


def _pairs(early: Sequence[FinishedTracklet], late: Sequence[FinishedTracklet]) -> list[tuple[int, int]]:
    """Which lie on each other in the frames that both have, one to one, the longest first."""
    first_late = min((t.first_frame for t in late), default=0)
    ranked = []
    for i, one in enumerate(early):
        if one.end_frame <= first_late:
            continue
        for j, other in enumerate(late):
            first, end = max(one.first_frame, other.first_frame), min(one.end_frame, other.end_frame)
            if end > first:
                overlaps = _ious(_rows(one, first, end), _rows(other, first, end))
                if float(np.median(overlaps)) > _MIN_IOU:
                    ranked.append((-float(overlaps.sum()), i, j))
    pairs: list[tuple[int, int]] = []
    for _, i, j in sorted(ranked):
        if all(i != a and j != b for a, b in pairs):
            pairs.append((i, j))
    return pairs


def _nearest_over_gap(
    stitched: Sequence[StitchedTracklet],
    left: Sequence[FinishedTracklet],
    end_frame: int,
    frame_s: float,
    max_gap_s: float,
) -> tuple[int, FinishedTracklet] | None:
    """A face that was lost near the end of the earlier part and the tracklet that most likely goes on with it.

    One pass would have waited for the face. The earlier part did so up to its end, so only what begins behind that
    is new to it.
    """
    best: tuple[float, int, FinishedTracklet] | None = None
    for position, one in enumerate(stitched):
        if one.tracklet.end_frame + max_gap_s / frame_s < end_frame:
            continue
        for other in left:
            gap_s = (other.first_frame - one.tracklet.end_frame) * frame_s
            if other.first_frame >= end_frame and 0 <= gap_s <= max_gap_s:
                distance = _distance(one.tracklet.boxes[-1], other.boxes[0], gap_s)
                if distance is not None and (best is None or distance < best[0]):
                    best = distance, position, other
    return None if best is None else (best[1], best[2])


def _distance(lost: NDArray[np.float32], found: NDArray[np.float32], gap_s: float) -> float | None:
    """How far a face has gone as a share of how far it may have gone, as the tracker reckons; None if it is another."""
    sides = [float(np.sqrt(max(1e-3, float((box[2:] - box[:2]).prod())))) for box in (lost, found)]
    if max(sides) > _MAX_GROWTH * min(sides):
        return None
    centres = (lost[:2] + lost[2:]) / 2, (found[:2] + found[2:]) / 2
    reach = min(0.45 + 0.8 * gap_s, 1.6) * sides[0]
    share = float(np.linalg.norm(centres[0] - centres[1])) / reach
    return share if share < 1 else None


def _joined(early: FinishedTracklet, late: FinishedTracklet) -> FinishedTracklet:
    first, end = min(early.first_frame, late.first_frame), max(early.end_frame, late.end_frame)
    frames = np.arange(first, end)
    has_early = (frames >= early.first_frame) & (frames < early.end_frame)
    has_late = (frames >= late.first_frame) & (frames < late.end_frame)
    boxes_early, scores_early = _padded(early, frames)
    boxes_late, scores_late = _padded(late, frames)
    boxes = _blended(boxes_early, boxes_late, _weights(has_early, has_late))
    is_shared = (has_early & has_late)[:, None]
    scores = np.maximum(np.where(has_early, scores_early, 0), np.where(has_late, scores_late, 0))
    return FinishedTracklet(
        early.key,
        first,
        np.where(is_shared, _safe(boxes, boxes_early, boxes_late), boxes),
        scores.astype(np.float32),
        early.chances + late.chances,
    )


def _weights(has_early: NDArray[np.bool_], has_late: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n,) how much the later box counts in each frame: all where it is alone, a share that goes over evenly where
    both are there or both are missing."""
    is_alone_late, is_alone_early = has_late & ~has_early, has_early & ~has_late
    weights = is_alone_late.astype(np.float32)
    between = np.flatnonzero(~is_alone_late & ~is_alone_early)
    if len(between):
        before, behind = between[0] - 1, between[-1] + 1
        start = weights[before] if before >= 0 else np.float32(0)
        stop = weights[behind] if behind < len(weights) else np.float32(1)
        steps = np.arange(1, len(between) + 1, dtype=np.float32) / np.float32(len(between) + 1)
        weights[between] = start + (stop - start) * steps
    return weights


def _blended(a: Boxes, b: Boxes, weights: NDArray[np.float32]) -> Boxes:
    """Where only one counts, its boxes come out to the bit."""
    share = weights[:, None]
    return np.asarray(a * (1 - share) + b * share, np.float32)


def _safe(boxes: Boxes, a: Boxes, b: Boxes) -> Boxes:
    """Blended boxes, widened towards the box around both where these two do not agree."""
    hull = np.concatenate([np.minimum(a[:, :2], b[:, :2]), np.maximum(a[:, 2:], b[:, 2:])], axis=1)
    doubt = np.clip((_AGREED_IOU - _ious(a, b)) / (_AGREED_IOU - _ASTRAY_IOU), 0, 1)
    return _blended(boxes, hull, doubt)


def _padded(tracklet: FinishedTracklet, frames: NDArray[np.int_]) -> tuple[Boxes, NDArray[np.float32]]:
    """Boxes and scores of these frames; the nearest ones where the tracklet does not reach."""
    rows = np.clip(frames - tracklet.first_frame, 0, len(tracklet.scores) - 1)
    return tracklet.boxes[rows], tracklet.scores[rows]


def _rows(tracklet: FinishedTracklet, first: int, end: int) -> Boxes:
    return tracklet.boxes[first - tracklet.first_frame : end - tracklet.first_frame]


def _ious(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """(n,) overlap of each box with its counterpart."""
    shared = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None).prod(axis=1)
    return np.asarray(shared / np.maximum(areas(a) + areas(b) - shared, 1e-9), np.float32)
