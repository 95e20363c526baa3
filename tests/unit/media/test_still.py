"""A still shows the frame of its moment, upright."""

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.errors import MediaNotFoundError, RequestError
from efface.media.reader import open_video
from efface.media.still import shrunk_jpeg, still_jpeg


def _gray(data: bytes) -> NDArray[np.uint8]:
    assert data[:2] == b"\xff\xd8"
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("a.mp4", {"options": {"bf": "3", "g": "10"}}),
        ("a.mkv", {"options": {"bf": "2", "g": "250"}}),
        ("a.mkv", {"options": {"x264-params": "open-gop=1:keyint=8:bframes=3:scenecut=0"}}),
        ("a.ts", {"options": {"g": "5"}}),
        ("a.avi", {"codec": "mpeg4"}),
        ("a.avi", {"options": {"bf": "2"}}),
        ("a.webm", {"codec": "libvpx-vp9"}),
        ("a.h264", {}),
    ],
)
def test_still_shows_the_frame_of_the_moment(clips: Any, name: str, fields: dict[str, Any]) -> None:
    path = clips.make(name, pts=tuple(range(100)), **fields)
    with open_video(path) as video:
        times = [(frame.pts or 0) * video.info.time_base for frame in video.frames()]
        if video.info.container == "h264":
            times = [Fraction(index, 25) for index in range(100)]
    for index in (0, 1, 49, 77, 99):
        # A moment within the frame; the last one is shown for ever.
        moment = times[index] + Fraction(1, 100)
        assert abs(int(_gray(still_jpeg(path, moment))[-4, -4]) - clips.luma_of(index)) <= 8


@pytest.mark.parametrize(("seconds", "index"), [(-5, 0), (0.0, 0), (1e9, 11), (Fraction(11, 25), 11)])
def test_moments_outside_get_the_first_or_the_last_frame(clips: Any, seconds: float, index: int) -> None:
    found = _gray(still_jpeg(clips.make("a.mp4"), seconds))
    assert abs(int(found[-4, -4]) - clips.luma_of(index)) <= 8


def test_long_frame_is_found_behind_many_seconds_of_nothing(clips: Any) -> None:
    path = clips.make(
        "slow.mp4", pts=(0, 10, 20, 200_000, 200_010), time_base=Fraction(1, 1000), options={"bf": "0"}
    )
    for seconds, index in ((1.5, 2), (50, 2), (150, 2), (200.001, 3)):
        assert abs(int(_gray(still_jpeg(path, seconds))[-4, -4]) - clips.luma_of(index)) <= 8


@pytest.mark.parametrize(
    ("fields", "shape", "white"),
    [
        ({}, (48, 64), (4, 4)),
        ({"rotation_deg": 90}, (64, 48), (-4, 4)),
        ({"is_mirrored": True}, (48, 64), (4, -4)),
        ({"sample_aspect_ratio": Fraction(2)}, (24, 64), (4, 4)),
        ({"sample_aspect_ratio": Fraction(1, 2)}, (48, 32), (4, 4)),
    ],
)
def test_still_is_upright_with_square_pixels(
    clips: Any, fields: dict[str, Any], shape: tuple[int, int], white: tuple[int, int]
) -> None:
    found = _gray(still_jpeg(clips.make("a.mp4", **fields), 0))
    assert found.shape == shape
    assert found[white] > 230
    assert sum(int(found[y, x]) > 200 for y in (4, -4) for x in (4, -4)) == 1


def test_still_is_shrunk_but_never_enlarged(clips: Any) -> None:
    path = clips.make("a.mp4", width=200, height=100)
    assert _gray(still_jpeg(path, 0, max_side=50)).shape == (25, 50)
    assert _gray(still_jpeg(path, 0, max_side=5000)).shape == (100, 200)
    assert len(still_jpeg(path, 0, quality=10)) < len(still_jpeg(path, 0, quality=95))


def test_small_picture_costs_little_and_shows_the_same() -> None:
    rng = np.random.default_rng(5)
    picture = cv2.GaussianBlur(rng.integers(0, 256, (360, 640, 3)).astype(np.uint8), (0, 0), 4)
    large = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    small = shrunk_jpeg(large, 320)
    shown = cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_GRAYSCALE)
    expected = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (320, 180), interpolation=cv2.INTER_AREA)
    assert shown is not None
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(float) - expected).mean() < 2.5
    plain = cv2.imencode(
        ".jpg", cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA), [cv2.IMWRITE_JPEG_QUALITY, 80]
    )[1]
    assert len(small) < 0.85 * len(plain)
    assert shrunk_jpeg(small, 320) == small


@pytest.mark.parametrize(
    ("seconds", "options", "field"),
    [
        (float("nan"), {}, "seconds"),
        (float("inf"), {}, "seconds"),
        (0, {"max_side": 0}, "max_side"),
        (0, {"quality": 0}, "quality"),
        (0, {"quality": 101}, "quality"),
    ],
)
def test_values_out_of_range_are_refused_by_name(
    clips: Any, seconds: float, options: dict[str, int], field: str
) -> None:
    with pytest.raises(RequestError, match=field):
        still_jpeg(clips.make("a.mp4"), seconds, **options)


def test_missing_file_is_told(clips: Any) -> None:
    with pytest.raises(MediaNotFoundError):
        still_jpeg(clips.folder / "none.mp4", 0)
