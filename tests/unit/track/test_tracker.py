"""Following faces through a shot, with scripted detections on textured patches that move."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from efface.domain.detection import Detections
from efface.domain.geometry import Size, iou
from efface.track.evidence import EvidenceSettings, drop_duplicates, is_face
from efface.track.tracker import SearchResult, Tracker
from efface.track.tracklet import Tracklet

Box = NDArray[np.float32]
Path = Callable[[int], Box]
"""Frame → where the face truly is."""

SIZE = Size(320, 240)
FRAME_S = 1 / 25


def line(x: float, y: float, dx: float, dy: float = 0, *, width: float = 40, height: float = 48) -> Path:
    start, step = np.array([x, y, x + width, y + height]), np.array([dx, dy, dx, dy])
    return lambda i: np.asarray(start + i * step, np.float32)


def result(*found: tuple[Box, float], min_visible: float = 10) -> SearchResult:
    boxes = np.stack([box for box, _ in found]).astype(np.float32) if found else np.zeros((0, 4), np.float32)
    scores = np.array([score for _, score in found], np.float32)
    landmarks = np.full((len(found), 5, 2), np.nan, np.float32)
    return SearchResult(Detections(boxes, scores, landmarks), min_visible)


def follow(
    pictures: Sequence[NDArray[np.uint8]], searches: dict[int, SearchResult], *, first: int = 0
) -> list[Tracklet]:
    tracker = Tracker(SIZE, FRAME_S)
    for i, gray in enumerate(pictures, start=first):
        tracker.step(i, gray, searches.get(i))
    return tracker.end_shot()


def act(stage: Any, num: int, *actors: tuple[Path, int]) -> list[NDArray[np.uint8]]:
    return [stage.show(*((path(i), seed) for path, seed in actors)) for i in range(num)]


def worst_iou(tracklet: Tracklet, path: Path, frames: range) -> float:
    return min(
        float(iou(tracklet.boxes[i - tracklet.first_frame][None], path(i)[None])[0, 0]) for i in frames
    )


def test_face_is_followed_through_all_frames_between_searches(stage: Any) -> None:
    path = line(30, 60, 4, 1.5)
    (tracklet,) = follow(act(stage, 41, (path, 5)), {i: result((path(i), 0.8)) for i in range(0, 41, 8)})
    assert (tracklet.first_frame, tracklet.last_frame) == (0, 40)
    assert len(tracklet.boxes) == len(tracklet.scores) == 41
    assert worst_iou(tracklet, path, range(41)) > 0.8
    assert [i for i, score in enumerate(tracklet.scores) if score] == list(range(0, 41, 8))


def test_gap_of_missed_detections_is_bridged(stage: Any) -> None:
    path = line(30, 60, 3)
    searches = {i: result((path(i), 0.8)) if i in {0, 4, 36, 40} else result() for i in range(0, 41, 4)}
    (tracklet,) = follow(act(stage, 41, (path, 5)), searches)
    assert (tracklet.first_frame, tracklet.last_frame) == (0, 40)
    assert worst_iou(tracklet, path, range(41)) > 0.6


def test_frames_between_two_sightings_lead_from_one_to_the_other_where_nothing_can_be_followed() -> None:
    path = line(30, 60, 3, 1)
    plain = np.full((SIZE.height, SIZE.width), 90, np.uint8)
    (tracklet,) = follow([plain] * 33, {i: result((path(i), 0.8)) for i in range(0, 33, 8)})
    assert (tracklet.first_frame, tracklet.last_frame) == (0, 32)
    assert worst_iou(tracklet, path, range(33)) > 0.6


def test_face_behind_a_pole_keeps_one_track(stage: Any) -> None:
    path, pole = line(40, 80, 4), line(140, 0, 0, width=18, height=240)
    hidden = range(20, 28)
    searches = {i: result() if i in hidden else result((path(i), 0.8)) for i in range(0, 49, 4)}
    tracklets = follow(act(stage, 49, (path, 5), (pole, 0)), searches)
    assert len(tracklets) == 1
    assert (tracklets[0].first_frame, tracklets[0].last_frame) == (0, 48)
    assert worst_iou(tracklets[0], path, range(49)) > 0.4


def test_face_behind_a_wall_is_covered_whenever_half_of_it_shows(stage: Any) -> None:
    path, wall = line(40, 80, 4), line(130, 0, 0, width=50, height=240)
    whole = [i for i in range(0, 49, 4) if path(i)[2] < 140 or path(i)[0] > 170]
    searches = {i: result((path(i), 0.8)) if i in whole else result() for i in range(0, 49, 4)}
    tracklets = follow(act(stage, 49, (path, 5), (wall, 0)), searches)
    for i in range(49):
        if path(i)[2] > 150 and path(i)[0] < 160:
            continue
        boxes = np.stack(
            [t.boxes[i - t.first_frame] for t in tracklets if t.first_frame <= i <= t.last_frame]
        )
        assert iou(path(i)[None], boxes).max() > 0.5, f"frame {i}"


def test_face_is_traced_back_to_where_it_was_first_to_be_seen(stage: Any) -> None:
    path = line(60, 60, 2, 1)
    searches = {i: result((path(i), 0.8)) for i in (14, 18)}
    (tracklet,) = follow(act(stage, 20, (path, 5)), searches)
    assert tracklet.first_frame == 0
    assert worst_iou(tracklet, path, range(20)) > 0.7


def test_face_is_traced_back_to_where_it_entered_the_frame(stage: Any) -> None:
    path = line(-100, 80, 5)
    searches = {i: result((path(i), 0.8)) for i in (34, 38)}
    (tracklet,) = follow(act(stage, 40, (path, 5)), searches)
    # It shows from frame 13 on; half of it from frame 16 on.
    assert 12 <= tracklet.first_frame <= 18
    assert worst_iou(tracklet, path, range(20, 39)) > 0.6


def test_nothing_is_traced_back_before_the_face_appeared_out_of_nothing(stage: Any) -> None:
    path = line(100, 80, 1)
    empty, full = stage.show(), act(stage, 40, (path, 5))
    pictures = [empty if i < 20 else full[i] for i in range(40)]
    (tracklet,) = follow(pictures, {i: result((path(i), 0.8)) for i in (28, 34)})
    assert 20 <= tracklet.first_frame <= 22


def test_weak_detections_before_the_first_sure_one_are_taken_while_tracing_back(stage: Any) -> None:
    path = line(60, 60, 2, 1)
    searches = {4: result((path(4), 0.15)), 12: result((path(12), 0.8)), 16: result((path(16), 0.8))}
    (tracklet,) = follow(act(stage, 20, (path, 5)), searches)
    assert tracklet.first_frame <= 4
    assert tracklet.scores[4 - tracklet.first_frame] == pytest.approx(0.15)


def test_weak_detections_continue_a_track_but_start_none(stage: Any) -> None:
    path, other = line(60, 60, 2), line(200, 150, 0)
    searches = {i: result((path(i), 0.8 if i == 0 else 0.15), (other(i), 0.2)) for i in range(0, 61, 4)}
    (tracklet,) = follow(act(stage, 61, (path, 5), (other, 6)), searches)
    assert worst_iou(tracklet, path, range(61)) > 0.7
    assert tracklet.last_frame == 60
    assert len(tracklet.hit_scores) == 16


def test_track_never_crosses_a_cut(stage: Any) -> None:
    path = line(100, 80, 0)
    pictures = act(stage, 20, (path, 5))
    tracker = Tracker(SIZE, FRAME_S)
    for i in range(10):
        tracker.step(i, pictures[i], result((path(i), 0.8)) if i % 4 == 0 else None)
    before = tracker.end_shot()
    # The very same face at the very same place: only the cut parts the two.
    for i in range(10, 20):
        tracker.step(i, pictures[i], result((path(i), 0.8)) if i in {13, 17} else None)
    after = tracker.end_shot()
    assert [(t.first_frame, t.last_frame) for t in before] == [(0, 9)]
    assert [(t.first_frame, t.last_frame) for t in after] == [(10, 19)]
    assert before[0].key != after[0].key


def test_shot_without_frames_and_a_second_end_yield_nothing(stage: Any) -> None:
    tracker = Tracker(SIZE, FRAME_S)
    assert tracker.end_shot() == []
    tracker.step(0, stage.show(), None)
    assert tracker.end_shot() == []
    assert tracker.end_shot() == []


def test_single_flash_of_a_detection_is_dropped_by_the_evidence(stage: Any) -> None:
    path, thing = line(60, 60, 1), line(220, 150, 0)
    searches = {i: result((path(i), 0.8), *([(thing(i), 0.45)] if i == 8 else [])) for i in range(0, 60, 4)}
    tracklets = follow(act(stage, 60, (path, 5), (thing, 6)), searches)
    kept = [t for t in tracklets if is_face(t.finished(), 48, EvidenceSettings())]
    assert len(tracklets) == 2
    assert [len(t.hit_scores) for t in kept] == [15]


def test_two_faces_that_cross_keep_two_tracks(stage: Any) -> None:
    right, left = line(20, 60, 5), line(260, 84, -5)
    searches = {i: result((left(i), 0.8), (right(i), 0.9)) for i in range(0, 45, 4)}
    # The one in front hides the other while they meet.
    searches[24] = result((right(24), 0.9))
    tracklets = follow(act(stage, 45, (left, 5), (right, 6)), searches)
    assert len(tracklets) == 2
    assert [(t.first_frame, t.last_frame) for t in tracklets] == [(0, 44)] * 2
    for path in (left, right):
        assert max(worst_iou(t, path, range(16)) for t in tracklets) > 0.7
        assert max(worst_iou(t, path, range(36, 45)) for t in tracklets) > 0.7


def test_every_frame_of_crossing_faces_is_covered(stage: Any) -> None:
    right, left = line(20, 60, 5), line(260, 84, -5)
    searches = {i: result((left(i), 0.8), (right(i), 0.9)) for i in range(0, 45, 4)}
    tracklets = follow(act(stage, 45, (left, 5), (right, 6)), searches)
    for i in range(45):
        boxes = np.stack(
            [t.boxes[i - t.first_frame] for t in tracklets if t.first_frame <= i <= t.last_frame]
        )
        for path in (left, right):
            assert iou(path(i)[None], boxes).max() > 0.5, f"frame {i}"


def test_face_half_outside_the_frame_is_followed_on(stage: Any) -> None:
    path: Path = lambda i: line(-20, 80, 0)(i) + np.float32(3 * np.sin(i / 4))  # noqa: E731
    pictures = act(stage, 30, (path, 5))
    searches = {i: result((path(i), 0.7)) for i in range(0, 30, 6)}
    (tracklet,) = follow(pictures, searches)
    assert (tracklet.first_frame, tracklet.last_frame) == (0, 29)
    assert worst_iou(tracklet, path, range(25)) > 0.6


def test_face_that_leaves_is_let_go(stage: Any) -> None:
    path = line(200, 80, 5)
    searches = {i: result((path(i), 0.8)) if path(i)[2] < 330 else result() for i in range(0, 60, 4)}
    (tracklet,) = follow(act(stage, 60, (path, 5)), searches)
    # Half of it is still inside in frame 20, nothing in frame 24.
    assert 18 <= tracklet.last_frame <= 26


def test_face_that_vanishes_is_not_masked_for_long(stage: Any) -> None:
    path = line(100, 80, 0)
    pictures = [stage.show((path(i), 5)) if i < 20 else stage.show() for i in range(70)]
    searches = {i: result((path(i), 0.8)) if i < 20 else result() for i in range(0, 70, 4)}
    (tracklet,) = follow(pictures, searches)
    assert 19 <= tracklet.last_frame <= 22


def test_second_answer_for_the_same_face_starts_no_track(stage: Any) -> None:
    path = line(60, 60, 2)
    near = np.array([4, 3, 6, 5], np.float32)
    searches = {i: result((path(i), 0.9), (path(i) + near, 0.5)) for i in range(4, 30, 4)}
    searches[0] = result((path(0), 0.9))
    assert len(follow(act(stage, 30, (path, 5)), searches)) == 1


def test_detections_that_tracks_took_are_named(stage: Any) -> None:
    path, weak = line(60, 60, 2), line(200, 150, 0)
    tracker = Tracker(SIZE, FRAME_S)
    keys = []
    for i in range(8):
        found = result((weak(i), 0.15), (path(i), 0.8)) if i % 4 == 0 else None
        taken = tracker.step(i, stage.show((path(i), 5), (weak(i), 6)), found)
        assert [row for _, row in taken] == ([1] if found else [])
        keys += [key for key, _ in taken]
    assert set(keys) == {tracker.end_shot()[0].key}


def test_open_boxes_are_those_of_faces_seen_lately(stage: Any) -> None:
    path = line(60, 60, 2)
    tracker = Tracker(SIZE, FRAME_S)
    assert tracker.open_boxes().shape == (0, 4)
    for i in range(5):
        tracker.step(i, stage.show((path(i), 5)), result((path(i), 0.8)) if i == 0 else None)
        assert iou(tracker.open_boxes(), path(i)[None])[0, 0] > 0.8
    for i in range(5, 60):
        tracker.step(i, stage.show(), result())
    assert len(tracker.open_boxes()) == 0


def test_same_input_gives_the_same_tracks(stage: Any) -> None:
    right, left = line(20, 60, 5), line(260, 84, -5)
    pictures = act(stage, 30, (left, 5), (right, 6))
    searches = {i: result((left(i), 0.8), (right(i), 0.8)) for i in range(0, 30, 4)}
    first, second = (follow(pictures, searches) for _ in range(2))
    assert [np.stack(t.boxes).tolist() for t in first] == [np.stack(t.boxes).tolist() for t in second]


def held_pictures(value: object, seen: set[int]) -> int:
    """How many pictures an object still refers to, however deep."""
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        owner = value if value.base is None else value.base
        return int(isinstance(owner, np.ndarray) and owner.shape == (SIZE.height, SIZE.width))
    parts: list[object] = []
    if isinstance(value, dict):
        parts = list(value.values())
    elif isinstance(value, list | tuple | set) or type(value).__name__ == "deque":
        parts = list(value)  # type: ignore[call-overload]
    else:
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        parts = [getattr(value, name) for name in names if hasattr(value, name)]
    return sum(held_pictures(part, seen) for part in parts)


def test_pictures_kept_are_bounded_over_a_long_shot(stage: Any) -> None:
    path = line(60, 60, 0)
    scene = stage.show((path(0), 5))
    tracker = Tracker(SIZE, FRAME_S)
    counts = []
    for i in range(500):
        tracker.step(i, scene.copy(), result((path(i), 0.8)) if i % 5 == 0 else None)
        if i % 100 == 99:
            counts.append(held_pictures(tracker, set()))
    assert 0 < max(counts) <= 60, "about two seconds"
    assert len(set(counts)) == 1
    assert tracker.end_shot()[0].last_frame == 499


def test_duplicate_of_a_track_is_dropped_but_not_a_neighbour() -> None:
    def of(key: int, x: float, num: int, hits: int) -> Tracklet:
        boxes = [line(x + 0.5 * i, 50, 0)(0) for i in range(num)]
        scores = [0.8 if i < hits else 0.0 for i in range(num)]
        gray = np.zeros((240, 320), np.uint8)
        return Tracklet(key, 0, boxes, scores, [True] * num, gray, boxes[0], 0)

    well_seen, double, neighbour = of(2, 50, 40, 20), of(1, 54, 30, 4), of(3, 110, 40, 5)
    finished = [t.finished() for t in (double, well_seen, neighbour)]
    assert [t.key for t in drop_duplicates(finished)] == [2, 3]
    assert drop_duplicates([]) == []
