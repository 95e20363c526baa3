import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.domain.time import Timeline
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.model import FaceIndex, SourceFile
from efface.index.risk import MAX_RISKS, Risk, RiskReason, find_risks

FPS = 25
SIDE = 60.0
MIDDLE = (600.0, 300.0)


@dataclass(frozen=True, slots=True)
class Stay:
    """One track of a test: a square face that goes evenly from ``at`` to ``to``."""

    face_id: int
    first: int
    end: int
    at: tuple[float, float] = MIDDLE
    to: tuple[float, float] | None = None
    sides: tuple[float, float] = (SIDE, SIDE)
    score: float = 0.9
    unseen: tuple[int, int] | None = None
    """Frames in which the box was carried."""


def track_of(stay: Stay, track_id: int) -> FaceTrack:
    n = stay.end - stay.first
    share = np.linspace(0, 1, n)[:, None]
    centre = np.array(stay.at) * (1 - share) + np.array(stay.to or stay.at) * share
    half = np.linspace(*stay.sides, n)[:, None] / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    scores = np.full(n, stay.score, np.float32)
    if stay.unseen is not None:
        scores[stay.unseen[0] - stay.first : stay.unseen[1] - stay.first] = 0
    return FaceTrack(track_id, stay.first, boxes, scores)


def index_of(
    stays: Sequence[Stay],
    *,
    num_frames: int = 500,
    cuts: Sequence[int] = (),
    pts: NDArray[np.int64] | None = None,
) -> FaceIndex:
    tracks = tuple(track_of(stay, i) for i, stay in enumerate(stays, start=1))
    members: dict[int, list[FaceTrack]] = {}
    for stay, track in zip(stays, tracks, strict=True):
        members.setdefault(stay.face_id, []).append(track)
    ticks = 40 * np.arange(num_frames, dtype=np.int64) if pts is None else pts
    edges = [0, *cuts, num_frames]
    return FaceIndex(
        source=SourceFile("clip.mp4", 1, "ab" * 32),
        size=Size(1280, 720),
        timeline=Timeline(Fraction(1, 1000), ticks, int(ticks[-1]) + 40),
        frame_rate=Fraction(FPS),
        shots=tuple(Shot(a, b) for a, b in pairwise(edges)),
        tracks=tracks,
        faces=tuple(
            FaceGroup(face_id, tuple(t.track_id for t in own), own[0].first_frame, own[0].track_id)
            for face_id, own in members.items()
        ),
        engine="test",
    )


def only(risks: Sequence[Risk]) -> Risk:
    (risk,) = risks
    return risk


def reasons_of(risks: Sequence[Risk]) -> set[RiskReason]:
    return {reason for risk in risks for reason in risk.reasons}


def test_risks_are_none_for_a_sure_and_steady_face() -> None:
    assert find_risks(index_of([Stay(1001, 0, 500)])) == ()


def test_risks_are_none_without_faces() -> None:
    assert find_risks(index_of([])) == ()


def test_gap_shows_the_middle_of_the_bare_frames() -> None:
    stays = [Stay(1001, 0, 200), Stay(1001, 220, 500, at=(640.0, 300.0))]
    risk = only(find_risks(index_of(stays)))
    assert risk.reasons == (RiskReason.GAP,)
    assert (risk.first_frame, risk.frame_index, risk.end_frame) == (200, 210, 220)
    assert (risk.track_id, risk.face_id) == (1, 1001)
    assert risk.box == (590.0, 270.0, 650.0, 330.0)


def test_gap_is_found_between_two_people_when_the_place_is_one() -> None:
    same_place = [Stay(1001, 0, 200), Stay(1002, 220, 500)]
    assert only(find_risks(index_of(same_place))).reasons == (RiskReason.GAP,)
    elsewhere = [Stay(1001, 0, 200), Stay(1002, 220, 500, at=(200.0, 500.0))]
    ends = {RiskReason.ENDS_IN_VIEW, RiskReason.STARTS_IN_VIEW}
    assert reasons_of(find_risks(index_of(elsewhere))) == ends


