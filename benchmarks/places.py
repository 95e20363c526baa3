"""Where the clips lie and where the work goes."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"
CACHE = PROJECT / "benchmarks" / "cache"
"""Ignored by git: outputs, environments of other tools, results."""

MEDIA_SUFFIXES = frozenset([".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".gif", ".h264"])
IMAGE_SUFFIXES = frozenset([".jpg", ".jpeg", ".png", ".webp"])


class MissingMediaError(SystemExit):
    """The clips are not there: said in one line, with the exit code of a missing input."""


def shared(*parts: str) -> Path:
    """A folder or file of the shared material.

    Raises:
        MissingMediaError: it is not there.
    """
    path = SHARED.joinpath(*parts)
    if not path.exists():
        raise MissingMediaError(f"{path} is missing: the benchmarks need the shared clips beside the project")
    return path


def media_files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """Files of a folder with these suffixes, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes)
