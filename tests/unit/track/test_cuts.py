"""Which frames start a shot."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.track.cuts import LOOKAHEAD, CutDetector

Gray = NDArray[np.uint8]
Texture = Callable[..., Gray]


def starts_of(frames: list[Gray]) -> list[int]:
    detector = CutDetector()
    answers = [answer for frame in frames if (answer := detector.push(frame)) is not None]
    answers += detector.finish()
    assert len(answers) == len(frames), "every frame is answered for"
    return [i for i, starts in enumerate(answers) if starts]


def noisy(scene: Gray, num: int, seed: int = 9) -> list[Gray]:
    """A still scene as a camera sees it."""
    rng = np.random.default_rng(seed)
    return [np.clip(scene + rng.normal(0, 4, scene.shape), 0, 255).astype(np.uint8) for _ in range(num)]


@pytest.fixture(scope="module")
def scenes(texture: Texture) -> list[Gray]:
    return [texture(160, 90, seed, grain_px=5) for seed in range(3)]


def test_answers_come_late_by_the_lookahead(scenes: list[Gray]) -> None:
    detector = CutDetector()
    answers = [detector.push(scenes[0]) for _ in range(6)]
    assert answers == [None] * LOOKAHEAD + [True] + [False] * (6 - LOOKAHEAD - 1)
    assert detector.finish() == [False] * LOOKAHEAD
    assert detector.finish() == []


@pytest.mark.parametrize("num", range(5))
def test_first_frame_starts_a_shot_however_short_the_video(scenes: list[Gray], num: int) -> None:
    assert starts_of(scenes[:1] * num) == [0] * min(num, 1)


def test_hard_cuts_are_found_to_the_frame(scenes: list[Gray]) -> None:
    frames = [*noisy(scenes[0], 12), *noisy(scenes[1], 9), *noisy(scenes[2], 5)]
    assert starts_of(frames) == [0, 12, 21]


def test_cut_just_before_the_end_is_found(scenes: list[Gray]) -> None:
    for last in (1, 2, 3):
        assert starts_of([*noisy(scenes[0], 8), *noisy(scenes[1], last)]) == [0, 8]


def test_black_frame_between_two_scenes_hides_no_cut(scenes: list[Gray]) -> None:
    black = np.full_like(scenes[0], 16)
    assert starts_of([*noisy(scenes[0], 12), black, *noisy(scenes[1], 9)]) == [0, 12, 13]


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("gain", [2.0, 0.0], ids=["white", "black"])
def test_flash_is_no_cut(scenes: list[Gray], length: int, gain: float) -> None:
    frames = noisy(scenes[0], 16)
    for i in range(8, 8 + length):
        frames[i] = np.clip(frames[i] * gain + (120 if gain else 0), 0, 255).astype(np.uint8)
    assert starts_of(frames) == [0]


@pytest.mark.parametrize("speed", [2, 6, 12])
def test_pan_is_no_cut(texture: Texture, speed: int) -> None:
    wide = texture(160 + 24 * speed, 90, 5, grain_px=10)
    frames = [np.ascontiguousarray(wide[:, x : x + 160]) for x in range(0, 24 * speed, speed)]
    assert starts_of(frames) == [0]


def test_fade_is_no_cut(scenes: list[Gray]) -> None:
    frames = [np.asarray(scenes[0] * (1 - t) + scenes[1] * t, np.uint8) for t in np.linspace(0, 1, 25)]
    assert starts_of(frames) == [0]


def test_cut_between_dark_scenes_is_found(scenes: list[Gray]) -> None:
    frames = [*noisy(scenes[0] // 8, 10, 1), *noisy(scenes[1] // 8, 10, 2)]
    assert starts_of(frames) == [0, 10]


def test_brightness_that_drifts_is_no_cut(scenes: list[Gray]) -> None:
    frames = [np.asarray(scenes[0] * gain, np.uint8) for gain in np.linspace(0.5, 1, 20)]
    assert starts_of(frames) == [0]


def test_cut_inside_a_pan_is_found(texture: Texture) -> None:
    first, second = texture(300, 90, 5, grain_px=12), texture(300, 90, 6, grain_px=12)
    frames = [
        np.ascontiguousarray(scene[:, x : x + 160]) for scene in (first, second) for x in range(0, 30, 3)
    ]
    assert starts_of(frames) == [0, 10]
