"""What the tracks' places alone say: two at one time are two people, two on one spot are one face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from efface.domain.geometry import areas
from efface.domain.track import FaceTrack

_SAME_SPOT_IOU = 0.5
_APART_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class TrackLinks:
    """Pairs of positions ``(i, j)``, ``i < j``, in the sequence of tracks."""

    same: frozenset[tuple[int, int]]
    """Two tracks of one face: they lie on the same spot in the frames they share."""
    apart: frozenset[tuple[int, int]]
    """Two people: both were seen in one frame, in different places."""


def find_links(tracks: Sequence[FaceTrack]) -> TrackLinks:
    """Compare all tracks that share frames."""
    same: set[tuple[int, int]] = set()
    apart: set[tuple[int, int]] = set()
    for i, j in _overlapping(tracks):
        relation = _relation(tracks[i], tracks[j])
        if relation is not None:
            (same if relation else apart).add((min(i, j), max(i, j)))
    return TrackLinks(frozenset(same), frozenset(apart))


def _overlapping(tracks: Sequence[FaceTrack]) -> Iterator[tuple[int, int]]:
    """Pairs of tracks that share frames, by a sweep over time."""
    open_tracks: list[int] = []
    for j in sorted(range(len(tracks)), key=lambda k: (tracks[k].first_frame, k)):
        open_tracks = [i for i in open_tracks if tracks[i].end_frame > tracks[j].first_frame]
        yield from ((i, j) for i in open_tracks)
        open_tracks.append(j)


def _relation(a: FaceTrack, b: FaceTrack) -> bool | None:
    """True: one face; False: two people; None: their frames do not say."""
    first, end = max(a.first_frame, b.first_frame), min(a.end_frame, b.end_frame)
    rows_a = slice(first - a.first_frame, end - a.first_frame)
    rows_b = slice(first - b.first_frame, end - b.first_frame)
    boxes_a, boxes_b = a.boxes[rows_a], b.boxes[rows_b]
    sides = np.minimum(boxes_a[:, 2:], boxes_b[:, 2:]) - np.maximum(boxes_a[:, :2], boxes_b[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    area_a, area_b = areas(boxes_a), areas(boxes_b)
    overlap = shared / np.maximum(area_a + area_b - shared, 1e-9)
    if float(np.median(overlap)) > _SAME_SPOT_IOU:
        return True
    # Only frames in which both were really detected count: a box carried on by motion may stand where
    # nobody is.
    are_seen = (a.scores[rows_a] > 0) & (b.scores[rows_b] > 0)
    share = shared / np.maximum(np.minimum(area_a, area_b), 1e-9)
    return False if bool((are_seen & (share < _APART_SHARE)).any()) else None
