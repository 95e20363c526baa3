"""Corrections are checked at birth: nothing that covers nothing, and no path that is out of date."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from efface.domain.edits import DrawnBox, DrawnRegion, Edits, FollowedRegion, MovedBox
from efface.domain.time import TimeRange

BOX = (1.0, 2.0, 11.0, 12.0)


def region(*parts: FollowedRegion, frames: tuple[int, ...] = (3,)) -> DrawnRegion:
    return DrawnRegion(1, "", None, tuple(DrawnBox(i, BOX) for i in frames), 0, 20, True, parts or None)


def followed(first_frame: int, end_frame: int, shift: float = 0) -> FollowedRegion:
    boxes = np.tile(np.array([BOX], np.float32), (end_frame - first_frame, 1)) + np.float32(shift)
    return FollowedRegion(first_frame, boxes)


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, float("nan"), 1.0), (0.0, 0.0, 2e6, 1.0), (5.0, 0.0, 5.0, 9.0), (5.0, 9.0, 6.0, 8.0)]
)
def test_box_that_covers_nothing_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="box"):
        DrawnBox(0, box)
    with pytest.raises(ValueError, match="box"):
        MovedBox(1, 0, box)
    with pytest.raises(ValueError, match="box"):
        FollowedRegion(0, np.array([BOX, box], np.float32))


def test_path_must_meet_every_box_that_was_drawn() -> None:
    assert region(followed(0, 9), followed(12, 20), frames=(3, 15)).path is not None
    with pytest.raises(ValueError, match="does not meet its key frame 3: follow it again"):
        region(followed(0, 9, shift=0.5))
    with pytest.raises(ValueError, match="does not meet its key frame 10"):
        region(followed(0, 9), frames=(3, 10))


def test_path_may_be_a_little_larger_than_what_was_drawn() -> None:
    part = followed(0, 9)
    region(replace(part, boxes=part.boxes + np.array([-0.9, -0.9, 0.9, 0.9], np.float32)))
    with pytest.raises(ValueError, match="does not meet"):
        region(replace(part, boxes=part.boxes + np.array([-1.1, 0, 0, 0], np.float32)))


def test_paths_are_equal_by_what_they_hold() -> None:
    assert followed(0, 9) == followed(0, 9)
    assert followed(0, 9) != followed(1, 10)
    assert followed(0, 9) != followed(0, 9, shift=1)
    assert followed(0, 9) != "followed"
    assert followed(4, 9).box_at(3) is None


def test_mute_of_no_length_is_refused() -> None:
    with pytest.raises(ValueError, match="must last longer than nothing"):
        Edits("0" * 64, mutes=(TimeRange(Fraction(1), Fraction(1)),))


def test_edits_know_whether_they_need_an_index_of_their_own() -> None:
    assert Edits("0" * 64, removed_tracks=(1,)).names_tracks
    assert not Edits("0" * 64, regions=(region(),)).names_tracks
    assert not Edits("0" * 64, regions=(region(),)).is_empty
