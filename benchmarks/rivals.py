"""deface, the rival to compare with, in an environment of its own."""

import subprocess
import sys
from pathlib import Path

from benchmarks.places import CACHE

_DEFACE = "deface==1.5.0"


def install_deface(folder: Path = CACHE / "deface-venv") -> Path:
    """The deface program, installed on first use.

    Its opencv-python needs a display library that servers lack, so the headless build takes its place.
    """
    program = folder / "bin" / "deface"
    ready = folder / ".ready"
    if ready.exists():
        return program
    print(f"installing {_DEFACE} into {folder}", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", _DEFACE, "onnxruntime"], check=True)
    subprocess.run([*pip, "uninstall", "--yes", "opencv-python", "opencv-python-headless"], check=True)
    subprocess.run([*pip, "install", "opencv-python-headless"], check=True)
    ready.touch()
    return program


def deface_version(program: Path) -> str:
    """As ``deface 1.5.0 on onnxruntime 1.20.0``."""
    names = "version('deface'), 'on onnxruntime', version('onnxruntime')"
    script = f"from importlib.metadata import version; print('deface', {names})"
    python = program.with_name("python")
    return subprocess.run(
        [str(python), "-c", script], check=True, capture_output=True, text=True
    ).stdout.strip()
