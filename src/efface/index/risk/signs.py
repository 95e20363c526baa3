"""Signs of risk that lie in the rows of a track: how surely its face was seen, and how it moves."""

from collections.abc import Callable, Mapping

import numpy as np

from efface.detect.schedule import SearchSchedule
from efface.index.risk.model import RiskReason
from efface.index.risk.moments import Moments, as_matrix, first_of_largest, ramp
from efface.index.risk.rows import Floats, Ints, TrackRows, centres, distances

WINDOW_S = 0.5
"""Length of the moments that a track is cut into: what a person takes in with one still."""

_CARRIED_S = (0.17, 0.6)
"""Seconds to the nearest detection. Frames are searched every 0.16 s, so a row between two searches is no sign, nor is
one search in vain; a mask stays for 0.6 s at most behind the last detection."""
_UNSURE = (0.55, 0.25)
"""Mean score of the detections within a window. True faces mostly score above the first; a track starts at the
second."""
_FAST = (0.35, 1.0)
"""How far a face goes in 0.1 s, in sides of its box. A mask reaches a quarter of a side beyond the face; at one side
the boxes of two searches do not touch."""
_MOTION_S = 0.1
_GROWTH = (1.25, 1.8)
"""Ratio of the sides of a box 0.2 s apart, whichever is larger."""
_GROWTH_S = 0.2
_SMALL = (2.5, 1.0)
"""Side of a face over that of the smallest face that a thorough search finds."""
_AT_CUT = 0.25
"""Strength of a cut that a track reaches, against one that it falls short of."""
_BRIEF_S = (0.6, 0.2)
"""Length of a track."""


def moments_of_rows(rows: TrackRows, weights: Mapping[RiskReason, float]) -> Moments:
    """The rows of each track in windows of ``WINDOW_S``; each shows its worst frame.

    Args:
        rows: all tracks.
        weights: how much each reason tells, to choose the frame by.
    """
    # Windows of frames are numbered once, not of the many more rows.
    window = np.floor(rows.seconds / WINDOW_S).astype(np.int64)[rows.frame]
    is_new = (np.diff(window, prepend=-1) != 0) | (np.diff(rows.track, prepend=-1) != 0)
    heads = np.flatnonzero(is_new)
    tails = np.append(heads[1:], len(window)) - 1
    worth = np.zeros(len(rows.frame), np.float32)
    strongest: dict[RiskReason, Floats] = {}
    for reason, strength_of in _SIGNS.items():
        strength = strength_of(rows)
        worth += np.float32(weights[reason]) * strength
        strongest[reason] = np.maximum.reduceat(strength, heads)
    worst = first_of_largest(worth, heads)
    return Moments(
        rows.frame[worst],
        rows.frame[heads],
        rows.frame[tails] + 1,
        rows.track[heads],
        rows.boxes[worst],
        as_matrix(strongest, len(heads)),
    )


def _carried(rows: TrackRows) -> Floats:
    """By the time to the nearest detection of the same track, before or behind a row."""
    order = np.arange(len(rows.frame))
    is_hit = rows.scores > 0
    before = np.maximum.accumulate(np.where(is_hit, order, -1))
    behind = np.minimum.accumulate(np.where(is_hit, order, len(order))[::-1])[::-1]
    here = rows.seconds[rows.frame]
    since = np.where(before >= rows.starts[rows.track], here - here[np.maximum(before, 0)], np.inf)
    until = np.where(behind < rows.ends[rows.track], here[np.minimum(behind, len(here) - 1)] - here, np.inf)
    return ramp(np.minimum(since, until), *_CARRIED_S)


def _unsure(rows: TrackRows) -> Floats:
    reach = rows.frames_within(WINDOW_S / 2)
    order = np.arange(len(rows.frame))
    first = np.maximum(order - reach, rows.starts[rows.track])
    end = np.minimum(order + reach + 1, rows.ends[rows.track])
    sums = np.append(0.0, np.cumsum(rows.scores, dtype=np.float64))
    counts = np.append(0, np.cumsum(rows.scores > 0))
    hits = counts[end] - counts[first]
    mean = (sums[end] - sums[first]) / np.maximum(hits, 1)
    # Without a detection in reach nothing is known of how sure it would be: that is CARRIED.
    return np.where(hits > 0, ramp(mean, *_UNSURE), np.float32(0))


def _fast(rows: TrackRows) -> Floats:
    here, there = _apart(rows, _MOTION_S)
    middle = centres(rows.boxes)
    way = distances(middle[here], middle[there])
    return ramp(way / np.maximum(np.minimum(rows.sides[here], rows.sides[there]), 1e-3), *_FAST)


def _growth(rows: TrackRows) -> Floats:
    here, there = _apart(rows, _GROWTH_S)
    ratio = rows.sides[there] / np.maximum(rows.sides[here], 1e-3)
    return ramp(np.maximum(ratio, 1 / np.maximum(ratio, 1e-3)), *_GROWTH)


def _small(rows: TrackRows) -> Floats:
    smallest = SearchSchedule(rows.size).thorough().min_visible
    return ramp(rows.sides / np.float32(smallest), *_SMALL)


def _brief(rows: TrackRows) -> Floats:
    """A track that fills its shot is as long as it can be."""
    length_s = rows.seconds[rows.end_frame] - rows.seconds[rows.first_frame]
    fills_shot = (rows.first_frame == rows.shot_first) & (rows.end_frame == rows.shot_end)
    return np.where(fills_shot, np.float32(0), ramp(length_s, *_BRIEF_S))[rows.track]


def _at_cut(rows: TrackRows) -> Floats:
    """First and last frames of shots: a cut that is taken to be one frame off bares the face there, but few are."""
    starts = (rows.frame == rows.shot_first[rows.track]) & (rows.frame > 0)
    ends = (rows.frame == rows.shot_end[rows.track] - 1) & (rows.frame < rows.num_frames - 1)
    return np.where(starts | ends, np.float32(_AT_CUT), np.float32(0))


def _apart(rows: TrackRows, seconds: float) -> tuple[Ints, Ints]:
    """For each row two rows of its track, about ``seconds`` apart around it; fewer at the ends."""
    reach = rows.frames_within(seconds)
    order = np.arange(len(rows.frame))
    here = np.maximum(order - reach // 2, rows.starts[rows.track])
    return here, np.minimum(here + reach, rows.ends[rows.track] - 1)


_SIGNS: Mapping[RiskReason, Callable[[TrackRows], Floats]] = {
    RiskReason.CARRIED: _carried,
    RiskReason.UNSURE: _unsure,
    RiskReason.FAST: _fast,
    RiskReason.GROWTH: _growth,
    RiskReason.SMALL: _small,
    RiskReason.BRIEF: _brief,
    RiskReason.CUT: _at_cut,
}
