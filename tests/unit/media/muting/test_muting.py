"""Nothing is heard in a muted span, everything beside it, and nothing moves."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from efface.media.muting import track as muted_track
from tests.unit.media.muting.sounding import RATE, SPANS, heard, in_seconds, level_db, mute, sound_packets

ClipOf = Callable[..., Path]

REACH_S = 0.16
"""Beside a span: the packets around it, and until a decoder that builds on earlier packets has found back."""


def beside(num_samples: int, rate: int = RATE) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(n,) True for samples that are well outside of the spans."""
    kept = np.ones(num_samples, bool)
    for start, end in SPANS:
        kept[round((float(start) - REACH_S) * rate) : round((float(end) + REACH_S) * rate)] = False
    return kept


@pytest.mark.parametrize(
    ("name", "codec", "fields"),
    [
        ("a.mp4", "aac", {}),
        pytest.param("a.mkv", "aac", {}, marks=pytest.mark.slow),
        ("a.ts", "aac", {}),
        ("mono.mp4", "aac", {"layout": "mono", "rate": 16000}),
        pytest.param("six.mp4", "aac", {"layout": "5.1"}, marks=pytest.mark.slow),
        ("a.webm", "libopus", {}),
        pytest.param("o.mp4", "libopus", {}, marks=pytest.mark.slow),
        pytest.param("short.mkv", "libopus", {"options": {"frame_duration": "2.5"}}, marks=pytest.mark.slow),
        ("long.mkv", "libopus", {"options": {"frame_duration": "60"}}),
        ("b.mp4", "ac3", {}),
        pytest.param("e.ts", "eac3", {}, marks=pytest.mark.slow),
        pytest.param("m.ts", "mp2", {}, marks=pytest.mark.slow),
    ],
)
def test_packets_of_a_muted_span_are_silent_and_all_others_are_copied(
    sounding_clip: ClipOf, tmp_path: Path, name: str, codec: str, fields: dict[str, Any]
) -> None:
    source, rate = sounding_clip(name, codec, **fields), fields.get("rate", RATE)
    final = tmp_path / f"out{source.suffix}"
    assert mute(source, final, *SPANS) == ()
    before, after = sound_packets(source), sound_packets(final)
    assert [time for time, _ in before] == [time for time, _ in after]
    for (time, was), (_, became) in zip(before, after, strict=True):
        distance = min(max(start - time, time - end) for start, end in SPANS)
        if distance > REACH_S:
            assert was == became, f"packet at {float(time)} s"
        elif distance <= 0:
            assert was != became, f"packet at {float(time)} s"
    sound = heard(final, rate=rate)
    for start, end in SPANS:
        assert level_db(in_seconds(sound, float(start), float(end), rate)) < -80
        assert level_db(in_seconds(sound, float(start) - 0.3, float(start) - REACH_S, rate)) > -20
        assert level_db(in_seconds(sound, float(end) + REACH_S, float(end) + 0.4, rate)) > -20


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("p.mkv", "pcm_s16le"),
        pytest.param("p.mov", "pcm_s24le", marks=pytest.mark.slow),
        ("u.mkv", "pcm_u8"),
        pytest.param("m.mov", "pcm_mulaw", marks=pytest.mark.slow),
        ("f.mkv", "flac"),
        ("l.mp4", "alac"),
    ],
)
def test_sound_without_loss_is_the_same_to_the_bit_beside_a_muted_span(
    sounding_clip: ClipOf, tmp_path: Path, name: str, codec: str
) -> None:
    source = sounding_clip(name, codec)
    final = tmp_path / f"out{source.suffix}"
    assert mute(source, final, *SPANS) == ()
    before, after = heard(source), heard(final)
    assert before.shape == after.shape
    kept = beside(before.shape[1])
    np.testing.assert_array_equal(before[:, kept], after[:, kept])
    for start, end in SPANS:
        assert not in_seconds(after, float(start), float(end)).any()


