"""Which other faces are covered near a place at a moment."""

from dataclasses import dataclass

import numpy as np

from efface.domain.geometry import Boxes, areas
from efface.index.risk.rows import Floats, Ints, TrackRows, centres, distances, longer_sides

_MASK_GROWTH = 0.25
"""How far a mask reaches beyond its face on each side, in sides: `plan.margin` makes masks 1.5 times as large."""
_CHUNK = 512
"""Places asked for at a time, so that memory does not grow with the square of the number of tracks."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearby:
    """What lies around m places."""

    covered: Floats
    """(m,) largest share of a place's box that lies under the mask of one other face."""
    distance: Floats
    """(m,) from the middle to that of the nearest other face, in their mean sides; infinite where there is none."""


def find_nearby(rows: TrackRows, frames: Ints, boxes: Boxes, own: Ints) -> Nearby:
    """Look around places.

    Args:
        rows: all tracks.
        frames: (m,) when.
        boxes: (m, 4) where.
        own: (m,) positions of the tracks that do not count as others.
    """
    covered = np.zeros(len(frames), np.float32)
    distance = np.full(len(frames), np.inf, np.float32)
    for start in range(0, len(frames), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        when = frames[chunk, None]
        is_there = (rows.first_frame <= when) & (when < rows.end_frame)
        is_there &= np.arange(len(rows.first_frame)) != own[chunk, None]
        place, track = np.nonzero(is_there)
        place += start
        here = boxes[place]
        other = rows.boxes[rows.starts[track] + frames[place] - rows.first_frame[track]]
        np.maximum.at(covered, place, _share_under(here, other))
        np.minimum.at(distance, place, _distances(here, other))
    return Nearby(covered, distance)


def _share_under(boxes: Boxes, others: Boxes) -> Floats:
    """(k,) share of each box under the mask of its counterpart."""
    reach = np.tile(others[:, 2:] - others[:, :2], 2) * np.array([-1, -1, 1, 1], np.float32) * _MASK_GROWTH
    masks = others + reach
    shared = np.concatenate(
        [np.maximum(boxes[:, :2], masks[:, :2]), np.minimum(boxes[:, 2:], masks[:, 2:])], 1
    )
    return np.asarray(areas(shared) / np.maximum(areas(boxes), 1e-9), np.float32)


def _distances(boxes: Boxes, others: Boxes) -> Floats:
    """(k,) distance of the middles in mean sides."""
    way = distances(centres(boxes), centres(others))
    return np.asarray(way / np.maximum((longer_sides(boxes) + longer_sides(others)) / 2, 1e-3), np.float32)
