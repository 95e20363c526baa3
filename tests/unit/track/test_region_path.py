"""The way of a region through a shot, from all of its key frames."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from efface.domain.geometry import ioa
from efface.track.appearance import Edges
from efface.track.motion import Gray
from efface.track.region_path import RegionPath, follow_through_shot, num_steps

START = np.array([60.0, 80.0, 108.0, 140.0])
STEP = np.array([2.0, 0.0, 2.0, 0.0])
HOLD = 10


def truth(frame: int) -> Edges:
    return np.asarray(START + frame * STEP)


def shown(stage: Any, gone: range = range(0)) -> Callable[[int], Gray]:
    """Pictures of a patch that moves to the right and cannot be seen in some frames."""
    return lambda frame: stage.show() if frame in gone else stage.show((truth(frame), 5))


def followed(picture: Callable[[int], Gray], frames: range, *keyframes: int) -> RegionPath:
    steps: list[int] = []
    path = follow_through_shot(
        frames, [(frame, truth(frame)) for frame in keyframes], picture, HOLD, lambda: steps.append(1)
    )
    assert len(steps) <= num_steps(frames, keyframes)
    return path


def assert_covers(path: RegionPath, frames: range, share: float = 0.95) -> None:
    for frame in frames:
        box = path.boxes[frame - path.first_frame]
        assert float(ioa(truth(frame)[None], box[None])[0, 0]) >= share, f"frame {frame}"


@pytest.mark.parametrize("keyframes", [(0,), (20,), (39,), (10, 30), (5, 6, 25)])
def test_region_is_covered_through_the_shot_and_exact_where_it_was_drawn(
    stage: Any, keyframes: tuple[int, ...]
) -> None:
    path = followed(shown(stage), range(40), *keyframes)
    assert (path.first_frame, len(path.boxes), path.lost_at) == (0, 40, ())
    assert_covers(path, range(40))
    for frame in keyframes:
        assert (path.boxes[frame] == truth(frame)).all()


def test_region_is_not_followed_beyond_the_frames_asked_for(stage: Any) -> None:
    asked: list[int] = []

    def picture(frame: int) -> Gray:
        asked.append(frame)
        return shown(stage)(frame)

    path = followed(picture, range(10, 30), 20)
    assert (path.first_frame, len(path.boxes)) == (10, 20)
    assert set(asked) == set(range(10, 30))


def test_region_that_is_lost_is_held_for_a_while_and_told(stage: Any) -> None:
    path = followed(shown(stage, gone=range(25, 80)), range(80), 5)
    assert path.lost_at == (25,)
    assert path.first_frame == 0
    # Held where it was last seen, for as long as was asked.
    assert len(path.boxes) == 25 + HOLD
    assert_covers(path, range(25 + HOLD), 0.9)


def test_region_that_is_lost_on_the_way_back_is_told_too(stage: Any) -> None:
    path = followed(shown(stage, gone=range(20)), range(60), 50)
    assert path.lost_at == (19,)
    assert path.first_frame == 20 - HOLD


def test_region_lost_between_two_drawn_boxes_is_covered_all_the_way(stage: Any) -> None:
    path = followed(shown(stage, gone=range(15, 45)), range(60), 5, 55)
    assert len(path.boxes) == 60
    assert_covers(path, range(60), 0.9)
    # Seen from neither side from here on.
    assert path.lost_at == (15,)
    assert (path.boxes[55] == truth(55)).all()


def test_two_ways_that_disagree_are_both_covered(stage: Any) -> None:
    """The second box was drawn over another patch: which one is meant between them is not known."""
    other = np.array([200.0, 30.0, 248.0, 90.0])
    still = np.array([60.0, 150.0, 108.0, 210.0])
    picture = stage.show((other, 7), (still, 5))
    path = follow_through_shot(range(20), [(0, still), (19, other)], lambda _: picture, HOLD, lambda: None)
    assert float(ioa(other[None], path.boxes[10][None])[0, 0]) > 0.95
    assert float(ioa(still[None], path.boxes[10][None])[0, 0]) > 0.95
