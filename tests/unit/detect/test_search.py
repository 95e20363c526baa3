"""Searching frames at a scale, in tiles and turned."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.detect.search import TURNS, find_faces, scaled_size
from efface.domain.detection import Detections
from efface.domain.geometry import Orientation, Size, iou

Boxes = NDArray[np.float32]


@dataclass
class Photograph:
    """A picture that is resized as it is read."""

    pixels: NDArray[np.uint8]

    @property
    def size(self) -> Size:
        return Size(self.pixels.shape[1], self.pixels.shape[0])

    def rgb(self, size: Size | None = None) -> NDArray[np.uint8]:
        if size is None:
            return self.pixels
        resized = cv2.resize(self.pixels, (size.width, size.height), interpolation=cv2.INTER_AREA)
        return np.asarray(resized, np.uint8)


@dataclass
class BlobDetector:
    """Stands in for a network: finds white blobs that it sees whole and that are not too large for it."""

    largest_px: int = 400
    seen: list[Size] = field(default_factory=list)
    name: str = "blobs"

    def detect(self, rgb: NDArray[np.uint8], min_score: float) -> Detections:
        height, width = rgb.shape[:2]
        self.seen.append(Size(width, height))
        _, _, stats, _ = cv2.connectedComponentsWithStats((rgb[:, :, 0] > 100).astype(np.uint8))
        x, y, w, h = stats[1:, :4].T
        whole = (x > 0) & (y > 0) & (x + w < width) & (y + h < height) & (np.maximum(w, h) <= self.largest_px)
        boxes = np.stack([x, y, x + w, y + h], axis=1)[whole].astype(np.float32)
        eye = boxes[:, None, :2] + 1
        return Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.repeat(eye, 5, axis=1))


def blob(size: Size, *boxes: tuple[int, int, int, int]) -> Photograph:
    pixels = np.zeros((size.height, size.width, 3), np.uint8)
    for x1, y1, x2, y2 in boxes:
        pixels[y1:y2, x1:x2] = 255
    return Photograph(pixels)


def search(detector: Detector, picture: Photograph, long_side: int | None = None) -> Detections:
    side = long_side or max(picture.size.width, picture.size.height)
    return find_faces(detector, picture, picture.size, long_side=side, min_score=0.3)


@pytest.mark.parametrize(
    ("frame", "long_side", "searched"),
    [
        (Size(1920, 1080), 640, Size(640, 352)),
        (Size(1920, 1080), 1920, Size(1920, 1088)),
        (Size(1080, 1920), 640, Size(352, 640)),
        (Size(640, 361), 640, Size(640, 352)),
        (Size(3000, 10), 640, Size(640, 8)),
    ],
)
def test_scaled_size_keeps_the_shape_and_divides_by_32_where_that_bends_little(
    frame: Size, long_side: int, searched: Size
) -> None:
    assert scaled_size(frame, long_side) == searched


def test_boxes_and_landmarks_of_a_shrunk_picture_are_in_frame_pixels() -> None:
    picture = blob(Size(1280, 720), (320, 240, 480, 400))
    found = search(BlobDetector(), picture, 320)
    assert found.boxes[0] == pytest.approx([320, 240, 480, 400], abs=6)
    assert found.landmarks[0, 0] == pytest.approx([324, 244], abs=6)


def test_picture_up_to_the_limit_is_searched_at_once() -> None:
    for size in (Size(1920, 1088), Size(1088, 1920), Size(64, 48)):
        detector = BlobDetector()
        search(detector, blob(size))
        assert detector.seen == [size]


@pytest.mark.parametrize("size", [Size(3800, 200), Size(200, 3744), Size(2500, 1200)], ids=str)
def test_small_face_is_found_once_wherever_it_lies_in_a_huge_picture(size: Size) -> None:
    rng = np.random.default_rng(4)
    boxes = []
    for _ in range(8):
        x, y = int(rng.integers(1, size.width - 91)), int(rng.integers(1, size.height - 91))
        boxes.append((x, y, x + 90, y + 90))
    # The seams: the middle of the long side, where the tiles end.
    middle_x, middle_y = size.width // 2 - 45, size.height // 2 - 45
    for box in (*boxes, (middle_x, middle_y, middle_x + 90, middle_y + 90)):
        found = search(BlobDetector(), blob(size, box))
        assert found.boxes.tolist() == [list(box)]


def test_face_that_every_tile_cuts_is_found_in_the_whole_picture() -> None:
    picture = blob(Size(3744, 300), (1700, 40, 1950, 260))
    found = search(BlobDetector(), picture)
    assert len(found) == 1
    assert found.boxes[0] == pytest.approx([1700, 40, 1950, 260], abs=4)


@pytest.mark.parametrize(
    "size",
    [
        Size(2500, 1200),
        Size(1200, 2500),
        Size(4100, 2300),
        Size(1900, 1800),
        Size(1500, 1500),
    ],
    ids=str,
)
def test_network_never_gets_more_than_the_largest_tile(size: Size) -> None:
    detector = BlobDetector()
    search(detector, blob(size))
    assert len(detector.seen) > 1
    assert max(seen.width * seen.height for seen in detector.seen) <= 1920 * 1088


def test_face_larger_than_a_tile_is_found_in_the_whole_picture() -> None:
    picture = blob(Size(2300, 1400), (100, 90, 2200, 1290))
    found = search(BlobDetector(largest_px=1900), picture)
    assert len(found) == 1
    assert found.boxes[0] == pytest.approx([100, 90, 2200, 1290], abs=4)


def test_many_faces_in_a_huge_picture_are_each_found_once() -> None:
    boxes = [(x, 60, x + 60, 140) for x in range(20, 3660, 130)]
    found = search(BlobDetector(), blob(Size(3744, 200), *boxes))
    assert sorted(found.boxes.tolist()) == [list(box) for box in boxes]


@pytest.mark.parametrize("turn", TURNS)
def test_boxes_found_in_a_turned_picture_are_turned_back(turn: Orientation) -> None:
    picture = blob(Size(300, 200), (40, 20, 100, 50))
    detector = BlobDetector()
    found = find_faces(detector, picture, picture.size, long_side=300, min_score=0.3, turn=turn)
    assert detector.seen == [turn.upright_size(picture.size)]
    assert found.boxes.tolist() == [[40, 20, 100, 50]]
    x, y = found.landmarks[0, 0]
    assert 40 <= x <= 100
    assert 20 <= y <= 50


@pytest.mark.weights
@pytest.mark.parametrize(
    ("lies", "turn"),
    [(1, Orientation.TURNED_270), (2, Orientation.TURNED_180), (3, Orientation.TURNED_90)],
    ids=["on the right side", "upside down", "on the left side"],
)
def test_real_face_that_lies_is_found_by_the_turn_that_sets_it_upright(
    centerface: Detector, portrait: NDArray[np.uint8], face_box: Boxes, lies: int, turn: Orientation
) -> None:
    how = {1: Orientation.TURNED_90, 2: Orientation.TURNED_180, 3: Orientation.TURNED_270}[lies]
    lying = np.ascontiguousarray(how.to_upright(portrait[:256, 120:312]))
    picture = Photograph(lying)
    found = find_faces(centerface, picture, picture.size, long_side=256, min_score=0.6, turn=turn)
    assert len(found) == 1
    # Back to where the photograph was before it was laid down.
    size = Size(192, 256)
    upright = how.boxes_to_coded(found.boxes, size)
    assert iou(upright, face_box - np.array([120, 0, 120, 0]))[0, 0] > 0.7
    eyes_and_mouth = how.boxes_to_coded(np.tile(found.landmarks[0], 2), size)[:, :2]
    assert eyes_and_mouth[0][0] < eyes_and_mouth[1][0], "left eye left of right eye"
    assert eyes_and_mouth[0][1] < eyes_and_mouth[3][1], "eyes above mouth"


@pytest.mark.weights
def test_real_faces_small_and_large_are_found_in_a_huge_picture(
    centerface: Detector, portrait: NDArray[np.uint8], face_box: Boxes
) -> None:
    canvas = np.full((224, 3744, 3), 90, np.uint8)
    seam = 1872 - 22
    canvas[64:192, seam - 45 : seam + 83] = cv2.resize(portrait, (128, 128), interpolation=cv2.INTER_AREA)
    canvas[:, 3000:3300] = portrait[:224, 100:400]
    found = search(centerface, Photograph(canvas))
    expected = np.concatenate(
        [
            face_box * 0.25 + np.array([seam - 45, 64, seam - 45, 64]),
            face_box + np.array([2900, 0, 2900, 0]),
        ]
    )
    sure = found.select(found.scores >= 0.5)
    overlap = iou(expected, sure.boxes)
    assert (overlap.max(axis=1) > 0.55).all()
    assert (overlap > 0.3).sum() == 2, "each face once"


@pytest.mark.slow
@pytest.mark.weights
def test_real_face_larger_than_a_tile_is_found(
    centerface: Detector, portrait: NDArray[np.uint8], face_box: Boxes
) -> None:
    corner = portrait[46:190, 150:302]
    picture = Photograph(np.asarray(cv2.resize(corner, None, fx=9.6, fy=9.6), np.uint8))
    expected = (face_box - np.array([150, 46, 150, 46])) * 9.6
    assert expected[0, 3] - expected[0, 1] > 1088
    found = search(centerface, picture)
    assert iou(expected, found.boxes).max() > 0.6
