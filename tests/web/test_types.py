"""The types in the comments of the pages' modules hold, as TypeScript reads them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

COMPILER = os.environ.get("EFFACE_TSC") or shutil.which("tsc")


@pytest.mark.skipif(COMPILER is None, reason="no TypeScript: name its tsc in EFFACE_TSC")
def test_types_in_comments_hold() -> None:
    assert COMPILER is not None
    project = Path(__file__).with_name("tsconfig.json")
    found = subprocess.run(
        [COMPILER, "--project", project], capture_output=True, text=True, check=False, timeout=120
    )
    assert found.returncode == 0, found.stdout
