"""The kind that draws boxes."""

from collections.abc import Callable

import numpy as np
import pytest

from efface.domain.geometry import Orientation, Size
from efface.domain.redaction import BlurringKind
from efface.media.planes import EditableFrame
from efface.plan import Region, Shape
from efface.render import apply_regions

FrameMaker = Callable[..., EditableFrame]
SIZE = Size(321, 201)
FACE = (120.0, 80.0, 180.0, 160.0)


def drawn(
    frame: EditableFrame, box: tuple[float, float, float, float] = FACE, label: str | None = "1001"
) -> None:
    region = Region(box, Shape.BOX, BlurringKind.BOUNDING_BOX, label, 80)
    apply_regions(frame, [region], Orientation.UPRIGHT)


def test_box_leaves_the_face_inside_as_it_was(noise_frame: FrameMaker) -> None:
    frame = noise_frame(SIZE)
    before = frame.planes[0].pixels.copy()
    drawn(frame)
    np.testing.assert_array_equal(frame.planes[0].pixels[82:158, 122:178], before[82:158, 122:178])


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10", "gray", "gbrp"])
def test_outline_is_one_colour_all_round(noise_frame: FrameMaker, pixel_format: str) -> None:
    frame = noise_frame(SIZE, pixel_format)
    drawn(frame, label=None)
    for plane in frame.planes:
        rows, cols = (np.array([80, 159]) >> plane.shift_y), (np.array([120, 179]) >> plane.shift_x)
        line = np.concatenate(
            [
                plane.pixels[rows[0], cols[0] : cols[1]],
                plane.pixels[rows[1], cols[0] : cols[1]],
                plane.pixels[rows[0] : rows[1], cols[0]],
                plane.pixels[rows[0] : rows[1], cols[1]],
            ]
        )
        assert line.min() == line.max()


def test_label_stands_on_the_box_and_shows_dark_text(noise_frame: FrameMaker) -> None:
    frame = noise_frame(SIZE, "gray")
    before = frame.planes[0].pixels.copy()
    drawn(frame)
    changed = np.argwhere(frame.planes[0].pixels[:80] != before[:80])
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert (left, bottom) == (120, 79)
    tag = frame.planes[0].pixels[top : bottom + 1, left : right + 1]
    assert tag.min() < 60
    assert np.median(tag) > 150
    # Wider than high, and of a size that can be read.
    assert tag.shape[1] > tag.shape[0] >= 9


def test_two_labels_look_different(noise_frame: FrameMaker) -> None:
    one, other = noise_frame(SIZE, "gray"), noise_frame(SIZE, "gray")
    drawn(one, label="1001")
    drawn(other, label="1007")
    assert (one.planes[0].pixels != other.planes[0].pixels).sum() > 5


@pytest.mark.parametrize(
    "box",
    [
        (120.0, 2.0, 180.0, 60.0),
        (300.0, 80.0, 340.0, 160.0),
        (-30.0, -30.0, 20.0, 20.0),
        (310.0, 190.0, 400, 300),
    ],
)
def test_label_stays_inside_the_frame(
    noise_frame: FrameMaker, box: tuple[float, float, float, float]
) -> None:
    frame, plain = noise_frame(SIZE, "gray"), noise_frame(SIZE, "gray")
    drawn(frame, box)
    drawn(plain, box, label=None)
    tag = np.argwhere(frame.planes[0].pixels != plain.planes[0].pixels)
    height, width = tag.max(axis=0) - tag.min(axis=0) + 1
    # No part of the tag is cut off, though the outline hides some.
    assert width > 25
    assert height > 9


def test_frame_smaller_than_a_label_is_painted_without_error(noise_frame: FrameMaker) -> None:
    frame = noise_frame(Size(16, 8))
    before = frame.planes[0].pixels.copy()
    drawn(frame, (2.0, 2.0, 12.0, 7.0))
    assert (frame.planes[0].pixels != before).any()


@pytest.mark.parametrize("orientation", list(Orientation))
def test_label_reads_upright_whichever_way_the_picture_is_coded(
    noise_frame: FrameMaker,
    turned_frame: Callable[[EditableFrame, Orientation], EditableFrame],
    orientation: Orientation,
) -> None:
    upright = noise_frame(SIZE, "yuv444p")
    coded = turned_frame(upright, orientation)
    region = Region(FACE, Shape.BOX, BlurringKind.BOUNDING_BOX, "1047", 80)
    apply_regions(upright, [region], Orientation.UPRIGHT)
    apply_regions(coded, [region], orientation)
    for a, b in zip(upright.planes, coded.planes, strict=True):
        np.testing.assert_array_equal(a.pixels, orientation.to_upright(b.pixels))
