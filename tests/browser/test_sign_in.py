"""Signing in and out, as a person does it."""

import re
import subprocess

from playwright.sync_api import expect

from tests.browser.conftest import Visit, Visitor
from tests.live_service import PROGRAM, LiveService, environment


def test_account_and_key_lead_to_the_library(signed_in: Visitor) -> None:
    expect(signed_in.page.get_by_role("heading", name="Videos", exact=True)).to_be_visible()
    expect(signed_in.page.get_by_role("banner")).to_contain_text("default")


def test_wrong_key_is_told_and_opens_nothing(visit: Visit) -> None:
    visitor = visit()
    visitor.watch.allow("401")
    page = visitor.open("/web/sign-in")
    page.get_by_label("Account", exact=True).fill("default")
    page.get_by_label("Key", exact=True).fill("0" * 64)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    visitor.open("/web/library")
    expect(page).to_have_url(re.compile("/web/sign-in$"))


def test_link_signs_in_once(visit: Visit, service: LiveService) -> None:
    made = subprocess.run(
        [PROGRAM, "account", "link", "--data", service.data, "--url", service.url],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    found = re.search(r"/web/sign-in\?code=\S+", made.stdout)
    assert found, made.stdout
    visitor = visit()
    visitor.open(found[0])
    expect(visitor.page).to_have_url(re.compile("/web/library$"))
    second = visit()
    second.watch.allow("401")
    second.open(found[0])
    expect(second.page.get_by_role("alert")).to_contain_text("used already")


def test_signed_out_person_comes_back_to_the_page_that_they_wanted(visit: Visit, sample_id: str) -> None:
    visitor = visit()
    page = visitor.open(f"/web/videos/{sample_id}")
    expect(page).to_have_url(re.compile("sign-in"))
    page.get_by_label("Account", exact=True).fill(visitor.service.account_id)
    page.get_by_label("Key", exact=True).fill(visitor.service.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(f"/web/videos/{sample_id}$"))
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/web/sign-in$"))
    visitor.open("/web/library")
    expect(page).to_have_url(re.compile("/web/sign-in$"))


def test_everything_is_reached_by_keys_alone(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/web/sign-in")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="To the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Account", exact=True)).to_be_focused()
    page.keyboard.type(visitor.service.account_id)
    page.keyboard.press("Tab")
    page.keyboard.type(visitor.service.key)
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Sign in")
    expect(button).to_be_focused()
    outline = button.evaluate("button => getComputedStyle(button).outlineStyle")
    assert outline != "none", "nobody sees where the focus is"
    page.keyboard.press("Enter")
    page.wait_for_url("**/web/library")


def test_expired_session_leads_to_the_form_and_back(signed_in: Visitor) -> None:
    page = signed_in.page
    expect(page.locator("#count")).not_to_have_text("Loading…")
    signed_in.context.clear_cookies()
    signed_in.watch.allow("401")
    # Nobody waits an hour for the page's token to end.
    page.route("**/Library?*", lambda route: route.continue_(headers={"Authorization": "Bearer ended"}))
    page.get_by_label("Search by name or person").fill("sam")
    expect(page).to_have_url(re.compile(r"/web/sign-in\?next=%2Fweb%2Flibrary"))
    page.get_by_label("Account", exact=True).fill("default")
    page.get_by_label("Key", exact=True).fill(signed_in.service.key)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/web/library$"))
