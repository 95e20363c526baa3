"""Where a video is cut into segments."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.domain.time import PtsSpan
from efface.media.packet_scan import PacketScan
from efface.pipeline.segments import Segment, digest_pts, plan_segments, whole_video

BASE = Fraction(1, 25)


def scan_of(num_frames: int, every: int, *, is_seekable: bool = True, first: int = 7) -> PacketScan:
    pts = np.arange(first, first + num_frames, dtype=np.int64)
    return PacketScan(pts, pts[::every], is_seekable)


def test_segments_are_cut_at_key_frames_about_the_target_apart() -> None:
    segments = plan_segments(scan_of(1000, 30), BASE, target_s=10)
    assert [segment.span.start_pts for segment in segments] == [None, 277, 547, 817]
    assert [segment.span.end_pts for segment in segments] == [277, 547, 817, None]
    assert [segment.num_frames for segment in segments] == [270, 270, 270, 190]
    assert [segment.first_frame for segment in segments] == [0, 270, 540, 810]
    assert [segment.lead_pts for segment in segments] == [None, 274, 544, 814]
    assert {segment.frame_s for segment in segments} == {0.04}


def test_segment_knows_which_frames_were_promised() -> None:
    second = plan_segments(scan_of(1000, 30), BASE, target_s=10)[1]
    stamps = list(range(277, 547))
    assert second.pts_digest == digest_pts(stamps)
    assert second.holds(stamps)
    assert not second.holds(stamps[:-1])
    assert not second.holds([*stamps[:-1], 548])


@pytest.mark.parametrize(
    "scan",
    [scan_of(1000, 30, is_seekable=False), scan_of(300, 10), scan_of(5000, 5000), scan_of(0, 1)],
    ids=["unseekable", "short", "one key frame", "no packets with times"],
)
def test_video_that_cannot_be_cut_is_one_segment_that_promises_nothing(scan: PacketScan) -> None:
    (only,) = plan_segments(scan, BASE, target_s=10)
    assert only == whole_video(scan)
    assert only.span == PtsSpan()
    assert only.pts_digest is None
    assert only.holds([1, 2, 3])


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(1, 2000), st.integers(1, 300), st.sampled_from([1.0, 4.0, 20.0]))
def test_segments_hold_every_frame_once_and_none_is_short(num: int, every: int, target_s: float) -> None:
    scan = scan_of(num, every)
    segments = plan_segments(scan, BASE, target_s=target_s)
    assert sum(segment.num_frames for segment in segments) == num
    if len(segments) > 1:
        assert min(segment.num_frames for segment in segments) >= target_s * 25 / 2
        starts = [segment.span.start_pts for segment in segments[1:]]
        assert set(starts) <= set(scan.keyframe_pts.tolist())


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Segment(-1, PtsSpan(), 3)
    with pytest.raises(ValueError, match="longer"):
        Segment(0, PtsSpan(), 3, frame_s=0.0)
    with pytest.raises(ValueError, match="longer"):
        plan_segments(scan_of(10, 1), BASE, target_s=0)
