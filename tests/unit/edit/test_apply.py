"""Corrections laid over an index."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from efface.domain.edits import Box, DrawnBox, DrawnRegion, Edits, MovedBox, ReviewedRisk, TrackSplit
from efface.domain.errors import IndexMismatchError, RequestError
from efface.domain.geometry import Size
from efface.domain.time import Timeline, TimeRange
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.edit import apply_edits, bind_edits
from efface.index.codec import encode_index
from efface.index.model import FaceIndex, SourceFile

SHA256 = "ab" * 32
BOX = (100.0, 100.0, 150.0, 160.0)


def index_of(*owners: int, num_frames: int = 100) -> FaceIndex:
    """Tracks 1, 2 … through the whole video, each of the face named; 25 frames/s."""
    boxes = np.tile(np.array([BOX], np.float32), (num_frames, 1))
    tracks = tuple(
        FaceTrack(i, 0, boxes + 10 * i, np.full(num_frames, 0.5 + i / 100, np.float32))
        for i in range(1, len(owners) + 1)
    )
    faces = tuple(
        FaceGroup(face_id, ids, 5, ids[0], f"person {face_id}" if face_id % 2 else None)
        for face_id in sorted(set(owners))
        if (ids := tuple(i for i, owner in enumerate(owners, start=1) if owner == face_id))
    )
    return FaceIndex(
        source=SourceFile("clip.mp4", 1, SHA256),
        size=Size(640, 360),
        timeline=Timeline(Fraction(1, 25), np.arange(num_frames), num_frames),
        frame_rate=Fraction(25),
        shots=(Shot(0, num_frames),),
        tracks=tracks,
        faces=faces,
        engine="test",
        thumbnail_frames={1: 7},
    )


def people(index: FaceIndex) -> dict[int, tuple[int, ...]]:
    return {face.face_id: face.track_ids for face in index.faces}


def test_merged_people_are_one_under_the_smallest_id() -> None:
    merged = apply_edits(index_of(1001, 1002, 1003), Edits(SHA256, merges=((1003, 1002),)))
    assert people(merged) == {1001: (1,), 1002: (2, 3)}
    assert merged.face(1002).name == "person 1003"


def test_track_split_off_is_a_new_person_without_a_name() -> None:
    split = apply_edits(index_of(1001, 1001, 1002), Edits(SHA256, splits=(TrackSplit(1, 2001),)))
    assert people(split) == {1001: (2,), 1002: (3,), 2001: (1,)}
    assert (split.face(1001).name, split.face(2001).name) == ("person 1001", None)
    # The thumbnail of 1001 went away with its track.
    assert split.face(1001).thumbnail_track == 2
    assert (split.face(2001).thumbnail_track, split.face(2001).thumbnail_frame) == (1, 5)


def test_tracks_split_off_under_one_id_are_one_person() -> None:
    edits = Edits(SHA256, splits=(TrackSplit(1, 2001), TrackSplit(3, 2001)))
    assert people(apply_edits(index_of(1001, 1001, 1002), edits)) == {1001: (2,), 2001: (1, 3)}


def test_track_moves_to_another_person_by_split_and_merge() -> None:
    edits = Edits(SHA256, splits=(TrackSplit(2, 2001),), merges=((1002, 2001),))
    assert people(apply_edits(index_of(1001, 1001, 1002), edits)) == {1001: (1,), 1002: (2, 3)}


def test_removed_track_is_gone_and_so_is_who_had_no_other() -> None:
    removed = apply_edits(index_of(1001, 1002, 1002), Edits(SHA256, removed_tracks=(1, 2)))
    assert people(removed) == {1002: (3,)}
    assert [track.track_id for track in removed.tracks] == [3]
    assert removed.thumbnail_frames == {}


def test_given_index_stays_as_it_is(full_edits: Edits) -> None:
    index = index_of(1001, 1001, 1002, 1003)
    before = "".join(encode_index(index))
    changed = apply_edits(index, bind_edits(full_edits, index))
    assert "".join(encode_index(index)) == before
    assert "".join(encode_index(changed)) != before


def moved(*moves: tuple[int, Box], num_frames: int = 100) -> FaceTrack:
    """Track 1, corrected; its own box is (110, 110, 160, 170) throughout."""
    edits = Edits(SHA256, moved_boxes=tuple(MovedBox(1, frame, box) for frame, box in moves))
    return apply_edits(index_of(1001, num_frames=num_frames), edits).track(1)


def test_moved_box_is_exact_and_fades_out_within_half_a_second() -> None:
    box = (130.0, 110.0, 180.0, 170.0)
    track = moved((50, box))
    assert tuple(track.boxes[50]) == box
    shift = track.boxes[:, 0] - 110
    # 12.5 frames are half a second.
    assert shift[56] == pytest.approx(20 * (1 - 6 / 12.5), abs=0.01)
    assert shift[44] == pytest.approx(shift[56])
    assert not shift[:38].any()
    assert not shift[63:].any()
    assert (np.diff(shift[38:51]) > 0).all()


def test_correction_goes_evenly_from_one_frame_to_the_next() -> None:
    track = moved((80, (150.0, 110.0, 200.0, 170.0)), (20, (120.0, 110.0, 170.0, 170.0)))
    assert track.boxes[50, 0] == pytest.approx(110 + (10 + 40) / 2)
    assert (track.boxes[:, 2] - track.boxes[:, 0]).min() == pytest.approx(50, abs=0.01)


def test_enlarged_box_is_not_smaller_as_far_as_the_correction_reaches() -> None:
    track = moved((50, (90.0, 90.0, 190.0, 190.0)))
    reached = track.boxes[38:63]
    assert (reached[:, 2:] - reached[:, :2]).min() >= 99.99


def test_shrunk_box_never_shrinks_further_beside_it() -> None:
    """The face comes nearer by itself: added up, correction and motion would leave next to nothing."""
    index = index_of(1001)
    sides = np.linspace(20, 120, 100, dtype=np.float32)[:, None]
    boxes = np.concatenate([200 - sides, 200 - sides, 200 + sides, 200 + sides], axis=1)
    index = dataclasses.replace(index, tracks=(dataclasses.replace(index.tracks[0], boxes=boxes),))
    edits = Edits(SHA256, moved_boxes=(MovedBox(1, 90, (180.0, 180.0, 220.0, 220.0)),))
    track = apply_edits(index, edits).track(1)
    assert (track.boxes[:, 2:] - track.boxes[:, :2]).min() >= 39.99
    assert tuple(track.boxes[90]) == (180, 180, 220, 220)


REGION = DrawnRegion(1, "", None, (DrawnBox(5, (0.0, 0.0, 9.0, 9.0)),), 0, 100, False)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        (Edits(SHA256, merges=((1001, 1009),)), r"merges\[0\] names face 1009"),
        (Edits(SHA256, splits=(TrackSplit(9, 2001),)), r"splits\[0\] names track 9"),
        (
            Edits(SHA256, splits=(TrackSplit(1, 1002),)),
            r"splits\[0\] names face 1002, which is there already",
        ),
        (Edits(SHA256, removed_tracks=(1, 9)), r"removed_tracks\[1\] names track 9"),
        (Edits(SHA256, moved_boxes=(MovedBox(9, 0, BOX),)), r"moved_boxes\[0\] names track 9"),
        (Edits(SHA256, moved_boxes=(MovedBox(1, 100, BOX),)), "track 1 has the frames 0 to 99"),
        (Edits(SHA256, moved_boxes=(MovedBox(1, 0, (640.0, 0.0, 700.0, 9.0)),)), "outside of the picture"),
        (Edits(SHA256, regions=(dataclasses.replace(REGION, end_frame=101),)), "the video has 100"),
        (
            Edits(
                SHA256,
                regions=(dataclasses.replace(REGION, keyframes=(DrawnBox(5, (-9.0, 0.0, 0.0, 9.0)),)),),
            ),
            "region 1 lies outside of the picture of 640x360 at frame 5",
        ),
        (
            Edits(
                SHA256, mutes=(TimeRange(Fraction(0), Fraction(1)), TimeRange(Fraction(60), Fraction(120)))
            ),
            r"mutes\[1\] begins 60 s after the first frame, but the video ends after 4 s",
        ),
    ],
)
def test_correction_that_does_not_fit_is_refused(edits: Edits, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        apply_edits(index_of(1001, 1002), edits)


def test_numbers_of_another_index_are_refused() -> None:
    index, other = index_of(1001, 1002, 1002), index_of(1001, 1001, 1002)
    bound = bind_edits(Edits(SHA256, removed_tracks=(2,)), index)
    assert people(apply_edits(index, bound)) == {1001: (1,), 1002: (3,)}
    with pytest.raises(RequestError, match="those of another index of this video"):
        apply_edits(other, bound)


def test_regions_fit_every_index_of_their_video() -> None:
    region = DrawnRegion(1, "", None, (DrawnBox(3, (1, 1, 9, 9)),), 0, 9, is_followed=False)
    bound = bind_edits(Edits(SHA256, regions=(region,)), index_of(1001))
    other = index_of(1001, 1002)
    assert apply_edits(other, bound) is other


def test_names_of_people_are_no_part_of_what_edits_are_bound_to() -> None:
    index = index_of(1001, 1002)
    renamed = dataclasses.replace(
        index, faces=tuple(dataclasses.replace(face, name="Anna") for face in index.faces)
    )
    bound = bind_edits(Edits(SHA256, merges=((1001, 1002),)), index)
    assert people(apply_edits(renamed, bound)) == {1001: (1, 2)}


def test_edits_of_another_video_are_refused() -> None:
    with pytest.raises(IndexMismatchError, match=r"another video than clip\.mp4"):
        apply_edits(index_of(1001), Edits("cd" * 32))


def test_review_of_what_is_not_there_any_more_is_passed_over() -> None:
    index = index_of(1001)
    assert apply_edits(index, Edits(SHA256, reviewed=(ReviewedRisk(10**6, 99),))) is index
