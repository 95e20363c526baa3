"""The sound of a stream: what is copied, and that it stays with the picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

ONSET_S = 0.5
MAX_ERROR_S = 0.025

Stream = Callable[..., Any]
Sounding = Callable[..., Path]


def _sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.flv"])
@pytest.mark.parametrize("bf", [0, 3])
def test_aac_is_copied_bit_by_bit_and_in_step(sounding: Sounding, stream: Stream, name: str, bf: int) -> None:
    source = sounding(name, "aac", bf=bf)
    made = stream(source)
    packets = _sound_packets(source)
    copied = _sound_packets(made.folder / "audio.mp4")
    # The first packet is the encoder's priming, which nobody is to hear.
    assert copied in (packets, packets[1:])
    assert made.onset_s() == pytest.approx(ONSET_S, abs=MAX_ERROR_S)
    assert (made.manifest.audio.codecs, made.manifest.audio.sample_rate) == ("mp4a.40.2", 44_100)
    assert made.manifest.audio.channels == 2


def test_aac_of_a_transport_stream_loses_its_headers_only(sounding: Sounding, stream: Stream) -> None:
    source = sounding("a.ts", "aac")
    made = stream(source)
    bare = [packet[7:] for packet in _sound_packets(source)]
    copied = _sound_packets(made.folder / "audio.mp4")
    assert copied
    assert copied in (bare, bare[1:])
    assert made.onset_s() == pytest.approx(ONSET_S, abs=MAX_ERROR_S)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.mkv", "pcm_s16le", 44_100, "stereo"),
        ("a.mov", "pcm_s16le", 48_000, "mono"),
        ("a.mkv", "libmp3lame", 44_100, "stereo"),
        ("a.mp4", "libmp3lame", 48_000, "mono"),
        ("a.mkv", "libopus", 48_000, "stereo"),
        ("a.mkv", "flac", 32_000, "5.1"),
        ("a.ts", "mp2", 44_100, "stereo"),
        ("a.mkv", "ac3", 48_000, "5.1"),
    ],
)
def test_other_sound_becomes_aac_in_step(
    sounding: Sounding, stream: Stream, name: str, codec: str, rate: int, layout: str
) -> None:
    made = stream(sounding(name, codec, rate=rate, layout=layout))
    audio = made.manifest.audio
    assert (audio.codecs, audio.sample_rate, audio.channels) == ("mp4a.40.2", 48_000, 2)
    assert made.onset_s() == pytest.approx(ONSET_S, abs=MAX_ERROR_S)
    _, samples, rate = made.sound()
    tone = samples[round(0.8 * rate) : round(1.8 * rate)]
    spectrum = np.abs(np.fft.rfft(tone))
    assert abs(int(np.argmax(spectrum)) * rate / len(tone) - 440) < 2


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_sound_that_starts_later_keeps_its_place(sounding: Sounding, stream: Stream, codec: str) -> None:
    made = stream(sounding("late.mkv", codec, sound_start_s=0.8))
    assert made.onset_s() == pytest.approx(0.8, abs=MAX_ERROR_S)
    # Players stall where one track has nothing, so silence comes before.
    assert float(made.manifest.audio.start_s) == pytest.approx(float(made.manifest.video.start_s), abs=0.2)


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_picture_that_starts_later_is_shown_from_the_start_of_the_sound(
    sounding: Sounding, stream: Stream, codec: str
) -> None:
    made = stream(sounding("late.mkv", codec, picture_start_s=0.3))
    times = [float(time) for time in made.times()]
    assert times[0] == 0
    assert [notice for notice in made.manifest.notices if "0.3" in notice]
    # The first frame lasts longer; all others keep their distance from the sound.
    assert times[1:4] == pytest.approx([0.34, 0.38, 0.42], abs=0.002)
    assert made.onset_s() == pytest.approx(ONSET_S, abs=MAX_ERROR_S)


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_gap_in_the_sound_does_not_move_what_follows(sounding: Sounding, stream: Stream, codec: str) -> None:
    made = stream(sounding("gap.mkv", codec, gap_s=(0.4, 1.0)))
    assert made.onset_s() == pytest.approx(1.0, abs=0.05)


def test_sound_that_ends_early_is_filled_up_to_the_end_of_the_picture(
    sounding: Sounding, stream: Stream
) -> None:
    made = stream(sounding("short.mp4", "aac", sound_end_s=0.7))
    audio, video = made.manifest.audio, made.manifest.video
    assert float(audio.start_s + audio.duration) >= float(video.start_s + video.duration) - 0.001


def test_damaged_sound_packets_are_passed_over(sounding: Sounding, stream: Stream) -> None:
    source = sounding("a.mkv", "ac3", rate=48_000)
    with av.open(str(source)) as container:
        places = [packet.pos for packet in container.demux(audio=0) if packet.size]
    data = bytearray(source.read_bytes())
    first = places[5]
    assert first is not None
    data[first + 8 : first + 200] = bytes(192)
    source.write_bytes(data)
    assert stream(source).onset_s() == pytest.approx(ONSET_S, abs=MAX_ERROR_S)


def test_only_the_first_of_two_sound_tracks_is_taken(clips: Any, stream: Stream) -> None:
    made = stream(clips.make("two.mkv", audio_tracks=2, pts=tuple(range(50))))
    assert (made.manifest.audio.sample_rate, made.manifest.audio.channels) == (16_000, 1)
    assert sorted(path.name for path in made.folder.iterdir()) == ["audio.mp4", "video.mp4"]
