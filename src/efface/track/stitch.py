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


@dataclass(frozen=True, slots=True, eq=False)
class StitchedTracklet:
    """A tracklet of the joined parts, and the keys of those that it is made of."""

    tracklet: FinishedTracklet
    early_key: int | None
    late_key: int | None


def stitch(
    early: Sequence[FinishedTracklet], late: Sequence[FinishedTracklet], *, max_gap_frames: float
) -> list[StitchedTracklet]:
    """Join the tracklets of two parts of a shot; whatever one part alone has followed is kept as it is.

    Args:
        early: tracklets of the part that began first.
        late: tracklets of the part that goes on for longer.
        max_gap_frames: how long a face may be lost between the two and still be held for the same one; the frames
            of the gap are filled, so that it does not show in between.

    Returns:
        All tracklets in order of time, with new keys 1, 2, 3 …
    """
    pairs = _pairs(early, late, max_gap_frames)
    taken_early, taken_late = {i for i, _ in pairs}, {j for _, j in pairs}
    joined = [StitchedTracklet(_joined(early[i], late[j]), early[i].key, late[j].key) for i, j in pairs]
    joined += [StitchedTracklet(t, t.key, None) for i, t in enumerate(early) if i not in taken_early]
    joined += [StitchedTracklet(t, None, t.key) for j, t in enumerate(late) if j not in taken_late]
    joined.sort(key=lambda s: (s.tracklet.first_frame, s.early_key is None, s.tracklet.key))
    return [replace(s, tracklet=replace(s.tracklet, key=key)) for key, s in enumerate(joined, start=1)]


def _pairs(
    early: Sequence[FinishedTracklet], late: Sequence[FinishedTracklet], max_gap_frames: float
) -> list[tuple[int, int]]:
    """Which belong together, one to one: first those that lie on each other for longest, then those over a gap."""
    first_late = min((t.first_frame for t in late), default=0)
    ranked = []
    for i, one in enumerate(early):
        if one.end_frame + max_gap_frames < first_late:
            continue
        for j, other in enumerate(late):
            rank = _likeness(one, other, max_gap_frames)
            if rank is not None:
                ranked.append((rank, i, j))
    pairs: list[tuple[int, int]] = []
    for _, i, j in sorted(ranked, key=lambda r: (-r[0][0], -r[0][1], r[1], r[2])):
        if all(i != a and j != b for a, b in pairs):
            pairs.append((i, j))
    return pairs


def _likeness(
    early: FinishedTracklet, late: FinishedTracklet, max_gap_frames: float
) -> tuple[float, float] | None:
    """Overlap summed over the shared frames, and nearness; None where the two do not follow one face."""
    first, end = max(early.first_frame, late.first_frame), min(early.end_frame, late.end_frame)
    if end > first:
        overlaps = _ious(_rows(early, first, end), _rows(late, first, end))
        middle = float(np.median(overlaps))
        return (float(overlaps.sum()), middle) if middle > _MIN_IOU else None
    gap = late.first_frame - early.end_frame
    if not 0 <= gap <= max_gap_frames:
        return None
    nearness = float(_ious(early.boxes[-1:], late.boxes[:1])[0])
    return (0.0, nearness) if nearness > _MIN_IOU else None


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
