"""The lock files hold what pyproject.toml asks for, hashed, and nothing that must stay out."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")


def locked_names(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (PROJECT / lock).read_text(), re.MULTILINE))


def wanted_names(requirements: list[str]) -> set[str]:
    names = (re.match(r"[\w-]+", requirement) for requirement in requirements)
    return {match.group().lower().replace("_", "-") for match in names if match}


def test_locks_hold_all_that_is_asked_for() -> None:
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    project = settings["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["sample"]]
    assert wanted_names(asked) <= locked_names("requirements.lock")
    groups = settings["dependency-groups"]
    assert wanted_names(groups["dev"]) <= locked_names("requirements-dev.lock")
    assert wanted_names(groups["build"]) == locked_names("requirements-build.lock")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("opencv-python", "needs libGL and owns the folder cv2 too"),
        ("imageio-ffmpeg", "carries a second FFmpeg"),
        ("openvino-telemetry", "efface reports nothing to anybody"),
    ],
)
def test_what_must_stay_out_is_in_no_lock(name: str, reason: str) -> None:
    assert all(name not in locked_names(lock) for lock in LOCKS), reason


@pytest.mark.parametrize("lock", LOCKS)
def test_every_distribution_is_hashed_and_no_host_is_named(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    assert "://" not in text
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_shared_distributions_have_one_version() -> None:
    versions: dict[str, str] = {}
    for lock in LOCKS:
        for name, version in re.findall(
            r"^([a-z0-9-]+)==([^ ;\\]+)", (PROJECT / lock).read_text(), re.MULTILINE
        ):
            assert versions.setdefault(name, version) == version, name
