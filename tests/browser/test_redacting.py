"""A redaction that is started from the review page: cancelled, and through a restart of the server."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Visitor, analysed, visitors
from tests.browser.halting import halted_work
from tests.browser.restarting import RESTART_NOISE, restart
from tests.browser.test_corrections import WORK_MS, opened
from tests.live_service import LiveService


@pytest.fixture(scope="module")
def video_id(service: LiveService, sample_clip: Path) -> str:
    """The bundled clip, of which only this file has redactions made."""
    return analysed(service, sample_clip)


@pytest.fixture
def page(signed_in: Visitor, video_id: str) -> Page:
    """The review page, where it is asked for a redaction."""
    opened(signed_in, video_id).get_by_role("tab", name="Redact").click()
    return signed_in.page


def ask(page: Page, name: str) -> None:
    """Have the video redacted, under a name."""
    page.get_by_label("Name of the new video").fill(name)
    page.locator(".redact-button").click()
    expect(page.locator(".redact-progress")).to_be_visible()


def row(page: Page, name: str) -> str:
    """What the list of redactions says of one."""
    return page.locator(".redactions li").filter(has_text=name).inner_text()


def test_cancelled_redaction_is_no_failure_and_makes_room_for_another(
    page: Page, service: LiveService
) -> None:
    with halted_work(service):
        ask(page, "never")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".redact-progress")).to_be_hidden()
        expect(page.locator(".redact-button")).to_be_focused()
    ask(page, "after all")
    expect(page.locator(".redact-ready")).to_be_visible(timeout=WORK_MS)
    expect(page.locator(".redactions li").filter(has_text="after all")).not_to_contain_text("under way")
    assert "failed or stopped" in row(page, "never")
    assert page.locator(".notice.bad").count() == 0, "who has stopped it is told that it has failed"
    page.get_by_role("link", name="Watch it beside the original").click()
    expect(page.get_by_role("heading", name="after all")).to_be_visible()
    expect(page.locator("#download")).to_be_visible()


def test_redaction_that_ends_before_its_number_is_known_is_shown_as_ready(page: Page) -> None:
    def late(route: Route) -> None:
        """Hand the answer on only once the page has heard of the end."""
        answer = route.fetch()
        expect(page.locator(".redact-ready")).to_be_visible(timeout=WORK_MS)
        route.fulfill(response=answer)

    page.route("**/redact?*", late)
    page.get_by_label("Name of the new video").fill("quick")
    page.locator(".redact-button").click()
    expect(page.locator(".redact-button")).to_be_enabled(timeout=WORK_MS)
    expect(page.locator(".redact-ready")).to_be_visible()
    expect(page.locator(".redact-progress")).to_be_hidden()


def test_restart_of_the_server_costs_no_redaction_and_no_reload(
    browser: Browser, mortal: list[LiveService], sample_clip: Path
) -> None:
    video_id = analysed(mortal[-1], sample_clip)
    with visitors(browser) as visit:
        visitor = visit(mortal[-1])
        visitor.watch.allow(*RESTART_NOISE)
        visitor.sign_in()
        page = opened(visitor, video_id)
        page.get_by_role("tab", name="Redact").click()
        page.evaluate("window.isSamePage = true")
        with halted_work(mortal[-1]):
            ask(page, "through it")
            expect(page.locator(".redact-progress-text")).to_have_text(re.compile("Waiting|Redacting"))
            restart(mortal)
        expect(page.locator(".redact-ready")).to_be_visible(timeout=WORK_MS)
        assert page.evaluate("window.isSamePage"), "the page was loaded anew"
        page.get_by_role("link", name="Watch it beside the original").click()
        expect(page.locator("#download")).to_be_visible()
        expect(page.locator("#state")).to_have_text("Done")
