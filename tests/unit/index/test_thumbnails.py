"""Thumbnails and their archive."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from efface.identify.crops import FaceCrop
from efface.index.model import FaceIndex
from efface.index.thumbnails import best_crop, best_views, encode_jpeg, iter_thumbnails, thumbnails_zip

Crops = dict[int, list[FaceCrop]]


def _decode(jpeg: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    return np.asarray(bgr[:, :, ::-1], np.uint8)


def test_there_is_one_picture_per_person_and_one_per_track(three_people: FaceIndex, crops: Crops) -> None:
    names = [thumbnail.file_name for thumbnail in iter_thumbnails(three_people, crops)]
    assert names == [
        "face-1001.jpg", "face-1002.jpg", "face-1003.jpg",
        "track-000001.jpg", "track-000002.jpg", "track-000003.jpg", "track-000004.jpg",
    ]  # fmt: skip


def test_the_best_view_is_chosen_unless_the_index_names_a_frame(
    three_people: FaceIndex, crops: Crops
) -> None:
    assert best_views(crops) == {1: 49, 2: 39, 3: 229, 4: 294}
    assert best_crop(three_people, 3, crops) is crops[3][1]
    assert best_crop(replace(three_people, thumbnail_frames={3: 200}), 3, crops) is crops[3][0]
    assert best_crop(three_people, 1, crops) is crops[1][0]  # face 1001 names frame 0 of track 1


def test_tracks_without_a_crop_are_left_out(three_people: FaceIndex, crops: Crops) -> None:
    some: dict[int, Sequence[FaceCrop]] = {3: crops[3], 4: []}
    names = [thumbnail.file_name for thumbnail in iter_thumbnails(three_people, some)]
    assert names == ["face-1001.jpg", "track-000003.jpg"]


def test_the_archive_has_the_same_bytes_every_time(three_people: FaceIndex, crops: Crops) -> None:
    first = thumbnails_zip(three_people, crops)
    assert thumbnails_zip(three_people, dict(reversed(crops.items()))) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert len(archive.namelist()) == 7


def test_a_thumbnail_keeps_colours_and_is_scaled_down_only() -> None:
    rgb = np.zeros((400, 640, 3), np.uint8)
    rgb[:, :, 0] = 200
    large = _decode(encode_jpeg(rgb))
    assert large.shape == (200, 320, 3)
    assert np.abs(large.astype(int).mean(axis=(0, 1)) - [200, 0, 0]).max() < 4
    assert _decode(encode_jpeg(rgb[:20, :30])).shape == (20, 30, 3)
    assert _decode(encode_jpeg(np.zeros((2, 900, 3), np.uint8))).shape == (1, 320, 3)
