"""A box that is moved by hand: what it changes around is seen at once, told, and just what the service has."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor, reader
from tests.browser.test_corrections import opened, point_in, saved
from tests.browser.watching import until
from tests.live_service import LiveService

SIZE = (640, 480)
FRAME = 40
_STROKES = """
const clear = CanvasRenderingContext2D.prototype.clearRect;
const stroke = CanvasRenderingContext2D.prototype.strokeRect;
CanvasRenderingContext2D.prototype.clearRect = function (...box) {
  if (this.canvas.closest(".stage")) window.strokes = [];
  clear.apply(this, box);
};
CanvasRenderingContext2D.prototype.strokeRect = function (...box) {
  const isOutline = this.canvas.closest(".stage") && this.lineWidth === 2;
  if (isOutline) window.strokes.push({ box, isDashed: this.getLineDash().length > 0 });
  stroke.apply(this, box);
};
"""


@pytest.fixture
def page(signed_in: Visitor, sample_id: str) -> Page:
    """The review page of the sample at a frame with a face, whose strokes are noted."""
    signed_in.page.add_init_script(_STROKES)
    page = opened(signed_in, sample_id)
    page.locator(".stage canvas").focus()
    go_to(page, FRAME)
    return page


def go_to(page: Page, frame: int) -> None:
    shown = page.locator("efface-player")
    while (at := int(shown.get_attribute("data-shown") or 0)) != frame:
        page.keyboard.press("ArrowRight" if at < frame else "ArrowLeft")
        expect(shown).to_have_attribute("data-shown", str(at + (1 if at < frame else -1)))


def drawn(page: Page) -> tuple[list[float], bool]:
    """The box over the picture, in pixels of the video, and whether it is dashed."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    (stroke,) = page.evaluate("window.strokes")
    x, y, width, height = stroke["box"]
    stage = page.locator(".stage canvas").bounding_box()
    assert stage
    corner, next_corner = point_in(page, SIZE, 0, 0), point_in(page, SIZE, 1, 0)
    left, top, scale = corner[0] - stage["x"], corner[1] - stage["y"], next_corner[0] - corner[0]
    box = [(x - left) / scale, (y - top) / scale, (x + width - left) / scale, (y + height - top) / scale]
    return box, stroke["isDashed"]


def boxes(service: LiveService, video_id: str) -> dict[int, list[float]]:
    """The boxes of the only track as the service has them, by frame."""
    with reader(service) as caller:
        answer: dict[str, Any] = caller.http.get(f"{service.account_path}/Videos/{video_id}/Tracks/0").json()
    (track,) = answer["tracks"]
    sums, found = [0.0] * 4, {}
    for place, step in enumerate(track["boxes"]):
        sums[place % 4] += step / 8
        if place % 4 == 3:
            found[track["firstFrame"] + place // 4] = list(sums)
    return found


def test_frames_around_a_moved_box_show_what_the_engine_makes_of_them(
    page: Page, service: LiveService, sample_id: str
) -> None:
    before = boxes(service, sample_id)
    x1, y1, x2, y2 = before[FRAME]
    middle = ((x1 + x2) / 2, (y1 + y2) / 2)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/Edits", hold)
    page.mouse.click(*point_in(page, SIZE, *middle))
    page.mouse.move(*point_in(page, SIZE, *middle))
    page.mouse.down()
    page.mouse.move(*point_in(page, SIZE, middle[0] + 40, middle[1]))
    expect(page.locator(".tool-hint")).to_contain_text("The frames around follow")
    page.mouse.up()
    expect(page.locator(".tool-hint")).to_be_hidden()
    # The service has not heard of it, and the page shows already what it will do.
    go_to(page, FRAME + 3)
    guessed, is_dashed = drawn(page)
    assert is_dashed
    assert guessed[0] > before[FRAME + 3][0] + 10
    until(page, lambda: bool(held), "asked to save it")
    for route in held:
        route.continue_()
    page.unroute("**/Edits", hold)
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    until(page, lambda: not drawn(page)[1], "the service's boxes are here")
    after = boxes(service, sample_id)
    for frame in (FRAME + 3, FRAME + 4, FRAME + 20, FRAME - 3, FRAME):
        go_to(page, frame)
        box, is_dashed = drawn(page)
        assert not is_dashed
        assert box == pytest.approx(after[frame], abs=0.01)
    assert guessed == pytest.approx(after[FRAME + 3], abs=0.3)
    changed = [frame for frame, box in after.items() if box != before[frame]]
    page.get_by_role("tab", name="Correct").click()
    told = page.locator(".hand-changes").get_by_role("button").first
    expect(told).to_contain_text(f"changed {told_time(changed[0])} \N{EN DASH} {told_time(changed[-1])}")
    page.get_by_role("button", name="Put back").click()
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    assert saved(service, sample_id)["edits"]["moved_boxes"] == []


def told_time(frame: int) -> str:
    """As the page tells it, of the sample's 25 frames a second."""
    return f"0:{frame // 25:02d}.{frame % 25 * 10 // 25}"
