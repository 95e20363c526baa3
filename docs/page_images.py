"""Makes the pictures of the web pages for these documents: the bundled sample, in a real service and a real browser."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from efface.facade import write_sample

VIEWS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light", "is_mobile": True},
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_COLORS = 96
_PATIENCE_S = 300
_FRAME = 40
"""Shown of the sample: the face is in full view."""


class Studio:
    """A service with the sample in it.

    Args:
        told: what ``efface serve --json`` has said.
    """

    def __init__(self, told: dict[str, str]) -> None:
        self.url, self.account_id, self.key = told["url"], told["accountId"], told["subscriptionKey"]
        self._path = f"/{told['location']}/Accounts/{self.account_id}"
        self._http = httpx.Client(base_url=self.url, timeout=60)
        answer = self._http.get(
            f"/Auth{self._path}/AccessToken?allowEdit=true", headers={"Ocp-Apim-Subscription-Key": self.key}
        )
        self._http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()}"

    def upload(self, clip: Path, name: str) -> str:
        """Upload and analyse a clip; gives its id."""
        with clip.open("rb") as file:
            answer = self._http.post(f"{self._path}/Videos", params={"name": name}, files={"file": file})
        video_id = str(answer.raise_for_status().json()["id"])
        self._wait(video_id)
        return video_id

    def redact(self, video_id: str, name: str) -> str:
        """Redact a video; gives the id of the new one."""
        answer = self._http.post(
            f"{self._path}/Videos/{video_id}/redact",
            params={"name": name},
            json={"faces": {"blurringKind": "HighBlur"}},
        )
        job = str(answer.raise_for_status().headers["Location"])
        ends_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < ends_s:
            found = self._http.get(job)
            if found.status_code == 303:
                return found.headers["Location"].split("/Videos/")[1].split("/")[0]
            time.sleep(0.5)
        raise TimeoutError("the sample was not redacted in time")

    def _wait(self, video_id: str) -> None:
        ends_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < ends_s:
            if self._http.get(f"{self._path}/Videos/{video_id}/Index").json()["state"] == "Processed":
                return
            time.sleep(0.5)
        raise TimeoutError("the sample was not analysed in time")


@contextmanager
def running_studio(folder: Path) -> Iterator[Studio]:
    """A service of its own while the block runs."""
    program = Path(sys.executable).with_name("efface")
    command = [str(program), "serve", "--data", str(folder), "--port", "0", "--json"]
    with (folder.parent / "service.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        yield Studio(json.loads(process.stdout.readline()))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def write_images(folder: Path) -> list[Path]:
    """Write all pictures into a folder; gives their paths.

    Raises:
        FileNotFoundError: no Chromium is installed.
    """
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        raise FileNotFoundError("pictures of the pages need Chromium: on Debian, apt install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as scratch, running_studio(Path(scratch, "data")) as studio:
        clip = write_sample(Path(scratch, "sample.mp4"))
        video_id = studio.upload(clip, "Interview, take 2")
        result_id = studio.redact(video_id, "Interview, take 2, redacted")
        studio.upload(clip, "Interview, take 1")
        pages: dict[str, tuple[str, Callable[[Page], None]]] = {
            "sign-in": ("/web/sign-in", _stand_still),
            "library": ("/web/library", _show_library),
            "review": (f"/web/videos/{video_id}", _show_review),
            "result": (f"/web/redactions/{result_id}", _show_result),
        }
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=options)
            return [
                _photograph(browser, studio, (name, *pages[name]), view, folder)
                for name in pages
                for view in VIEWS
            ]


def _photograph(
    browser: Browser, studio: Studio, shown: tuple[str, str, Callable[[Page], None]], view: str, folder: Path
) -> Path:
    name, address, prepare = shown
    context = browser.new_context(**VIEWS[view])
    page = context.new_page()
    if name != "sign-in":
        page.goto(f"{studio.url}/web/sign-in")
        page.get_by_label("Account", exact=True).fill(studio.account_id)
        page.get_by_label("Key", exact=True).fill(studio.key)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/web/library")
    page.goto(studio.url + address)
    prepare(page)
    _stand_still(page)
    target = folder / f"{name}-{view}.png"
    with Image.open(BytesIO(page.screenshot())) as picture:
        # A palette makes it a third of the size; a repository keeps every version for ever.
        picture.convert("RGB").quantize(_COLORS).save(target, optimize=True)
    context.close()
    return target


def _stand_still(page: Page) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(700)


def _show_library(page: Page) -> None:
    page.locator("video-card").nth(2).wait_for()
    # Of those that are not in view no picture is fetched.
    page.locator("video-card img[src]").first.wait_for()


def _show_review(page: Page) -> None:
    page.locator("efface-person img[src]").first.wait_for()
    page.locator("efface-person .person-name").first.click()
    canvas = page.locator(".stage canvas")
    canvas.focus()
    page.keyboard.press("Home")
    for _ in range(_FRAME):
        page.keyboard.press("ArrowRight")
    page.evaluate("scrollTo(0, 0)")


def _show_result(page: Page) -> None:
    page.locator("#download").wait_for()
    page.evaluate("document.querySelectorAll('video').forEach((video) => { video.currentTime = 1.6; })")


if __name__ == "__main__":
    for path in write_images(Path(sys.argv[1])):
        print(f"{path}: {path.stat().st_size // 1000} kB")
