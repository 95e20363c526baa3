"""A real service, a real browser, and pages that are watched."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import live_service
from tests.browser.watching import LARGEST_SHIFT, Watch, layout_shift
from tests.live_service import Caller, LiveService

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MS = 20_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder drive a browser, with its own make target."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.web)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("needs Chromium, which is not installed: on Debian, apt install chromium")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    # What is there at once on a quick machine may take long on a busy one; a test that passes never waits for it.
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=options)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A service with the rate limits that operators have, which may fetch videos from this machine."""
    settings = {"EFFACE_OUTBOUND_ALLOW": "127.0.0.1"}
    with live_service.running(tmp_path_factory.mktemp("web") / "data", settings=settings) as running:
        yield running


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[list[LiveService]]:
    """A service that a test ends and starts again; the last of the list is the one that runs."""
    lives = [live_service.start(tmp_path / "data")]
    yield lives
    live_service.stop(lives[-1])


@contextmanager
def reader(service: LiveService) -> Iterator[Caller]:
    """A client that may ask as often as a page, so that waiting does not use up what the account may ask."""
    with service.caller() as caller:
        caller.http.headers["X-Efface-Web"] = "1"
        yield caller


def analysed(service: LiveService, clip: Path) -> str:
    """Upload a clip and wait for its analysis; gives its id."""
    with reader(service) as caller:
        video_id = caller.upload(clip)
        caller.wait_for_index(video_id)
    return video_id


@pytest.fixture(scope="session")
def sample_id(service: LiveService, sample_clip: Path) -> str:
    """The bundled clip, analysed."""
    return analysed(service, sample_clip)


@pytest.fixture(scope="session")
def redaction_id(service: LiveService, sample_id: str) -> str:
    """A redaction of it that is done."""
    with reader(service) as caller:
        job = caller.redact(sample_id, {"faces": {"blurringKind": "HighBlur"}}, name="sample, safe")
        download_url = caller.wait_for_job(job)
    return download_url.split("/Videos/")[1].split("/")[0]


@dataclass
class Visitor:
    """Somebody with a browser of their own."""

    service: LiveService
    context: BrowserContext
    watch: Watch
    page: Page

    def open(self, path: str) -> Page:
        """Go to a page of the service."""
        self.page.goto(f"{self.service.url}{path}")
        return self.page

    def sign_in(self, account: str = "", key: str = "") -> Page:
        """Sign in by the form, with the first account unless told otherwise."""
        page = self.open("/web/sign-in")
        page.get_by_label("Account", exact=True).fill(account or self.service.account_id)
        page.get_by_label("Key", exact=True).fill(key or self.service.key)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/web/library")
        return page


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, service: LiveService) -> Iterator[Visit]:
    """Makes visitors; options are those of a browser context. What their browsers complain of fails the test."""
    with visitors(browser) as make:
        yield lambda **options: make(options.pop("service", service), **options)


@contextmanager
def visitors(browser: Browser) -> Iterator[Visit]:
    """Makes visitors of any service while the block runs, and looks at the end what their browsers complained of."""
    made: list[Visitor] = []

    def make(service: LiveService, **options: Any) -> Visitor:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(_PATIENCE_MS)
        watch = Watch(service.url)
        watch.follow(context)
        visitor = Visitor(service, context, watch, context.new_page())
        made.append(visitor)
        return visitor

    try:
        yield make
        still = [visitor for visitor in made if not visitor.watch.may_move]
        shifts = [layout_shift(page) for visitor in still for page in visitor.context.pages]
        complaints = [problem for visitor in made for problem in visitor.watch.unexpected()]
    finally:
        for visitor in made:
            visitor.context.close()
    assert complaints == []
    assert all(shift < LARGEST_SHIFT for shift in shifts), f"the layout has moved: {shifts}"


@pytest.fixture
def signed_in(visit: Visit) -> Visitor:
    """Somebody who is signed in to the first account and looks at the library."""
    visitor = visit()
    visitor.sign_in()
    return visitor
