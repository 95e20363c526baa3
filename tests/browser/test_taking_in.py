"""Videos that come into the library otherwise than by the button: dropped on the page, and fetched from an address."""

import http.server
import shutil
import threading
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.test_library import INDEX_MS, card
from tests.conftest import ClipMaker

_DROP = """(files) => {
  const carried = new DataTransfer();
  for (const { name, content } of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    carried.items.add(new File([bytes], name, { type: "video/mp4" }));
  }
  window.dragged = (kind) => {
    const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: carried });
    document.getElementById("main").dispatchEvent(event);
    return event.defaultPrevented;
  };
}"""


@pytest.fixture
def page(signed_in: Visitor) -> Page:
    """The library; what comes in pushes its cards down, as whoever brings it expects."""
    signed_in.watch.may_move = True
    expect(signed_in.page.locator("#count")).not_to_have_text("Loading…")
    return signed_in.page


def test_two_files_dropped_anywhere_on_the_page_become_videos(page: Page, clips: ClipMaker) -> None:
    names = ["dropped-one.mp4", "dropped-two.mp4"]
    contents = [b64encode(clips.make(name).read_bytes()).decode() for name in names]
    page.evaluate(
        _DROP, [{"name": name, "content": text} for name, text in zip(names, contents, strict=True)]
    )
    page.evaluate("dragged('dragenter')")
    # Else the browser would open the file in the place of the page.
    assert page.evaluate("dragged('dragover')")
    expect(page.locator("body")).to_have_class("dropping")
    assert page.evaluate("dragged('drop')")
    expect(page.locator("body")).not_to_have_class("dropping")
    expect(page.locator("upload-row")).to_have_count(2)
    for name in names:
        expect(page.locator("upload-row").filter(has_text=name)).to_contain_text("Uploaded")
        expect(card(page, name)).to_contain_text("no faces", timeout=INDEX_MS)


def test_text_that_is_dropped_is_none_of_its_business(page: Page) -> None:
    page.evaluate(_DROP, [])
    assert not page.evaluate("dragged('dragover')")
    assert not page.evaluate("dragged('drop')")
    expect(page.locator("body")).not_to_have_class("dropping")
    expect(page.locator("upload-row")).to_have_count(0)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, and keeps the test's output clean."""

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Address of another web server, and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", folder
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(page: Page, address: str) -> None:
    page.get_by_label("Address of a video").fill(address)
    page.get_by_role("button", name="Fetch").click()


def test_video_is_fetched_from_an_address(page: Page, elsewhere: tuple[str, Path], sample_clip: Path) -> None:
    address, folder = elsewhere
    shutil.copy(sample_clip, folder / "from-afar.mp4")
    fetch(page, f"{address}/from-afar.mp4")
    expect(page.get_by_text("The video is being fetched.")).to_be_visible()
    expect(page.get_by_label("Address of a video")).to_have_value("")
    expect(card(page, "from-afar")).to_contain_text("1 person", timeout=INDEX_MS)


def test_address_that_leads_nowhere_is_told_in_the_card(page: Page, elsewhere: tuple[str, Path]) -> None:
    address, _ = elsewhere
    fetch(page, f"{address}/not-there.mp4")
    expect(card(page, "not-there").locator(".state.bad")).to_contain_text("404", timeout=INDEX_MS)


def test_address_that_no_video_is_fetched_from_is_told_beside_it(
    signed_in: Visitor, page: Page, elsewhere: tuple[str, Path]
) -> None:
    signed_in.watch.allow("400")
    fetch(page, "ftp://127.0.0.1/clip.mp4")
    told = page.locator("#by-url-problem")
    expect(told).to_contain_text("https")
    expect(page.get_by_label("Address of a video")).to_have_value("ftp://127.0.0.1/clip.mp4")
    # Once it is put right, it says so no more.
    address, _ = elsewhere
    fetch(page, f"{address}/also-not-there.mp4")
    expect(told).to_be_hidden()
    expect(card(page, "also-not-there").locator(".state.bad")).to_contain_text("404", timeout=INDEX_MS)
