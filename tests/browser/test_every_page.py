"""What holds for every page: no serious barrier, no bytes too many, nothing from elsewhere, nothing that jumps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.watching import bytes_of_first_page

MOST_BYTES = 150_000
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
    "dark phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


@dataclass(frozen=True)
class Shown:
    """A page, and how it looks when it stands."""

    path: str
    is_ready: Callable[[Page], None]


PAGES = {
    "sign-in": Shown(
        "/web/sign-in", lambda page: expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    ),
    "library": Shown(
        "/web/library", lambda page: expect(page.locator("video-card img:visible").first).to_be_visible()
    ),
    "review": Shown(
        "/web/videos/{sample}", lambda page: expect(page.locator("efface-person img[src]")).to_be_visible()
    ),
    "redaction": Shown(
        "/web/redactions/{redaction}", lambda page: expect(page.locator("#download")).to_be_visible()
    ),
    "missing": Shown(
        "/web/videos/0000000000",
        lambda page: expect(page.get_by_role("heading")).to_contain_text("not there"),
    ),
}


@pytest.fixture
def paths(sample_id: str, redaction_id: str) -> dict[str, str]:
    return {
        name: shown.path.format(sample=sample_id, redaction=redaction_id) for name, shown in PAGES.items()
    }


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_serious_barrier_and_fits(
    name: str, view: str, visit: Visit, paths: dict[str, str]
) -> None:
    visitor = visit(**VIEWS[view])
    if name == "missing":
        visitor.watch.allow("404")
    if name != "sign-in":
        visitor.sign_in()
    page = visitor.open(paths[name])
    PAGES[name].is_ready(page)
    found = Axe().run(page).response["violations"]
    serious = [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
    assert serious == []
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, "the page is wider than the screen"


@pytest.mark.parametrize("name", ["sign-in", "library", "review", "redaction"])
def test_page_that_was_never_opened_costs_little(name: str, visit: Visit, paths: dict[str, str]) -> None:
    visitor = visit()
    if name != "sign-in":
        visitor.sign_in()
        visitor = visit(storage_state=visitor.context.storage_state())
    size = bytes_of_first_page(visitor.page, f"{visitor.service.url}{paths[name]}", PAGES[name].is_ready)
    print(f"{name}: {size} bytes")
    assert size < MOST_BYTES