def test_gap_is_no_risk_when_the_masks_of_both_tracks_cover_it() -> None:
    assert find_risks(index_of([Stay(1001, 0, 200), Stay(1001, 202, 500)])) == ()


def test_gap_is_no_risk_across_a_cut() -> None:
    found = find_risks(index_of([Stay(1001, 0, 200), Stay(1001, 200, 500)], cuts=[200]))
    assert [(risk.frame_index, risk.reasons) for risk in found] == [
        (199, (RiskReason.CUT,)),
        (200, (RiskReason.CUT,)),
    ]
    gap = only(find_risks(index_of([Stay(1001, 0, 200), Stay(1001, 220, 500)])))
    assert found[0].score < gap.score / 4


def test_end_in_view_shows_the_first_frame_without_mask() -> None:
    risk = only(find_risks(index_of([Stay(1001, 0, 200)])))
    assert risk.reasons == (RiskReason.ENDS_IN_VIEW,)
    # The mask is held for 0.1 s, which reaches into the third frame behind the track.
    assert risk.frame_index in {202, 203}
    assert risk.first_frame < 200 < risk.end_frame


def test_start_in_view_shows_the_last_frame_without_mask() -> None:
    risk = only(find_risks(index_of([Stay(1001, 200, 500)])))
    assert risk.reasons == (RiskReason.STARTS_IN_VIEW,)
    assert risk.frame_index in {196, 197}
    assert risk.first_frame < 200 < risk.end_frame


def test_end_is_no_risk_when_the_face_walks_out_of_the_picture() -> None:
    leaves = Stay(1001, 0, 200, at=(600.0, 300.0), to=(1262.0, 300.0))
    assert find_risks(index_of([leaves])) == ()


def test_end_is_no_risk_at_the_end_of_the_shot() -> None:
    assert find_risks(index_of([Stay(1001, 0, 199)], cuts=[200])) == ()


def test_end_is_worse_shortly_before_a_cut() -> None:
    near = only(find_risks(index_of([Stay(1001, 0, 192)], cuts=[200])))
    far = only(find_risks(index_of([Stay(1001, 0, 100)], cuts=[200])))
    assert RiskReason.CUT in near.reasons
    assert RiskReason.CUT not in far.reasons
    assert near.score > far.score


def test_end_beside_another_face_is_an_occlusion() -> None:
    beside = Stay(1002, 0, 500, at=(MIDDLE[0] + 1.2 * SIDE, MIDDLE[1]))
    found = find_risks(index_of([Stay(1001, 0, 200), beside]))
    assert only(found).reasons == (RiskReason.ENDS_IN_VIEW, RiskReason.OCCLUSION)
    away = Stay(1002, 0, 500, at=(200.0, 500.0))
    assert only(find_risks(index_of([Stay(1001, 0, 200), away]))).reasons == (RiskReason.ENDS_IN_VIEW,)


def test_end_is_no_risk_under_the_mask_of_another_track() -> None:
    assert find_risks(index_of([Stay(1001, 0, 200), Stay(1002, 0, 500)])) == ()


def test_carried_stretch_counts_by_its_length() -> None:
    short = find_risks(index_of([Stay(1001, 0, 500, unseen=(100, 107))]))
    middle = find_risks(index_of([Stay(1001, 0, 500, unseen=(100, 115))]))
    long = find_risks(index_of([Stay(1001, 0, 500, unseen=(100, 130))]))
    assert short == ()
    assert reasons_of(middle) == reasons_of(long) == {RiskReason.CARRIED}
    assert long[0].score > middle[0].score
    assert 100 <= long[0].frame_index < 130


def test_carried_head_of_a_track_counts() -> None:
    found = find_risks(index_of([Stay(1001, 0, 500, unseen=(0, 30))]))
    assert reasons_of(found) == {RiskReason.CARRIED}
    assert found[0].frame_index < 30


def test_low_scores_are_a_risk() -> None:
    found = find_risks(index_of([Stay(1001, 0, 500, score=0.3)]))
    assert reasons_of(found) == {RiskReason.UNSURE}


