"""The whole walk on a real clip of two people: choose the file, keep one of them, redact, download, and look."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from efface.domain.geometry import Size
from tests.browser.conftest import Visitor, analysed, reader
from tests.browser.pictures import detail, likeness_db, lumas, overlap
from tests.browser.test_corrections import WORK_MS, opened, redacted, saved
from tests.browser.test_library import card, choose
from tests.live_service import LiveService

CLIP = "selfie_two_faces_tilt"
SIZE = Size(720, 1280)
KEPT, HIDDEN = "A", "B"
"""People as the labels name them."""


@pytest.fixture(scope="module")
def labels(shared: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((shared / "leakbench" / "labels" / f"{CLIP}.json").read_text())
    return document


def boxes_of(labels: dict[str, Any], person: str) -> dict[int, tuple[float, float, float, float]]:
    """Where somebody's face is, by frame."""
    return {
        int(frame): tuple(face["box"])
        for frame, entry in labels["frames"].items()
        for face in entry["faces"]
        if face["person"] == person
    }


def names_of(service: LiveService, video_id: str, labels: dict[str, Any], person: str) -> set[str]:
    """The people of the index whose faces lie where the labels have somebody's."""
    with reader(service) as caller:
        path = f"{service.account_path}/Videos/{video_id}/Tracks"
        summary = caller.http.get(path).json()
        chunk = caller.http.get(f"{path}/0").json()
    # As the page calls whoever has no name.
    found: dict[int, str] = {
        track["id"]: f"person {face['id'] - 1000}" for face in summary["faces"] for track in face["tracks"]
    }
    names = set()
    for track in chunk["tracks"]:
        box = [0.0, 0.0, 0.0, 0.0]
        for index in range(len(track["boxes"]) // 4):
            box = [a + b / 8 for a, b in zip(box, track["boxes"][4 * index : 4 * index + 4], strict=True)]
            label = boxes_of(labels, person).get(track["firstFrame"] + index)
            if label and overlap(box, label) > 0.3:
                names.add(found[track["id"]])
    return names


@pytest.fixture(scope="module")
def two_people_id(service: LiveService, shared: Path) -> str:
    """The clip, analysed."""
    return analysed(service, shared / "media" / "faces_video" / f"{CLIP}.mp4")


def upload_by_hand(visitor: Visitor, clip: Path) -> str:
    choose(visitor, clip)
    found = card(visitor.page, clip.name)
    expect(found).to_contain_text("people", timeout=WORK_MS)
    return str(found.locator("a.name").get_attribute("href")).rpartition("/")[2]


def keep(page: Page, names: set[str]) -> None:
    """Keep these people, and nobody else."""
    page.get_by_role("button", name="Redact all").click()
    for name in names:
        page.get_by_role("switch", name=f"Redact {name}", exact=True).click()
    expect(page.locator(".people-count")).to_contain_text(f"{len(names)} kept")


def test_kept_person_is_as_before_and_the_other_cannot_be_recognised(
    signed_in: Visitor, shared: Path, labels: dict[str, Any], leakbench: ModuleType, tmp_path: Path
) -> None:
    clip = shared / "media" / "faces_video" / f"{CLIP}.mp4"
    video_id = upload_by_hand(signed_in, clip)
    kept = names_of(signed_in.service, video_id, labels, KEPT)
    assert kept
    assert not kept & names_of(signed_in.service, video_id, labels, HIDDEN)
    page = opened(signed_in, video_id)
    keep(page, kept)
    blurred = redacted(signed_in, "Strong blur", tmp_path / "blurred.mp4")
    before, after = lumas(clip, SIZE), lumas(blurred, SIZE)
    assert len(before) == len(after)
    for frame, box in boxes_of(labels, KEPT).items():
        assert likeness_db(before[frame], after[frame], box) > 32, f"frame {frame} of who is kept"
    for frame, box in boxes_of(labels, HIDDEN).items():
        assert detail(after[frame], box) < 0.35 * detail(before[frame], box), (
            f"frame {frame} of who is hidden"
        )
    # The benchmark counts what is black, and whom it is not told of it does not miss.
    page = opened(signed_in, video_id)
    expect(page.locator(".people-count")).to_contain_text(f"{len(kept)} kept")
    black = redacted(signed_in, "Black", tmp_path / "black.mp4")
    frames = {
        frame: {"faces": [face for face in entry["faces"] if face["person"] == HIDDEN], "ignore": []}
        for frame, entry in labels["frames"].items()
    }
    score, leaks = leakbench.score_clip({**labels, "frames": frames}, clip, black)
    assert (score.partial, score.bare, score.missing_frames) == (0, 0, 0), leaks
    assert score.faces == score.covered == len(boxes_of(labels, HIDDEN))
    after = lumas(black, SIZE)
    for frame, box in boxes_of(labels, KEPT).items():
        assert likeness_db(before[frame], after[frame], box) > 32, f"frame {frame} of who is kept"


def test_merged_people_are_one_until_it_is_undone_and_after_a_reload(
    signed_in: Visitor, two_people_id: str
) -> None:
    page = opened(signed_in, two_people_id)
    people = page.locator("efface-person")
    number = people.count()
    assert number >= 2
    expect(people).to_have_count(number)
    for index in (0, 1):
        people.nth(index).get_by_role("checkbox", name="to merge").check()
    page.get_by_role("button", name="These 2 are one person").click()
    expect(people).to_have_count(number - 1)
    page.locator("#undo").click()
    expect(people).to_have_count(number)
    page.locator("#redo").click()
    expect(people).to_have_count(number - 1)
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    page = opened(signed_in, two_people_id)
    expect(page.locator("efface-person")).to_have_count(number - 1)
    assert len(saved(signed_in.service, two_people_id)["edits"]["merges"]) == 1
