"""Tracks → people, with a scripted embedder."""

from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from efface.domain.track import FaceGroup, FaceTrack
from efface.identify.crops import FaceCrop
from efface.identify.group import group_faces, sign_face

UNKNOWN = np.full((5, 2), np.nan, np.float32)


class ScriptedEmbedder:
    """Reads the person off the first pixel; every view lies near the person's own direction."""

    person_distance = 0.5

    def __init__(self, noise: float = 0.02) -> None:
        self.noise = noise
        self.asked: list[tuple[int, bool]] = []

    def embed(self, crop: FaceCrop, *, is_mirrored: bool = False) -> NDArray[np.float32]:
        self.asked.append((crop.frame_index, is_mirrored))
        person = int(crop.rgb[0, 0, 0])
        jitter = np.random.default_rng([crop.frame_index, is_mirrored]).normal(size=16) * self.noise
        return np.asarray(np.eye(16)[person] + jitter, np.float32)


def track(track_id: int, first: int, frames: int = 10, x: float = 0.0) -> FaceTrack:
    boxes = np.tile(np.array([x, 0, x + 80, 100], np.float32), (frames, 1))
    return FaceTrack(track_id, first, boxes, np.full(frames, 0.9, np.float32))


def crop(person: int, frame: int, side: float = 100.0, quality: float = 0.5, score: float = 0.9) -> FaceCrop:
    return FaceCrop(
        frame_index=frame,
        box=np.array([0, 0, side * 0.8, side], np.float32),
        score=score,
        landmarks=UNKNOWN,
        rgb=np.full((8, 8, 3), person, np.uint8),
        origin=(0.0, 0.0),
        scale=1.0,
        quality=quality,
    )


def members(groups: Sequence[FaceGroup]) -> list[tuple[int, ...]]:
    return [group.track_ids for group in groups]


def test_no_track_gives_no_person() -> None:
    assert group_faces([], {}, ScriptedEmbedder()) == ()


def test_tracks_of_one_person_become_one_group() -> None:
    tracks = [track(1, 0), track(2, 20), track(3, 40)]
    crops = {1: [crop(4, 0)], 2: [crop(5, 20)], 3: [crop(4, 40)]}
    assert members(group_faces(tracks, crops, ScriptedEmbedder())) == [(1, 3), (2,)]


def test_ids_count_from_1001_in_order_of_first_appearance() -> None:
    tracks = [track(3, 40), track(1, 0), track(2, 20)]
    crops = {1: [crop(9, 0)], 2: [crop(3, 20)], 3: [crop(6, 40)]}
    groups = group_faces(tracks, crops, ScriptedEmbedder())
    assert [(g.face_id, g.track_ids) for g in groups] == [(1001, (1,)), (1002, (2,)), (1003, (3,))]


def test_two_seen_at_once_are_two_people_however_alike() -> None:
    tracks = [track(1, 0), track(2, 0, x=300)]
    crops = {1: [crop(1, 0)], 2: [crop(1, 1)]}
    assert members(group_faces(tracks, crops, ScriptedEmbedder())) == [(1,), (2,)]


def test_third_track_joins_one_of_two_twins_only() -> None:
    tracks = [track(1, 0), track(2, 0, x=300), track(3, 50)]
    crops = {1: [crop(1, 0)], 2: [crop(1, 1)], 3: [crop(1, 50)]}
    groups = group_faces(tracks, crops, ScriptedEmbedder())
    assert sorted(len(group.track_ids) for group in groups) == [1, 2]


def test_nothing_is_embedded_when_nobody_could_be_joined() -> None:
    embedder = ScriptedEmbedder()
    tracks = [track(1, 0), track(2, 0, x=300), track(3, 0, x=600)]
    group_faces(tracks, {i: [crop(i, i)] for i in (1, 2, 3)}, embedder)
    assert embedder.asked == []


def test_two_tracks_on_one_spot_are_one_person_without_any_view() -> None:
    assert members(group_faces([track(1, 0), track(2, 5, x=5)], {}, ScriptedEmbedder())) == [(1, 2)]