def test_fast_motion_is_a_risk() -> None:
    # 24 sides in 1 s are 2.4 sides in 0.1 s.
    stays = [
        Stay(1001, 0, 20, at=(100.0, 300.0), to=(1240.0, 300.0)),
        Stay(1002, 0, 500, at=(300.0, 600.0), to=(900.0, 600.0)),
    ]
    found = [risk for risk in find_risks(index_of(stays)) if RiskReason.FAST in risk.reasons]
    assert {risk.face_id for risk in found} == {1001}


def test_fast_growth_is_a_risk() -> None:
    stays = [Stay(1001, 0, 25, sides=(40.0, 600.0)), Stay(1001, 25, 500, sides=(600.0, 600.0))]
    found = find_risks(index_of(stays, cuts=[25]))
    growing = [risk for risk in found if RiskReason.GROWTH in risk.reasons]
    assert {risk.track_id for risk in growing} == {1}


def test_face_near_the_detector_s_limit_is_a_risk() -> None:
    assert reasons_of(find_risks(index_of([Stay(1001, 0, 500, sides=(9.0, 9.0))]))) == {RiskReason.SMALL}


def test_brief_track_is_a_risk_unless_its_shot_is_as_brief() -> None:
    brief = find_risks(index_of([Stay(1001, 100, 106)]))
    assert RiskReason.BRIEF in reasons_of(brief)
    assert RiskReason.BRIEF not in reasons_of(find_risks(index_of([Stay(1001, 0, 6)], num_frames=6)))


def test_crowd_is_shown_as_a_whole() -> None:
    crowd = [Stay(1001 + i, 0, 500, at=(60.0 + 100 * i, 300.0)) for i in range(12)]
    found = find_risks(index_of(crowd))
    assert reasons_of(found) == {RiskReason.CROWD}
    assert len(found) == 500 / FPS / 5
    assert found[0].track_id is found[0].face_id is None
    assert found[0].box == (30.0, 270.0, 1190.0, 330.0)


def test_absence_of_a_person_counts_when_nobody_else_is_seen() -> None:
    stays = [Stay(1001, 0, 100), Stay(1001, 250, 500)]
    away = next(risk for risk in find_risks(index_of(stays)) if RiskReason.ABSENCE in risk.reasons)
    assert (away.first_frame, away.frame_index, away.end_frame) == (100, 175, 250)
    company = [*stays, Stay(1002, 0, 500, at=(200.0, 600.0))]
    assert RiskReason.ABSENCE not in reasons_of(find_risks(index_of(company)))


def test_moments_of_one_track_within_half_a_second_are_one() -> None:
    stay = Stay(1001, 0, 200, score=0.3, unseen=(188, 200))
    found = [risk for risk in find_risks(index_of([stay])) if risk.frame_index > 190]
    risk = only(found)
    assert set(risk.reasons) == {RiskReason.ENDS_IN_VIEW, RiskReason.CARRIED, RiskReason.UNSURE}
    alone = only(find_risks(index_of([Stay(1001, 0, 200)])))
    assert risk.score > alone.score


def random_index(seed: int) -> FaceIndex:
    """Anything that an index may hold: short tracks, one-frame shots, uneven time, boxes beyond the border."""
    rng = np.random.default_rng(seed)
    num_frames = int(rng.integers(1, 400))
    cuts = sorted(set(rng.integers(1, num_frames, 3).tolist())) if num_frames > 1 else []
    edges = [0, *cuts, num_frames]
    stays = []
    for _ in range(int(rng.integers(1, 30))):
        shot = int(rng.integers(len(edges) - 1))
        first, end = sorted(rng.integers(edges[shot], edges[shot + 1] + 1, 2).tolist())
        first = min(first, edges[shot + 1] - 1)
        at, to = rng.uniform(-100, 1400, (2, 2)).tolist()
        stays.append(
            Stay(
                1001 + int(rng.integers(6)),
                first,
                max(end, first + 1),
                (at[0], at[1]),
                (to[0], to[1]),
                (float(rng.uniform(5, 300)), float(rng.uniform(5, 300))),
                float(rng.choice([0.0, 0.2, 0.5, 1.0])),
            )
        )
    pts = np.cumsum(rng.integers(1, 400, num_frames)).astype(np.int64)
    index = index_of(stays, num_frames=num_frames, cuts=cuts, pts=pts)
    return replace(index, shots=()) if seed % 5 == 0 else index


