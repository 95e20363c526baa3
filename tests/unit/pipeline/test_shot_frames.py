"""Segments must agree on where one takes over from the other, and see the cuts that one pass sees."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.domain.geometry import Size
from efface.media.frame import VideoFrame
from efface.pipeline.shot_frames import (
    Boundary,
    Prepared,
    ShotFrames,
    analysis_size,
    find_start,
    frame_per_analysis_px,
    median_frame_s,
)
from efface.track.cuts import LOOKBACK

WINDOW = 8


def prepared(num_frames: int, cuts: Sequence[int], first: int = 0) -> Iterator[Prepared]:
    """Frames ``first`` … of a video whose scene changes at ``cuts``; PTS are frame indexes."""
    for i in range(first, num_frames):
        seed = sum(cut <= i for cut in cuts)
        gray = np.random.default_rng(seed).integers(0, 255, (27, 48), np.uint8)
        yield Prepared(cast(VideoFrame, SimpleNamespace(pts=i)), gray)


def shots_of(frames: ShotFrames) -> list[tuple[int, int]]:
    """First and last frame of each shot."""
    shots: list[tuple[int, int]] = []
    for marked in frames:
        pts = marked.item.frame.pts
        assert pts is not None
        if marked.starts_shot:
            shots.append((pts, -1))
        if marked.ends_shot:
            shots[-1] = (shots[-1][0], pts)
    return shots


def one_pass(num_frames: int, cuts: Sequence[int]) -> list[tuple[int, int]]:
    return shots_of(ShotFrames(prepared(num_frames, cuts)))


def both(
    num_frames: int, cuts: Sequence[int], boundary: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]], bool]:
    """Shots of the segments before and behind a boundary, and whether a shot goes across."""
    edge = Boundary(boundary, boundary + WINDOW)
    early = ShotFrames(prepared(num_frames, cuts), None, edge)
    before = shots_of(early)
    lead = boundary - LOOKBACK
    start = find_start(prepared(num_frames, cuts, lead), edge, lead)
    if start.pts is None:
        return before, [], early.ends_open
    late = ShotFrames(
        prepared(num_frames, cuts, start.lead_pts or 0), start.pts, None, begins_open=not start.is_cut
    )
    behind = shots_of(late)
    assert early.ends_open == late.begins_open
    assert start.skipped == tuple(range(boundary, start.pts))
    return before, behind, early.ends_open


@pytest.mark.parametrize("cut", range(20, 28))
def test_next_segment_starts_at_the_first_cut_in_the_window(cut: int) -> None:
    before, behind, is_open = both(60, [cut], 20)
    assert before == [(0, cut - 1)]
    assert behind == [(cut, 59)]
    assert not is_open


@pytest.mark.parametrize("cuts", [[], [12], [28], [12, 40]])
def test_shot_without_a_cut_in_the_window_is_followed_by_both(cuts: list[int]) -> None:
    before, behind, is_open = both(60, cuts, 20)
    assert is_open
    assert before[-1][1] == 27
    assert behind[0][0] == 20


def test_rest_of_a_video_that_ends_in_the_window_belongs_to_the_earlier_segment() -> None:
    before, behind, is_open = both(25, [], 20)
    assert (before, behind, is_open) == ([(0, 24)], [], False)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.sets(st.integers(1, 79), max_size=12), st.integers(10, 60))
def test_shots_of_two_segments_are_those_of_one_pass(cuts: set[int], boundary: int) -> None:
    """Cuts as close as they like: flashes, strobes and single frames too."""
    before, behind, is_open = both(80, sorted(cuts), boundary)
    whole = one_pass(80, sorted(cuts))
    across = [(before.pop()[0], behind.pop(0)[1])] if is_open else []
    assert before + across + behind == whole


def test_sizes_of_analysis_pictures() -> None:
    assert analysis_size(Size(1920, 1080)) == Size(960, 540)
    assert analysis_size(Size(64, 48)) == Size(64, 48)
    assert frame_per_analysis_px(Size(1920, 1080)).tolist() == [2, 2, 2, 2]


def test_frame_time_is_the_median_of_known_steps() -> None:
    assert median_frame_s([0, 40, None, 80, 120, 1000], Fraction(1, 1000)) == pytest.approx(0.04)
    assert median_frame_s([None, None], Fraction(1, 1000)) == pytest.approx(0.04)
    assert median_frame_s([0, 90_000], Fraction(1, 1)) == pytest.approx(10.0)
