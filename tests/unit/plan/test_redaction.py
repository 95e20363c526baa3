"""Which faces are treated, where, and in which frames."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from efface.domain.errors import UnknownFaceError
from efface.domain.geometry import Size
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.model import FaceIndex, SourceFile
from efface.plan import MaskMargin, RedactionPlan, Region, Shape, plan_redaction

SIZE = Size(640, 360)
BLACK = RedactionRequest(BlurringKind.BLACK)
FACE = (300.0, 100.0, 360.0, 180.0)


def track(
    track_id: int, first: int, end: int, box: Sequence[float] = FACE, speed: tuple[float, float] = (0, 0)
) -> FaceTrack:
    steps = np.arange(end - first, dtype=np.float32)[:, None] * np.array([[*speed, *speed]], np.float32)
    return FaceTrack(
        track_id, first, np.array([box], np.float32) + steps, np.full(end - first, 0.9, np.float32)
    )


def index_of(
    *tracks: FaceTrack,
    num_frames: int = 60,
    shots: tuple[Shot, ...] = (),
    pts: Callable[[int], int] = lambda i: 40 * i,
) -> FaceIndex:
    """An index at 25 frames/s in milliseconds, in which every track is a person: 1001, 1002 …"""
    times = np.array([pts(i) for i in range(num_frames + 1)], np.int64)
    groups = tuple(
        FaceGroup(1001 + i, (t.track_id,), t.first_frame, t.track_id) for i, t in enumerate(tracks)
    )
    return FaceIndex(
        source=SourceFile("clip.mp4", 1, "0" * 64),
        size=SIZE,
        timeline=Timeline(Fraction(1, 1000), times[:-1], int(times[-1])),
        frame_rate=None,
        shots=shots,
        tracks=tracks,
        faces=groups,
        engine="test",
    )


def only_region(plan: RedactionPlan, frame_index: int) -> Region:
    (region,) = plan.regions_at(frame_index)
    return region


def labels(plan: RedactionPlan) -> set[str | None]:
    return {t.label for t in plan.tracks}


def test_plan_covers_everybody_by_default() -> None:
    plan = plan_redaction(index_of(track(1, 0, 5), track(2, 3, 9)), BLACK)
    assert labels(plan) == {"1001", "1002"}


@pytest.mark.parametrize(
    ("scope", "expected"), [(FilterScope.INCLUDE, {"1002"}), (FilterScope.EXCLUDE, {"1001", "1003"})]
)
def test_plan_follows_the_list_of_faces(scope: FilterScope, expected: set[str]) -> None:
    index = index_of(track(1, 0, 5), track(2, 3, 9), track(3, 3, 9))
    plan = plan_redaction(index, RedactionRequest(BlurringKind.BLACK, scope, frozenset({1002})))
    assert labels(plan) == expected


def test_plan_names_the_faces_that_the_index_does_not_hold() -> None:
    request = RedactionRequest(BlurringKind.BLACK, FilterScope.EXCLUDE, frozenset({1001, 7, 8}))
    with pytest.raises(UnknownFaceError) as caught:
        plan_redaction(index_of(track(1, 0, 5)), request)
    assert caught.value.unknown == (7, 8)


def test_mask_is_an_ellipse_wider_and_higher_than_the_face() -> None:
    region = only_region(plan_redaction(index_of(track(1, 10, 20)), BLACK), 15)
    assert region.shape is Shape.ELLIPSE
    assert region.box == pytest.approx((330 - 45, 140 - 60, 330 + 45, 140 + 60))
    assert region.face_px == 80


def test_default_ellipse_covers_hair_and_ears_but_not_the_whole_head() -> None:
    x1, y1, x2, y2 = only_region(plan_redaction(index_of(track(1, 10, 20)), BLACK), 15).box
    width, height = FACE[2] - FACE[0], FACE[3] - FACE[1]
    assert 1.3 <= (x2 - x1) / width <= 1.6
    assert 1.35 <= (y2 - y1) / height <= 1.6


def test_mask_starts_before_and_ends_after_the_track() -> None:
    plan = plan_redaction(index_of(track(1, 20, 30)), BLACK)
    # 0.1 s at 25 frames/s touch three frames on either side.
    assert plan.masked_spans() == ((17, 33),)


def test_padding_in_time_is_measured_in_time_stamps() -> None:
    # Frames 0 to 19 last 10 ms, those from 20 on 200 ms.
    index = index_of(track(1, 20, 25), pts=lambda i: 10 * i if i < 20 else 200 + 200 * (i - 20))
    assert plan_redaction(index, BLACK).masked_spans() == ((10, 26),)


def test_mask_does_not_cross_a_cut() -> None:
    index = index_of(track(1, 20, 30), shots=(Shot(0, 19), Shot(19, 31), Shot(31, 60)))
    assert plan_redaction(index, BLACK).masked_spans() == ((19, 31),)


def test_mask_stays_inside_the_video() -> None:
    assert plan_redaction(index_of(track(1, 0, 60)), BLACK).masked_spans() == ((0, 60),)


def test_track_that_fits_no_shot_is_kept_whole_and_not_lengthened() -> None:
    index = index_of(track(1, 18, 30), shots=(Shot(0, 20), Shot(20, 60)))
    assert plan_redaction(index, BLACK).masked_spans() == ((15, 30),)


def test_no_padding_in_time_leaves_the_track_as_it_is() -> None:
    margin = MaskMargin(lead_in_s=0, hold_s=0)
    assert plan_redaction(index_of(track(1, 20, 30)), BLACK, margin).masked_spans() == ((20, 30),)


def test_mask_after_the_track_covers_where_the_face_was_and_where_it_was_heading() -> None:
    plan = plan_redaction(index_of(track(1, 20, 30, speed=(10, 0))), BLACK, MaskMargin(1, 1))
    last = np.array(FACE) + np.array([90, 0, 90, 0])
    assert only_region(plan, 31).box == pytest.approx(np.add(last, [0, 0, 20, 0]))
    first = np.array(FACE)
    assert only_region(plan, 18).box == pytest.approx(np.subtract(first, [20, 0, 0, 0]))


def test_a_track_that_jumps_does_not_blow_up_its_mask() -> None:
    plan = plan_redaction(index_of(track(1, 20, 22, speed=(150, 0))), BLACK, MaskMargin(1, 1))
    x1, _, x2, _ = only_region(plan, 24).box
    assert x2 - x1 == pytest.approx(60 + 0.5 * 80)


def test_tiny_face_is_a_whole_box_padded_more() -> None:
    region = only_region(plan_redaction(index_of(track(1, 10, 20, (100, 100, 112, 116))), BLACK), 15)
    assert region.shape is Shape.BOX
    assert region.box == pytest.approx((96.4, 95.2, 115.6, 120.8))


def test_face_around_the_tiny_limit_does_not_flip_between_box_and_ellipse() -> None:
    boxes = np.array([(100, 100, 118, 100 + side) for side in (23.5, 24.5) * 20], np.float32)
    wavering = FaceTrack(1, 10, boxes, np.ones(40, np.float32))
    plan = plan_redaction(index_of(wavering), BLACK)
    assert {only_region(plan, i).shape for i in range(10, 50)} == {Shape.BOX}


def test_growing_face_turns_from_box_to_ellipse_once() -> None:
    boxes = np.array([(100, 100, 110 + i, 110 + i) for i in range(60)], np.float32)
    plan = plan_redaction(index_of(FaceTrack(1, 0, boxes, np.ones(60, np.float32))), BLACK)
    shapes = [only_region(plan, i).shape for i in range(60)]
    turns = sum(a is not b for a, b in pairwise(shapes))
    assert (shapes[0], shapes[-1], turns) == (Shape.BOX, Shape.ELLIPSE, 1)


@pytest.mark.parametrize(
    ("box", "side"),
    [((0, 100, 60, 180), 0), ((300, 0, 360, 80), 1), ((580, 100, 640, 180), 2), ((300, 280, 360, 360), 3)],
)
def test_mask_of_a_face_cut_off_by_the_border_reaches_past_it_on_that_side_only(
    box: tuple[float, ...], side: int
) -> None:
    region = only_region(plan_redaction(index_of(track(1, 10, 20, box)), BLACK), 15)
    plain = np.array([box[0] - 15, box[1] - 20, box[2] + 15, box[3] + 20])
    outward = np.array(region.box) - plain
    length = 30 if side % 2 == 0 else 40
    expected = np.zeros(4)
    expected[side] = -length if side < 2 else length
    assert outward == pytest.approx(expected)


def test_drawn_boxes_are_the_bare_faces_and_the_plan_says_that_it_hides_nothing() -> None:
    plan = plan_redaction(index_of(track(1, 10, 20)), RedactionRequest(BlurringKind.BOUNDING_BOX))
    assert not plan.hides
    assert plan.masked_spans() == ((10, 20),)
    region = only_region(plan, 12)
    assert (region.box, region.shape, region.label) == (FACE, Shape.BOX, "1001")


@pytest.mark.parametrize("kind", [k for k in BlurringKind if k is not BlurringKind.BOUNDING_BOX])
def test_every_other_kind_hides(kind: BlurringKind) -> None:
    plan = plan_redaction(index_of(track(1, 10, 20)), RedactionRequest(kind))
    assert plan.hides
    assert only_region(plan, 12).kind is kind


@pytest.mark.parametrize("values", [{"width": 0.9}, {"height": float("nan")}, {"tiny": 11}, {"hold_s": -0.1}])
def test_margin_refuses_values_that_would_bare_a_face_or_cover_everything(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not"):
        MaskMargin(**values)
