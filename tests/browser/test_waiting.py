"""The review page of a video that is still analysed: it waits, through a restart of the server too."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import reader, visitors
from tests.browser.halting import halted_work
from tests.browser.restarting import RESTART_NOISE, restart
from tests.browser.test_library import INDEX_MS
from tests.live_service import LiveService


def test_page_that_waits_for_an_analysis_outlasts_a_restart_without_a_reload(
    browser: Browser, mortal: list[LiveService], sample_clip: Path
) -> None:
    with visitors(browser) as visit, halted_work(mortal[-1]):
        with reader(mortal[-1]) as caller:
            video_id = caller.upload(sample_clip)
        visitor = visit(mortal[-1])
        visitor.watch.allow(*RESTART_NOISE)
        # What stands in for the page gives way to it.
        visitor.watch.may_move = True
        visitor.sign_in()
        page = visitor.open(f"/web/videos/{video_id}")
        page.evaluate("window.isSamePage = true")
        expect(page.locator("#waiting-text")).to_contain_text("Faces are being found")
        # Long enough for the page to ask, and to be told that nobody is there.
        restart(mortal, while_away=lambda: page.wait_for_timeout(6000))
        expect(page.locator("#failure")).to_be_hidden()
        expect(page.locator(".people-count")).to_contain_text("1 person", timeout=INDEX_MS)
        assert page.evaluate("window.isSamePage"), "the page was loaded anew"
        assert visitor.watch.problems, "nothing was asked while the server was away"
