"""The library, as a person uses it: uploads, progress, search, deletion, and who sees what."""

import json
import re
import subprocess
import time
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Locator, Page, Request, expect

from tests import live_service
from tests.browser.conftest import Visit, Visitor, visitors
from tests.browser.halting import halted_work
from tests.browser.restarting import RESTART_NOISE, restart
from tests.live_service import PROGRAM, LiveService, environment

INDEX_MS = 120_000


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


def slow_down(page: Page, bytes_per_s: int) -> CDPSession:
    """Let the page send so much in a second, as on a poor connection, for as long as the session lasts."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_s}
    session.send("Network.emulateNetworkConditions", limits)
    return session


def test_chosen_files_become_videos_with_progress_and_go_when_they_are_deleted(
    signed_in: Visitor, sample_clip: Path, tmp_path: Path
) -> None:
    files = [tmp_path / "first.mp4", tmp_path / "second.mp4"]
    for file in files:
        file.write_bytes(sample_clip.read_bytes())
    page = signed_in.page
    with halted_work(signed_in.service):
        choose(signed_in, *files)
        expect(page.locator("upload-row")).to_have_count(2)
        for file in files:
            expect(card(page, file.name).locator(".state")).to_have_text("Waiting for its turn…")
    for file in files:
        expect(card(page, file.name)).to_contain_text("1 person", timeout=INDEX_MS)
        expect(card(page, file.name).locator("img")).to_be_visible()
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
    slow_down(page, 20_000)
    choose(signed_in, file)
    row = page.locator("upload-row")
    expect(row).to_contain_text("% of")
    folder = signed_in.service.data / "scratch" / "resumable"
    live_service.wait_until(lambda: list(folder.glob("*.part")) or None, 10, "the part of the upload")
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


def offsets_of(request: Request) -> list[int]:
    """Where a part of an upload begins that a request sends; nothing of other requests."""
    return [int(request.headers["upload-offset"])] if request.method == "PATCH" else []


def test_restarts_of_the_server_cost_neither_an_upload_nor_a_job(
    browser: Browser, mortal: list[LiveService], sample_clip: Path
) -> None:
    with visitors(browser) as visit:
        visitor = visit(mortal[-1])
        visitor.watch.allow(*RESTART_NOISE)
        page = visitor.sign_in()
        offsets: list[int] = []

        def connection_is_lost() -> None:
            expect(row).to_contain_text("Connection lost")
            poor.detach()

        page.on("request", lambda request: offsets.extend(offsets_of(request)))
        poor = slow_down(page, 20_000)
        choose(visitor, sample_clip)
        row = page.locator("upload-row")
        expect(row).to_contain_text(re.compile(r"[2-7]\d % of"), timeout=40_000)
        assert offsets == [0]
        restart(mortal, while_away=connection_is_lost)
        with halted_work(mortal[-1]):
            expect(row).to_contain_text("Uploaded", timeout=60_000)
            expect(card(page, sample_clip.name).locator(".state")).to_have_text("Waiting for its turn…")
            restart(mortal)
        assert offsets[-1] > 0, "it began anew"
        expect(card(page, sample_clip.name)).to_contain_text("1 person", timeout=INDEX_MS)
        video_id = str(card(page, sample_clip.name).locator("a.name").get_attribute("href")).rpartition("/")[
            2
        ]
    service = mortal[-1]
    with service.caller() as caller:
        url = f"{service.account_path}/Videos/{video_id}/SourceFile/DownloadUrl"
        back = caller.download(url, service.data.parent / "back.mp4")
    assert back.read_bytes() == sample_clip.read_bytes()


def test_back_from_a_video_the_cards_are_those_that_the_fields_ask_for(
    signed_in: Visitor, sample_id: str, redaction_id: str
) -> None:
    page = signed_in.page
    page.get_by_label("Show").select_option("original")
    expect(page.locator("video-card .badge:not([hidden])")).to_have_count(0)
    expect(page.locator(f"video-card a.name[href$='{sample_id}']")).to_have_count(1)
    signed_in.open(f"/web/redactions/{redaction_id}")
    page.go_back()
    expect(page.get_by_label("Show")).to_have_value("original")
    expect(page.locator(f"video-card a.name[href$='{sample_id}']")).to_have_count(1)
    expect(page.locator("video-card .badge:not([hidden])")).to_have_count(0)
