"""Undo and redo on the review page: corrections and whom to keep in one order, after a reload too."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.test_corrections import drag, opened, saved

SAVED = "All corrections saved"


def test_steps_of_both_sorts_are_undone_in_one_order_after_a_reload(
    signed_in: Visitor, sample_id: str
) -> None:
    page = opened(signed_in, sample_id)
    people = page.locator(".people-count")
    page.get_by_role("tab", name="Correct").click()
    page.locator(".draw-region").click()
    drag(page, (640, 480), (40, 40, 160, 120))
    expect(page.locator("efface-region")).to_have_count(1)
    page.keyboard.press("1")
    expect(people).to_contain_text("0 redacted, 1 kept")
    page.locator("efface-region").get_by_label("Where").select_option("stay")
    expect(page.locator("#save-state")).to_have_text(SAVED)
    revision = saved(signed_in.service, sample_id)["revision"]
    page = opened(signed_in, sample_id)
    undo(page, "change a region")
    expect(people).to_contain_text("0 redacted, 1 kept")
    undo(page, "keep person 1")
    expect(people).to_contain_text("1 redacted, 0 kept")
    page.locator("#redo").click()
    expect(people).to_contain_text("0 redacted, 1 kept")
    expect(page.locator(".notice").last).to_contain_text("Person 1 is kept visible again")
    undo(page, "keep person 1")
    undo(page, "draw a region")
    expect(page.locator("efface-region")).to_have_count(0)
    expect(page.locator("#save-state")).to_have_text(SAVED)
    # Two corrections were taken back; whom to keep made no revision.
    after = saved(signed_in.service, sample_id)
    assert revision < after["revision"] <= revision + 2
    assert after["edits"]["regions"] == []


def undo(page: Page, what: str) -> None:
    expect(page.locator("#undo")).to_have_attribute("title", f"Undo: {what}")
    page.locator("#undo").click()
