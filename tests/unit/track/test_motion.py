"""Following what is inside a box."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.geometry import iou
from efface.track.motion import carry_boxes, likeness

Gray = NDArray[np.uint8]
Texture = Callable[..., Gray]

BOXES = np.array([[60, 50, 110, 110], [180, 120, 200, 144]], np.float32)


@pytest.fixture(scope="module")
def scene(texture: Texture) -> Gray:
    return texture(320, 240, 3)


def moved(picture: Gray, dx: float, dy: float, zoom: float = 1) -> tuple[Gray, NDArray[np.float32]]:
    """The picture zoomed around its origin and shifted, and the 2x3 matrix of that."""
    matrix = np.array([[zoom, 0, dx], [0, zoom, dy]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    turned = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(turned, np.uint8), matrix


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (0.4, -0.3), (3, -2), (-9.5, 7.25), (24, 12), (0, -28)])
def test_shift_is_followed_to_a_fraction_of_a_pixel(scene: Gray, dx: float, dy: float) -> None:
    carried = carry_boxes(scene, moved(scene, dx, dy)[0], BOXES)
    expected = BOXES + np.array([dx, dy, dx, dy], np.float32)
    assert np.abs(carried.boxes - expected).max() < 0.6
    assert (carried.trust > 0.5).all()
    assert carried.boxes.dtype == carried.trust.dtype == np.float32


@pytest.mark.parametrize("zoom", [0.94, 0.98, 1.03, 1.07])
def test_zoom_is_followed(scene: Gray, zoom: float) -> None:
    carried = carry_boxes(scene, moved(scene, 0, 0, zoom)[0], BOXES)
    assert np.diag(iou(carried.boxes, BOXES * zoom)).min() > 0.9
    grown = (carried.boxes[:, 2] - carried.boxes[:, 0]) / (BOXES[:, 2] - BOXES[:, 0])
    assert grown == pytest.approx([zoom] * 2, abs=0.04)


def test_way_back_leads_to_the_start(scene: Gray) -> None:
    later = moved(scene, 6, -4, 1.02)[0]
    there = carry_boxes(scene, later, BOXES)
    back = carry_boxes(later, scene, there.boxes)
    assert np.abs(back.boxes - BOXES).max() < 1


def test_only_what_moves_is_moved(stage: Any) -> None:
    box = np.array([100, 80, 148, 140], np.float32)
    shift = np.array([7, 3, 7, 3], np.float32)
    still = np.array([230, 60, 280, 120], np.float32)
    carried = carry_boxes(stage.show((box, 5)), stage.show((box + shift, 5)), np.stack([box, still]))
    assert np.abs(carried.boxes[0] - box - shift).max() < 1
    assert np.abs(carried.boxes[1] - still).max() < 0.5


def test_tiny_box_is_followed_with_its_surroundings(scene: Gray) -> None:
    tiny = np.array([[150, 100, 156, 108]], np.float32)
    carried = carry_boxes(scene, moved(scene, 4, 3)[0], tiny)
    assert np.abs(carried.boxes - tiny - [4, 3, 4, 3]).max() < 1


def test_box_is_followed_out_of_the_picture(scene: Gray) -> None:
    box, picture = np.array([[10, 80, 60, 140]], np.float32), scene
    for _ in range(6):
        later = moved(picture, -5, 0)[0]
        box = carry_boxes(picture, later, box).boxes
        picture = later
    assert box[0, 0] < -12
    assert box[0, 2] - box[0, 0] == pytest.approx(50, abs=8)


def test_box_outside_and_box_around_the_whole_picture_do_no_harm(scene: Gray) -> None:
    odd = np.array([[-90, -90, -40, -40], [400, 300, 450, 360], [-50, -50, 400, 300]], np.float32)
    carried = carry_boxes(scene, moved(scene, 2, 1)[0], odd)
    assert np.isfinite(carried.boxes).all()
    assert np.abs(carried.boxes[2] - odd[2] - [2, 1, 2, 1]).max() < 2


def test_unrelated_picture_is_not_trusted(scene: Gray, texture: Texture) -> None:
    other = texture(320, 240, 99)
    assert (carry_boxes(scene, other, BOXES).trust < 0.3).all()


def test_no_box_gives_no_box(scene: Gray) -> None:
    carried = carry_boxes(scene, scene, np.zeros((0, 4), np.float32))
    assert carried.boxes.shape == (0, 4)
    assert carried.trust.shape == (0,)


def test_tiny_pictures_do_no_harm() -> None:
    picture = np.zeros((5, 7), np.uint8)
    carried = carry_boxes(picture, picture, np.array([[1, 1, 4, 4]], np.float32))
    assert np.isfinite(carried.boxes).all()


def test_likeness_tells_the_same_from_another(scene: Gray, texture: Texture) -> None:
    box = BOXES[0]
    later = moved(scene, 4, 2)[0]
    assert likeness(scene, scene, box, box) == pytest.approx(1)
    assert likeness(scene, later, box, box + np.array([4, 2, 4, 2], np.float32)) > 0.9
    assert likeness(scene, 255 - scene, box, box) == pytest.approx(-1, abs=0.01)
    strangers = [likeness(scene, texture(320, 240, seed), box, box) for seed in range(70, 80)]
    assert np.abs(strangers).mean() < 0.35


def test_likeness_does_not_mind_brightness(scene: Gray) -> None:
    assert likeness(scene, scene // 2 + 40, BOXES[0], BOXES[0]) > 0.99


def test_nothing_to_see_is_like_nothing(scene: Gray) -> None:
    outside = np.array([400, 300, 450, 350], np.float32)
    assert likeness(scene, scene, outside, outside) == 0
    assert likeness(np.full_like(scene, 9), scene, BOXES[0], BOXES[0]) == 0
