"""Uploads by the page to a service whose disk has no room."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests import live_service
from tests.browser.conftest import Visitor, visitors
from tests.conftest import mounted_disk
from tests.live_service import LiveService

DISK_MB = 96
RESERVED = 20_000_000


@pytest.fixture
def small_service(tmp_path: Path) -> Iterator[LiveService]:
    """A service on a disk of its own; nothing is analysed."""
    settings = {"EFFACE_RESERVED_DISK_BYTES": str(RESERVED)}
    with (
        mounted_disk(tmp_path / "disk", megabytes=DISK_MB) as disk,
        live_service.running(disk / "data", command="api", settings=settings) as service,
    ):
        yield service


@pytest.fixture
def visitor(browser: Browser, small_service: LiveService) -> Iterator[Visitor]:
    with visitors(browser) as make:
        someone = make(small_service)
        someone.watch.may_move = True
        someone.watch.allow("507", "net::ERR_")
        someone.sign_in()
        yield someone


def choose(page: Page, path: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(str(path))


def test_file_that_does_not_fit_is_told_in_its_row(visitor: Visitor, tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    large.write_bytes(bytes(90_000_000))
    choose(visitor.page, large)
    row = visitor.page.locator("upload-row")
    expect(row).to_contain_text("the upload needs 90 MB")
    expect(row).to_contain_text("delete videos that are not needed any more")
    expect(row).to_have_class("upload-row bad")


def test_disk_that_fills_up_on_the_way_is_told_and_the_file_goes_on_once_there_is_room(
    visitor: Visitor, small_service: LiveService, tmp_path: Path
) -> None:
    clip, ballast = tmp_path / "clip.mp4", small_service.data.parent / "ballast"
    clip.write_bytes(bytes(range(256)) * 160_000)

    def fill(route: Route) -> None:
        """The disk fills between the look at it and the first byte."""
        answer = route.fetch()
        ballast.write_bytes(bytes(40_000_000))
        route.fulfill(response=answer)

    page = visitor.page
    page.route("**/Uploads", fill)
    choose(page, clip)
    row = page.locator("upload-row")
    expect(row).to_contain_text("the disk of the service has room for")
    expect(row).to_have_class("upload-row bad")
    ballast.unlink()
    choose(page, clip)
    expect(page.locator("upload-row").last).to_contain_text("Uploaded")
