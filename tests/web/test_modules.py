"""The pages' modules that need no browser, tried in node where there is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="no node")
@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("*.test.mjs")))
def test_modules_do_what_they_promise(file: str) -> None:
    assert NODE is not None
    found = subprocess.run(
        [NODE, "--test", "--test-reporter=tap", FOLDER / file],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 0, found.stdout + found.stderr