@pytest.mark.parametrize("seed", range(60))
def test_risks_of_any_index_lie_in_the_video_and_are_in_order(seed: int) -> None:
    index = random_index(seed)
    found = find_risks(index)
    assert all(risk.end_frame <= index.timeline.num_frames for risk in found)
    assert [risk.score for risk in found] == sorted((risk.score for risk in found), reverse=True)
    assert all(np.isfinite(risk.box).all() for risk in found)


@pytest.mark.parametrize("seed", range(20))
def test_risks_do_not_depend_on_the_order_of_tracks(seed: int) -> None:
    index = random_index(seed)
    turned = replace(index, tracks=index.tracks[::-1], faces=index.faces[::-1])
    assert find_risks(turned) == find_risks(index)


def two_bad_scenes() -> FaceIndex:
    """60 s with a hundred ends in view, then 60 s with ten milder ones."""
    bad = [Stay(1001 + i, 15 * i, 15 * i + 8, at=(60.0 + 110 * (i % 10), 300.0)) for i in range(100)]
    mild = [Stay(2001 + i, 1500 + 150 * i, 1600 + 150 * i) for i in range(10)]
    return index_of([*bad, *mild], num_frames=3000)


def test_list_is_bounded_and_spread_over_the_video() -> None:
    index = two_bad_scenes()
    found = find_risks(index)
    per_second = Counter(int(risk.frame_index / FPS) for risk in found)
    assert max(per_second.values()) <= 2
    assert {risk.face_id for risk in found} >= {2001 + i for i in range(10)}


def test_mild_scene_is_listed_when_a_bad_one_could_fill_the_list() -> None:
    num = 400
    bad = [Stay(1001 + i, 13 * i, 13 * i + 6, at=(60.0 + 110 * (i % 10), 300.0)) for i in range(num)]
    start = 13 * num + 25
    mild = Stay(5001, start, start + 500, score=0.45)
    found = find_risks(index_of([*bad, mild], num_frames=start + 500))
    assert len(found) == MAX_RISKS
    assert found[-1].face_id == 5001


def test_two_hours_with_200_tracks_take_less_than_300_ms() -> None:
    rng = np.random.default_rng(1)
    num_frames = 2 * 3600 * FPS
    stays = []
    for i in range(200):
        first = int(rng.integers(0, num_frames - 2000))
        at = (float(rng.uniform(100, 1100)), 300.0)
        stays.append(Stay(1001 + i % 20, first, first + int(rng.integers(50, 1800)), at, score=0.4))
    index = index_of(stays, num_frames=num_frames, cuts=range(250, num_frames, 250))
    seconds = []
    for _ in range(4):
        started = time.process_time()
        found = find_risks(index)
        seconds.append(time.process_time() - started)
    assert len(found) > 100
    assert min(seconds) < 0.3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frame_index": 9}, "outside"),
        ({"score": 1.5}, "score"),
        ({"reasons": ()}, "no reason"),
        ({"face_id": None}, "without its face"),
    ],
)
def test_risk_is_checked_at_birth(change: dict[str, object], words: str) -> None:
    fields: dict[str, object] = {
        "frame_index": 3, "first_frame": 2, "end_frame": 5, "score": 0.5, "reasons": (RiskReason.GAP,),
        "track_id": 1, "face_id": 1001, "box": (0.0, 0.0, 9.0, 9.0),
    }  # fmt: skip
    with pytest.raises(ValueError, match=words):
        Risk(**{**fields, **change})  # type: ignore[arg-type]
