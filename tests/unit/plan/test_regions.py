"""The plan as a container."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efface.domain.geometry import Size
from efface.domain.redaction import BlurringKind
from efface.plan import RedactionPlan, RegionTrack

SIZE = Size(64, 48)


def region_track(first: int, end: int, label: str = "1001") -> RegionTrack:
    n = end - first
    boxes = np.tile(np.array([[1, 2, 30, 40]], np.float32), (n, 1))
    boxes[:, 2] += np.arange(n)
    return RegionTrack(first, boxes, np.full(n, 20, np.float32), np.zeros(n, bool), label)


def plan_of(*tracks: RegionTrack, num_frames: int = 20) -> RedactionPlan:
    return RedactionPlan(BlurringKind.BLACK, SIZE, num_frames, tracks)


def test_regions_at_gives_the_row_of_each_track_in_view() -> None:
    plan = plan_of(region_track(0, 5, "1001"), region_track(3, 8, "1002"))
    assert [(r.label, r.box[2]) for r in plan.regions_at(4)] == [("1001", 34), ("1002", 31)]


@pytest.mark.parametrize("frame_index", [-1, 8, 20, 1000])
def test_regions_at_gives_none_where_no_track_is(frame_index: int) -> None:
    assert plan_of(region_track(0, 5), region_track(3, 8)).regions_at(frame_index) == ()


def test_masked_spans_join_tracks_that_touch_or_overlap() -> None:
    plan = plan_of(region_track(2, 5), region_track(5, 7), region_track(6, 9), region_track(12, 20))
    assert plan.masked_spans() == ((2, 9), (12, 20))


def test_empty_plan_masks_nothing() -> None:
    plan = plan_of()
    assert plan.masked_spans() == ()
    assert not plan.masked_frames().any()
    assert plan.regions_at(0) == ()


@given(
    st.lists(st.tuples(st.integers(0, 18), st.integers(1, 20)).map(lambda p: (p[0], min(20, p[0] + p[1]))))
)
def test_masked_spans_hold_exactly_the_frames_with_regions(spans: list[tuple[int, int]]) -> None:
    plan = plan_of(*(region_track(a, b) for a, b in spans))
    from_spans = {i for a, b in plan.masked_spans() for i in range(a, b)}
    assert from_spans == {i for i in range(20) if plan.regions_at(i)}
    assert from_spans == set(np.flatnonzero(plan.masked_frames()).tolist())


def test_plan_refuses_a_region_behind_the_last_frame() -> None:
    with pytest.raises(ValueError, match="frame 21 of a video of 20"):
        plan_of(region_track(15, 21))


def test_region_track_refuses_a_box_that_could_not_be_drawn() -> None:
    boxes = np.array([[1, 2, np.nan, 4]], np.float32)
    with pytest.raises(ValueError, match="not finite"):
        RegionTrack(0, boxes, np.ones(1, np.float32), np.zeros(1, bool))


def test_region_track_refuses_arrays_of_unequal_length() -> None:
    with pytest.raises(ValueError, match=r"\(2, 4\), \(1,\)"):
        RegionTrack(0, np.zeros((2, 4), np.float32), np.ones(1, np.float32), np.zeros(2, bool))


def test_an_hour_with_five_faces_stays_small() -> None:
    n = 30 * 3600
    tracks = [
        RegionTrack(0, np.zeros((n, 4), np.float32), np.ones(n, np.float32), np.zeros(n, bool))
        for _ in range(5)
    ]
    plan = plan_of(*tracks, num_frames=n)
    arrays = sum(t.boxes.nbytes + t.face_px.nbytes + t.is_box.nbytes for t in plan.tracks)
    assert arrays < 12_000_000