@pytest.mark.parametrize(
    "name",
    [pytest.param("a.mp4", marks=pytest.mark.slow), "a.mkv", pytest.param("a.ts", marks=pytest.mark.slow)],
)
def test_sound_whose_packets_lean_on_one_another_is_encoded_anew_and_the_user_is_told(
    sounding_clip: ClipOf, tmp_path: Path, name: str
) -> None:
    source = sounding_clip(name, "libmp3lame")
    final = tmp_path / f"out{source.suffix}"
    (notice,) = mute(source, final, *SPANS)
    assert notice == "audio track 1 (mp3) is encoded anew, so that it can be muted in part"
    before, after = heard(source), heard(final)
    num = min(before.shape[1], after.shape[1])
    kept = beside(num) & ~np.isnan(before[0, :num]) & ~np.isnan(after[0, :num])
    kept[: RATE // 10] = kept[-RATE // 10 :] = False
    # The same sound in the same place: 30 dB below it is what encoding twice costs.
    assert (
        level_db(before[:, :num][:, kept] - after[:, :num][:, kept]) < level_db(before[:, :num][:, kept]) - 25
    )
    for start, end in SPANS:
        assert level_db(in_seconds(after, float(start), float(end))) < -80


def test_every_sound_track_is_muted(sounding_clip: ClipOf, tmp_path: Path) -> None:
    source = sounding_clip("a.mkv", "aac", "libopus", "flac")
    mute(source, tmp_path / "out.mkv", *SPANS)
    for track in range(3):
        sound = heard(tmp_path / "out.mkv", track)
        assert level_db(in_seconds(sound, 1.4, 1.9)) < -80
        assert level_db(in_seconds(sound, 0.5, 1)) > -20


def test_mute_reaches_past_both_ends_of_the_sound(sounding_clip: ClipOf, tmp_path: Path) -> None:
    source = sounding_clip("a.mp4", "aac", "alac")
    mute(source, tmp_path / "out.mp4", (-5, Fraction(1, 2)), (3, 1000))
    for track in range(2):
        sound = heard(tmp_path / "out.mp4", track)
        assert level_db(in_seconds(sound, 0, 0.5)) < -80
        assert level_db(in_seconds(sound, 3, 4)) < -80
        assert level_db(in_seconds(sound, 1, 2)) > -20


def test_sound_of_aac_that_is_not_plain_is_encoded_anew(
    sounding_clip: ClipOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muted_track, "silent_packets", lambda track: None)
    source = sounding_clip("a.mp4", "aac")
    (notice,) = mute(source, tmp_path / "out.mp4", *SPANS)
    assert "encoded anew" in notice
    before, after = heard(source), heard(tmp_path / "out.mp4")
    kept = beside(before.shape[1])
    num = min(before.shape[1], after.shape[1], round(3.9 * RATE))
    assert level_db((before[:, :num] - after[:, :num])[:, kept[:num]]) < -35
    assert level_db(in_seconds(after, 1.4, 1.9)) < -80


def test_track_that_cannot_be_silenced_is_left_out_rather_than_copied(
    sounding_clip: ClipOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muted_track, "silent_packets", lambda track: None)
    monkeypatch.setattr(muted_track, "choose_sound_encoder", lambda track, container: None)
    (notice,) = mute(sounding_clip("a.mp4", "aac"), tmp_path / "out.mp4", *SPANS)
    assert notice.startswith("audio track 1 (aac) left out")
    assert b"mp4a" not in (tmp_path / "out.mp4").read_bytes()


def test_nothing_is_encoded_anew_without_a_mute(sounding_clip: ClipOf, tmp_path: Path) -> None:
    source = sounding_clip("a.mp4", "libmp3lame")
    assert mute(source, tmp_path / "out.mp4") == ()
    assert sound_packets(source) == sound_packets(tmp_path / "out.mp4")


def test_video_without_sound_is_told_to_have_nothing_to_mute(sounding_clip: ClipOf, tmp_path: Path) -> None:
    source = sounding_clip("silent.mp4")
    assert mute(source, tmp_path / "out.mp4", *SPANS) == ("nothing was muted: the source has no sound",)
    assert mute(source, tmp_path / "plain.mp4") == ()
