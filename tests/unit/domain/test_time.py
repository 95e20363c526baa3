"""Time stamps, given and missing."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.domain.time import PtsSpan, Timeline, TimeRange, complete_pts

MILLISECONDS = Fraction(1, 1000)
RAW_STAMPS = st.lists(st.one_of(st.none(), st.integers(-10_000, 10_000)), min_size=1, max_size=30)


def pts_of(raw: list[int | None], rate: Fraction | None = Fraction(25)) -> list[int]:
    return [int(value) for value in complete_pts(raw, MILLISECONDS, rate).pts]


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=30, unique=True))
def test_good_time_stamps_are_kept_to_the_tick(raw: list[int]) -> None:
    in_order: list[int | None] = list(sorted(raw))
    assert pts_of(in_order) == in_order


@given(RAW_STAMPS)
def test_every_frame_gets_a_time_after_the_one_before(raw: list[int | None]) -> None:
    timeline = complete_pts(raw, MILLISECONDS, Fraction(25))
    assert timeline.num_frames == len(raw)
    assert (np.diff(timeline.pts) > 0).all()
    assert timeline.end_pts > timeline.pts[-1]


@given(RAW_STAMPS)
def test_given_time_that_comes_after_its_predecessor_is_kept(raw: list[int | None]) -> None:
    pts = pts_of(raw)
    for i, given_pts in enumerate(raw):
        if given_pts is not None and (i == 0 or given_pts > pts[i - 1]):
            assert pts[i] == given_pts


def test_missing_times_count_on_by_the_usual_step() -> None:
    assert pts_of([0, 40, None, None, 160, None]) == [0, 40, 80, 120, 160, 200]


def test_missing_times_at_the_start_count_back() -> None:
    assert pts_of([None, None, 1000, 1040]) == [920, 960, 1000, 1040]


def test_without_any_time_the_frame_rate_counts() -> None:
    assert pts_of([None, None, None], Fraction(50)) == [0, 20, 40]


@pytest.mark.parametrize("rate", [None, Fraction(0), Fraction(-5)])
def test_without_time_and_rate_25_frames_per_second_are_taken(rate: Fraction | None) -> None:
    assert pts_of([None, None], rate) == [0, 40]


def test_rate_beyond_the_ticks_still_moves_on() -> None:
    assert pts_of([None, None, None], Fraction(5000)) == [0, 1, 2]


def test_doubled_and_falling_times_are_moved_behind_their_predecessor() -> None:
    assert pts_of([0, 40, 40, 30, 120]) == [0, 40, 41, 42, 120]


def test_last_frame_lasts_as_long_as_told_else_as_the_others() -> None:
    assert complete_pts([0, 40, 80], MILLISECONDS, None).end_pts == 120
    assert complete_pts([0, 40, 80], MILLISECONDS, None, last_duration=7).end_pts == 87
    assert complete_pts([0, 40, 80], MILLISECONDS, None, last_duration=0).end_pts == 120


def test_no_frame_is_no_timeline() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        complete_pts([], MILLISECONDS, None)


@pytest.mark.parametrize(
    ("time_base", "pts", "end_pts", "reason"),
    [
        (Fraction(0), [0], 1, "time base must be positive"),
        (MILLISECONDS, [], 1, "non-empty"),
        (MILLISECONDS, [0, 0], 1, "increase strictly"),
        (MILLISECONDS, [0, 5], 5, "after the last frame"),
    ],
)
def test_impossible_timelines_are_refused(
    time_base: Fraction, pts: list[int], end_pts: int, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        Timeline(time_base, np.array(pts, np.int64), end_pts)


def test_times_of_frames_are_exact() -> None:
    ntsc = Timeline(Fraction(1001, 30000), np.arange(3), 3)
    assert ntsc.duration == Fraction(3003, 30000)
    assert ntsc.span(1, 3) == TimeRange(Fraction(1001, 30000), Fraction(3003, 30000))
    assert ntsc.span(1, 3).duration == Fraction(2002, 30000)
    assert ntsc.frames_within(0.0) == 1
    assert ntsc.frames_within(0.1) == 3


def test_one_pause_does_not_change_the_usual_frame_duration() -> None:
    timeline = Timeline(MILLISECONDS, np.array([0, 40, 80, 5080, 5120]), 5160)
    assert timeline.median_frame_s == pytest.approx(0.04)


def test_time_range_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        TimeRange(Fraction(2), Fraction(1))


def test_step_over_missing_times_is_that_of_several_frames() -> None:
    assert pts_of([0, None, 80, None, 160, None, 240]) == [0, 40, 80, 120, 160, 200, 240]


def test_pts_span_is_half_open_and_open_ended() -> None:
    span = PtsSpan(10, 20)
    assert [span.contains(pts) for pts in (9, 10, 19, 20)] == [False, True, True, False]
    assert [span.is_before(pts) for pts in (9, 19, 20)] == [False, False, True]
    assert PtsSpan(None, 20).contains(-5)
    assert PtsSpan(10, None).contains(10**12)
    assert PtsSpan().is_whole
    assert not PtsSpan(0).is_whole


def test_empty_pts_span_is_refused() -> None:
    with pytest.raises(ValueError, match="holds nothing"):
        PtsSpan(10, 10)
