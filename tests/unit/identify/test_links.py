"""What the places of tracks say about who is who."""

import numpy as np

from efface.domain.track import FaceTrack
from efface.identify.links import find_links

LEFT, RIGHT = (0, 0, 50, 60), (300, 0, 350, 60)
Box = tuple[float, float, float, float]


def track(track_id: int, first: int, frames: int, box: Box, score: float = 0.9) -> FaceTrack:
    boxes = np.tile(np.array(box, np.float32), (frames, 1))
    return FaceTrack(track_id, first, boxes, np.full(frames, score, np.float32))


def test_two_faces_in_one_frame_are_two_people() -> None:
    links = find_links([track(1, 0, 10, LEFT), track(2, 9, 10, RIGHT)])
    assert links.apart == {(0, 1)}
    assert links.same == frozenset()


def test_tracks_that_never_meet_are_not_linked() -> None:
    links = find_links([track(1, 0, 10, LEFT), track(2, 10, 10, RIGHT), track(3, 20, 5, LEFT)])
    assert links.apart == links.same == frozenset()


def test_two_tracks_on_one_spot_are_one_face() -> None:
    links = find_links([track(1, 0, 10, LEFT), track(2, 5, 10, (5, 5, 55, 65))])
    assert links.same == {(0, 1)}
    assert links.apart == frozenset()


def test_box_carried_by_motion_alone_parts_nobody() -> None:
    links = find_links([track(1, 0, 10, LEFT), track(2, 5, 10, RIGHT, score=0)])
    assert links.apart == frozenset()


def test_box_within_a_box_says_nothing() -> None:
    links = find_links([track(1, 0, 10, (0, 0, 100, 100)), track(2, 0, 10, (30, 30, 60, 60))])
    assert links.apart == links.same == frozenset()


def test_pairs_are_positions_in_the_order_given() -> None:
    links = find_links([track(7, 20, 5, LEFT), track(8, 0, 30, RIGHT), track(9, 0, 3, LEFT)])
    assert links.apart == {(0, 1), (1, 2)}
