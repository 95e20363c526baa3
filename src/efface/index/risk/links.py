"""Pairs of tracks that most likely show one face, which nothing covers between them."""

from dataclasses import dataclass

import numpy as np

from efface.index.risk.rows import Ints, TrackRows, centres, distances, longer_sides

MAX_GAP_S = 2.5
"""Longest time between two tracks that counts as a gap; somewhat longer than the tracker looks for a lost face."""
_MAX_GROWTH = 2.2
"""Ratio of sides up to which the face that is found may be the one that was lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """k pairs of tracks of one shot; no track is early twice or late twice."""

    early: Ints
    """(k,) positions of tracks that end."""
    late: Ints
    """(k,) positions of the tracks that go on with their faces."""


def find_gaps(rows: TrackRows) -> Links:
    """For each track that ends, the one that soon goes on: of the same person, or else from where it has ended.

    The place counts for itself because people are told apart badly by the short tracks that gaps leave.
    """
    early, late = _soon_after(rows)
    apart_s = rows.seconds[rows.first_frame[late]] - rows.seconds[rows.end_frame[early]]
    is_same = rows.face_ids[early] == rows.face_ids[late]
    last, following = rows.boxes[rows.ends[early] - 1], rows.boxes[rows.starts[late]]
    sides = longer_sides(last), longer_sides(following)
    smaller = np.maximum(np.minimum(*sides), 1e-3)
    way = distances(centres(following), centres(last)) / smaller
    # About as far as the tracker lets a face go that it has lost.
    is_near = (np.maximum(*sides) <= _MAX_GROWTH * smaller) & (way <= 0.6 + 0.8 * apart_s)
    ranked = np.lexsort((rows.track_ids[late], apart_s, ~is_same))
    return _best(early, late, ranked[(is_same | is_near)[ranked]])


def find_absences(rows: TrackRows) -> Links:
    """Tracks of one person that follow each other after more than a gap, with nobody at all between them.

    Where others are in view the person was searched for with them, and has more likely left.
    """
    order = np.lexsort((rows.first_frame, rows.shot_first, rows.face_ids))
    early, late = order[:-1], order[1:]
    apart_s = rows.seconds[rows.first_frame[late]] - rows.seconds[rows.end_frame[early]]
    follows = (
        (rows.face_ids[early] == rows.face_ids[late])
        & (rows.shot_first[early] == rows.shot_first[late])
        & (apart_s > MAX_GAP_S)
    )
    early, late = early[follows], late[follows]
    steps = np.zeros(rows.num_frames + 1, np.int64)
    np.add.at(steps, rows.first_frame, 1)
    np.add.at(steps, rows.end_frame, -1)
    seen = np.append(0, np.cumsum(np.cumsum(steps)[:-1] > 0))
    is_empty = seen[rows.first_frame[late]] == seen[rows.end_frame[early]]
    return Links(early[is_empty], late[is_empty])


def _soon_after(rows: TrackRows) -> tuple[Ints, Ints]:
    """All pairs of tracks of one shot of which the second begins within ``MAX_GAP_S`` after the first has ended."""
    order = np.lexsort((rows.first_frame, rows.shot_first))
    stride = rows.num_frames + 2
    begins = rows.shot_first[order] * stride + rows.first_frame[order]
    until = np.searchsorted(rows.seconds, rows.seconds[rows.end_frame] + MAX_GAP_S, side="right") - 1
    low = np.searchsorted(begins, rows.shot_first * stride + rows.end_frame, side="left")
    high = np.searchsorted(begins, rows.shot_first * stride + until, side="right")
    counts = np.maximum(high - low, 0)
    early = np.repeat(np.arange(len(low)), counts)
    offsets = np.arange(len(early)) - np.repeat(np.cumsum(counts) - counts, counts)
    return early, order[np.repeat(low, counts) + offsets]


def _best(early: Ints, late: Ints, ranked: Ints) -> Links:
    """The best pair of each track that ends, and of these the best of each that goes on.

    Args:
        early: (k,) positions of tracks that end.
        late: (k,) positions of tracks that begin later.
        ranked: the pairs to choose from, the best first.
    """
    _, first = np.unique(early[ranked], return_index=True)
    chosen = ranked[np.sort(first)]
    _, first = np.unique(late[chosen], return_index=True)
    chosen = chosen[np.sort(first)]
    return Links(early[chosen], late[chosen])
