"""Still pictures from end to end, with the real network."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from efface.domain.errors import OutputError
from efface.domain.media import EncodeSettings
from efface.domain.redaction import BlurringKind, RedactionRequest
from efface.pipeline import redact_image

pytestmark = pytest.mark.weights

BLACK = RedactionRequest(BlurringKind.BLACK)
SETTINGS = EncodeSettings()
EYES_TO_MOUTH = (slice(90, 150), slice(205, 250))
"""Rows and columns inside the face of the portrait."""


@pytest.fixture(scope="module")
def corner(portrait: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(256, 320, 3) RGB part of the portrait that holds the face, where it is in the whole."""
    return np.ascontiguousarray(portrait[:256, :320])


def read_upright(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        orientation = picture.getexif().get(0x0112, 1)
        assert orientation == 1, "the output is upright as stored"
        return np.asarray(picture.convert("RGB"), np.uint8)


@pytest.mark.parametrize(("turns", "exif"), [(0, 1), (1, 6), (2, 3), (3, 8)])
def test_face_is_found_however_the_camera_was_held(
    corner: NDArray[np.uint8], tmp_path: Path, turns: int, exif: int
) -> None:
    source, output = tmp_path / "photo.jpg", tmp_path / "safe.jpg"
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(corner, turns)))
    tags = Image.Exif()
    tags[0x0112] = exif
    stored.save(source, quality=95, exif=tags)
    report = redact_image(source, output, request=BLACK, settings=SETTINGS)
    assert (report.num_frames, report.num_regions, report.num_masked_frames) == (1, 1, 1)
    safe = read_upright(output)
    assert safe.shape == corner.shape
    assert safe[EYES_TO_MOUTH].max() < 30
    assert np.abs(safe[200:].astype(int) - corner[200:]).mean() < 6


@pytest.mark.parametrize("turns", [1, 2, 3], ids=["left side", "upside down", "right side"])
def test_face_that_lies_in_the_picture_is_found(
    corner: NDArray[np.uint8], tmp_path: Path, turns: int
) -> None:
    source, output = tmp_path / "photo.png", tmp_path / "safe.png"
    Image.fromarray(np.ascontiguousarray(np.rot90(corner, turns))).save(source)
    report = redact_image(source, output, request=BLACK, settings=SETTINGS)
    assert report.num_regions >= 1
    safe = np.rot90(read_upright(output), -turns)
    assert safe[EYES_TO_MOUTH].max() == 0
    assert np.array_equal(safe[220:], corner[220:])


def test_picture_without_faces_stays_the_same(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    meadow = np.asarray(cv2.resize(noise, (320, 256), interpolation=cv2.INTER_CUBIC), np.uint8)
    source, output = tmp_path / "meadow.png", tmp_path / "safe.png"
    Image.fromarray(meadow).save(source)
    report = redact_image(source, output, request=BLACK, settings=SETTINGS)
    assert (report.num_regions, report.num_masked_frames) == (0, 0)
    assert np.array_equal(read_upright(output), meadow)


def test_every_face_of_a_group_is_hidden(corner: NDArray[np.uint8], tmp_path: Path) -> None:
    small = cv2.resize(corner, (160, 128), interpolation=cv2.INTER_AREA)
    row = np.concatenate([small, small[:, ::-1]], axis=1)
    both = np.concatenate([row, np.full_like(row, 80)])
    source, output = tmp_path / "group.png", tmp_path / "safe.png"
    Image.fromarray(np.ascontiguousarray(both)).save(source)
    report = redact_image(source, output, request=BLACK, settings=SETTINGS)
    assert report.num_regions == 2
    safe = read_upright(output)
    rows, columns = slice(45, 75), slice(103, 125)
    assert safe[rows, columns].max() == 0
    assert safe[:, ::-1][rows, columns].max() == 0
    assert np.array_equal(safe[128:], both[128:])


def test_output_that_exists_is_kept_and_nothing_is_searched(
    corner: NDArray[np.uint8], tmp_path: Path
) -> None:
    source, output = tmp_path / "photo.png", tmp_path / "safe.png"
    Image.fromarray(corner).save(source)
    output.write_text("mine")
    with pytest.raises(OutputError, match=r"safe\.png"):
        redact_image(source, output, request=BLACK, settings=SETTINGS)
    assert output.read_text() == "mine"
