"""How many labelled faces stay visible, how often masks blink, and what is masked that is no face.

``python -m benchmarks.leak`` redacts with efface's defaults and a black fill through its command line, then
counts with leakbench and with ``benchmarks.pixels``, which see nothing but files.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import describe_versions
from benchmarks.pixels import MaskedFrames, count_masked_frames
from benchmarks.places import CACHE, IMAGE_SUFFIXES, MEDIA_SUFFIXES, media_files, shared
from benchmarks.process import Run, python_module, run_measured
from benchmarks.report import Result, Table, save_result, verdict
from benchmarks.rivals import deface_version, install_deface

_MAX_LEAK_PERCENT, _MAX_OVERMASK_PERCENT = 0.7, 0.20
_MAX_HOLES_PER_1000, _MAX_FALSE_PERCENT = 0.5, 2.0

Redactor = Callable[[Path, Path, Path], Run]
"""Input, output without its suffix, log → how it went."""


@dataclass(frozen=True, slots=True)
class Leaks:
    """What leakbench counted for one tool."""

    faces: int
    leak_percent: float
    bare: int
    partial: int
    overmask_percent: float
    num_holes: int
    num_frames: int
    clips: dict[str, dict[str, float]]
    no_output: tuple[str, ...]
    hole_lines: tuple[str, ...]
    leak_lines: tuple[str, ...]

    @property
    def holes_per_1000(self) -> float:
        """Vanished masks per 1000 frames."""
        return 1000 * self.num_holes / max(1, self.num_frames)


def efface_black(source: Path, stem: Path, log: Path) -> Run:
    """Redact through efface's command line."""
    suffix = source.suffix if source.suffix.lower() in IMAGE_SUFFIXES else _video_suffix(source)
    output = stem.with_name(stem.name + suffix)
    command = ("redact", source, "-o", output, "--blurring-kind", "Black", "--overwrite", "--quiet", "--json")
    return run_measured(python_module("efface", *command), log)


def deface_black(program: Path, source: Path, stem: Path, log: Path) -> Run:
    """Redact through deface with its defaults but a solid fill."""
    output = stem.with_name(
        stem.name + (source.suffix if source.suffix.lower() in IMAGE_SUFFIXES else ".mp4")
    )
    return run_measured([program, source, "-o", output, "--replacewith", "solid"], log)


def _video_suffix(source: Path) -> str:
    """The source's own where efface writes it, else MP4: what is counted are masks, not containers."""
    return source.suffix if source.suffix.lower() in {".mkv", ".webm", ".mov"} else ".mp4"


def redact_all(sources: Sequence[Path], folder: Path, redactor: Redactor) -> dict[Path, Run]:
    """Redact files one after the other into an emptied folder."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "logs").mkdir(parents=True)
    runs = {}
    for number, source in enumerate(sources, start=1):
        run = redactor(source, folder / source.stem, folder / "logs" / f"{source.name}.log")
        print(f"[{number}/{len(sources)}] {source.name}: {run.wall_s:.1f} s", file=sys.stderr, flush=True)
        if run.exit_code:
            print(f"  exit code {run.exit_code}, see {run.log}", file=sys.stderr, flush=True)
        runs[source] = run
    return runs


def count_leaks(labels: Path, originals: Path, redacted: Path) -> Leaks:
    """Run leakbench's two counts over a folder of outputs."""
    table_file = redacted / "logs" / "leakbench.json"
    folders = ("--originals", originals, "--redacted", redacted, "--show-leaks")
    script = shared("leakbench", "leakbench.py")
    # Its exit code says that clips have no output, which the table says too.
    score = _output_of([sys.executable, script, "score", "--labels", labels, "--json", table_file, *folders])
    holes = _output_of([sys.executable, script, "holes", *folders])
    total = re.search(r"^TOTAL holes (\d+) in (\d+) frames", holes, re.MULTILINE)
    if total is None or not table_file.exists():
        raise SystemExit(f"leakbench gave no totals: {score[-500:]}{holes[-500:]}")
    table = json.loads(table_file.read_text())
    return Leaks(
        faces=table["total"]["faces"],
        leak_percent=100 * table["total"]["leak"],
        bare=table["total"]["bare"],
        partial=table["total"]["partial"],
        overmask_percent=100 * table["total"]["overmask"],
        num_holes=int(total[1]),
        num_frames=int(total[2]),
        clips=table["clips"],
        no_output=tuple(table["no_output"]),
        hole_lines=_indented(holes),
        leak_lines=_indented(score),
    )


