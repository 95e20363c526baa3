"""Choosing and keeping the best views of a track."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.identify.crops import MAX_CROP_SIDE, BestCrops, Window
from efface.identify.quality import frontality_of, trust_of, view_quality

FRAME = Size(1920, 1080)
UNKNOWN = np.full((5, 2), np.nan, np.float32)
FRONTAL = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)


@dataclass
class Picture:
    """A frame of noise that counts how often it is asked for its pixels."""

    size: Size = FRAME
    seed: int = 0
    windows: list[Window] = field(default_factory=list)

    def __post_init__(self) -> None:
        noise = np.random.default_rng(self.seed).integers(0, 255, (self.size.height, self.size.width, 3))
        self.rgb = noise.astype(np.uint8)

    def cut(self, window: Window) -> NDArray[np.uint8]:
        self.windows.append(window)
        x1, y1, x2, y2 = window
        assert 0 <= x1 < x2 <= self.size.width
        assert 0 <= y1 < y2 <= self.size.height
        return self.rgb[y1:y2, x1:x2]


@pytest.fixture(scope="module")
def noise() -> Picture:
    return Picture()


@pytest.fixture
def picture(noise: Picture) -> Picture:
    noise.windows.clear()
    return noise


def offer(
    best: BestCrops,
    picture: Picture,
    second: float,
    *,
    key: object = "a",
    box: tuple[float, float, float, float] = (100, 100, 180, 200),
    score: float = 0.9,
    landmarks: NDArray[np.float32] = UNKNOWN,
) -> bool:
    return best.offer(
        key,
        frame_index=round(second * 25),
        seconds=second,
        box=np.array(box, np.float32),
        score=score,
        landmarks=landmarks,
        frame_size=picture.size,
        cut=picture.cut,
    )


def test_crop_holds_the_padded_box_and_says_where_it_was(picture: Picture) -> None:
    best = BestCrops()
    offer(best, picture, 0, box=(100, 100, 180, 200))
    (crop,) = best.take("a")
    assert list(crop.origin) == [60, 60]
    assert list(crop.rgb.shape) == [180, 160, 3]
    assert crop.scale == pytest.approx(1)
    corners = crop.points_in_crop(np.array([[100, 100], [180, 200]], np.float32))
    assert corners.tolist() == [[40, 40], [120, 140]]


def test_kept_pixels_are_those_of_the_frame(picture: Picture) -> None:
    x, y = np.meshgrid(np.arange(1920), np.arange(1080))
    smooth = Picture(Size(320, 240))
    smooth.rgb = np.stack([x, y, x + y], axis=-1)[:240, :320].astype(np.uint8) // 2
    best = BestCrops()
    offer(best, smooth, 0, box=(100, 100, 140, 150))
    (crop,) = best.take("a")
    expected = smooth.rgb[80:170, 80:160].astype(int)
    assert crop.rgb.shape == expected.shape
    assert np.abs(crop.rgb.astype(int) - expected).mean() < 2


def test_large_faces_are_shrunk_so_that_memory_is_bounded(picture: Picture) -> None:
    best = BestCrops()
    offer(best, picture, 0, box=(400, 200, 900, 800))
    (crop,) = best.take("a")
    assert max(crop.rgb.shape[:2]) == MAX_CROP_SIDE
    corner = crop.points_in_crop(np.array([[400 - 240, 200 - 240]], np.float32))
    assert np.abs(corner + np.asarray(crop.origin) * 0).max() < 240
    assert crop.scale == pytest.approx(MAX_CROP_SIDE / 1040, rel=0.05)


def test_crop_at_the_border_stays_inside_the_frame(picture: Picture) -> None:
    best = BestCrops()
    assert offer(best, picture, 0, box=(-30, -20, 80, 120))
    (crop,) = best.take("a")
    assert crop.origin == (0, 0)


def test_face_outside_the_frame_is_refused_without_asking_for_pixels(picture: Picture) -> None:
    best = BestCrops()
    assert not offer(best, picture, 0, box=(-500, 10, -400, 110))
    assert picture.windows == []


def test_views_are_spread_in_time(picture: Picture) -> None:
    best = BestCrops(per_track=4, min_gap_s=0.4)
    for i in range(60):
        offer(best, picture, i / 25, score=0.5 + 0.4 * abs(np.sin(i)))
    seconds = sorted(crop.frame_index / 25 for crop in best.take("a"))
    assert len(seconds) == 4
    assert min(np.diff(seconds)) >= 0.4 - 1e-9


def test_better_view_replaces_its_neighbour(picture: Picture) -> None:
    best = BestCrops()
    offer(best, picture, 0, score=0.4)
    assert offer(best, picture, 0.1, score=0.9)
    (crop,) = best.take("a")
    assert crop.score == pytest.approx(0.9)


def test_full_selection_gives_up_its_worst_for_a_better_view(picture: Picture) -> None:
    best = BestCrops(per_track=3)
    for second, score in enumerate([0.5, 0.8, 0.8]):
        offer(best, picture, second, score=score)
    assert offer(best, picture, 5, score=0.8)
    assert [crop.frame_index for crop in best.take("a")] == [25, 50, 125]


def test_steady_face_is_cut_out_a_few_times_only(picture: Picture) -> None:
    best = BestCrops()
    for i in range(500):
        offer(best, picture, i / 25, score=0.85 + 0.01 * (i % 3))
    assert len(picture.windows) <= 6


def test_best_view_comes_first(picture: Picture) -> None:
    best = BestCrops()
    for second, side in enumerate([30, 90, 60]):
        offer(best, picture, second, box=(200, 200, 200 + side, 200 + side))
    qualities = [crop.quality for crop in best.take("a")]
    assert qualities == sorted(qualities, reverse=True)


def test_take_forgets_the_track(picture: Picture) -> None:
    best = BestCrops()
    offer(best, picture, 0)
    assert len(best.take("a")) == 1
    assert len(best.take("a")) == 0
    assert len(best.take("never seen")) == 0


def test_rename_merges_the_views_of_two_tracks(picture: Picture) -> None:
    best = BestCrops(per_track=2)
    for key, second, score in [("a", 0, 0.5), ("a", 1, 0.9), ("b", 2, 0.7), ("b", 3, 0.6)]:
        offer(best, picture, second, key=key, score=score)
    best.rename("b", "a")
    assert [crop.frame_index for crop in best.take("a")] == [25, 50]
    assert best.take("b") == ()


def test_rename_of_an_unknown_track_changes_nothing(picture: Picture) -> None:
    best = BestCrops()
    offer(best, picture, 0)
    best.rename("unknown", "a")
    assert len(best.take("a")) == 1


def test_keep_only_forgets_the_others(picture: Picture) -> None:
    best = BestCrops()
    offer(best, picture, 0, key="a")
    offer(best, picture, 0, key="b")
    best.keep_only({"b"})
    assert best.take("a") == ()
    assert len(best.take("b")) == 1


def test_quality_prefers_large_sure_frontal_faces_inside_the_frame() -> None:
    box = np.array([100, 100, 200, 220], np.float32)
    turned = FRONTAL.copy()
    turned[2, 0] = 75
    good = view_quality(box, 0.9, FRONTAL, FRAME)
    assert good > view_quality(box, 0.9, turned, FRAME)
    assert good > view_quality(box, 0.4, FRONTAL, FRAME)
    assert good > view_quality(box * np.float32(0.3), 0.9, FRONTAL, FRAME)
    assert good > view_quality(box - np.array([150, 0, 150, 0], np.float32), 0.9, FRONTAL, FRAME)


@pytest.mark.parametrize(
    ("nose_x", "expected"),
    [(50, 1.0), (40, 0.5), (60, 0.5), (20, 0.0), (90, 0.0)],
)
def test_frontality_falls_as_the_nose_leaves_the_middle(nose_x: float, expected: float) -> None:
    points = FRONTAL.copy()
    points[2, 0] = nose_x
    assert frontality_of(points) == pytest.approx(expected)


def test_frontality_is_the_same_when_the_head_is_tilted() -> None:
    turn = np.array([[0, -1], [1, 0]], np.float32)
    assert frontality_of(FRONTAL @ turn.T) == pytest.approx(frontality_of(FRONTAL))


def test_trust_needs_both_size_and_score() -> None:
    assert trust_of(150, 0.95) == 1
    assert trust_of(20, 0.95) == 0
    assert trust_of(150, 0.3) == 0
    assert 0 < trust_of(40, 0.95) < trust_of(60, 0.95) < 1
