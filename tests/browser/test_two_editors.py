"""One video open in two windows: what is done in one is never overlooked, or undone, by the other."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor, analysed, reader
from tests.browser.test_corrections import drag, opened, saved
from tests.live_service import LiveService


@pytest.fixture(scope="module")
def shared_id(service: LiveService, sample_clip: Path) -> str:
    """A video that only the tests here correct."""
    return analysed(service, sample_clip)


def second_window(visitor: Visitor, video_id: str) -> Page:
    page = visitor.context.new_page()
    page.goto(f"{visitor.service.url}/web/videos/{video_id}")
    expect(page.locator(".people-count")).not_to_have_text("Loading…")
    expect(page.locator(".time")).not_to_have_text("")
    return page


def draw(page: Page) -> None:
    page.get_by_role("tab", name="Correct").click()
    page.locator(".draw-region").click()
    drag(page, (640, 480), (40, 40, 160, 120))
    expect(page.locator("#save-state")).to_have_text("All corrections saved")


def test_nothing_is_redacted_by_corrections_that_are_not_the_newest(
    signed_in: Visitor, shared_id: str
) -> None:
    first = opened(signed_in, shared_id)
    revision = saved(signed_in.service, shared_id)["revision"]
    second = second_window(signed_in, shared_id)
    draw(second)
    assert saved(signed_in.service, shared_id)["revision"] == revision + 1
    signed_in.watch.allow("412")
    first.get_by_role("tab", name="Redact").click()
    first.locator(".redact-button").click()
    expect(first.locator("#notices")).to_contain_text("corrected")
    first.get_by_role("tab", name="Correct").click()
    expect(first.locator("efface-region")).to_have_count(1)
    with reader(signed_in.service) as caller:
        item = caller.http.get(f"{signed_in.service.account_path}/Library/{shared_id}").json()
    assert item["redactions"] == []


def test_whom_to_keep_is_the_same_in_both_windows(signed_in: Visitor, shared_id: str) -> None:
    first = opened(signed_in, shared_id)
    second = second_window(signed_in, shared_id)
    second.keyboard.press("1")
    expect(second.locator(".people-count")).to_contain_text("0 redacted, 1 kept")
    expect(first.locator(".people-count")).to_contain_text("0 redacted, 1 kept")
    first.keyboard.press("1")
    expect(second.locator(".people-count")).to_contain_text("1 redacted, 0 kept")


def test_video_that_was_deleted_elsewhere_is_told_to_be_gone(
    signed_in: Visitor, service: LiveService, sample_clip: Path
) -> None:
    video_id = analysed(service, sample_clip)
    page = opened(signed_in, video_id)
    with reader(service) as caller:
        caller.http.delete(f"{service.account_path}/Videos/{video_id}").raise_for_status()
    signed_in.watch.allow("404")
    page.get_by_role("tab", name="Redact").click()
    page.locator(".redact-button").click()
    expect(page.locator("#failure")).to_contain_text("was deleted")
    expect(page.locator("#workspace")).to_be_hidden()
