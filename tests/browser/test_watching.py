"""The watch over pages sees what it is there to see: else every other test of this folder would pass for nothing."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.watching import LARGEST_SHIFT, layout_shift, until


@pytest.mark.parametrize(
    ("mischief", "noticed"),
    [
        ("console.error('something is wrong')", "console: something is wrong"),
        ("setTimeout(() => { throw new Error('a bug'); })", "script: a bug"),
        ("fetch('/web/static/none/none.js')", "answer: 404"),
        (
            "document.body.append(Object.assign(new Image(), {src: 'https://elsewhere.test/spy.png'}))",
            "policy:",
        ),
        ("document.body.setAttribute('style', 'color: red')", "policy:"),
        (
            "document.head.append(Object.assign(document.createElement('script'), {text: 'window.x = 1'}))",
            "policy:",
        ),
    ],
)
def test_mischief_is_noticed(signed_in: Visitor, mischief: str, noticed: str) -> None:
    watch = signed_in.watch
    signed_in.page.evaluate(mischief)
    until(signed_in.page, lambda: any(noticed in problem for problem in watch.problems), noticed)
    # Some are noticed twice, and whoever notices last may do so later.
    watch.allow("")


def test_page_that_jumps_is_noticed(signed_in: Visitor) -> None:
    page = signed_in.page
    expect(page.locator("#count")).not_to_have_text("Loading…")
    # A person who has just clicked expects something to move.
    page.wait_for_timeout(700)
    page.evaluate("document.getElementById('main').style.paddingTop = '300px'")
    until(page, lambda: layout_shift(page) > LARGEST_SHIFT, "the jump is noticed")
    signed_in.watch.may_move = True
