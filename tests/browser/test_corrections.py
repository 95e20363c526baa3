"""Corrections by hand on the review page: what is drawn is black through its span, and edits outlast a reload."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit, Visitor, analysed, reader
from tests.browser.pictures import (
    NUM_FRAMES,
    SIZE,
    Box,
    black_share,
    likeness_db,
    lumas,
    object_box,
    write_moving_object,
    write_vanishing_face,
)
from tests.browser.watching import until
from tests.live_service import LiveService

WORK_MS = 120_000


def opened(visitor: Visitor, video_id: str) -> Page:
    """The review page, once it can be worked with."""
    page = visitor.open(f"/web/videos/{video_id}")
    expect(page.locator(".people-count")).not_to_have_text("Loading…")
    expect(page.locator(".time")).not_to_have_text("")
    return page


def point_in(page: Page, size: tuple[int, int], x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the video is on the screen."""
    stage = page.locator(".stage canvas").bounding_box()
    assert stage
    scale = min(stage["width"] / size[0], stage["height"] / size[1])
    left = stage["x"] + (stage["width"] - scale * size[0]) / 2
    top = stage["y"] + (stage["height"] - scale * size[1]) / 2
    return left + x * scale, top + y * scale


def drag(page: Page, size: tuple[int, int], box: Box) -> None:
    """Drag from one corner of a box to the other."""
    page.mouse.move(*point_in(page, size, box[0], box[1]))
    page.mouse.down()
    page.mouse.move(*point_in(page, size, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
    page.mouse.move(*point_in(page, size, box[2], box[3]))
    page.mouse.up()


def redacted(visitor: Visitor, kind: str, target: Path) -> Path:
    """Have the open video redacted by the page, and fetch the result as the page offers it."""
    page = visitor.page
    page.get_by_role("tab", name="Redact").click()
    page.locator(".kinds").get_by_text(kind, exact=True).click()
    page.locator(".redact-button").click()
    expect(page.locator(".redact-ready")).to_be_visible(timeout=WORK_MS)
    page.get_by_role("link", name="Watch it beside the original").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(target)
    return target


def saved(service: LiveService, video_id: str) -> dict[str, Any]:
    with reader(service) as caller:
        answer = caller.http.get(f"{service.account_path}/Videos/{video_id}/Edits")
    document: dict[str, Any] = answer.json()
    return document


@pytest.fixture(autouse=True)
def nothing_left(service: LiveService, sample_id: str) -> Iterator[None]:
    """What a test that failed has drawn is not in the way of the next one."""
    yield
    with reader(service) as caller:
        address = f"{service.account_path}/Videos/{sample_id}/Edits"
        document = caller.http.get(address).json()
        if document["edits"] and document["edits"]["regions"]:
            empty = {**document["edits"], "regions": []}
            headers = {"If-Match": f'"{document["revision"]}"'}
            caller.http.put(address, json=empty, headers=headers).raise_for_status()


@pytest.fixture(scope="module")
def moving_id(service: LiveService, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A clip with a moving object and no face, and its id."""
    clip = write_moving_object(tmp_path_factory.mktemp("moving") / "moving.mp4")
    video_id = analysed(service, clip)
    return clip, video_id


def test_region_drawn_on_a_moving_object_is_black_through_its_span(
    signed_in: Visitor, moving_id: tuple[Path, str], tmp_path: Path
) -> None:
    clip, video_id = moving_id
    page = opened(signed_in, video_id)
    page.get_by_role("button", name="Draw a box").first.click()
    drag(page, (SIZE.width, SIZE.height), object_box(0))
    region = page.locator("efface-region")
    expect(region.locator(".region-state")).to_contain_text("Followed", timeout=WORK_MS)
    region.get_by_label("Hidden by").select_option("Black")
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    result = redacted(signed_in, "Strong blur", tmp_path / "redacted.mp4")
    before, after = lumas(clip, SIZE), lumas(result, SIZE)
    assert len(after) == NUM_FRAMES
    shares = [black_share(luma, object_box(frame)) for frame, luma in enumerate(after)]
    assert min(shares) > 0.97, [round(share, 2) for share in shares]
    # Far from the object nothing has changed.
    corner = (0.0, SIZE.height - 50.0, float(SIZE.width), float(SIZE.height))
    assert min(likeness_db(a, b, corner) for a, b in zip(before, after, strict=True)) > 30


def test_undone_and_redone_corrections_are_those_that_a_reload_shows(
    signed_in: Visitor, sample_id: str
) -> None:
    page = opened(signed_in, sample_id)
    page.get_by_role("tab", name="Correct").click()
    before = saved(signed_in.service, sample_id)["edits"]["regions"]
    page.locator(".draw-region").click()
    drag(page, (640, 480), (40, 40, 160, 120))
    region = page.locator("efface-region")
    expect(region).to_have_count(1)
    region.get_by_label("What it is").fill("a screen")
    page.keyboard.press("Tab")
    expect(region.locator(".region-name")).to_have_text("a screen")
    region.get_by_label("Where").select_option("stay")
    page.locator("#undo").click()
    page.locator("#undo").click()
    page.locator("#undo").click()
    expect(region).to_have_count(0)
    for _ in range(3):
        page.locator("#redo").click()
    expect(region.locator(".region-name")).to_have_text("a screen")
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    page = opened(signed_in, sample_id)
    page.get_by_role("tab", name="Correct").click()
    expect(page.locator("efface-region .region-name")).to_have_text("a screen")
    (kept,) = saved(signed_in.service, sample_id)["edits"]["regions"]
    assert (kept["label"], kept["is_followed"]) == ("a screen", False)
    page.locator("efface-region .region-name").click()
    page.locator("efface-region").get_by_role("button", name="Delete").click()
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    assert saved(signed_in.service, sample_id)["edits"]["regions"] == before


def test_what_is_being_typed_stays_when_the_page_hears_of_something_meanwhile(
    signed_in: Visitor, sample_id: str
) -> None:
    page = opened(signed_in, sample_id)
    page.get_by_role("tab", name="Correct").click()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/Tracks", hold)
    page.locator(".draw-region").click()
    drag(page, (640, 480), (40, 40, 160, 120))
    label = page.locator("efface-region").get_by_label("What it is")
    label.press_sequentially("a sc")
    # The page has asked what the correction has led to, and hears of it now.
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    until(page, lambda: bool(held), "asked for the tracks")
    with page.expect_response("**/Tracks"):
        for route in held:
            route.continue_()
    page.unroute("**/Tracks", hold)
    expect(page.locator("efface-region .region-state")).not_to_have_text("")
    expect(label).to_be_focused()
    page.keyboard.type("reen")
    page.keyboard.press("Tab")
    expect(page.locator("efface-region .region-name")).to_have_text("a screen")
    page.locator("#undo").click()
    page.locator("#undo").click()
    expect(page.locator("efface-region")).to_have_count(0)
    expect(page.locator("#save-state")).to_have_text("All corrections saved")


def test_keys_step_frame_by_frame_and_switch_people(signed_in: Visitor, sample_id: str) -> None:
    page = opened(signed_in, sample_id)
    page.locator(".stage canvas").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".frame")).to_have_text("frame 3")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".frame")).to_have_text("frame 2")
    page.keyboard.press("1")
    expect(page.locator(".people-count")).to_contain_text("0 redacted, 1 kept")
    page.keyboard.press("1")
    expect(page.locator(".people-count")).to_contain_text("1 redacted, 0 kept")


def test_preview_is_the_frame_as_it_will_be(signed_in: Visitor, sample_id: str) -> None:
    page = opened(signed_in, sample_id)
    with page.expect_response("**/Preview*") as answer:
        page.locator("#preview").click()
    assert answer.value.status == 200
    assert answer.value.headers["content-type"] == "image/jpeg"
    assert answer.value.headers["cache-control"] == "no-store"
    body = json.loads(answer.value.request.post_data or "{}")
    assert body["frame"] == 0
    expect(page.locator(".still")).to_be_visible()


def test_correction_made_when_the_session_has_ended_is_saved_after_signing_in(
    signed_in: Visitor, sample_id: str
) -> None:
    page = opened(signed_in, sample_id)
    before = saved(signed_in.service, sample_id)
    page.get_by_role("tab", name="Correct").click()
    signed_in.context.clear_cookies()
    signed_in.watch.allow("401")
    # Nobody waits an hour for the page's token to end.
    page.route("**/Edits", lambda route: route.continue_(headers={"Authorization": "Bearer ended"}))
    page.locator(".draw-region").click()
    drag(page, (640, 480), (40, 40, 160, 120))
    page.wait_for_url("**/web/sign-in?next=*")
    page.unroute("**/Edits")
    assert saved(signed_in.service, sample_id)["revision"] == before["revision"]
    page.get_by_label("Account", exact=True).fill("default")
    page.get_by_label("Key", exact=True).fill(signed_in.service.key)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**/web/videos/{sample_id}")
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    page.get_by_role("tab", name="Correct").click()
    expect(page.locator("efface-region")).to_have_count(1)
    after = saved(signed_in.service, sample_id)
    assert after["revision"] == before["revision"] + 1
    assert len(after["edits"]["regions"]) == 1
    page.locator("#undo").click()
    expect(page.locator("efface-region")).to_have_count(0)


def test_moments_that_are_fine_are_counted_off_and_stay_so(
    signed_in: Visitor, service: LiveService, sample_clip: Path, tmp_path: Path
) -> None:
    clip = write_vanishing_face(tmp_path / "vanishing.mp4", sample_clip)
    video_id = analysed(service, clip)
    page = opened(signed_in, video_id)
    page.get_by_role("tab", name="Check").click()
    state = page.locator(".risks-state")
    expect(state).not_to_have_text("Loading…")
    buttons = page.locator(".risks .fine-button")
    number = buttons.count()
    assert number > 0
    expect(state).to_contain_text(f"{number} of {number} moments")
    buttons.first.click()
    for index in range(number):
        if buttons.nth(index).get_attribute("aria-pressed") != "true":
            buttons.nth(index).click()
    expect(state).to_contain_text("looked at")
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    page = opened(signed_in, video_id)
    page.get_by_role("tab", name="Check").click()
    expect(state).to_contain_text("All")


def test_whoever_is_to_draw_on_a_small_screen_is_taken_to_the_picture(visit: Visit, sample_id: str) -> None:
    visitor = visit(viewport={"width": 360, "height": 740})
    visitor.sign_in()
    page = opened(visitor, sample_id)
    page.get_by_role("tab", name="Correct").click()
    button = page.locator(".draw-region")
    button.scroll_into_view_if_needed()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    button.click()
    expect(page.locator(".stage")).to_be_in_viewport(ratio=0.99)
    expect(page.locator(".tool-hint")).to_be_in_viewport()
