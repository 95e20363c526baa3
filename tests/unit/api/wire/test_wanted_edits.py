"""Corrections in the body of a redaction: generous in form, strict in what would show something."""

import json
from fractions import Fraction
from typing import Any

import pytest

from efface.api.wire.redaction import read_redaction
from efface.api.wire.times import seconds_from_start
from efface.domain.edits import DrawnBox, DrawnRegion
from efface.domain.errors import EffaceError, InputError, RequestError
from efface.domain.redaction import BlurringKind, RedactionRequest
from efface.domain.time import TimeRange
from efface.usecases.ordered_edits import WantedEdits

KEYFRAMES = [{"frame": 3, "box": [1, 2, 30, 40]}]
PLAIN = {"first_frame": 0, "end_frame": 9, "is_followed": False, "keyframes": KEYFRAMES}
DRAWN = (DrawnBox(3, (1.0, 2.0, 30.0, 40.0)),)
DOCUMENT = {"format": "efface-edits", "version": 1, "source_sha256": "ab" * 32}


def read(**members: Any) -> WantedEdits:
    return read_redaction(json.dumps({"faces": {}, **members})).edits


def test_body_without_a_word_of_them_wants_none() -> None:
    cases: list[dict[str, Any]] = [
        {},
        {"edits": False},
        {"edits": None, "regions": None, "audio": None},
        {"audio": {}},
    ]
    for members in cases:
        assert read(**members) == WantedEdits()


def test_saved_corrections_are_named_by_true_or_number() -> None:
    assert read(edits=True) == WantedEdits(uses_newest=True)
    assert read(edits=7) == read(Edits="7") == WantedEdits(revision=7)


def test_document_is_that_of_an_edits_file() -> None:
    found = read(edits={**DOCUMENT, "regions": [{"id": 4, **PLAIN}]}).document
    assert found is not None
    assert found.regions == (DrawnRegion(4, "", None, DRAWN, 0, 9, False),)


def test_regions_are_those_of_an_edits_file_and_may_be_spelt_as_the_tracks_tell_them() -> None:
    camel = {"id": 1, "label": "Plate", "kind": "Black", "firstFrame": 0, "endFrame": 9, "isFollowed": True}
    found = read(regions=[PLAIN, {**camel, "keyframes": KEYFRAMES}]).regions
    assert found == (
        DrawnRegion(2, "", None, DRAWN, 0, 9, False),
        DrawnRegion(1, "Plate", BlurringKind.BLACK, DRAWN, 0, 9, True),
    )


def test_mutes_are_exact_seconds() -> None:
    spans = [{"start": "0:00:01.5", "end": 3}, {"Start": 0.1, "End": "1:02:03.25"}]
    assert read(audio={"Mute": spans}).mutes == (
        TimeRange(Fraction(3, 2), Fraction(3)),
        TimeRange(Fraction(1, 10), Fraction(3723) + Fraction(1, 4)),
    )


def test_faces_may_be_missing_only_where_something_else_is_treated() -> None:
    nobody = RedactionRequest(covers_faces=False)
    assert read_redaction(json.dumps({"regions": [PLAIN]})).request == nobody
    mute = {"mute": [{"start": 0, "end": 1}]}
    assert read_redaction(json.dumps({"audio": mute, "faces": None})).request == nobody
    assert read_redaction('{"faces": false, "edits": true}').request == nobody
    # Who forgets the faces must not find them bare.
    for body in ('{"edits": true}', '{"regions": []}', '{"faces": false}', '{"audio": {"mute": []}}'):
        with pytest.raises(RequestError, match="'faces'"):
            read_redaction(body)


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"edits": "newest"}, "'edits'"),
        ({"edits": -1}, "'edits'"),
        ({"edits": [1]}, "'edits'"),
        ({"edits": {}}, '"format"'),
        ({"edits": {**DOCUMENT, "region": []}}, "region is not a field"),
        ({"region": [PLAIN]}, "'region'"),
        ({"mute": []}, "'mute'"),
        ({"Edit": True}, "'edit'"),
        ({"regions": {}}, "'regions'"),
        ({"regions": [1]}, "'regions'"),
        ({"regions": [{**PLAIN, "keyframes": []}]}, "regions[0]"),
        ({"regions": [{**PLAIN, "box": [1, 2, 3, 4]}]}, "box is not a field"),
        ({"regions": [{**PLAIN, "kind": "Blr"}]}, "regions[0].kind"),
        ({"regions": [{**PLAIN, "id": 1}, {**PLAIN, "id": 1}]}, "region 1 occurs twice"),
        ({"regions": [{**PLAIN, "is_followed": "yes"}]}, "is_followed must be true or false"),
        ({"audio": []}, "'audio'"),
        ({"audio": {"mutes": []}}, "'mutes'"),
        ({"audio": {"mute": {"start": 1, "end": 2}}}, "'audio.mute'"),
        ({"audio": {"mute": [{"start": 1}]}}, "'audio.mute[0].end'"),
        ({"audio": {"mute": [{"start": 2, "end": 1}]}}, "'audio.mute[0]'"),
        ({"audio": {"mute": [{"start": True, "end": 2}]}}, "'audio.mute[0].start'"),
        ({"audio": {"mute": [{"start": -1, "end": 2}]}}, "'audio.mute[0].start'"),
        ({"audio": {"mute": [{"start": 0, "end": "1:75"}]}}, "'audio.mute[0].end'"),
        ({"audio": {"mute": [{"start": 0, "end": 10**12}]}}, "'audio.mute[0].end'"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(members: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as refusal:
        read(**members)
    assert named in str(refusal.value)
    assert len(str(refusal.value)) < 600


def test_body_of_a_million_brackets_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(EffaceError, match="more values than"):
        read_redaction(b'{"faces":{},"edits":[' + b"[]," * 400_000 + b"[]]}")


@pytest.mark.parametrize(
    "text", ["", ":", "1:", "1:2:3:4", "1.5:00", "1e3", "-1", "+1", "1.", ".5", "0:60", "\u0661"]
)
def test_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$"):
        seconds_from_start(text)
