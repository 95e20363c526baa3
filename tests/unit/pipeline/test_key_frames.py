"""Which pictures stand for a shot."""

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.media.frame import VideoFrame
from efface.pipeline.key_frames import MAX_SIDE_PX, KeyFramePicker, thin_out

FRAME_S = 1 / 25


def texture(seed: int, width: int = 320, height: int = 180) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(20, 235, (24, 40), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def pick(pictures: list[NDArray[np.uint8]], first: int = 0) -> list[tuple[int, bytes]]:
    picker = KeyFramePicker(FRAME_S)
    for i, gray in enumerate(pictures, start=first):
        picker.offer(i, VideoFrame(i, av.VideoFrame.from_ndarray(gray, "gray8")), gray)
    return list(picker.end_shot())


def test_crisp_frame_is_taken_from_among_blurred_ones() -> None:
    sharp = texture(1)
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 6), np.uint8)
    pictures = [sharp if 18 <= i < 24 else blurred for i in range(50)]
    ((frame_index, _),) = pick(pictures)
    assert frame_index == 20


def test_frame_of_a_fade_is_not_taken() -> None:
    sharp = texture(2)
    pictures = [(sharp * min(1.0, i / 40)).astype(np.uint8) for i in range(60)]
    ((frame_index, _),) = pick(pictures)
    assert frame_index >= 40


def test_short_shot_is_not_shown_by_the_frame_that_it_is_mixed_in_with() -> None:
    sharp = texture(8)
    ((frame_index, _),) = pick([np.zeros_like(sharp), *[sharp] * 5])
    assert frame_index > 0


def test_still_frame_is_preferred_to_a_moving_one() -> None:
    wide = texture(3, 900)
    moving = [wide[:, i * 12 : i * 12 + 320].copy() for i in range(30)]
    still = [moving[-1]] * 20
    ((frame_index, _),) = pick(moving + still)
    assert frame_index >= 30


def test_long_shot_has_one_picture_for_ten_seconds_and_a_short_one_has_one() -> None:
    pictures = [texture(4)] * 700
    assert [frame // 250 for frame, _ in pick(pictures)] == [0, 1, 2]
    assert len(pick(pictures[:625])) == 3
    assert len(pick(pictures[:624])) == 2
    assert len(pick(pictures[:500])) == 2
    assert len(pick(pictures[:1])) == 1


def test_picture_is_a_jpeg_of_at_most_640_pixels() -> None:
    gray = texture(5, 1300, 700)
    ((_, jpeg),) = pick([gray] * 3)
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert Size(picture.shape[1], picture.shape[0]) == Size(MAX_SIDE_PX, 345)


def test_choice_depends_on_the_shot_alone() -> None:
    pictures = [texture(6 + i % 3) for i in range(80)]
    picker = KeyFramePicker(FRAME_S)
    for i, gray in enumerate([texture(99)] * 33):
        picker.offer(i, VideoFrame(i, av.VideoFrame.from_ndarray(gray, "gray8")), gray)
    picker.end_shot()
    for i, gray in enumerate(pictures, start=33):
        picker.offer(i, VideoFrame(i, av.VideoFrame.from_ndarray(gray, "gray8")), gray)
    assert list(picker.end_shot()) == pick(pictures, first=33)


def test_joined_parts_of_a_shot_keep_their_pictures_apart() -> None:
    picked = [(300, b"c"), (0, b"a"), (90, b"b"), (425, b"d")]
    assert thin_out(picked, FRAME_S) == [(0, b"a"), (300, b"c"), (425, b"d")]
