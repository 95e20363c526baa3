"""What makes a face of a tracklet, and its boxes smooth."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from efface.track.evidence import EvidenceSettings, is_face, smooth_boxes
from efface.track.tracklet import FinishedTracklet, Tracklet

SETTINGS = EvidenceSettings()
BLANK = np.zeros((8, 8), np.uint8)


def tracklet(boxes: NDArray[Any], scores: list[float] | None = None, chances: int = 1) -> FinishedTracklet:
    rows = list(np.asarray(boxes, np.float32))
    given_scores = scores or [0.9] * len(rows)
    return Tracklet(1, 0, rows, given_scores, [True] * len(rows), BLANK, rows[0], 0, chances).finished()


def seen(scores: list[float], chances: int = 5) -> FinishedTracklet:
    return tracklet(np.tile(np.array([0, 0, 40, 50]), (len(scores), 1)), scores, chances)


def steady(num: int) -> NDArray[np.float32]:
    """A box that moves and grows evenly."""
    t = np.arange(num)[:, None]
    return np.asarray([10, 20, 60, 80] + t * np.array([3.0, -1.0, 3.5, -0.4]), np.float32)


@pytest.mark.parametrize("frame_s", [1 / 120, 1 / 25, 1 / 10, 1.0])
@pytest.mark.parametrize("num", [1, 2, 3, 5, 40])
def test_even_motion_is_left_as_it_is(num: int, frame_s: float) -> None:
    boxes = steady(num)
    smooth = smooth_boxes(tracklet(boxes), frame_s)
    assert smooth.shape == boxes.shape
    assert smooth.dtype == np.float32
    assert np.abs(smooth - boxes).max() < 0.05


BOX_ROWS = st.lists(
    st.tuples(st.integers(-50, 300), st.integers(-50, 300), st.integers(4, 200), st.integers(4, 200)),
    min_size=1,
    max_size=40,
)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(BOX_ROWS, st.sampled_from([1 / 60, 1 / 25, 1 / 5]))
def test_smoothing_never_shrinks_a_face_below_95_percent(
    rows: list[tuple[int, int, int, int]], frame_s: float
) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in rows], np.float32)
    smooth = smooth_boxes(tracklet(boxes), frame_s)
    before, after = boxes[:, 2:] - boxes[:, :2], smooth[:, 2:] - smooth[:, :2]
    assert np.isfinite(smooth).all()
    assert (after >= 0.95 * before - 1e-3).all()


def test_jitter_is_taken_out() -> None:
    boxes = steady(60)
    jitter = np.random.default_rng(3).normal(0, 1.5, boxes.shape)
    smooth = smooth_boxes(tracklet(boxes + jitter), 1 / 25)
    centres = (smooth[:, :2] + smooth[:, 2:] - boxes[:, :2] - boxes[:, 2:]) / 2
    raw = (jitter[:, :2] + jitter[:, 2:]) / 2
    assert centres.std() < 0.75 * raw.std()


def test_smoothing_does_not_change_the_tracklet() -> None:
    boxes = steady(10) + np.random.default_rng(1).normal(0, 2, (10, 4)).astype(np.float32)
    one = tracklet(boxes)
    smooth_boxes(one, 1 / 25)
    assert np.array_equal(one.boxes, boxes)


def test_sure_face_is_believed_and_a_doubtful_one_is_not() -> None:
    assert is_face(seen([0.9] * 10), 60, SETTINGS)
    assert not is_face(seen([0.2] * 10), 60, SETTINGS)


def test_best_looks_count_because_faces_turn_away() -> None:
    assert is_face(seen([0.15] * 12 + [0.85] * 3), 60, SETTINGS)


def test_one_look_must_be_sure_unless_there_was_only_one_chance() -> None:
    assert not is_face(seen([0.45], chances=3), 60, SETTINGS)
    assert is_face(seen([0.45], chances=1), 60, SETTINGS)
    assert is_face(seen([0.7], chances=3), 60, SETTINGS)


def test_missed_chances_after_the_only_look_count_too() -> None:
    box = np.array([0, 0, 40, 50], np.float32)
    flash = Tracklet(1, 0, [box], [0.45], [True], BLANK, box, 0, chances=1, pending_chances=4)
    assert not is_face(flash.finished(), 60, SETTINGS)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.floats(0.12, 0.99), min_size=2, max_size=30), st.floats(10, 200))
def test_surer_looks_never_make_a_face_less_believed(scores: list[float], side: float) -> None:
    surer = [min(1.0, score + 0.1) for score in scores]
    assert is_face(seen(surer), side, SETTINGS) >= is_face(seen(scores), side, SETTINGS)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.floats(0.12, 0.99), min_size=2, max_size=30), st.floats(10, 100), st.floats(0, 100))
def test_large_thing_must_show_more_than_a_small_one(scores: list[float], side: float, more: float) -> None:
    assert is_face(seen(scores), side, SETTINGS) >= is_face(seen(scores), side + more, SETTINGS)


def test_carried_rows_are_no_looks() -> None:
    assert is_face(seen([0.9, 0, 0, 0, 0.9, 0, 0]), 60, SETTINGS)
    assert seen([0.9, 0, 0, 0.8]).hit_scores.tolist() == pytest.approx([0.9, 0.8])