def _output_of(command: Sequence[str | Path]) -> str:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout


def _indented(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.startswith("    "))


@dataclass(frozen=True, slots=True)
class FalseMasks:
    """Masks in one file that shows no face."""

    name: str
    by_pixels: MaskedFrames | None
    """None where there was no output."""
    planned: int | None
    """Frames that the tool itself says it masked, None where it does not say."""


def count_false_masks(runs: dict[Path, Run], folder: Path) -> list[FalseMasks]:
    """Compare each file without faces with its output."""
    found = []
    for source, run in runs.items():
        outputs = [path for path in folder.glob(f"{source.stem}.*") if path.is_file()]
        counted = count_masked_frames(source, outputs[0]) if outputs else None
        found.append(FalseMasks(source.name, counted, _planned(run.output)))
    return found


def _planned(output: str) -> int | None:
    try:
        return int(json.loads(output)["files"][0]["num_masked_frames"])
    except (ValueError, LookupError, TypeError):
        return None


def _leak_row(name: str, leaks: Leaks, *, is_judged: bool) -> tuple[str, ...]:
    figures = (
        (leaks.leak_percent, _MAX_LEAK_PERCENT),
        (leaks.overmask_percent, _MAX_OVERMASK_PERCENT),
        (leaks.holes_per_1000, _MAX_HOLES_PER_1000),
    )
    cells = [verdict(value, most, at_most=True) if is_judged else f"{value:.2f}" for value, most in figures]
    if leaks.no_output:
        # What was not redacted cannot have met a target.
        missing = f"**missed**: {len(leaks.no_output)} clips without output"
        cells = [f"{missing}; of the rest {cell}" for cell in cells]
    return (name, str(leaks.faces), cells[0], f"{leaks.bare} / {leaks.partial}", cells[1], cells[2])


def _leak_tables(leaks: dict[str, Leaks]) -> list[Table]:
    columns = ("tool", "faces", "leak %", "bare / partial", "over-mask %", "holes per 1000 frames")
    rows = tuple(_leak_row(name, found, is_judged=name == "efface") for name, found in leaks.items())
    notes = [
        f"{name}: no output for {', '.join(found.no_output)}."
        for name, found in leaks.items()
        if found.no_output
    ]
    ours = leaks["efface"]
    notes += [f"Leaked: {line}." for line in ours.leak_lines[:20]]
    notes += [f"Hole: {line}." for line in ours.hole_lines[:20]]
    clips = tuple(
        (name, f"{row['faces']:.0f}", f"{100 * row['leak']:.1f}", f"{100 * row['overmask']:.2f}",
         f"{row['frame_count_redacted']:.0f} / {row['frame_count_original']:.0f}")
        for name, row in ours.clips.items()
    )  # fmt: skip
    return [
        Table("Labelled faces, black fill, default settings", columns, rows, tuple(notes)),
        Table("efface, clip by clip", ("clip", "faces", "leak %", "over-mask %", "frames out / in"), clips),
    ]


def _false_table(title: str, found: dict[str, list[FalseMasks]], *, is_judged: bool) -> Table:
    tools = list(found)
    rows = [
        (of_file[0].name, *(_false_cell(each) for each in of_file))
        for of_file in zip(*found.values(), strict=True)
    ]
    cells = [_share_cell(found[tool], is_judged=is_judged and tool == "efface") for tool in tools]
    note = "In brackets: frames that the tool itself reports as masked; the rest is counted from pixels."
    return Table(title, ("file", *tools), (*rows, ("all frames", *cells)), (note,))


