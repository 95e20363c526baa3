"""On what and with what a benchmark ran; no name of a machine or a person."""

import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import efface

PACKAGES = ("av", "openvino", "onnxruntime", "opencv-python-headless", "numpy", "dlib-bin")


def today() -> str:
    """Date in UTC, as 2026-01-31."""
    return datetime.now(UTC).date().isoformat()


def describe_machine() -> str:
    """Processor, cores that this process may use, memory, system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = f", {_memory_gib():.0f} GiB" if _memory_gib() else ""
    return f"{_processor()}, {cores} cores{memory}, {platform.system()}"


def describe_versions(packages: Sequence[str] = PACKAGES) -> str:
    """Versions of Python, efface and the libraries under it."""
    found = [f"Python {sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"]
    found.append(f"efface {efface.__version__}")
    for name in packages:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return ", ".join(found)


def load_per_core() -> float:
    """Runnable processes per core over the last minute: above 1 the figures are not to be trusted."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def _processor() -> str:
    lines = _lines("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory_gib() -> float:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) / 1024**2
    return 0.0


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