def test_track_without_a_usable_view_is_a_person_of_its_own() -> None:
    tracks = [track(1, 0), track(2, 20), track(3, 40), track(4, 60)]
    crops = {1: [crop(1, 0)], 2: [crop(1, 20, side=15)], 4: [crop(1, 60)]}
    assert members(group_faces(tracks, crops, ScriptedEmbedder())) == [(1, 4), (2,), (3,)]


@pytest.mark.parametrize(("side", "score"), [(30.0, 0.9), (100.0, 0.5)])
def test_poor_views_must_be_nearer_than_good_ones_to_be_joined(side: float, score: float) -> None:
    tracks = [track(1, 0), track(2, 20)]
    noisy = ScriptedEmbedder(noise=0.1)
    good = {1: [crop(1, 0)], 2: [crop(1, 20)]}
    poor = {1: [crop(1, 0, side, score=score)], 2: [crop(1, 20, side, score=score)]}
    assert len(group_faces(tracks, good, noisy)) == 1
    assert len(group_faces(tracks, poor, noisy)) == 2


def test_three_best_views_are_embedded_every_other_one_mirrored() -> None:
    embedder = ScriptedEmbedder()
    sign_face([crop(1, i, quality=0.1 * i) for i in range(1, 6)], embedder)
    assert embedder.asked == [(5, False), (4, True), (3, False)]


def test_single_view_is_embedded_both_ways() -> None:
    embedder = ScriptedEmbedder()
    sign_face([crop(1, 7)], embedder)
    assert embedder.asked == [(7, False), (7, True)]


def test_far_poorer_views_are_left_out() -> None:
    embedder = ScriptedEmbedder()
    signature = sign_face([crop(1, 1), crop(1, 2), crop(2, 3, side=25)], embedder)
    assert [frame for frame, _ in embedder.asked] == [1, 2]
    assert signature.trust == pytest.approx(1)


def test_thumbnail_is_the_best_view_of_all_tracks() -> None:
    tracks = [track(1, 0), track(2, 20)]
    crops = {1: [crop(1, 3, quality=0.4)], 2: [crop(1, 22, quality=0.8), crop(1, 25, quality=0.2)]}
    (group,) = group_faces(tracks, crops, ScriptedEmbedder())
    assert (group.thumbnail_track, group.thumbnail_frame) == (2, 22)


def test_thumbnail_without_views_is_the_surest_frame() -> None:
    scores = np.array([0.2, 0.0, 0.7, 0.3], np.float32)
    only = FaceTrack(1, 10, np.tile(np.array([0, 0, 12, 12], np.float32), (4, 1)), scores)
    (group,) = group_faces([only], {}, ScriptedEmbedder())
    assert (group.thumbnail_track, group.thumbnail_frame) == (1, 12)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[FaceTrack], Mapping[int, list[FaceCrop]], dict[int, int]]:
    """Up to 12 tracks of 4 people; nobody is in two places at once."""
    tracks, crops, person_of = [], {}, {}
    free_from = [0, 0, 0, 0]
    for track_id in range(1, draw(st.integers(1, 12)) + 1):
        person = draw(st.integers(0, 3))
        first = free_from[person] + draw(st.integers(0, 30))
        free_from[person] = first + 10
        tracks.append(track(track_id, first, x=200.0 * person))
        crops[track_id] = [crop(person, first + k) for k in range(draw(st.integers(1, 3)))]
        person_of[track_id] = person
    return tracks, crops, person_of


@given(scenes(), st.randoms(use_true_random=False))
def test_every_track_is_in_one_group_and_the_order_given_does_not_matter(
    scene: tuple[list[FaceTrack], Mapping[int, list[FaceCrop]], dict[int, int]], rng: Random
) -> None:
    tracks, crops, person_of = scene
    groups = group_faces(tracks, crops, ScriptedEmbedder())
    assert sorted(i for group in groups for i in group.track_ids) == [t.track_id for t in tracks]
    assert [g.face_id for g in groups] == list(range(1001, 1001 + len(groups)))
    assert all(len({person_of[i] for i in group.track_ids}) == 1 for group in groups)
    assert len(groups) == len(set(person_of.values()))
    shuffled = list(tracks)
    rng.shuffle(shuffled)
    assert group_faces(shuffled, crops, ScriptedEmbedder()) == groups
