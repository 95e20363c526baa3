"""Following a drawn box over a still background, and noticing when it is gone."""

from typing import Any

import cv2
import numpy as np
import pytest

from efface.domain.geometry import ioa, iou
from efface.track.appearance import Edges, Template
from efface.track.region_follower import RegionFollower

START = np.array([60.0, 80.0, 108.0, 140.0])
STEP = np.array([2.0, 0.5, 2.0, 0.5])
HOLD = 12


def covered(truth: Edges, box: Edges) -> float:
    return float(ioa(truth[None], box[None])[0, 0])


def overlap(a: Edges, b: Edges) -> float:
    return float(iou(a[None], b[None])[0, 0])


def test_moving_patch_is_followed(stage: Any) -> None:
    follower = RegionFollower(stage.show((START, 5)), START, HOLD)
    for i in range(1, 80):
        truth = START + i * STEP
        sighting = follower.advance(stage.show((truth, 5)))
        assert sighting.is_sure
        assert covered(truth, sighting.box) > 0.95
        assert overlap(truth, sighting.box) > 0.8


@pytest.mark.parametrize("zoom", [1.012, 0.996])
def test_change_of_size_is_followed(stage: Any, zoom: float) -> None:
    follower = RegionFollower(stage.show((START, 5)), START, HOLD)
    for i in range(1, 60):
        centre, half = (START[:2] + START[2:]) / 2, (START[2:] - START[:2]) / 2 * zoom**i
        truth = np.concatenate([centre - half, centre + half])
        sighting = follower.advance(stage.show((truth, 5)))
        assert covered(truth, sighting.box) > 0.9
        assert overlap(truth, sighting.box) > 0.6


def test_patch_that_is_gone_is_noticed_held_and_covered_more_and_more(stage: Any) -> None:
    follower = RegionFollower(stage.show((START, 5)), START, HOLD)
    for i in range(1, 20):
        follower.advance(stage.show((START + i * STEP, 5)))
    # From here on there is only the background.
    boxes = []
    for _ in range(HOLD):
        sighting = follower.advance(stage.show())
        assert not sighting.is_sure
        boxes.append(sighting.box)
    assert follower.num_unsure == HOLD
    areas = [float(np.prod(box[2:] - box[:2])) for box in boxes]
    assert areas == sorted(areas)
    assert areas[-1] > 3 * float(np.prod(START[2:] - START[:2]))
    # Where it was last, and where it would be by now.
    assert covered(START + 19 * STEP, boxes[-1]) == 1
    assert covered(START + (19 + HOLD) * STEP, boxes[-1]) > 0.95


def test_patch_is_found_again_behind_what_came_in_front_of_it(stage: Any) -> None:
    # A post that the patch passes behind.
    post = np.array([150.0, 0.0, 190.0, 240.0])
    follower = RegionFollower(stage.show((START, 5), (post, 9)), START, 40)
    sure = []
    for i in range(1, 90):
        truth = START + i * STEP
        sighting = follower.advance(stage.show((truth, 5), (post, 9)))
        sure.append(sighting.is_sure)
        visible = truth[0] >= 190 or truth[2] <= 150
        if not visible:
            assert covered(truth, sighting.box) > 0.7
    assert not all(sure)
    assert all(sure[-5:])
    assert overlap(START + 89 * STEP, sighting.box) > 0.6


def test_patch_that_leaves_the_picture_is_lost(stage: Any) -> None:
    follower = RegionFollower(stage.show((START, 5)), START, HOLD)
    for i in range(1, 60):
        sighting = follower.advance(stage.show((START - i * np.array([4.0, 0, 4.0, 0]), 5)))
        if follower.num_unsure >= HOLD:
            break
    assert not sighting.is_sure
    # 27 steps take it all the way out.
    assert 20 <= i - HOLD <= 32


def test_plain_box_is_followed_by_its_brightness(stage: Any) -> None:
    """Nothing in it to follow, as in a switched-off screen, and nothing to correlate."""
    assert Template(stage.show((START, 0)), START).is_plain
    follower = RegionFollower(stage.show((START, 0)), START, HOLD)
    for i in range(1, 40):
        truth = START + i * STEP
        sighting = follower.advance(stage.show((truth, 0)))
        assert sighting.is_sure
        assert covered(truth, sighting.box) > 0.85
    for _ in range(HOLD):
        sighting = follower.advance(stage.show())
    assert follower.num_unsure == HOLD


def test_change_of_light_is_no_loss(stage: Any) -> None:
    follower = RegionFollower(stage.show((START, 5)), START, HOLD)
    for i in range(1, 50):
        gray = cv2.convertScaleAbs(stage.show((START + i * STEP, 5)), alpha=1 - 0.01 * i, beta=0.2 * i)
        assert follower.advance(np.asarray(gray, np.uint8)).is_sure


def test_template_finds_its_place_and_size_again(stage: Any) -> None:
    template = Template(stage.show((START, 5)), START)
    centre, half = (START[:2] + START[2:]) / 2 + 6, (START[2:] - START[:2]) / 2 * 1.03
    truth = np.concatenate([centre - half, centre + half])
    found = template.find(stage.show((truth, 5)), START, 0.3)
    assert found.likeness > 0.9
    assert np.abs(found.box - truth).max() < 2


def test_template_out_of_the_picture_is_like_nothing(stage: Any) -> None:
    template = Template(stage.show((START, 5)), START)
    assert template.find(stage.show(), START - 400, 0.3).likeness == 0
