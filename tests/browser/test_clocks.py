"""Sound that begins before the picture: boxes, steps and silence count from the first frame, in every container."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from tests.browser.conftest import Visitor, analysed
from tests.browser.numbered import BAR_PX, BITS, HEIGHT, READ, numbered_picture
from tests.browser.test_corrections import opened, redacted

_NUM_FRAMES, _FPS, _RATE, _CHUNK = 75, 25, 48_000, 1024
_SOUND_S, _LEAD_S = Fraction(10), Fraction(1, 2)
"""When the sound begins on the file's clock, and how much later the picture does."""
_BEEP = (25, 50)
"""Frames in which a high tone is heard; a low one is in all others."""
_MOST_LAG = 9
"""Frames by which a busy machine may lag; were the clocks confused, it would be more than twelve."""
_HIGH_HZ, _LOW_HZ = 880, 220
_HEARD = """
const sound = new AudioContext();
const hearing = sound.createAnalyser();
Object.assign(hearing, { fftSize: 1024, smoothingTimeConstant: 0 });
sound.createMediaElementSource(video).connect(hearing);
hearing.connect(sound.destination);
const levels = new Uint8Array(512);
const heard = [];
const look = () => {
  hearing.getByteFrequencyData(levels);
  if (levels[Math.round((HIGH * 1024) / sound.sampleRate)] > 150) heard.push(Number(player.dataset.shown));
};
""".replace("HIGH", str(_HIGH_HZ))


def write_early_sound(path: Path) -> Path:
    """A clip whose sound begins half a second before its picture, and its clock at ten seconds."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=_FPS, options={"crf": "10", "bf": "2", "g": "25"})
        video.width, video.height, video.pix_fmt = BITS * BAR_PX, HEIGHT, "yuv420p"
        sound = container.add_stream("aac", rate=_RATE, layout="mono")
        packets = []
        for number in range(_NUM_FRAMES):
            frame = av.VideoFrame.from_ndarray(numbered_picture(number), "rgb24")
            frame.pts, frame.time_base = int((_SOUND_S + _LEAD_S) * _FPS) + number, Fraction(1, _FPS)
            packets += video.encode(frame)
        samples = _tones()
        for at in range(0, len(samples), _CHUNK):
            piece = av.AudioFrame.from_ndarray(samples[None, at : at + _CHUNK], "fltp", "mono")
            piece.sample_rate, piece.time_base = _RATE, Fraction(1, _RATE)
            piece.pts = int(_SOUND_S * _RATE) + at
            packets += sound.encode(piece)
        packets += [*video.encode(None), *sound.encode(None)]
        for packet in sorted(
            packets, key=lambda each: each.dts * each.time_base if each.dts is not None else 0
        ):
            container.mux(packet)
    return path


def _tones() -> NDArray[np.float32]:
    at_s = np.arange(int((_LEAD_S + Fraction(_NUM_FRAMES, _FPS)) * _RATE)) / _RATE - float(_LEAD_S)
    is_beep = (at_s >= _BEEP[0] / _FPS) & (at_s < _BEEP[1] / _FPS)
    tones = np.where(is_beep, np.sin(2 * np.pi * _HIGH_HZ * at_s), np.sin(2 * np.pi * _LOW_HZ * at_s))
    return (tones / 2).astype(np.float32)


def loudness(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The level of each packet of sound and when it begins, in seconds from the first frame."""
    with av.open(str(path)) as container:
        begins_s = next(container.decode(container.streams.video[0])).time
    with av.open(str(path)) as container:
        pieces = list(container.decode(container.streams.audio[0]))
    levels = [float(np.abs(piece.to_ndarray()).mean()) for piece in pieces]
    return np.array(levels), np.array([piece.time for piece in pieces]) - begins_s


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_sound_that_begins_before_the_picture_moves_nothing(
    signed_in: Visitor, tmp_path: Path, container: str
) -> None:
    clip = write_early_sound(tmp_path / f"early.{container}")
    page = opened(signed_in, analysed(signed_in.service, clip))
    player = page.locator("efface-player")
    picture = "player.querySelector('.still')" if container == "ts" else "video"
    page.locator(".stage canvas").focus()
    for key, number in (
        ("End", _NUM_FRAMES - 1),
        ("Home", 0),
        ("ArrowRight", 1),
        ("Shift+ArrowRight", 26),
        ("Shift+ArrowRight", 51),
    ):
        page.keyboard.press(key)
        expect(player).to_have_attribute("data-shown", str(number))
        page.wait_for_function(f"(number) => {{ {READ} return read({picture}) === number; }}", arg=number)
    if container != "ts":
        page.keyboard.press("Home")
        expect(player).to_have_attribute("data-shown", "0")
        heard = page.evaluate(
            f"""async () => {{
              {READ} {_HEARD}
              video.muted = false;
              const timer = setInterval(look, 5);
              await Promise.all([sound.resume(), video.play()]);
              await new Promise((resolve) => video.addEventListener("ended", resolve));
              clearInterval(timer);
              return heard;
            }}"""
        )
        # What is heard while a frame is shown is what the file has there, but for a busy machine.
        # A click, as where sound sets in, has all tones for a moment.
        first_heard, last_heard = np.quantile(heard, [0.05, 0.95])
        assert abs(first_heard - _BEEP[0]) <= _MOST_LAG
        assert abs(last_heard - _BEEP[1]) <= _MOST_LAG
    page.get_by_role("tab", name="Correct").click()
    for first, last in ((0, 4), (_BEEP[0], _BEEP[1] - 1)):
        for frame, button in ((first, ".from-here"), (last, ".to-here")):
            go_to(signed_in, frame)
            page.locator(button).click()
        page.get_by_role("button", name="Mute", exact=True).click()
    expect(page.locator(".mutes li")).to_have_count(2)
    expect(page.locator("#save-state")).to_have_text("All corrections saved")
    levels, starts_s = loudness(redacted(signed_in, "Strong blur", tmp_path / f"redacted.{container}"))
    in_beep = (starts_s > _BEEP[0] / _FPS - 0.02) & (starts_s < _BEEP[1] / _FPS)
    assert starts_s[0] < -0.4
    assert levels[starts_s < 0.17].max() < 0.001, (
        "sound before the picture is what is heard at its first frame"
    )
    assert levels[in_beep].max() < 0.001
    is_between = ((starts_s > 0.4) & (starts_s < 0.9)) | ((starts_s > 2.15) & (starts_s < 2.9))
    assert levels[is_between].min() > 0.2


def go_to(visitor: Visitor, frame: int) -> None:
    """By the keys, a second at a time and then by frames."""
    page = visitor.page
    page.locator(".stage canvas").focus()
    page.keyboard.press("Home")
    for key, number in (("Shift+ArrowRight", frame // _FPS), ("ArrowRight", frame % _FPS)):
        for _ in range(number):
            page.keyboard.press(key)
    expect(page.locator(".frame")).to_have_text(f"frame {frame}")
