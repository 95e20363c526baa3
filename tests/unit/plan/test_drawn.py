"""What was corrected by hand, in the plan."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from efface.domain.edits import DrawnBox, DrawnRegion, Edits, FollowedRegion, MovedBox, TrackSplit
from efface.domain.errors import IndexMismatchError, RequestError, UnknownFaceError
from efface.domain.geometry import Size
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.domain.time import Timeline, TimeRange
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.model import FaceIndex, SourceFile
from efface.plan import RedactionPlan, Region, Shape, plan_redaction
from efface.plan.drawn import join_mutes

SHA256 = "0" * 64
BLACK = RedactionRequest(BlurringKind.BLACK)
NO_FACES = RedactionRequest(BlurringKind.BLACK, covers_faces=False)
PLATE = (100.0, 200.0, 200.0, 250.0)
FACE = (300.0, 100.0, 360.0, 180.0)


def track(track_id: int, first: int, end: int) -> FaceTrack:
    boxes = np.tile(np.array([FACE], np.float32), (end - first, 1))
    return FaceTrack(track_id, first, boxes, np.full(end - first, 0.9, np.float32))


def index_of(*tracks: FaceTrack, pts: Sequence[int] = range(0, 2440, 40)) -> FaceIndex:
    """An index of 60 frames in which every track is a person: 1001, 1002 …"""
    groups = tuple(
        FaceGroup(1001 + i, (t.track_id,), t.first_frame, t.track_id) for i, t in enumerate(tracks)
    )
    return FaceIndex(
        source=SourceFile("clip.mp4", 1, SHA256),
        size=Size(640, 360),
        timeline=Timeline(Fraction(1, 1000), np.array(pts[:-1], np.int64), pts[-1]),
        frame_rate=None,
        shots=(Shot(0, 60),),
        tracks=tracks,
        faces=groups,
        engine="test",
    )


def fixed(
    *keyframes: DrawnBox, first: int = 10, end: int = 30, kind: BlurringKind | None = None
) -> DrawnRegion:
    return DrawnRegion(1, "plate", kind, keyframes, first, end, is_followed=False)


def edits_of(*regions: DrawnRegion, mutes: tuple[TimeRange, ...] = ()) -> Edits:
    return Edits(SHA256, regions=regions, mutes=mutes)


def plan_of(*regions: DrawnRegion, request: RedactionRequest = NO_FACES) -> RedactionPlan:
    return plan_redaction(index_of(), request, edits=edits_of(*regions))


def only_region(plan: RedactionPlan, frame_index: int) -> Region:
    (region,) = plan.regions_at(frame_index)
    return region


def test_fixed_region_is_a_whole_box_a_little_larger_than_drawn() -> None:
    region = only_region(plan_of(fixed(DrawnBox(15, PLATE))), 15)
    assert region.shape is Shape.BOX
    assert region.box == pytest.approx((96, 196, 204, 254))
    assert region.face_px == 100


def test_small_region_gets_two_pixels_around_it() -> None:
    region = only_region(plan_of(fixed(DrawnBox(15, (10, 10, 20, 20)))), 15)
    assert region.box == pytest.approx((8, 8, 22, 22))


def test_fixed_region_lasts_from_its_first_frame_to_its_end() -> None:
    assert plan_of(fixed(DrawnBox(15, PLATE))).masked_spans() == ((10, 30),)


def test_fixed_region_moves_evenly_in_time_between_its_keyframes() -> None:
    pts = [*range(0, 480, 40), *range(480, 4560, 80)]  # from frame 12 on, frames last twice as long
    region = fixed(DrawnBox(10, (0, 0, 50, 50)), DrawnBox(14, (60, 0, 110, 50)))
    plan = plan_redaction(index_of(pts=pts[:61]), NO_FACES, edits=edits_of(region))
    middles = [sum(only_region(plan, i).box[::2]) / 2 for i in (10, 11, 12, 13, 14, 20)]
    assert middles == pytest.approx([25, 35, 45, 65, 85, 85])


def test_fixed_region_stays_at_its_keyframe_before_and_after() -> None:
    plan = plan_of(fixed(DrawnBox(15, PLATE)))
    assert len({only_region(plan, i).box for i in range(10, 30)}) == 1


def test_followed_region_is_where_its_path_is() -> None:
    boxes = np.array([PLATE] * 3, np.float32) + np.array([[0], [10], [20]], np.float32)
    later = FollowedRegion(40, np.array([FACE], np.float32))
    region = DrawnRegion(2, "", None, (DrawnBox(20, PLATE),), 5, 60, True, (FollowedRegion(20, boxes), later))
    plan = plan_of(region)
    assert plan.masked_spans() == ((20, 23), (40, 41))
    assert only_region(plan, 22).box == pytest.approx((116, 216, 224, 274))


def test_region_that_was_lost_is_told_with_the_times_at_which_it_is_bare() -> None:
    boxes = np.array([PLATE] * 20, np.float32)
    path = (FollowedRegion(12, boxes), FollowedRegion(40, boxes))
    region = DrawnRegion(2, "plate", None, (DrawnBox(20, PLATE),), 5, 60, True, path)
    (notice,) = plan_of(region).notices
    # 40 ms a frame.
    assert notice.startswith(
        "region 2 ('plate') is not hidden from 0:00.2 to 0:00.5, 0:01.3 to 0:01.6, where"
    )
    whole = replace(
        region, first_frame=12, end_frame=60, path=(FollowedRegion(12, np.repeat(boxes, 3, 0)[:48]),)
    )
    assert plan_of(whole).notices == ()


def test_region_that_was_not_followed_yet_is_refused() -> None:
    region = DrawnRegion(2, "", None, (DrawnBox(20, PLATE),), 5, 60, is_followed=True)
    with pytest.raises(RequestError, match="region 2 was not followed"):
        plan_of(region)


def test_region_has_its_own_kind_else_that_of_the_request() -> None:
    plan = plan_of(
        fixed(DrawnBox(15, PLATE), end=20), fixed_again(DrawnBox(25, PLATE), BlurringKind.LOW_BLUR)
    )
    assert only_region(plan, 15).kind is BlurringKind.BLACK
    assert only_region(plan, 25).kind is BlurringKind.LOW_BLUR
    assert plan.notices == ()


def fixed_again(keyframe: DrawnBox, kind: BlurringKind | None) -> DrawnRegion:
    return DrawnRegion(7, "", kind, (keyframe,), 20, 30, is_followed=False)


def test_region_is_hidden_even_where_the_request_only_draws_boxes_and_the_user_is_told() -> None:
    request = RedactionRequest(BlurringKind.BOUNDING_BOX)
    plan = plan_of(
        fixed(DrawnBox(15, PLATE), end=20),
        fixed_again(DrawnBox(25, PLATE), BlurringKind.BOUNDING_BOX),
        request=request,
    )
    assert only_region(plan, 15).kind is BlurringKind.HIGH_BLUR
    assert only_region(plan, 15).box == pytest.approx((96, 196, 204, 254))
    assert only_region(plan, 25).kind is BlurringKind.BOUNDING_BOX
    assert only_region(plan, 25).box == PLATE
    (notice,) = plan.notices
    assert "region 1 is hidden by HighBlur" in notice


def test_black_is_painted_after_blurs_and_boxes_last() -> None:
    index = index_of(track(1, 0, 60))
    black = fixed(DrawnBox(15, PLATE), kind=BlurringKind.BLACK)
    marked = replace(fixed_again(DrawnBox(25, PLATE), BlurringKind.BOUNDING_BOX), first_frame=10)
    request = RedactionRequest(BlurringKind.HIGH_BLUR)
    plan = plan_redaction(index, request, edits=edits_of(marked, black))
    kinds = [region.kind for region in plan.regions_at(25)]
    assert kinds == [BlurringKind.HIGH_BLUR, BlurringKind.BLACK, BlurringKind.BOUNDING_BOX]


def test_no_face_is_treated_where_only_regions_are_asked_for() -> None:
    plan = plan_redaction(index_of(track(1, 0, 60)), NO_FACES, edits=edits_of(fixed(DrawnBox(15, PLATE))))
    assert [t.label for t in plan.tracks] == ["region 1"]


@pytest.mark.parametrize("edits", [None, edits_of(), Edits(SHA256, removed_tracks=(1,))])
def test_request_for_nothing_at_all_is_refused(edits: Edits | None) -> None:
    with pytest.raises(RequestError, match="neither faces nor regions"):
        plan_redaction(index_of(track(1, 0, 60)), NO_FACES, edits=edits)


def test_faces_are_those_of_the_corrected_index() -> None:
    index = index_of(track(1, 0, 20), track(2, 30, 50), track(3, 0, 60))
    edits = Edits(SHA256, merges=((1001, 1002),), splits=(TrackSplit(3, 2001),))
    chosen = RedactionRequest(BlurringKind.BLACK, FilterScope.INCLUDE, frozenset({1001}))
    plan = plan_redaction(index, chosen, edits=edits)
    assert sorted((t.label, t.first_frame) for t in plan.tracks) == [("1001", 0), ("1001", 27)]
    gone = RedactionRequest(BlurringKind.BLACK, FilterScope.INCLUDE, frozenset({1002}))
    with pytest.raises(UnknownFaceError):
        plan_redaction(index, gone, edits=edits)


def test_removed_track_is_not_treated_and_a_moved_box_is_treated_where_it_is_now() -> None:
    index = index_of(track(1, 0, 20), track(2, 40, 60))
    edits = Edits(SHA256, removed_tracks=(2,), moved_boxes=(MovedBox(1, 10, (0, 0, 60, 80)),))
    plan = plan_redaction(index, BLACK, edits=edits)
    assert plan.masked_spans() == ((0, 23),)
    assert only_region(plan, 10).box[0] < 0


def test_edits_of_another_video_are_refused() -> None:
    with pytest.raises(IndexMismatchError):
        plan_redaction(index_of(), BLACK, edits=Edits("1" * 64))


def test_mutes_that_touch_or_overlap_become_one() -> None:
    spans = [(5, 6), (1, 3), (2, 4), (4, 5), (8, 9)]
    joined = join_mutes(TimeRange(Fraction(a), Fraction(b)) for a, b in spans)
    assert joined == (TimeRange(Fraction(1), Fraction(6)), TimeRange(Fraction(8), Fraction(9)))


@pytest.mark.parametrize(
    ("span", "reaches_before", "reaches_after"),
    [
        ((Fraction(1, 2), Fraction(1)), True, False),
        ((Fraction(0), Fraction(1)), True, False),
        ((Fraction(501, 1000), Fraction(2899, 1000)), False, False),
        ((Fraction(1), Fraction(29, 10)), False, True),
        ((Fraction(0), Fraction(3)), True, True),
    ],
)
def test_mute_up_to_an_end_of_the_picture_reaches_all_sound_beyond(
    span: tuple[Fraction, Fraction], reaches_before: bool, reaches_after: bool
) -> None:
    index = index_of(pts=range(500, 2940, 40))
    (mute,) = plan_redaction(index, NO_FACES, edits=edits_of(mutes=(TimeRange(*span),))).mutes
    assert (mute.start < -1000) == reaches_before
    assert (mute.end > 1000) == reaches_after
    assert reaches_before or mute.start == span[0]
    assert reaches_after or mute.end == span[1]


def test_plan_knows_when_no_sound_is_heard() -> None:
    span = TimeRange(Fraction(1, 3), Fraction(1))
    plan = plan_redaction(index_of(), NO_FACES, edits=edits_of(mutes=(span,)))
    assert plan.mutes == (span,)
    assert plan.masked_spans() == ()
