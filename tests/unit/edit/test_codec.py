"""The edits file: it comes back as it was, and whatever is wrong in it is named."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from efface.domain.edits import Edits, ReviewedRisk
from efface.domain.errors import EditsFormatError
from efface.domain.redaction import BlurringKind
from efface.domain.time import TimeRange
from efface.edit import encode_edits, parse_edits, read_edits

SHA256 = "ab" * 32
KEYFRAME = {"frame": 2, "box": [1, 2, 3, 4]}
REGION = {
    "id": 1,
    "first_frame": 0,
    "end_frame": 10,
    "is_followed": False,
    "keyframes": [KEYFRAME],
}
PATH = {
    "first_frame": 0,
    "num_frames": 10,
    "x": "8 0*9",
    "y": "16 0*9",
    "width": "16 0*9",
    "height": "16 0*9",
}
FOLLOWED = REGION | {"is_followed": True, "path": [PATH]}


def document(**fields: Any) -> dict[str, Any]:
    return {"format": "efface-edits", "version": 1, "source_sha256": SHA256} | fields


def test_edits_come_back_as_they_were(full_edits: Edits, tmp_path: Path) -> None:
    path = tmp_path / "edits.json"
    path.write_text("".join(encode_edits(full_edits)))
    assert read_edits(path) == full_edits
    assert parse_edits(json.loads(path.read_text())) == full_edits


def test_file_without_corrections_is_short_and_empty() -> None:
    edits = parse_edits(document())
    assert edits == Edits(SHA256)
    assert edits.is_empty


def test_file_has_one_correction_a_line(full_edits: Edits) -> None:
    lines = "".join(encode_edits(full_edits)).splitlines()
    assert sum(line.startswith('{"id": ') for line in lines) == 3
    assert max(map(len, lines)) < 500


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (12, Fraction(12)),
        (12.1, Fraction(121, 10)),
        ("1001/30", Fraction(1001, 30)),
        ("-0.5", Fraction(-1, 2)),
    ],
)
def test_times_are_exact_however_they_are_written(written: object, seconds: Fraction) -> None:
    assert parse_edits(document(mutes=[[written, "100"]])).mutes == (TimeRange(seconds, Fraction(100)),)


def test_kind_is_read_by_name_and_by_number() -> None:
    kinds = [
        parse_edits(document(regions=[REGION | {"kind": kind}])).regions[0].kind for kind in ("black", 0)
    ]
    assert kinds == [BlurringKind.BLACK, BlurringKind.MEDIUM_BLUR]


def test_review_may_leave_its_track_out_and_is_no_correction() -> None:
    edits = parse_edits(document(reviewed=[{"frame": 7}, {"frame": 8, "track": 2}]))
    assert edits.reviewed == (ReviewedRisk(7, None), ReviewedRisk(8, 2))
    assert edits.is_empty
    assert not edits.names_tracks


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reviewed": [{"frame": -1}]}, r"reviewed\[0\].frame must be"),
        ({"reviewed": [{"frame": 1, "track": 0}]}, r"reviewed\[0\].track must be"),
        ({"reviewed": [{"frame": 1, "face": 1}]}, "face is not a field of the format here"),
        ({"format": "efface-index"}, 'its "format" is not "efface-edits"'),
        ({"version": 2}, "format version 2, not 1"),
        ({"merge": []}, "merge is not a field of the format here"),
        ({"index_digest": "AB" * 32}, "index_digest must be 64 lower-case"),
        ({"index_digest": 7}, "index_digest must be printable text"),
        ({"source_sha256": "AB" * 32}, "source_sha256 must be 64 lower-case"),
        ({"merges": [[1001]]}, "a merge needs two faces or more"),
        ({"merges": [1001, 1002]}, r"merges\[0\] must be a list in brackets"),
        ({"merges": [[1001, 1002], [1002, 1003]]}, "face 1002 occurs twice in merges"),
        ({"merges": [[1001, True]]}, r"merges\[0\]\[1\] must be a whole number"),
        ({"splits": [{"track": 0, "face": 1}]}, r"splits\[0\].track must be a whole number"),
        ({"splits": [{"track": 1}]}, r"splits\[0\].face is missing"),
        ({"removed_tracks": [3, 3]}, "track 3 occurs twice in removed_tracks"),
        ({"removed_tracks": {"3": 1}}, "removed_tracks must be a list in brackets"),
        (
            {"moved_boxes": [{"track": 1, "frame": -1, "box": [0, 0, 1, 1]}]},
            r"moved_boxes\[0\].frame must be",
        ),
        (
            {"moved_boxes": [{"track": 1, "frame": 1, "box": [5, 0, 5, 1]}]},
            r"moved_boxes\[0\].box has no area",
        ),
        ({"moved_boxes": [{"track": 1, "frame": 1, "box": [0, 0, 1]}]}, r"box must be four numbers"),
        (
            {"moved_boxes": [{"track": 1, "frame": 1, "box": [0, 0, 1, 1e9]}]},
            r"box\[3\] must be a number from",
        ),
        (
            {"moved_boxes": [{"track": 1, "frame": 1, "box": [0, 0, 1, float("nan")]}]},
            r"box\[3\] must be a number",
        ),
        ({"mutes": [[1, 1]]}, r"mutes\[0\] must end after it starts"),
        ({"mutes": [[1]]}, r"mutes\[0\] must be a pair of times"),
        ({"mutes": [["1/0", 2]]}, r"mutes\[0\] holds a fraction over 0"),
        ({"mutes": [["one", 2]]}, r"mutes\[0\] must hold seconds such as"),
        ({"mutes": [[0, True]]}, r"mutes\[0\] must hold seconds such as"),
        ({"mutes": [[0, 10**10]]}, r"mutes\[0\] must hold seconds within"),
        ({"regions": [REGION | {"id": 0}]}, r"regions\[0\].id must be a whole number"),
        ({"regions": [REGION, REGION]}, "region 1 occurs twice in regions"),
        ({"regions": [REGION | {"kind": "invisible"}]}, r"regions\[0\].kind cannot be used: blurring kind"),
        ({"regions": [REGION | {"kind": True}]}, r"regions\[0\].kind must be a blurring kind"),
        ({"regions": [REGION | {"is_followed": 1}]}, r"regions\[0\].is_followed must be true or false"),
        ({"regions": [REGION | {"label": "a\u001b[2J"}]}, r"regions\[0\].label must be printable"),
        ({"regions": [REGION | {"keyframes": []}]}, "has no key frame"),
        ({"regions": [REGION | {"first_frame": 3}]}, "key frame outside of its frames 3 .. 10"),
        ({"regions": [REGION | {"keyframes": [KEYFRAME, KEYFRAME]}]}, "must be in order, one for a frame"),
        ({"regions": [REGION | {"path": [PATH]}]}, "is fixed, so it has no path"),
        ({"regions": [FOLLOWED | {"path": [PATH | {"num_frames": 11}]}]}, r"path\[0\].num_frames must be"),
        ({"regions": [FOLLOWED | {"path": [PATH | {"x": "1 2"}]}]}, r"path\[0\].x must"),
        ({"regions": [FOLLOWED | {"path": [PATH | {"x": "800 0*9"}]}]}, "does not meet its key frame 2"),
        ({"regions": [FOLLOWED | {"path": []}]}, "does not meet its key frame 2"),
        ({"regions": [FOLLOWED | {"path": [PATH, PATH]}]}, "leaves its frames or overlaps itself"),
        (
            {"regions": [FOLLOWED | {"path": [PATH | {"lost": [{"frame": 3, "reason": "fog"}]}]}]},
            r"lost\[0\].reason must be one of cut, sight",
        ),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(EditsFormatError, match=message):
        parse_edits(document(**fields), "clip.edits.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "holds no JSON object"),
        ('{"format": "efface-edits", "format": 1}', "occurs twice"),
        ('{"mutes": [[NaN, 1]]}', "NaN is not a number"),
        ("[" * 100_000, "nested too deeply|not valid JSON"),
        ("[" * 300_001, "holds more values than"),
    ],
)
def test_hostile_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "edits.json"
    path.write_text(text)
    with pytest.raises(EditsFormatError, match=message):
        read_edits(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EditsFormatError, match=r"nowhere\.json is not a file"):
        read_edits(tmp_path / "nowhere.json")


def test_path_of_millions_of_boxes_is_refused_before_it_is_made() -> None:
    columns = {key: "8*1" for key in ("x", "y", "width", "height")}
    long = FOLLOWED | {
        "end_frame": 16_000_000,
        "path": [{"first_frame": 0, "num_frames": 9_000_000} | columns],
    }
    with pytest.raises(EditsFormatError, match="passes the 8000000 boxes"):
        parse_edits(document(regions=[long]))


@pytest.mark.parametrize(
    "key", ["merges", "splits", "removed_tracks", "moved_boxes", "regions", "mutes", "reviewed"]
)
def test_null_stands_for_no_corrections_of_a_sort(key: str) -> None:
    assert parse_edits(document(**{key: None})).is_empty
