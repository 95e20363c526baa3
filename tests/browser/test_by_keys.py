"""A whole round by keyboard alone: sign in, find the video, choose whom to keep, redact, download."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from efface.domain.geometry import Size
from tests.browser.conftest import Visit, analysed
from tests.browser.pictures import black_share, lumas
from tests.browser.test_corrections import WORK_MS
from tests.live_service import LiveService

MOST_STOPS = 60
NAME = "only-keys"
# How an element looks while it has the focus is compared with how it looks once the focus has gone on.
_LOOK = """() => {
  const look = (element) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
    return JSON.stringify([outlineStyle === "none" ? "" : [outlineStyle, outlineWidth, outlineColor], boxShadow]);
  };
  const left = window.focusBefore;
  const element = document.activeElement;
  window.focusBefore = { element, look: look(element) };
  const isUnseen = left && left.element !== element && left.element.isConnected && look(left.element) === left.look;
  return isUnseen ? left.element.outerHTML.slice(0, 200) : "";
}"""


def go_to(page: Page, stop: Locator, key: str = "Tab") -> None:
    """Press a key until something has the focus; wherever the focus was on the way, it was seen."""
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        unseen = page.evaluate(_LOOK)
        assert not unseen, f"nobody sees that the focus is on {unseen}"
        if stop.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{stop} is not reached by {key}")


@pytest.fixture(scope="module")
def clip(sample_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / f"{NAME}.mp4"
    shutil.copy(sample_clip, path)
    return path


def test_whole_round_needs_no_mouse(visit: Visit, service: LiveService, clip: Path, tmp_path: Path) -> None:
    analysed(service, clip)
    page = visit().open("/web/sign-in")
    go_to(page, page.get_by_label("Account", exact=True))
    page.keyboard.type(service.account_id)
    go_to(page, page.get_by_label("Key", exact=True))
    page.keyboard.type(service.key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/web/library")

    go_to(page, page.get_by_label("Search by name or person"))
    page.keyboard.type(NAME)
    expect(page.locator("video-card")).to_have_count(1)
    go_to(page, page.get_by_role("link", name=NAME, exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/web/videos/*")
    expect(page.locator(".people-count")).to_have_text("1 person · 1 redacted, 0 kept")

    switch = page.get_by_role("switch", name="Redact person 1")
    go_to(page, switch)
    page.keyboard.press("Space")
    expect(page.locator(".people-count")).to_contain_text("0 redacted, 1 kept")
    page.keyboard.press("Space")
    expect(page.locator(".people-count")).to_contain_text("1 redacted, 0 kept")
    go_to(page, page.get_by_role("tab", name="People"), "Shift+Tab")
    go_to(page, page.get_by_role("tab", name="Redact"), "ArrowRight")
    go_to(page, page.get_by_role("radio", name="Strong blur"))
    go_to(page, page.get_by_role("radio", name="Black"), "ArrowDown")
    go_to(page, page.get_by_role("button", name="Redact", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator(".redact-ready")).to_be_visible(timeout=WORK_MS)
    expect(page.locator(".redact-button")).to_be_focused()
    go_to(page, page.get_by_role("link", name="Watch it beside the original"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/web/redactions/*")

    download = page.get_by_role("link", name="Download")
    expect(download).to_be_visible()
    go_to(page, download)
    with page.expect_download() as fetched:
        page.keyboard.press("Enter")
    fetched.value.save_as(tmp_path / "safe.mp4")
    # Where the face is in the first picture of the bundled clip.
    assert black_share(lumas(tmp_path / "safe.mp4", Size(640, 480))[0], (265, 125, 300, 160)) == 1
