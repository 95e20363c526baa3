"""What is hidden is gone, what is not stays as it was: in every format, at every border, every way up."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from efface.domain.geometry import Orientation, Size
from efface.domain.redaction import BlurringKind
from efface.media.planes import EditableFrame, Plane
from efface.plan import Region, Shape
from efface.render import apply_regions

FrameMaker = Callable[..., EditableFrame]
Box = tuple[float, float, float, float]
HIDING = [kind for kind in BlurringKind if kind.hides]
BLURS = {BlurringKind.HIGH_BLUR: 8, BlurringKind.MEDIUM_BLUR: 12, BlurringKind.LOW_BLUR: 20}
FORMATS = [
    "yuv420p",
    "yuv422p",
    "yuv411p",
    "yuv410p",
    "yuv444p",
    "yuv420p10",
    "yuv422p12",
    "gray",
    "gray10",
    "gbrp",
]
ODD = Size(133, 97)
BORDERS: list[Box] = [
    (30.4, 20.7, 90.2, 80.9),
    (-20.0, -30.0, 35.5, 40.5),
    (95.0, 50.0, 150.0, 130.0),
    (-40.0, -40.0, 200.0, 200.0),
    (90.1, -25.0, 170.0, 45.0),
]


def region(box: Box, kind: BlurringKind, shape: Shape = Shape.ELLIPSE) -> Region:
    return Region(box, shape, kind, "1001", max(box[2] - box[0], box[3] - box[1]) / 1.4)


def apply(frame: EditableFrame, *regions: Region) -> None:
    apply_regions(frame, regions, Orientation.UPRIGHT)


def copies(frame: EditableFrame) -> list[NDArray[Any]]:
    return [plane.pixels.copy() for plane in frame.planes]


def pixels_in(box: Box, shape: Shape, size: Size, grow_px: float = 0) -> NDArray[np.bool_]:
    """(h, w) True for the pixels whose centre lies in the shape: written out plainly, as the yardstick."""
    x1, y1, x2, y2 = box[0] - grow_px, box[1] - grow_px, box[2] + grow_px, box[3] + grow_px
    y, x = np.mgrid[0 : size.height, 0 : size.width] + 0.5
    if shape is Shape.BOX:
        return np.asarray((x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2))
    across, down = (x - (x1 + x2) / 2) / ((x2 - x1) / 2), (y - (y1 + y2) / 2) / ((y2 - y1) / 2)
    return np.asarray(across**2 + down**2 <= 1)


def samples_of(pixels: NDArray[np.bool_], plane: Plane) -> NDArray[np.bool_]:
    """(rows, cols) True for the samples of a plane that colour at least one of the pixels."""
    hit = np.zeros(plane.pixels.shape, bool)
    for y, x in np.argwhere(pixels):
        hit[y >> plane.shift_y, x >> plane.shift_x] = True
    return hit


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("box", BORDERS)
@pytest.mark.parametrize("shape", list(Shape))
def test_black_covers_every_sample_of_the_region_and_no_other(
    noise_frame: FrameMaker, pixel_format: str, box: Box, shape: Shape
) -> None:
    frame = noise_frame(ODD, pixel_format)
    before = copies(frame)
    apply(frame, region(box, BlurringKind.BLACK, shape))
    must, may = pixels_in(box, shape, ODD), pixels_in(box, shape, ODD, grow_px=1.5)
    for plane, source in zip(frame.planes, before, strict=True):
        assert (plane.pixels[samples_of(must, plane)] == plane.black).all()
        untouched = ~samples_of(may, plane)
        assert (plane.pixels[untouched] == source[untouched]).all()


@pytest.mark.parametrize("kind", HIDING)
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_face_in_the_corner_is_hidden_up_to_the_last_row_and_column(
    noise_frame: FrameMaker, kind: BlurringKind, pixel_format: str
) -> None:
    frame = noise_frame(ODD, pixel_format)
    before = copies(frame)
    apply(frame, region((73.0, 37.0, 193.0, 157.0), kind))
    for plane, source in zip(frame.planes, before, strict=True):
        edge = np.zeros(plane.pixels.shape, bool)
        edge[-1, -20 >> plane.shift_x :] = edge[-20 >> plane.shift_y :, -1] = True
        # A smooth picture may meet a sample of the noise by chance, but not many.
        assert (plane.pixels[edge] == source[edge]).mean() < 0.2


@pytest.mark.parametrize("kind", BLURS)
@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("box", BORDERS)
def test_blur_changes_nothing_beyond_its_soft_edge(
    noise_frame: FrameMaker, kind: BlurringKind, pixel_format: str, box: Box
) -> None:
    frame = noise_frame(ODD, pixel_format)
    before = copies(frame)
    apply(frame, region(box, kind))
    feather = max(1.0, 0.04 * max(box[2] - box[0], box[3] - box[1]) / 1.4)
    may = pixels_in(box, Shape.ELLIPSE, ODD, grow_px=1.5 * feather + 1.5)
    for plane, source in zip(frame.planes, before, strict=True):
        untouched = ~samples_of(may, plane)
        assert (plane.pixels[untouched] == source[untouched]).all()


def mix_within_cells(frame: EditableFrame, cell: tuple[int, int], seed: int) -> None:
    """Mix the samples inside each cell of ``cell`` (columns, rows) pixels of the frame: every mean stays."""
    rng = np.random.default_rng(seed)
    for plane in frame.planes:
        cols, rows = cell[0] >> plane.shift_x, cell[1] >> plane.shift_y
        height, width = plane.pixels.shape
        grid = plane.pixels.reshape(height // rows, rows, width // cols, cols).swapaxes(1, 2)
        mixed = rng.permuted(grid.reshape(-1, rows * cols), axis=1).reshape(grid.shape)
        plane.pixels[...] = mixed.swapaxes(1, 2).reshape(height, width)


def assert_same(one: EditableFrame, other: EditableFrame) -> None:
    for a, b in zip(one.planes, other.planes, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(sorted(BLURS)),
    cell_px=st.sampled_from([4, 8, 24]),
    seed=st.integers(0, 1 << 30),
    pixel_format=st.sampled_from(FORMATS),
)
def test_blur_cannot_tell_faces_with_the_same_cell_means_apart(
    noise_frame: FrameMaker, kind: BlurringKind, cell_px: int, seed: int, pixel_format: str
) -> None:
    side = BLURS[kind] * cell_px
    one = noise_frame(Size(side, side), pixel_format, seed)
    other = noise_frame(Size(side, side), pixel_format, seed)
    mix_within_cells(other, (cell_px, cell_px), seed + 1)
    assert np.mean(one.planes[0].pixels != other.planes[0].pixels) > 0.5
    for frame in (one, other):
        apply(frame, region((0, 0, side, side), kind, Shape.BOX))
    assert_same(one, other)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [(BlurringKind.HIGH_BLUR, 2), (BlurringKind.MEDIUM_BLUR, 3), (BlurringKind.LOW_BLUR, 4)],
)
def test_part_of_a_face_at_the_border_gets_its_share_of_the_cells(
    noise_frame: FrameMaker, kind: BlurringKind, columns: int
) -> None:
    # A quarter of a face of 480 px is in the picture.
    one, other = noise_frame(Size(120, 480)), noise_frame(Size(120, 480))
    mix_within_cells(other, (120 // columns, 480 // BLURS[kind]), seed=1)
    for frame in (one, other):
        apply(frame, region((-360, 0, 120, 480), kind, Shape.BOX))
    assert_same(one, other)


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(sorted(BLURS)),
    x=st.floats(-60, 110),
    y=st.floats(-60, 80),
    width=st.floats(5, 200),
    height=st.floats(5, 200),
    pixel_format=st.sampled_from(FORMATS),
)
def test_every_sample_inside_a_blur_comes_from_few_averages(
    noise_frame: FrameMaker,
    kind: BlurringKind,
    x: float,
    y: float,
    width: float,
    height: float,
    pixel_format: str,
) -> None:
    """However the box lies, no fine detail is left: the picture is smooth where there was noise."""
    frame = noise_frame(ODD, pixel_format)
    box = (x, y, x + width, y + height)
    apply(frame, region(box, kind))
    inside = pixels_in(box, Shape.ELLIPSE, ODD)
    for plane in frame.planes:
        hit = samples_of(inside, plane)
        pairs = hit[:, 1:] & hit[:, :-1]
        # Neighbours in noise differ by a third of the range on average.
        steps = np.abs(np.diff(plane.pixels.astype(np.int32), axis=1))[pairs]
        if len(steps) > 30 and plane.shift_x < 2:
            assert steps.mean() < 0.12 * (1 << plane.depth)


@pytest.mark.parametrize("kind", BLURS)
def test_face_of_a_few_pixels_becomes_flat(noise_frame: FrameMaker, kind: BlurringKind) -> None:
    frame = noise_frame(Size(64, 64))
    apply(frame, region((20, 20, 26, 26), kind, Shape.BOX))
    for plane in frame.planes:
        patch = plane.pixels[
            20 >> plane.shift_y : 26 >> plane.shift_y, 20 >> plane.shift_x : 26 >> plane.shift_x
        ]
        assert patch.min() == patch.max()


@pytest.mark.parametrize("kind", BLURS)
def test_blur_stays_in_the_range_that_the_averages_had(noise_frame: FrameMaker, kind: BlurringKind) -> None:
    frame = noise_frame(Size(240, 240), "yuv420p10")
    for plane in frame.planes:
        # Hard edges at the top of the range, over which a cubic curve would swing.
        plane.pixels[...] = np.where(np.indices(plane.pixels.shape).sum(axis=0) // 60 % 2, 1023, 64)
    apply(frame, region((0, 0, 240, 240), kind, Shape.BOX))
    for plane in frame.planes:
        assert plane.pixels.max() <= 1023
        assert plane.pixels.min() >= 64


def test_blur_does_not_flicker_when_nothing_moves(noise_frame: FrameMaker) -> None:
    first, second = noise_frame(ODD), noise_frame(ODD)
    for frame in (first, second):
        apply(frame, region((30.4, 20.7, 90.2, 80.9), BlurringKind.HIGH_BLUR))
    for a, b in zip(first.planes, second.planes, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)


def test_blur_moves_little_when_the_box_wavers_by_a_fraction_of_a_pixel(noise_frame: FrameMaker) -> None:
    frames = [noise_frame(Size(240, 240), "gray") for _ in range(2)]
    for frame in frames:
        # Something like a face: blobs of light, not noise.
        smooth = cv2.GaussianBlur(frame.planes[0].pixels, (0, 0), 12).astype(np.float64)
        frame.planes[0].pixels[...] = 16 + 219 * (smooth - smooth.min()) / np.ptp(smooth)
    apply(frames[0], region((40.0, 40.0, 200.0, 200.0), BlurringKind.HIGH_BLUR))
    apply(frames[1], region((40.4, 39.7, 200.3, 200.4), BlurringKind.HIGH_BLUR))
    change = np.abs(frames[0].planes[0].pixels.astype(int) - frames[1].planes[0].pixels)[60:180, 60:180]
    assert change.max() <= 6


@pytest.mark.parametrize("kind", HIDING)
def test_overlapping_faces_are_both_hidden(noise_frame: FrameMaker, kind: BlurringKind) -> None:
    frame = noise_frame(ODD, "gray")
    before = copies(frame)[0]
    boxes: list[Box] = [(20, 20, 70, 80), (50, 25, 110, 85)]
    apply(frame, *(region(box, kind) for box in boxes))
    inside = pixels_in(boxes[0], Shape.ELLIPSE, ODD) | pixels_in(boxes[1], Shape.ELLIPSE, ODD)
    assert (frame.planes[0].pixels[inside] == before[inside]).mean() < 0.05


@pytest.mark.parametrize("kind", list(BlurringKind))
@pytest.mark.parametrize("box", [(-90.0, 10.0, -60.0, 50.0), (10.0, 120.0, 60.0, 180.0)])
def test_region_outside_the_frame_changes_nothing(
    noise_frame: FrameMaker, kind: BlurringKind, box: Box
) -> None:
    frame = noise_frame(ODD)
    before = copies(frame)
    apply_regions(frame, [Region(box, Shape.ELLIPSE, kind, None, 40)], Orientation.UPRIGHT)
    for plane, source in zip(frame.planes, before, strict=True):
        np.testing.assert_array_equal(plane.pixels, source)


@pytest.mark.parametrize("orientation", list(Orientation))
def test_region_lands_where_it_is_seen_whichever_way_the_picture_is_coded(
    noise_frame: FrameMaker,
    turned_frame: Callable[[EditableFrame, Orientation], EditableFrame],
    orientation: Orientation,
) -> None:
    upright = noise_frame(ODD, "yuv444p")
    coded = turned_frame(upright, orientation)
    hidden = region((10.0, 15.0, 60.0, 110.0), BlurringKind.BLACK)
    apply(upright, hidden)
    apply_regions(coded, [hidden], orientation)
    for a, b in zip(upright.planes, coded.planes, strict=True):
        np.testing.assert_array_equal(a.pixels, orientation.to_upright(b.pixels))
