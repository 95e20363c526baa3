"""A child process that does as a test has written: ``python scripted_child.py FOLDER``.

It writes ``log`` (one line per start and end) and does what ``script.json`` says of an order; its keys are tried from
``<job id>/<order>`` to ``<order>``, where an order is ``plan``, ``s0``, ``whole-s0`` and so on.
"""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from efface.domain.errors import RequestError, ServiceUnavailableError
from efface.jobs import serve_orders
from efface.ports import Progress

SOURCE = {"key": "k", "size_bytes": 1, "sha256": "0" * 64, "md5": None}
MEDIA = {"duration_s": 1.0, "width": 2, "height": 2, "num_frames": 20}
FRAMES_PER_SEGMENT = 10


def name_of(order: Mapping[str, Any]) -> str:
    """Short name of an order."""
    whole = "whole-" if order["is_whole"] else ""
    part = order["stage"] if order["segment"] is None else f"s{order['segment']}"
    return f"{whole}{part}"


def write_log(folder: Path, line: str) -> int:
    """Add a line whole; gives how many times it was there before."""
    with (folder / "log").open("a+") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        log.seek(0)
        num_before = log.read().split("\n").count(line)
        log.write(f"{line}\n")
        log.flush()
    return num_before


def write_pid(path: Path) -> None:
    """Note which process this is."""
    draft = path.with_name(f"new-{path.name}-{os.getpid()}")
    draft.write_text(str(os.getpid()))
    draft.rename(path)


def perform(folder: Path, order: dict[str, Any], progress: Progress) -> Mapping[str, Any]:
    """Do what the script says."""
    job_id, name = order["job"]["job_id"], name_of(order)
    script = json.loads((folder / "script.json").read_text())
    action: dict[str, Any] = script.get(f"{job_id}/{name}", script.get(name, {}))
    # Before the line, whole: whoever has read that asks for it.
    write_pid(folder / f"pid-{job_id}-{name}")
    num_before = write_log(folder, f"start {job_id} {name}")
    print("a library prints to stdout", flush=True)
    progress.report("index", action.get("progress", 3), None)
    while "until" in action and not (folder / action["until"]).exists():
        time.sleep(0.01)
    if num_before < action.get("crashes", 0):
        os.kill(os.getpid(), signal.SIGKILL)
    if num_before < action.get("outages", 0):
        raise ServiceUnavailableError("the store does not answer")
    if "refusal" in action:
        raise RequestError(action["refusal"])
    if "fault" in action:
        raise KeyError(action["fault"])
    time.sleep(action.get("takes_s", 0))
    write_log(folder, f"end {job_id} {name}")
    return _result(order, action)


def _result(order: Mapping[str, Any], action: Mapping[str, Any]) -> Mapping[str, Any]:
    match order["stage"]:
        case "fetch":
            return {"source": SOURCE}
        case "plan":
            num_segments = 1 if order["is_whole"] else action.get("segments", 2)
            return {"num_frames": [FRAMES_PER_SEGMENT] * num_segments}
        case "segment":
            return {"num_frames": FRAMES_PER_SEGMENT, "is_exact": action.get("is_exact", True)}
        case _:
            return {"outcome": _outcome(order)}


def _outcome(order: Mapping[str, Any]) -> Mapping[str, Any]:
    outcome = {"source": SOURCE, "media": MEDIA, "has_stream": False, "thumbnail_id": None}
    if order["job"]["kind"] == "Index":
        outcome |= {"version": 1, "has_faces_index": True}
    return outcome


if __name__ == "__main__":
    serve_orders(lambda order, progress: perform(Path(sys.argv[1]), order, progress))
