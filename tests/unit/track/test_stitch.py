"""Tracklets of two overlapping parts of a shot become one without a jump, and no frame is left bare."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from efface.track.stitch import StitchedTracklet, stitch
from efface.track.tracklet import FinishedTracklet

GAP_S, END = 1.2, 80


def tracklet(
    key: int, first: int, end: int, x: float = 100, score: float = 0.0, shift: float = 0.0
) -> FinishedTracklet:
    frames = np.arange(first, end)
    boxes = np.stack([x + frames + shift, 50 + 0 * frames, x + 40 + frames + shift, 100 + 0 * frames], axis=1)
    scores = np.where(frames % 4 == 0, max(score, 0.8), 0)
    return FinishedTracklet(key, first, boxes.astype(np.float32), scores.astype(np.float32), 3)


def join(early: list[FinishedTracklet], late: list[FinishedTracklet]) -> list[StitchedTracklet]:
    return stitch(early, late, end_frame=END, frame_s=1 / 25, max_gap_s=GAP_S)


def steps(one: StitchedTracklet) -> NDArray[np.float32]:
    return np.abs(np.diff(one.tracklet.boxes, axis=0))


def test_one_face_becomes_one_tracklet_and_keeps_each_side_to_the_bit() -> None:
    early, late = tracklet(3, 10, 80, shift=1.5), tracklet(8, 50, 200)
    (one,) = join([early], [late])
    assert (one.early_key, one.late_keys) == (3, (8,))
    assert (one.tracklet.key, one.tracklet.first_frame, one.tracklet.end_frame) == (1, 10, 200)
    assert np.array_equal(one.tracklet.boxes[:40], early.boxes[:40])
    assert np.array_equal(one.tracklet.boxes[70:], late.boxes[30:])
    assert steps(one).max() < 1.2
    assert one.tracklet.chances == 6
    hits = one.tracklet.first_frame + np.flatnonzero(one.tracklet.scores)
    assert hits.tolist() == list(range(12, 200, 4))


def test_neighbours_stay_two() -> None:
    early = [tracklet(1, 0, 80, x=100), tracklet(2, 0, 80, x=128)]
    late = [tracklet(1, 50, 150, x=128), tracklet(2, 50, 150, x=100)]
    joined = join(early, late)
    assert [(one.early_key, one.late_keys) for one in joined] == [(1, (2,)), (2, (1,))]
    assert all(steps(one).max() < 1.2 for one in joined)


def test_what_one_side_alone_has_is_kept_whole() -> None:
    gone, come = tracklet(4, 0, 60, x=20), tracklet(9, 70, 120, x=400)
    joined = join([gone], [come])
    assert [(one.early_key, one.late_keys) for one in joined] == [(4, ()), (None, (9,))]
    assert np.array_equal(joined[0].tracklet.boxes, gone.boxes)
    assert np.array_equal(joined[1].tracklet.boxes, come.boxes)


def test_face_lost_at_the_end_of_the_earlier_part_is_covered_until_it_comes_back() -> None:
    early, late = tracklet(1, 0, 75), tracklet(1, 92, 150)
    (one,) = join([early], [late])
    assert one.tracklet.end_frame - one.tracklet.first_frame == 150
    assert steps(one).max() < 1.2
    assert not one.tracklet.scores[75:92].any()


def test_face_that_the_later_part_loses_too_is_covered_until_it_comes_back() -> None:
    early, late = tracklet(1, 0, 80), [tracklet(1, 50, 70), tracklet(2, 100, 150)]
    (one,) = join([early], late)
    assert (one.early_key, one.late_keys) == (1, (1, 2))
    assert one.tracklet.end_frame == 150
    assert steps(one).max() < 1.2


@pytest.mark.parametrize(
    ("first", "x"), [(80 + 31, 100), (95, 180), (72, 100)], ids=["too late", "too far", "seen to be gone"]
)
def test_another_face_does_not_go_on_with_one_that_was_lost(first: int, x: float) -> None:
    gone = tracklet(1, 0, 60 if first == 72 else 80)
    joined = join([gone], [tracklet(1, first, 150, x=x)])
    assert [one.early_key for one in joined] == [1, None]
    assert np.array_equal(joined[0].tracklet.boxes, gone.boxes)


def test_later_side_that_loses_the_face_first_does_not_pull_the_box() -> None:
    early, late = tracklet(1, 0, 90, shift=6), tracklet(1, 50, 70)
    (one,) = join([early], [late])
    assert np.array_equal(one.tracklet.boxes[:50], early.boxes[:50])
    assert np.array_equal(one.tracklet.boxes[70:], early.boxes[70:])


def test_boxes_that_do_not_agree_are_both_covered() -> None:
    early, late = tracklet(1, 0, 80), tracklet(1, 50, 150, shift=17)
    (one,) = join([early], [late])
    for frame in range(50, 80):
        box, other = early.boxes[frame], late.boxes[frame - 50]
        hull = np.concatenate([np.minimum(box[:2], other[:2]), np.maximum(box[2:], other[2:])])
        assert np.abs(one.tracklet.boxes[frame] - hull).max() < 1.5, frame


def test_parts_without_faces_join_to_nothing() -> None:
    assert join([], []) == []


SIDE = st.lists(
    st.tuples(st.integers(0, 70), st.integers(1, 60), st.integers(0, 300), st.floats(-12, 12)), max_size=5
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(SIDE, SIDE)
def test_every_box_of_either_side_stays_covered(
    early_rows: list[tuple[int, int, int, float]], late_rows: list[tuple[int, int, int, float]]
) -> None:
    early = [tracklet(k, f, f + n, x=x, shift=s) for k, (f, n, x, s) in enumerate(early_rows)]
    late = [tracklet(k, 50 + f, 50 + f + n, x=x, shift=s) for k, (f, n, x, s) in enumerate(late_rows)]
    joined = join(early, late)
    assert [one.tracklet.key for one in joined] == list(range(1, len(joined) + 1))
    for side, is_late in ((early, False), (late, True)):
        for one in side:
            (owner,) = [o for o in joined if one.key in (o.late_keys if is_late else (o.early_key,))]
            rows = owner.tracklet.boxes[one.first_frame - owner.tracklet.first_frame :][: len(one.scores)]
            assert rows.shape == one.boxes.shape
            shared = np.minimum(rows[:, 2:], one.boxes[:, 2:]) - np.maximum(rows[:, :2], one.boxes[:, :2])
            covered = np.clip(shared, 0, None).prod(axis=1) / (40 * 50)
            assert np.median(covered) > 0.6
    scores = [score for one in joined for score in one.tracklet.scores]
    assert all(0 <= score <= 1 for score in scores)


def test_finished_tracklet_needs_rows() -> None:
    with pytest.raises(ValueError, match="n >= 1"):
        FinishedTracklet(1, 0, np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 1)
