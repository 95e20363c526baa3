"""Which frames are searched."""

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.detect.schedule import ScheduleSettings, Search, SearchSchedule
from efface.domain.geometry import Size

FULL_HD = Size(1920, 1080)
NOBODY = np.zeros((0, 4), np.float32)


def face(long_side: float) -> NDArray[np.float32]:
    return np.array([[100, 100, 100 + long_side * 0.8, 100 + long_side]], np.float32)


def searches(
    frame_s: float,
    num_frames: int,
    *,
    size: Size = FULL_HD,
    faces: NDArray[np.float32] = NOBODY,
    cuts: tuple[int, ...] = (0,),
    settings: ScheduleSettings | None = None,
) -> list[Search | None]:
    schedule = SearchSchedule(size, settings)
    return [
        schedule.next(frame_s, starts_shot=i in cuts, ends_shot=i + 1 in cuts, faces=faces)
        for i in range(num_frames)
    ]


def frames_of(found: list[Search | None], *, thorough_only: bool) -> list[int]:
    return [i for i, search in enumerate(found) if search and (search.is_thorough or not thorough_only)]


def test_first_frame_of_every_shot_is_searched_thoroughly() -> None:
    found = searches(1 / 25, 40, cuts=(0, 7, 8, 31))
    assert {0, 7, 8, 31} <= set(frames_of(found, thorough_only=True))


@pytest.mark.parametrize("rate", [10, 24, 25, 30, 50, 60])
def test_searches_keep_their_distance_in_seconds(rate: int) -> None:
    found = searches(1 / rate, 6 * rate)
    limits = ScheduleSettings()
    for frames, longest in (
        (frames_of(found, thorough_only=False), limits.quick_every_s),
        (frames_of(found, thorough_only=True), limits.max_thorough_s),
    ):
        gaps = np.diff(frames) / rate
        assert gaps.max() <= longest + 0.5 / rate + 1e-6


def test_most_frames_are_left_to_motion() -> None:
    found = searches(1 / 25, 250)
    assert len(frames_of(found, thorough_only=False)) <= 70
    assert len(frames_of(found, thorough_only=True)) <= 12


@pytest.mark.parametrize("rate", [1, 3, 5])
def test_slow_video_is_searched_thoroughly_in_every_frame(rate: int) -> None:
    found = searches(1 / rate, 20)
    assert frames_of(found, thorough_only=True) == list(range(20))


def test_single_long_frame_inside_a_fast_video_is_searched_thoroughly() -> None:
    schedule = SearchSchedule(FULL_HD)
    schedule.next(0.04, starts_shot=True, ends_shot=False, faces=NOBODY)
    after_pause = schedule.next(2.0, starts_shot=False, ends_shot=False, faces=NOBODY)
    assert after_pause is not None
    assert after_pause.is_thorough


@pytest.mark.parametrize("frame_s", [1 / 1000, 1e-6, 0.0])
def test_limits_in_frames_hold_however_fast_they_follow(frame_s: float) -> None:
    found = searches(frame_s, 300)
    limits = ScheduleSettings()
    assert np.diff(frames_of(found, thorough_only=False)).max() <= limits.max_quick_frames
    assert np.diff(frames_of(found, thorough_only=True)).max() <= limits.max_thorough_frames


def quick_side(faces: NDArray[np.float32], size: Size = FULL_HD) -> int:
    found = searches(1 / 25, 20, faces=faces, size=size)
    return next(search.long_side for search in found if search and not search.is_thorough)


def test_quick_search_is_as_large_as_the_smallest_face_needs() -> None:
    sides = [quick_side(face(side)) for side in (400, 150, 60, 40, 10)]
    assert sides == sorted(sides)
    assert sides[0] < sides[-1] < FULL_HD.width
    both = np.concatenate([face(400), face(10)])
    assert quick_side(both) == quick_side(face(10))


@pytest.mark.parametrize("side", [70, 100, 300])
def test_followed_face_is_visible_to_the_quick_search(side: int) -> None:
    found = searches(1 / 25, 20, faces=face(side))
    quick = next(search for search in found if search and not search.is_thorough)
    assert quick.min_visible < side


def test_smaller_faces_are_visible_to_thorough_searches() -> None:
    found = [search for search in searches(1 / 25, 60) if search]
    thorough = {search.min_visible for search in found if search.is_thorough}
    quick = {search.min_visible for search in found if not search.is_thorough}
    assert len(thorough) == 1
    assert max(thorough) < min(quick)


@pytest.mark.parametrize(
    ("size", "long_side"),
    [
        (FULL_HD, 1920),
        (Size(2160, 3840), 3840),
        (Size(176, 144), 352),
        (Size(400, 300), 640),
        (Size(64, 36), 128),
    ],
    ids=str,
)
def test_thorough_search_is_native_and_enlarges_small_pictures(size: Size, long_side: int) -> None:
    search = SearchSchedule(size).thorough()
    assert search.is_thorough
    assert search.long_side == long_side


def test_quick_search_never_costs_more_than_a_thorough_one() -> None:
    for size in (Size(176, 144), Size(640, 360), FULL_HD):
        assert quick_side(face(10), size) <= SearchSchedule(size).thorough().long_side


def test_small_pictures_are_searched_thoroughly_more_often_than_large_ones() -> None:
    counts = [
        len(frames_of(searches(1 / 25, 250, size=size), thorough_only=True))
        for size in (Size(320, 240), Size(1280, 720), Size(3840, 2160))
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


def test_last_frame_of_a_long_shot_is_searched_thoroughly() -> None:
    last = 60
    found = searches(1 / 25, last + 20, cuts=(0, last + 1))
    assert last in frames_of(found, thorough_only=True)


def test_very_short_shot_is_searched_thoroughly_once() -> None:
    found = searches(1 / 25, 4, cuts=(0, 3))
    assert frames_of(found, thorough_only=True) == [0, 3]


def test_settings_are_obeyed() -> None:
    often = ScheduleSettings(quick_every_s=0.04, min_thorough_s=0.2, max_thorough_s=0.2, max_quick_frames=1)
    found = searches(1 / 25, 26, settings=often)
    assert frames_of(found, thorough_only=False) == list(range(26))
    assert frames_of(found, thorough_only=True) == [0, 5, 10, 15, 20, 25]
