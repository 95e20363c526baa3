"""Results as files, and all of them together as RESULTS.md.

``python -m benchmarks.report`` writes RESULTS.md anew from what the last runs left behind.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.machine import describe_machine, describe_versions, today
from benchmarks.places import CACHE, PROJECT

RESULTS_FOLDER = CACHE / "results"
RESULTS_PAGE = PROJECT / "benchmarks" / "RESULTS.md"
_ORDER = ("leak", "speed", "identity", "load", "review")
_HEAD = """# Results

Written by `python -m benchmarks.report` from the last run of each benchmark; how they are run and counted is
in [README.md](README.md). Targets that were missed are marked **missed**.
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; cells are text already."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    """Sentences below the table."""

    def markdown(self) -> str:
        """The table under a heading of the third level."""
        lines = [f"### {self.title}", "", _row(self.columns), _row(["---"] * len(self.columns))]
        lines += [_row(row) for row in self.rows]
        lines += [line for note in self.notes for line in ("", note)]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of one benchmark found."""

    name: str
    """``leak``, ``speed``, ``identity`` …: also the name of its file."""
    title: str
    tables: tuple[Table, ...]
    date: str = field(default_factory=today)
    machine: str = field(default_factory=describe_machine)
    versions: str = field(default_factory=describe_versions)

    def markdown(self) -> str:
        """The result under a heading of the second level."""
        tables = "\n\n".join(table.markdown() for table in self.tables)
        return f"## {self.title}\n\n{self.date}. {self.machine}. {self.versions}.\n\n{tables}"


def verdict(value: float, target: float, *, at_most: bool, digits: int = 2) -> str:
    """A figure beside its target: ``0.65 (target ≤ 0.7)``, marked where it misses."""
    is_met = value <= target if at_most else value >= target
    sign = "≤" if at_most else "≥"
    text = f"{value:.{digits}f} (target {sign} {target:g})"
    return text if is_met else f"**missed**: {text}"


def save_result(result: Result, folder: Path = RESULTS_FOLDER, page: Path = RESULTS_PAGE) -> None:
    """Keep a result and write the page anew; an older result of the same name is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{result.name}.json").write_text(json.dumps(asdict(result), indent=1, ensure_ascii=False))
    write_page(folder, page)


def write_page(folder: Path = RESULTS_FOLDER, page: Path = RESULTS_PAGE) -> None:
    """Write RESULTS.md from all results that are there; what it tells of other benchmarks stays."""
    results = [_read(path) for path in folder.glob("*.json")]
    results.sort(key=lambda result: (_rank(result.name), result.name))
    new = {result.title: result.markdown() for result in results}
    old = _sections(page.read_text() if page.exists() else "")
    kept = (text for title, text in old.items() if title not in new)
    sections = [*kept, *new.values()] or ["No run yet."]
    page.write_text("\n\n".join([_HEAD.rstrip(), *sections]) + "\n")


def _sections(text: str) -> dict[str, str]:
    """Sections of the second level by title: a checkout holds the page, but no results to make it of."""
    parts = (part.strip() for part in re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:])
    return {part.partition("\n")[0].removeprefix("## "): part for part in parts}


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def _read(path: Path) -> Result:
    stored = json.loads(path.read_text())
    tables = tuple(
        Table(
            table["title"],
            tuple(table["columns"]),
            tuple(tuple(row) for row in table["rows"]),
            tuple(table["notes"]),
        )
        for table in stored["tables"]
    )
    return Result(**{**stored, "tables": tables})


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    write_page()
    print(RESULTS_PAGE)
