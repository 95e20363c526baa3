"""Records that refuse what cannot be."""

import numpy as np
import pytest

from efface.domain.detection import Detections
from efface.domain.errors import EffaceError, InputError, RequestError, UnknownFaceError
from efface.domain.track import FaceGroup, FaceTrack, Shot


def detections(num: int, offset: float = 0) -> Detections:
    boxes = np.arange(num * 4, dtype=np.float32).reshape(num, 4) + offset
    return Detections(boxes, np.linspace(0, 1, num, dtype=np.float32), np.zeros((num, 5, 2), np.float32))


def test_arrays_of_unlike_length_are_no_detections() -> None:
    with pytest.raises(ValueError, match="need boxes"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(3, np.float32), np.zeros((3, 5, 2), np.float32))
    with pytest.raises(ValueError, match="need boxes"):
        Detections(np.zeros((3, 4), np.float32), np.zeros(3, np.float32), np.zeros((3, 2, 5), np.float32))


def test_detections_are_joined_in_order_and_picked_by_index_or_mask() -> None:
    both = Detections.concatenate([detections(2), Detections.empty(), detections(1, offset=100)])
    assert both.boxes[:, 0].tolist() == [0, 4, 100]
    assert both.select(np.array([2, 0])).boxes[:, 0].tolist() == [100, 0]
    assert both.select(both.boxes[:, 0] > 3).boxes[:, 0].tolist() == [4, 100]
    assert len(Detections.concatenate([])) == 0


@pytest.mark.parametrize(("first", "end"), [(3, 3), (4, 3), (-1, 2)])
def test_shot_without_frames_is_refused(first: int, end: int) -> None:
    with pytest.raises(ValueError, match="must hold a frame"):
        Shot(first, end)


def track(first: int, num: int) -> FaceTrack:
    return FaceTrack(1, first, np.arange(num * 4, dtype=np.float32).reshape(num, 4), np.ones(num, np.float32))


def test_track_gives_its_box_inside_its_span_only() -> None:
    three = track(10, 3)
    assert (three.end_frame, three.num_frames) == (13, 3)
    rows = [three.box_at(i) for i in range(9, 14)]
    assert [None if row is None else float(row[0]) for row in rows] == [None, 0, 4, 8, None]


def test_tracks_overlap_when_they_share_a_frame() -> None:
    assert track(0, 5).overlaps(track(4, 2))
    assert not track(0, 5).overlaps(track(5, 2))


def test_track_and_group_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="needs n >= 1 boxes"):
        FaceTrack(1, 0, np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    with pytest.raises(ValueError, match="no track"):
        FaceGroup(1001, (), 0, 1)


def test_unknown_face_is_named_with_the_known_ones() -> None:
    error = UnknownFaceError([9, 7], {1002, 1001})
    assert str(error) == "face id 7, 9 is not in the index: it holds 1001, 1002"
    assert (error.unknown, error.known, error.error_type) == ((7, 9), (1001, 1002), "UnknownFaceError")
    assert isinstance(error, RequestError)
    assert issubclass(RequestError, InputError)
    assert issubclass(InputError, EffaceError)
    assert str(UnknownFaceError([1], [])).endswith("it holds none")