def _false_cell(each: FalseMasks) -> str:
    if each.by_pixels is None:
        return "no output"
    planned = f" ({each.planned})" if each.planned is not None else ""
    return f"{each.by_pixels.num_masked}{planned} of {each.by_pixels.num_frames}"


def _share_cell(found: Sequence[FalseMasks], *, is_judged: bool) -> str:
    share, failed = _false_share(found), sum(each.by_pixels is None for each in found)
    if failed:
        return f"**missed**: {failed} without output; of the rest {share:.2f} %"
    return (verdict(share, _MAX_FALSE_PERCENT, at_most=True) if is_judged else f"{share:.2f}") + " %"


def _false_share(found: Sequence[FalseMasks]) -> float:
    """Percent of all frames; the larger of the two counts of each file, so that neither can hide a mask."""
    counted = [(each.by_pixels, each.planned or 0) for each in found if each.by_pixels is not None]
    masked = sum(max(pixels.num_masked, planned) for pixels, planned in counted)
    return 100 * masked / max(1, sum(pixels.num_frames for pixels, _ in counted))


def _tools(with_deface: bool) -> tuple[dict[str, Redactor], list[str]]:
    """The tools by name, and versions of those that are not efface."""
    tools: dict[str, Redactor] = {"efface": efface_black}
    if not with_deface:
        return tools, []
    program = install_deface()
    tools["deface"] = lambda source, stem, log: deface_black(program, source, stem, log)
    return tools, [deface_version(program)]


def run(tools: dict[str, Redactor], work: Path, only: str = "") -> list[Table]:
    """Redact and count with every tool; ``only`` keeps the files whose name holds it."""
    labels, originals = shared("leakbench", "labels"), shared("media", "faces_video")
    clips = sorted(originals / json.loads(path.read_text())["clip"] for path in _label_files(labels, only))
    no_faces = shared("media", "no_faces")
    leaks: dict[str, Leaks] = {}
    false: dict[str, dict[str, list[FalseMasks]]] = {"v_": {}, "i_": {}}
    for name, redactor in tools.items():
        redact_all(clips, work / name / "faces", redactor)
        leaks[name] = count_leaks(_chosen_labels(labels, work, only), originals, work / name / "faces")
        for start, suffixes in (("v_", MEDIA_SUFFIXES), ("i_", IMAGE_SUFFIXES)):
            sources = [
                path
                for path in media_files(no_faces, suffixes)
                if path.name.startswith(start) and only in path.name
            ]
            folder = work / name / f"no_faces_{start}"
            false[start][name] = count_false_masks(redact_all(sources, folder, redactor), folder)
    return [
        *_leak_tables(leaks),
        _false_table("Frames with any mask in videos without faces", false["v_"], is_judged=True),
        _false_table("Pictures without faces", false["i_"], is_judged=False),
    ]


def _chosen_labels(labels: Path, work: Path, only: str) -> Path:
    """The labels themselves, or a folder with the chosen few."""
    if not only:
        return labels
    folder = work / "labels"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in _label_files(labels, only):
        shutil.copy(path, folder)
    return folder


def _label_files(labels: Path, only: str) -> list[Path]:
    return [path for path in sorted(labels.glob("*.json")) if only in path.stem]


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leak", description=__doc__)
    parser.add_argument(
        "--with-deface", action="store_true", help="count deface's defaults too (about 20 minutes)"
    )
    parser.add_argument("--work", type=Path, default=CACHE / "leak", help="folder for the outputs; emptied")
    parser.add_argument("--only", default="", help="only files whose name holds this; nothing is saved then")
    options = parser.parse_args(arguments)
    tools, rivals = _tools(options.with_deface)
    tables = tuple(run(tools, options.work, options.only))
    versions = ", ".join([describe_versions(), *rivals])
    result = Result("leak", "Leaks and false masks", tables, versions=versions)
    print(result.markdown())
    if not options.only:
        save_result(result)


if __name__ == "__main__":
    main()
