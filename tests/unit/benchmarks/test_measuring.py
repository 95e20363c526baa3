"""The instruments themselves: a benchmark that miscounts is worse than none."""

import sys
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.leak import FalseMasks, Leaks, _false_share, _leak_row, _share_cell
from benchmarks.looping import loop_clip
from benchmarks.pixels import MaskedFrames, count_frames, count_masked_frames, has_mask
from benchmarks.process import run_measured
from benchmarks.report import Result, Table, save_result, verdict
from benchmarks.speed import DEFACE, EFFACE, RENDER, TRANSCODE, Clip, Timing, target_table
from benchmarks.transcode import transcode


def _clip(path: Path, masked: Collection[int] = (), num_frames: int = 12) -> Path:
    y, x = np.mgrid[0:96, 0:128]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.options = {"crf": "18", "bf": "2"}
        for i in range(num_frames):
            rgb = np.stack([60 + x, 60 + y, (x + 4 * i) % 128 + 60], axis=-1).astype(np.uint8)
            if i in masked:
                rgb[30:50, 40:60] = 0
            for packet in stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def test_masked_frames_are_counted_from_pixels(tmp_path: Path) -> None:
    original = _clip(tmp_path / "a.mp4")
    redacted = _clip(tmp_path / "b.mp4", masked={2, 3, 9})
    assert count_masked_frames(original, redacted) == MaskedFrames(12, 3, 0)
    assert count_masked_frames(original, original) == MaskedFrames(12, 0, 0)


def test_frames_that_the_redacted_file_lacks_are_missing_not_clean(tmp_path: Path) -> None:
    original = _clip(tmp_path / "a.mp4")
    assert count_masked_frames(original, _clip(tmp_path / "b.mp4", num_frames=10)) == MaskedFrames(12, 0, 2)


def test_dark_places_and_specks_are_no_mask() -> None:
    before: NDArray[np.uint8] = np.full((40, 40), 90, np.uint8)
    before[:10] = 20
    after = before.copy()
    after[20:24, 20:24] = 16
    assert not has_mask(before, after)
    after[20:25, 20:25] = 16
    assert has_mask(before, after)


def test_looped_clip_has_whole_rounds_and_rising_times(tmp_path: Path) -> None:
    source = _clip(tmp_path / "a.mp4")
    looped = tmp_path / "looped.mp4"
    assert loop_clip(source, looped, 30) == 36 == count_frames(looped)
    with av.open(str(looped)) as container:
        pts = [frame.pts or 0 for frame in container.decode(video=0)]
    assert np.unique(np.diff(pts)).tolist() == [pts[1] - pts[0]]


def test_plain_transcode_keeps_frames_and_times(tmp_path: Path) -> None:
    source, output = _clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    assert transcode(source, output) == 12

    def times(path: Path) -> list[Fraction]:
        with av.open(str(path)) as container:
            return [Fraction(f.pts or 0) * (f.time_base or Fraction(0)) for f in container.decode(video=0)]

    assert times(output) == times(source)


def test_measured_run_tells_time_memory_and_failure(tmp_path: Path) -> None:
    hog = "import time; block = bytearray(150_000_000); time.sleep(0.3); print(len(block))"
    run = run_measured([sys.executable, "-c", hog], tmp_path / "logs" / "hog.log")
    assert run.exit_code == 0
    assert run.output == "150000000\n"
    assert 0.3 <= run.wall_s < 30
    assert 150 <= run.peak_rss_mb < 300
    failed = run_measured([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "fail.log")
    assert failed.exit_code == 3


def test_missed_target_is_marked_and_kept_on_the_page(tmp_path: Path) -> None:
    assert verdict(0.5, 0.7, at_most=True) == "0.50 (target ≤ 0.7)"
    assert verdict(0.8, 0.85, at_most=False).startswith("**missed**: 0.80")
    page = tmp_path / "RESULTS.md"
    for name, cell in (("speed", "1"), ("leak", verdict(3, 1, at_most=True)), ("speed", "2")):
        table = Table("t", ("what", "figure"), (("a|b", cell),), ("A note.",))
        save_result(
            Result(name, name.title(), (table,), "2026-01-31", "box", "v1"), tmp_path / "results", page
        )
    text = page.read_text()
    assert text.index("## Leak") < text.index("## Speed")
    assert "| a\\|b | **missed**: 3.00 (target ≤ 1) |" in text
    assert "| a\\|b | 2 |" in text
    assert "| a\\|b | 1 |" not in text


def test_clip_without_output_never_meets_a_target() -> None:
    leaks = Leaks(0, 0.0, 0, 0, 0.0, 0, 0, {}, ("gone.mp4",), (), ())
    row = _leak_row("efface", leaks, is_judged=True)
    assert all("missed" in row[column] for column in (2, 4, 5))
    assert "missed" in _share_cell([FalseMasks("gone.mp4", None, None)], is_judged=True)


def test_false_masks_take_the_larger_of_the_two_counts() -> None:
    found = [FalseMasks("a", MaskedFrames(50, 0, 0), 4), FalseMasks("b", MaskedFrames(50, 2, 0), None)]
    assert _false_share(found) == 6.0


def test_ratios_have_the_right_way_up(tmp_path: Path) -> None:
    def timing(wall_s: float, exit_code: int = 0) -> Timing:
        run = run_measured([sys.executable, "-c", ""], tmp_path / "log")
        return Timing((type(run)(wall_s, 900.0, exit_code, "", run.log),), 10)

    clip = Clip("c", tmp_path / "c.mp4", 10, is_judged=True)
    timings = {EFFACE: timing(10), RENDER: timing(5), TRANSCODE: timing(4), DEFACE: timing(130)}
    figures = [figure for _, figure in target_table(clip, timings).rows]
    assert figures == [
        "13.00 (target ≥ 12)",
        "not measured",
        "**missed**: 2.50 (target ≤ 2)",
        "**missed**: 0.80 (target ≥ 0.85)",
        "0.90 (target ≤ 1.2)",
    ]
    timings[EFFACE] = timing(1, exit_code=1)
    figures = [figure for _, figure in target_table(clip, timings).rows]
    assert [figures[0], figures[2], figures[4]] == ["not measured"] * 3
