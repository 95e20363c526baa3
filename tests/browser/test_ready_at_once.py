"""The review page answers from the first moment, while a long video's people are still on their way."""

from playwright.sync_api import Route, expect

from tests.browser.conftest import Visitor
from tests.browser.watching import until


def test_tabs_and_the_list_of_keys_work_before_anything_has_come(signed_in: Visitor, sample_id: str) -> None:
    page = signed_in.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/Tracks", hold)
    signed_in.open(f"/web/videos/{sample_id}")
    until(page, lambda: bool(held), "asked for the tracks")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Redact").click()
    expect(page.locator("#panel-redact")).to_be_visible()
    expect(page.locator(".redact-who")).to_have_text("Loading…")
    # What cannot be done yet cannot be pressed.
    assert page.locator(".redact-button").evaluate("(button) => button.matches('[inert] *')")
    page.get_by_role("tab", name="Check").click()
    expect(page.locator(".risks-state")).to_have_text("Loading…")
    for route in held:
        route.continue_()
    page.unroute("**/Tracks", hold)
    expect(page.locator(".risks-state")).not_to_have_text("Loading…")
    expect(page.locator(".people-count")).to_contain_text("1 person")
    expect(page.locator("[inert]")).to_have_count(0)
    expect(page.locator("#panel-risks")).to_be_visible()
