"""The face index record: what it refuses, and what it answers."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from efface.domain.errors import UnknownFaceError
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.model import FaceIndex, SourceFile, best_frame


def test_tracks_and_faces_are_found_by_id(three_people: FaceIndex) -> None:
    assert three_people.track(3).first_frame == 200
    assert three_people.face(1001).track_ids == (1, 3)
    assert three_people.face_of(4).face_id == 1003
    assert three_people.face_ids == (1001, 1002, 1003)


def test_unknown_face_names_the_known_ones(three_people: FaceIndex) -> None:
    with pytest.raises(UnknownFaceError, match="1001, 1002, 1003"):
        three_people.face(7)


def test_faces_at_gives_everybody_in_the_frame_and_nobody_else(three_people: FaceIndex) -> None:
    seen = three_people.faces_at(59)
    assert [(face.face_id, face.track_id) for face in seen] == [(1001, 1), (1002, 2)]
    assert seen[0].box == tuple(three_people.track(1).boxes[59])
    assert [face.face_id for face in three_people.faces_at(60)] == [1001]
    assert three_people.faces_at(150) == ()


def test_appearances_join_over_short_gaps_only(make_index: Callable[..., FaceIndex]) -> None:
    index = make_index([(1001, 0, 50), (1001, 60, 90), (1001, 120, 130)])
    frame = Fraction(1001, 30_000)
    joined = index.appearances(1001)
    assert [(span.start, span.end) for span in joined] == [(0, 90 * frame), (120 * frame, 130 * frame)]
    assert len(index.appearances(1001, max_gap_s=0)) == 3


def test_seen_duration_counts_overlaps_once_and_gaps_never(make_index: Callable[..., FaceIndex]) -> None:
    index = make_index([(1001, 0, 50), (1001, 40, 60), (1001, 62, 70)])
    assert index.seen_duration(1001) == 68 * Fraction(1001, 30_000)


def test_appearances_keep_the_source_time_stamps(make_index: Callable[..., FaceIndex]) -> None:
    index = make_index([(1001, 0, 10)], first_pts=-3003)
    assert index.appearances(1001)[0].start == Fraction(-3003, 30_000)


def test_thumbnail_frame_falls_back_to_the_best_scored_view(three_people: FaceIndex) -> None:
    assert three_people.thumbnail_frame(2) == best_frame(three_people.track(2)) == 59
    assert replace(three_people, thumbnail_frames={2: 30}).thumbnail_frame(2) == 30


def _with_boxes(index: FaceIndex, edges: tuple[float, float, float, float]) -> FaceIndex:
    track = FaceTrack(2, 20, np.array([edges], np.float32), np.ones(1, np.float32))
    return replace(index, tracks=(index.tracks[0], track, *index.tracks[2:]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda i: replace(i, tracks=i.tracks[:3]), "face 1003 names track 4, which does not exist"),
        (lambda i: replace(i, faces=i.faces[:2]), "track 4 belongs to no face"),
        (lambda i: replace(i, tracks=(*i.tracks, i.tracks[0])), "track id 1 occurs twice"),
        (lambda i: replace(i, faces=(*i.faces, i.faces[0])), "face id 1001 occurs twice"),
        (lambda i: replace(i, faces=(*i.faces, FaceGroup(1004, (4,), 290, 4))), "track 4 occurs twice"),
        (lambda i: replace(i, faces=(*i.faces[:2], FaceGroup(-1, (4,), 290, 4))), "must not be negative"),
        (
            lambda i: replace(i, faces=(*i.faces[:2], FaceGroup(1003, (4,), 0, 1))),
            "thumbnail track 1 is not of",
        ),
        (
            lambda i: replace(i, faces=(*i.faces[:2], FaceGroup(1003, (4,), 0, 4))),
            "not in its thumbnail frame 0",
        ),
        (lambda i: replace(i, thumbnail_frames={1: 100}), "track 1 is not in its thumbnail frame 100"),
        (lambda i: replace(i, thumbnail_frames={9: 1}), "track 9 is not in"),
        (lambda i: replace(i, shots=(Shot(0, 10), Shot(9, 300))), "overlaps"),
        (lambda i: replace(i, shots=(Shot(0, 301),)), "ends after"),
        (lambda i: _with_boxes(i, (1, 1, float("nan"), 5)), "not a number within"),
        (lambda i: _with_boxes(i, (1, 1, 2e6, 5)), "not a number within"),
        (lambda i: _with_boxes(i, (9, 1, 9, 5)), "without area"),
        (lambda i: _with_boxes(i, (9, 8, 19, 5)), "without area"),
    ],
)
def test_an_index_that_does_not_fit_together_is_refused(
    three_people: FaceIndex, change: Callable[[FaceIndex], FaceIndex], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        change(three_people)


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_scores_outside_zero_to_one_are_refused(three_people: FaceIndex, score: float) -> None:
    track = replace(three_people.tracks[0], scores=np.full(100, score, np.float32))
    with pytest.raises(ValueError, match="score outside"):
        replace(three_people, tracks=(track, *three_people.tracks[1:]))


@pytest.mark.parametrize(("first", "end"), [(-1, 5), (295, 301)])
def test_tracks_outside_the_timeline_are_refused(three_people: FaceIndex, first: int, end: int) -> None:
    track = FaceTrack(
        4,
        first,
        np.tile(np.array([0, 0, 9, 9], np.float32), (end - first, 1)),
        np.ones(end - first, np.float32),
    )
    with pytest.raises(ValueError, match="the timeline has 300"):
        replace(three_people, tracks=(*three_people.tracks[:3], track))


@pytest.mark.parametrize(
    ("size_bytes", "sha256"), [(-1, "ab" * 32), (1, "ab"), (1, "AB" * 32), (1, "zz" * 32)]
)
def test_a_source_needs_a_size_and_a_digest(size_bytes: int, sha256: str) -> None:
    with pytest.raises(ValueError, match="source"):
        SourceFile("clip.mp4", size_bytes, sha256)
