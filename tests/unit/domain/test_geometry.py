"""Boxes and turned pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from efface.domain.geometry import Orientation, Size, areas, clip_boxes, intersections, ioa, iou, nms

ORIENTATIONS = st.sampled_from(list(Orientation))


@st.composite
def box_lists(draw: st.DrawFn, most: int = 8) -> NDArray[np.float32]:
    """(n, 4) boxes with whole corners, none of them empty."""
    corners = st.tuples(st.integers(-20, 80), st.integers(-20, 80), st.integers(1, 60), st.integers(1, 60))
    rows = [(x, y, x + w, y + h) for x, y, w, h in draw(st.lists(corners, max_size=most))]
    return np.array(rows, np.float32).reshape(-1, 4)


@st.composite
def pictures_with_box(draw: st.DrawFn) -> tuple[Size, Orientation, tuple[int, int, int, int]]:
    """A coded size, how it is turned, and a box inside the upright picture."""
    coded = Size(draw(st.integers(1, 30)), draw(st.integers(1, 30)))
    orientation = draw(ORIENTATIONS)
    upright = orientation.upright_size(coded)
    x1, y1 = draw(st.integers(0, upright.width - 1)), draw(st.integers(0, upright.height - 1))
    x2, y2 = draw(st.integers(x1 + 1, upright.width)), draw(st.integers(y1 + 1, upright.height))
    return coded, orientation, (x1, y1, x2, y2)


@given(pictures_with_box())
def test_boxes_and_pictures_are_turned_alike(
    case: tuple[Size, Orientation, tuple[int, int, int, int]],
) -> None:
    coded_size, orientation, (x1, y1, x2, y2) = case
    coded = np.arange(coded_size.width * coded_size.height).reshape(coded_size.height, coded_size.width)
    upright = orientation.to_upright(coded)
    size = orientation.upright_size(coded_size)
    assert upright.shape == (size.height, size.width)
    box = orientation.boxes_to_coded(np.array([[x1, y1, x2, y2]]), coded_size)[0]
    left, top, right, bottom = (int(value) for value in box)
    seen_upright = upright[y1:y2, x1:x2]
    assert np.array_equal(orientation.to_upright(coded[top:bottom, left:right]), seen_upright)


def test_turns_are_clockwise_and_mirrors_come_first() -> None:
    coded = np.array([[1, 2], [3, 4], [5, 6]])
    assert Orientation.TURNED_90.to_upright(coded).tolist() == [[5, 3, 1], [6, 4, 2]]
    assert Orientation.TURNED_270.to_upright(coded).tolist() == [[2, 4, 6], [1, 3, 5]]
    assert Orientation.MIRRORED_90.to_upright(coded).tolist() == [[6, 4, 2], [5, 3, 1]]


@pytest.mark.parametrize("orientation", Orientation)
def test_colour_pictures_keep_their_channels(orientation: Orientation) -> None:
    coded = np.arange(2 * 3 * 3).reshape(2, 3, 3)
    upright = orientation.to_upright(coded)
    assert sorted(map(tuple, upright.reshape(-1, 3).tolist())) == sorted(
        map(tuple, coded.reshape(-1, 3).tolist())
    )


@pytest.mark.parametrize("orientation", Orientation)
def test_no_boxes_stay_no_boxes(orientation: Orientation) -> None:
    assert orientation.boxes_to_coded(np.zeros((0, 4), np.float32), Size(4, 3)).shape == (0, 4)


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-3, 5)])
def test_size_without_pixels_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Size(width, height)


@given(box_lists(), box_lists())
def test_overlap_is_symmetric_and_between_nothing_and_all(
    a: NDArray[np.float32], b: NDArray[np.float32]
) -> None:
    overlap = iou(a, b)
    assert overlap.shape == (len(a), len(b))
    assert np.allclose(overlap, iou(b, a).T)
    assert ((overlap >= 0) & (overlap <= 1)).all()
    assert ((overlap > 0) == (intersections(a, b) > 0)).all()
    assert (ioa(a, b) >= overlap - 1e-6).all()


@given(box_lists())
def test_box_overlaps_itself_wholly(boxes: NDArray[np.float32]) -> None:
    assert np.allclose(np.diag(iou(boxes, boxes)), 1)
    assert np.allclose(np.diag(ioa(boxes, boxes)), 1)


@given(box_lists(), st.integers(-50, 50), st.integers(-50, 50))
def test_overlap_does_not_depend_on_the_place(boxes: NDArray[np.float32], dx: int, dy: int) -> None:
    moved = boxes + np.array([dx, dy, dx, dy], np.float32)
    assert np.allclose(iou(boxes, boxes), iou(moved, moved))


def test_known_overlaps() -> None:
    a, b = np.array([[0, 0, 10, 10]], np.float32), np.array([[5, 0, 15, 10], [10, 0, 20, 10]], np.float32)
    assert iou(a, b)[0] == pytest.approx([1 / 3, 0])
    assert ioa(a, b)[0] == pytest.approx([0.5, 0])


def test_turned_out_box_has_no_area() -> None:
    assert areas(np.array([[5, 5, 3, 9], [0, 0, 2, 3]], np.float32)).tolist() == [0, 6]


@given(box_lists(), st.data())
def test_suppression_keeps_the_best_and_drops_only_what_lies_on_it(
    boxes: NDArray[np.float32], data: st.DataObject
) -> None:
    levels = st.lists(st.integers(0, 4), min_size=len(boxes), max_size=len(boxes))
    scores = np.array(data.draw(levels), np.float32) / 4
    kept = nms(boxes, scores, 0.4)
    assert len(set(kept.tolist())) == len(kept)
    assert (np.diff(scores[kept]) <= 0).all()
    overlap = iou(boxes, boxes)
    among_kept = overlap[np.ix_(kept, kept)]
    assert (among_kept[~np.eye(len(kept), dtype=bool)] <= 0.4).all()
    for dropped in set(range(len(boxes))) - set(kept.tolist()):
        on_it = [k for k in kept if overlap[dropped, k] > 0.4]
        assert any(scores[k] >= scores[dropped] for k in on_it)


def test_suppression_of_equals_takes_the_first() -> None:
    boxes = np.tile(np.array([[0, 0, 9, 9]], np.float32), (3, 1))
    assert nms(boxes, np.array([0.5, 0.5, 0.5], np.float32), 0.4).tolist() == [0]


@given(box_lists())
def test_clipped_boxes_lie_inside_and_lose_nothing_that_was_visible(boxes: NDArray[np.float32]) -> None:
    size = Size(50, 40)
    clipped = clip_boxes(boxes, size)
    frame = np.array([[0, 0, 50, 40]], np.float32)
    assert (clipped >= 0).all()
    assert (clipped[:, [0, 2]] <= 50).all()
    assert (clipped[:, [1, 3]] <= 40).all()
    assert np.array_equal(areas(clipped), intersections(boxes, frame)[:, 0])
