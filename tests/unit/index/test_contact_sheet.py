"""The contact sheet."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from efface.identify.crops import FaceCrop
from efface.index.contact_sheet import MAX_PEOPLE, clock, contact_sheet_png, draw_contact_sheet
from efface.index.model import FaceIndex

Crops = dict[int, list[FaceCrop]]


def test_the_sheet_is_a_png_with_a_row_for_each_person(three_people: FaceIndex, crops: Crops) -> None:
    png = np.frombuffer(contact_sheet_png(three_people, crops), np.uint8)
    sheet = cv2.imdecode(png, cv2.IMREAD_COLOR)
    assert sheet is not None
    assert np.array_equal(sheet[:, :, ::-1], draw_contact_sheet(three_people, crops))
    two = draw_contact_sheet(
        replace(three_people, faces=three_people.faces[:2], tracks=three_people.tracks[:3]), crops
    )
    row = sheet.shape[0] - two.shape[0]
    assert row > 150
    assert sheet.shape[0] > 3 * row


def test_the_crops_are_on_the_sheet_in_their_colours(three_people: FaceIndex, crops: Crops) -> None:
    sheet = draw_contact_sheet(three_people, crops)
    for track_id in (1, 2, 3, 4):  # conftest paints a patch of this colour into every crop of the track
        patch = np.abs(sheet.astype(int) - [40 * track_id, 200, 20]).max(axis=2) <= 2
        assert patch.sum() > 500


def test_the_bar_is_coloured_where_the_person_is_seen(three_people: FaceIndex) -> None:
    """With no crops given, all that differs between two spans of the same person is text and bar."""
    sheet = draw_contact_sheet(three_people, {})
    bar = sheet[92 + 150 + 4, 24:349]  # first row: seen in frames 0-99 and 200-259 of 300
    is_seen = np.abs(bar.astype(int) - [20, 90, 200]).max(axis=1) == 0
    assert is_seen[:105].all()
    assert not is_seen[112:212].any()
    assert is_seen[220:278].all()


def test_an_empty_video_says_so(make_index: Callable[..., FaceIndex]) -> None:
    sheet = draw_contact_sheet(make_index([]), {})
    assert (sheet[92:] < 200).sum() > 500


def test_of_too_many_people_those_seen_longest_are_shown(make_index: Callable[..., FaceIndex]) -> None:
    spans = [(1001 + i, 0, 1 if i == 7 else 2) for i in range(MAX_PEOPLE + 1)]
    full = draw_contact_sheet(make_index(spans), {})
    fits = draw_contact_sheet(make_index(spans[:7] + spans[8:]), {})
    assert full.shape == fits.shape
    assert np.array_equal(full[92 : 92 + 7 * 192 + 50], fits[92 : 92 + 7 * 192 + 50])


def test_names_of_any_script_and_length_are_drawn(three_people: FaceIndex, crops: Crops) -> None:
    faces = tuple(replace(face, name="Zoë 東京 " + "x" * 200) for face in three_people.faces)
    sheet = draw_contact_sheet(replace(three_people, faces=faces), crops)
    assert (sheet[92 + 60 : 92 + 80, 352:366] == 255).all()  # the long name stops before the crops


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (Fraction(0), "0:00.0"),
        (Fraction(599, 10), "0:59.9"),
        (Fraction(59999, 1000), "0:59.9"),
        (Fraction(3661), "1:01:01.0"),
    ],
)
def test_clock_cuts_to_tenths(seconds: Fraction, text: str) -> None:
    assert clock(seconds) == text
