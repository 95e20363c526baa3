"""The page of a redacted video: beside its original, in step, to download and to hand on."""

import re
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, Visitor, analysed, reader
from tests.browser.watching import until
from tests.live_service import LiveService

FRAME_S = 1 / 25
MOST_DRIFT_S = 0.4
_HAVE_PICTURES = "[...document.querySelectorAll('video')].every((video) => video.readyState >= 2)"
_IS_SEEKING = "[...document.querySelectorAll('video')].some((video) => video.seeking)"
_TIMES = "[...document.querySelectorAll('video')].map((video) => video.currentTime)"


def times(page: Page) -> tuple[float, float]:
    """Where the redacted video and the original are, in seconds."""
    redacted, original = page.evaluate(_TIMES)
    return redacted, original


def are_in_step(page: Page) -> bool:
    """Whether both show the same frame, and stand."""
    redacted, original = times(page)
    return abs(redacted - original) < FRAME_S / 2 and not page.evaluate(_IS_SEEKING)


def opened(visitor: Visitor, video_id: str) -> Page:
    page = visitor.open(f"/web/redactions/{video_id}")
    expect(page.locator("#download")).to_be_visible()
    # The page's policy forbids what Playwright's own waiting does in it.
    until(page, lambda: bool(page.evaluate(_HAVE_PICTURES)), "pictures of both videos")
    return page


def test_both_videos_play_and_step_as_one(signed_in: Visitor, redaction_id: str) -> None:
    page = opened(signed_in, redaction_id)
    for _ in range(5):
        page.get_by_role("button", name="One frame on").click()
    until(page, lambda: are_in_step(page), "both on the same frame")
    assert 4 * FRAME_S < times(page)[0] < 6.5 * FRAME_S
    # Slowly, so that a busy machine does not play to the end before it is looked at.
    page.get_by_label("Speed").select_option("0.25")
    page.get_by_role("button", name="Play").click()
    until(page, lambda: times(page)[0] > 0.5, "they play")
    assert abs(times(page)[0] - times(page)[1]) < MOST_DRIFT_S
    page.get_by_role("button", name="Pause").click()
    until(page, lambda: are_in_step(page), "paused on the same frame")
    assert times(page)[0] > 0.5


def test_copied_link_opens_the_redacted_file_without_signing_in(visit: Visit, redaction_id: str) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.sign_in()
    page = opened(visitor, redaction_id)
    page.get_by_role("button", name="Copy a link").click()
    expect(page.get_by_role("status").filter(has_text="copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{visitor.service.url}/files/")
    answer = httpx.get(link)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "video/mp4")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == answer.content
    assert re.fullmatch(r"sample, safe\.mp4", download.value.suggested_filename)


def test_original_is_a_click_away_and_back(signed_in: Visitor, sample_id: str, redaction_id: str) -> None:
    page = opened(signed_in, redaction_id)
    page.get_by_role("link", name="Back to people and corrections").click()
    expect(page).to_have_url(re.compile(f"/web/videos/{sample_id}$"))
    expect(page.locator(".people-count")).not_to_have_text("Loading…")
    page.get_by_role("tab", name="Redact").click()
    page.locator(".redactions").get_by_role("link", name="sample, safe").click()
    expect(page).to_have_url(re.compile(f"/web/redactions/{redaction_id}$"))


def test_what_hides_nothing_and_what_was_left_open_is_told_where_it_is_downloaded_and_in_the_library(
    signed_in: Visitor, sample_id: str
) -> None:
    with reader(signed_in.service) as caller:
        job = caller.redact(sample_id, {"faces": {"blurringKind": "BoundingBox"}}, name="only boxes")
        made = caller.wait_for_job(job).split("/Videos/")[1].split("/")[0]
    page = opened(signed_in, made)
    expect(page.locator("#how")).to_have_text("Boxes only: 1 person.")
    expect(page.locator("#told")).to_contain_text("every face stays visible")
    signed_in.open("/web/library")
    card = page.locator("video-card").filter(has_text="only boxes").filter(has_text="Boxes only")
    expect(card).to_contain_text("Nothing hidden")
    with reader(signed_in.service) as caller:
        caller.http.delete(f"{signed_in.service.account_path}/Videos/{made}").raise_for_status()


def test_original_that_the_browser_cannot_play_is_shown_frame_by_frame(
    signed_in: Visitor, service: LiveService, tmp_path: Path
) -> None:
    clip = tmp_path / "loop.gif"
    lights = [Image.new("L", (320, 240), 25 * i) for i in range(10)]
    lights[0].save(clip, save_all=True, append_images=lights[1:], duration=100)
    video_id = analysed(service, clip)
    with reader(service) as caller:
        job = caller.redact(video_id, {"faces": {}}, name="loop, safe")
        made = caller.wait_for_job(job).split("/Videos/")[1].split("/")[0]
    signed_in.watch.may_move = True
    page = signed_in.open(f"/web/redactions/{made}")
    expect(page.locator("#original-unplayable")).to_be_visible()
    still = page.locator("#original-still")
    expect(still).to_have_js_property("naturalWidth", 320)
    first = still.get_attribute("src")
    page.get_by_role("button", name="One frame on").click()
    expect(still).not_to_have_attribute("src", str(first))
    expect(page.locator("#original")).to_be_hidden()
    expect(page.locator("#unplayable")).to_be_hidden()


def test_link_can_be_copied_by_hand_where_the_browser_keeps_its_clipboard(
    signed_in: Visitor, redaction_id: str
) -> None:
    signed_in.page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page = opened(signed_in, redaction_id)
    signed_in.watch.may_move = True
    page.get_by_role("button", name="Copy a link").click()
    field = page.get_by_label("Copy this link by hand")
    expect(field).to_be_visible()
    assert httpx.get(field.input_value()).status_code == 200
