"""What docs/edits-format.md shows is what efface reads."""

import json
import re
from dataclasses import fields
from pathlib import Path

from efface.domain.edits import Edits
from efface.domain.redaction import BlurringKind
from efface.edit import apply_edits, parse_edits
from efface.edit.codec import encode_edits
from efface.index.codec import decode_index
from efface.index.model import FaceIndex

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "edits-format.md").read_text(encoding="utf-8")


def example_of(page: str) -> str:
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return found[1]


def edits() -> Edits:
    return parse_edits(json.loads(example_of(PAGE)))


def index(folder: Path) -> FaceIndex:
    path = folder / "index.json"
    path.write_text(example_of((DOCS / "index-format.md").read_text(encoding="utf-8")))
    return decode_index(path)


def test_example_fits_the_example_of_an_index_and_does_what_the_page_says(tmp_path: Path) -> None:
    corrected = apply_edits(index(tmp_path), edits())
    assert {face.face_id: face.track_ids for face in corrected.faces} == {1001: (1,), 1002: (2, 3)}
    plate, screen = edits().regions
    assert (plate.kind, screen.kind) == (BlurringKind.BLACK, None)
    assert plate.is_followed
    assert plate.path is None


def test_path_on_the_page_fits_the_example() -> None:
    (text,) = re.findall(r"^`(\{\"first_frame\": 2.*\})`", PAGE, re.MULTILINE)
    document = json.loads(example_of(PAGE))
    document["regions"][0]["path"] = [json.loads(text)]
    (part,) = parse_edits(document).regions[0].path or ()
    assert part.boxes.tolist() == [[300, 200, 340, 216]] * 4


def test_page_names_every_field() -> None:
    written = json.loads("".join(encode_edits(edits())))
    assert {each.name for each in fields(Edits)} <= set(written)
    for name in (*written, *written["regions"][0]):
        assert f"`{name}`" in PAGE or f'"{name}"' in PAGE, name
