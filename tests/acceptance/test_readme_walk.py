"""The README's walk through the service, pasted into a shell as it stands."""

import re
import shutil
import subprocess
from pathlib import Path

import av
import pytest

from tests import live_service

pytestmark = [pytest.mark.weights, pytest.mark.slow]

README = Path(__file__).parents[2] / "README.md"


def test_commands_of_the_readme_lead_to_a_redacted_clip(sample_clip: Path, tmp_path: Path) -> None:
    walk, in_one_call = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert shutil.which("curl"), "the walk needs curl"
    shutil.copy(sample_clip, tmp_path / "clip.mp4")
    with live_service.running(tmp_path / "data") as service:
        told = f"URL={service.url} ACCOUNT={service.account_id} KEY={service.key}"
        script, num_places = re.subn(r"^URL=.*$", told, walk, flags=re.MULTILINE)
        assert num_places == 1
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script + in_one_call],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert '"redaction":{"jobId":' in done.stdout
    with av.open(str(tmp_path / "safe.mp4"), "r") as container:
        assert sum(1 for _ in container.decode(video=0)) == 100
