"""The library, as a person uses it: uploads, progress, search, deletion, and who sees what."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests import live_service
from tests.browser.conftest import Visit, Visitor, visitors
from tests.live_service import PROGRAM, LiveService, environment

INDEX_MS = 120_000
# Every state that a card tells, however short.
NOTE_STATES = """() => {
  window.efface_states = [];
  const note = () => {
    const shown = document.querySelectorAll("video-card .state:not([hidden])");
    efface_states.push(...[...shown].map((state) => state.textContent));
  };
  new MutationObserver(note).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def choose(visitor: Visitor, *files: Path) -> None:
    """Choose files as a person does, by the button."""
    page = visitor.page
    # The list of uploads grows and pushes the cards down, as whoever has just chosen files expects.
    visitor.watch.may_move = True
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose videos").click()
    chooser.value.set_files([str(file) for file in files])


def card(page: Page, name: str) -> Locator:
    return page.locator("video-card").filter(has_text=name)


def slow_down(page: Page, bytes_per_s: int) -> None:
    """Let the page send so much in a second, as on a poor connection."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_s},
    )


def test_chosen_files_become_videos_with_progress_and_go_when_they_are_deleted(
    signed_in: Visitor, sample_clip: Path, tmp_path: Path
) -> None:
    files = [tmp_path / "first.mp4", tmp_path / "second.mp4"]
    for file in files:
        file.write_bytes(sample_clip.read_bytes())
    page = signed_in.page
    page.evaluate(NOTE_STATES)
    choose(signed_in, *files)
    expect(page.locator("upload-row")).to_have_count(2)
    for file in files:
        expect(card(page, file.name)).to_contain_text("1 person", timeout=INDEX_MS)
        expect(card(page, file.name).locator("img")).to_have_js_property("complete", True)
    # A quick machine finds the faces between two looks of a test, so that the page itself has to note what it tells.
    told = set(page.evaluate("efface_states"))
    assert any(re.fullmatch(r"Waiting for its turn…|Finding faces… \d+ %", words) for words in told), told
    page.get_by_label("Search by name or person").fill("second")
    expect(card(page, "first.mp4")).to_have_count(0)
    expect(card(page, "second.mp4")).to_have_count(1)
    page.get_by_label("Search by name or person").fill("")
    page.get_by_role("button", name="Delete second.mp4").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(card(page, "second.mp4")).to_have_count(1)
    page.get_by_role("button", name="Delete second.mp4").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(card(page, "second.mp4")).to_have_count(0)
    expect(card(page, "first.mp4")).to_have_count(1)


def test_file_that_is_no_video_is_told_in_its_card(signed_in: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "letter.mp4"
    file.write_text("Dear reader, this is no video.")
    choose(signed_in, file)
    told = card(signed_in.page, "letter.mp4").locator(".state.bad")
    expect(told).to_contain_text("letter.mp4", timeout=INDEX_MS)


def test_cancelled_upload_leaves_nothing(signed_in: Visitor, sample_clip: Path, tmp_path: Path) -> None:
    file = tmp_path / "unwanted.mp4"
    file.write_bytes(sample_clip.read_bytes())
    page = signed_in.page
    slow_down(page, 50_000)
    choose(signed_in, file)
    row = page.locator("upload-row")
    expect(row).to_contain_text("% of")
    folder = signed_in.service.data / "scratch" / "resumable"
    assert list(folder.glob("*.part"))
    page.get_by_role("button", name="Cancel unwanted.mp4").click()
    expect(row).to_contain_text("Cancelled")
    live_service.wait_until(
        lambda: not list(folder.glob("*.part")) or None, 10, "the part of the upload gone"
    )
    page.reload()
    expect(page.locator("#count")).not_to_have_text("Loading…")
    expect(card(page, "unwanted.mp4")).to_have_count(0)


def test_another_account_sees_nothing_of_it(visit: Visit, service: LiveService, sample_id: str) -> None:
    made = subprocess.run(
        [PROGRAM, "account", "create", f"Other {time.time_ns()}", "--data", service.data, "--json"],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    other = json.loads(made.stdout)
    visitor = visit()
    visitor.watch.allow("404")
    page = visitor.sign_in(other["accountId"], other["subscriptionKey"])
    expect(page.locator("#count")).not_to_have_text("Loading…")
    expect(page.locator("video-card")).to_have_count(0)
    for path in (f"/web/videos/{sample_id}", f"/web/redactions/{sample_id}"):
        page = visitor.open(path)
        expect(page.get_by_role("heading")).to_have_text("This video is not there")
    session = page.evaluate("fetch('/web/session', {headers: {'X-Efface-Web': '1'}}).then(a => a.json())")
    token, own = session["accessToken"], session["account"]
    assert own["id"] == other["accountId"]
    for account, status in ((own["id"], 404), (service.account_id, 401)):
        for what in ("Index", "Tracks", "Edits", "Risks", "SourceFile/DownloadUrl"):
            url = f"{service.url}/{own['location']}/Accounts/{account}/Videos/{sample_id}/{what}"
            answer = visitor.context.request.get(url, headers={"Authorization": f"Bearer {token}"})
            assert answer.status == status, (what, answer.status)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[list[LiveService]]:
    """A service that a test ends and starts again; the last of the list is the one that runs."""
    lives = [live_service.start(tmp_path / "data")]
    yield lives
    live_service.stop(lives[-1])


def restart(lives: list[LiveService]) -> None:
    before, began_s = lives[-1], time.monotonic()
    assert live_service.stop(before) == 0
    # An open page listens to events and may be sending: the server's end waits for neither.
    assert time.monotonic() - began_s < 9
    time.sleep(1)
    port = urlsplit(before.url).port
    assert port
    lives.append(live_service.start(before.data, key=before.key, port=port))


def test_restarts_of_the_server_cost_neither_an_upload_nor_a_job(
    browser: Browser, mortal: list[LiveService], sample_clip: Path
) -> None:
    with visitors(browser) as visit:
        visitor = visit(mortal[-1])
        # What a page meets while nobody answers.
        visitor.watch.allow("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "504")
        visitor.watch.allow("ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_SOCKET_NOT_CONNECTED")
        page = visitor.sign_in()
        slow_down(page, 60_000)
        choose(visitor, sample_clip)
        row = page.locator("upload-row")
        expect(row).to_contain_text(re.compile(r"[2-6]\d % of"))
        restart(mortal)
        expect(row).to_contain_text("Connection lost")
        expect(row).to_contain_text(re.compile(r"[2-9]\d % of"), timeout=40_000)
        expect(row).to_contain_text("Uploaded", timeout=40_000)
        expect(card(page, sample_clip.name)).to_contain_text(
            re.compile(r"Finding faces… [1-9]"), timeout=60_000
        )
        restart(mortal)
        expect(card(page, sample_clip.name)).to_contain_text("1 person", timeout=INDEX_MS)
        video_id = str(card(page, sample_clip.name).locator("a.name").get_attribute("href")).rpartition("/")[
            2
        ]
    service = mortal[-1]
    with service.caller() as caller:
        url = f"{service.account_path}/Videos/{video_id}/SourceFile/DownloadUrl"
        back = caller.download(url, service.data.parent / "back.mp4")
    assert back.read_bytes() == sample_clip.read_bytes()
