"""Boxes are in step with the picture: the number that is painted into each frame is the one whose boxes are drawn."""

from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor, analysed, reader
from tests.browser.numbered import BAR_PX, BITS, HEIGHT, READ, READ_PICTURE, numbered_picture
from tests.browser.watching import until
from tests.live_service import LiveService

_NUM_FRAMES = 100
_FIRST_MS = 5000


def write_numbered(path: Path) -> Path:
    """A clip that begins at five seconds, with frames of very different lengths; bars in each say its number."""
    lengths_ms = np.random.default_rng(3).choice([16, 17, 33, 50, 90], _NUM_FRAMES)
    times_ms = _FIRST_MS + np.concatenate([[0], np.cumsum(lengths_ms)])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10", "bf": "2", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = BITS * BAR_PX, HEIGHT, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(_NUM_FRAMES):
            frame = av.VideoFrame.from_ndarray(numbered_picture(number), "rgb24")
            frame.pts, frame.time_base = int(times_ms[number]), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def numbered_id(service: LiveService, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The numbered clip, analysed."""
    clip = write_numbered(tmp_path_factory.mktemp("numbered") / "numbered.mp4")
    return analysed(service, clip)


@pytest.fixture
def page(signed_in: Visitor, numbered_id: str) -> Page:
    """The review page of the clip."""
    opened = signed_in.open(f"/web/videos/{numbered_id}")
    expect(opened.locator(".people-count")).not_to_have_text("Loading…")
    # The first picture is there once the end can be gone to and come back from.
    for key, number in (("End", _NUM_FRAMES - 1), ("Home", 0)):
        opened.keyboard.press(key)
        expect(opened.locator("efface-player")).to_have_attribute("data-shown", str(number))
    return opened


def test_picture_that_plays_and_its_boxes_are_never_of_different_frames(page: Page) -> None:
    pairs = page.evaluate(
        f"""() => new Promise((resolve) => {{
          {READ}
          const stage = player.querySelector(".stage canvas");
          const pairs = [];
          const look = () => {{
            // Once all is drawn that goes onto the screen together.
            if (!video.paused) pairs.push([read(stage), Number(player.dataset.shown)]);
            if (!video.ended) requestAnimationFrame(() => setTimeout(look));
            else resolve(pairs);
          }};
          video.requestVideoFrameCallback(() => setTimeout(look));
          document.querySelector(".play").click();
        }})"""
    )
    frames = {drawn for _, drawn in pairs}
    assert len(frames) > _NUM_FRAMES / 4, "a slow machine may skip frames, but not most of them"
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def expect_picture(page: Page, number: int) -> None:
    """The picture is that of the frame that the page says, and stays it."""
    page.wait_for_function(f"(number) => {{ {READ} return read(video) === number; }}", arg=number)
    page.wait_for_timeout(50)
    assert page.evaluate(f"() => {{ {READ} return [read(video), Number(player.dataset.shown)]; }}") == [
        number,
        number,
    ]


def test_every_step_shows_the_next_frame(page: Page) -> None:
    page.locator(".stage canvas").focus()
    for number in [*range(1, 40), *range(38, 30, -1)]:
        page.keyboard.press("ArrowRight" if number > _frame(page) else "ArrowLeft")
        expect(page.locator("efface-player")).to_have_attribute("data-shown", str(number))
        expect_picture(page, number)


def test_a_key_that_is_held_ends_on_the_frame_that_it_says(page: Page) -> None:
    page.locator(".stage canvas").focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    number = _NUM_FRAMES - 11
    expect(page.locator("efface-player")).to_have_attribute("data-shown", str(number))
    expect_picture(page, number)


def _frame(page: Page) -> int:
    return int((page.locator(".frame").text_content() or "").removeprefix("frame "))


def test_result_steps_through_every_frame_however_long_each_is(
    signed_in: Visitor, service: LiveService, numbered_id: str
) -> None:
    with reader(service) as caller:
        job = caller.redact(numbered_id, {"faces": {}}, name="numbered, safe")
        made = caller.wait_for_job(job).split("/Videos/")[1].split("/")[0]
    page = signed_in.open(f"/web/redactions/{made}")
    expect(page.locator("#download")).to_be_visible()
    numbers = f"() => {{ {READ_PICTURE} return [...document.querySelectorAll('video')].map(read); }}"
    until(page, lambda: page.evaluate(numbers) == [0, 0], "the first pictures")
    for number in range(1, 25):
        page.get_by_role("button", name="One frame on").click()
        until(page, partial(shows, page, numbers, number), f"both on frame {number}")


def shows(page: Page, numbers: str, number: int) -> bool:
    return bool(page.evaluate(numbers) == [number, number])


def test_frames_that_a_browser_shows_late_or_never_are_stepped_through_all_the_same(
    signed_in: Visitor, service: LiveService, tmp_path: Path
) -> None:
    # Matroska gives frames no lengths: browsers hold each for the usual one, here longer than most of them last.
    video_id = analysed(service, write_numbered(tmp_path / "numbered.mkv"))
    page = signed_in.open(f"/web/videos/{video_id}")
    expect(page.locator(".people-count")).not_to_have_text("Loading…")
    picture = f"""() => {{ {READ}
      const still = player.querySelector(".still");
      return read(still.hidden || !still.naturalWidth ? video : still);
    }}"""
    until(page, lambda: bool(page.evaluate("document.querySelector('video').readyState >= 2")), "a picture")
    for number in range(1, 13):
        page.keyboard.press("ArrowRight")
        until(page, partial(is_shown, page, picture, number), f"frame {number}")
    expect(page.locator(".frame")).to_have_text("frame 12")


def is_shown(page: Page, picture: str, number: int) -> bool:
    told = page.locator("efface-player").get_attribute("data-shown")
    return told == str(number) and bool(page.evaluate(picture) == number)
