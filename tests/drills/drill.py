"""What both kill drills do: jobs over HTTP while processes are killed, and what must be true afterwards."""

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np

from efface.domain.redaction import RedactionRequest
from efface.index.codec import decode_index
from efface.index.model import FaceIndex
from efface.pipeline import index_video
from efface.plan import plan_redaction
from efface.ports import SilentProgress
from tests.live_service import PROGRAM, environment

SEGMENT_S = 2.0
"""Short, so that short clips have several segments and a kill hits some of them in the middle."""
SETTINGS = {
    "EFFACE_INDEX_SEGMENT_S": str(SEGMENT_S),
    "EFFACE_RENDER_SEGMENT_S": str(SEGMENT_S),
    "EFFACE_RATE_PER_S": "0",
    "EFFACE_RATE_PER_MIN": "0",
    "EFFACE_WEB_RATE_PER_S": "0",
    "EFFACE_WEB_RATE_PER_MIN": "0",
    "EFFACE_LOG_FORMAT": "json",
}


@dataclass
class Started:
    """A process of the service in a session of its own, so that it is killed alone."""

    command: tuple[str, ...]
    settings: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls, *command: str, settings: Mapping[str, str], log: Path) -> "Started":
        with log.open("ab") as output:
            process = subprocess.Popen(
                [PROGRAM, *command],
                stdout=output,
                stderr=output,
                env=environment(**settings),
                start_new_session=True,
            )
        return cls(command, settings, log, process)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def again(self) -> None:
        """Start it anew, as a supervisor does."""
        fresh = Started.start(*self.command, settings=self.settings, log=self.log)
        self.process = fresh.process

    def end(self) -> int:
        """End it in good order; gives its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            self.process.kill()


class PatientClient:
    """A client that tries again when a server is away, as clients in production do."""

    def __init__(self, urls: tuple[str, ...], token: str, limit_s: float = 60) -> None:
        self._urls, self._limit_s = urls, limit_s
        self._http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=20)
        self._turn = 0

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Reading may be repeated, so it is, at one server after another."""
        end_s = time.monotonic() + self._limit_s
        while True:
            self._turn += 1
            with suppress(httpx.TransportError):
                answer = self._http.get(self._urls[self._turn % len(self._urls)] + path, **options)
                if answer.status_code < 500:
                    return answer
            assert time.monotonic() < end_s, f"{path}: nobody answers"
            time.sleep(0.2)

    def upload(self, account: str, clip: Path, name: str) -> str:
        with clip.open("rb") as file:
            answer = self._http.post(
                f"{self._urls[0]}{account}/Videos", params={"name": name}, files={"file": (clip.name, file)}
            )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def redact(self, account: str, video_id: str, name: str, body: Mapping[str, Any]) -> str:
        answer = self._http.post(
            f"{self._urls[0]}{account}/Videos/{video_id}/redact", params={"name": name}, json=body
        )
        assert answer.status_code == 202, answer.text
        return "/" + answer.headers["Location"].split("/", 3)[3]

    def is_processed(self, account: str, video_id: str) -> bool:
        index = self.get(f"{account}/Videos/{video_id}/Index").json()
        assert index["state"] != "Failed", index["videos"][0]
        return bool(index["state"] == "Processed")

    def result_of(self, job_path: str) -> str | None:
        """Path of the finished video's DownloadUrl, None while the job goes on."""
        answer = self.get(job_path)
        if answer.status_code == 303:
            return "/" + answer.headers["Location"].split("/", 3)[3]
        assert answer.json()["state"] == "Processing", answer.text
        return None

    def fetch(self, path: str, target: Path) -> Path:
        """The bytes behind a path that answers a signed URL."""
        signed = self.get(path).json()
        target.write_bytes(self.get("/" + signed.split("/", 3)[3]).content)
        return target


def reference_index(clip: Path) -> FaceIndex:
    """What one process finds."""
    return index_video(clip, progress=SilentProgress(), detector=None, segment_s=SEGMENT_S).index


def assert_same_index(served: Path, reference: FaceIndex) -> None:
    """Same ids, and boxes within 2 px of what one process has found."""
    found = decode_index(served)
    assert found.face_ids == reference.face_ids
    assert found.shots == reference.shots
    assert [face.track_ids for face in found.faces] == [face.track_ids for face in reference.faces]
    assert found.timeline.pts.tolist() == reference.timeline.pts.tolist()
    for one, other in zip(found.tracks, reference.tracks, strict=True):
        assert (one.first_frame, one.end_frame) == (other.first_frame, other.end_frame)
        assert float(np.abs(one.boxes - other.boxes).max()) < 2


def assert_redacted(clip: Path, redacted: Path, reference: FaceIndex) -> None:
    """All frames there at their times, all masks black to the middle of each region, sound as it was."""
    plan = plan_redaction(reference, RedactionRequest())
    times: list[Fraction] = []
    with av.open(str(redacted)) as container:
        base = container.streams.video[0].time_base or Fraction(1)
        for index, frame in enumerate(container.decode(video=0)):
            assert frame.pts is not None
            times.append(frame.pts * base)
            luma = frame.to_ndarray(format="gray8")
            for region in plan.regions_at(index):
                x, y = (region.box[0] + region.box[2]) / 2, (region.box[1] + region.box[3]) / 2
                if 2 <= x < luma.shape[1] - 2 and 2 <= y < luma.shape[0] - 2:
                    assert luma[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].max() < 28, (index, region)
    timeline = reference.timeline
    assert times == [pts * timeline.time_base for pts in timeline.pts.tolist()]
    assert sound_of(redacted) == sound_of(clip)


def sound_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        tracks = container.streams.audio
        return [bytes(packet) for packet in container.demux(*tracks) if packet.size] if tracks else []


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ready_line(log: Path, limit_s: float = 60) -> dict[str, Any]:
    """The line of JSON that a process prints when it is ready."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        for line in log.read_text().splitlines() if log.exists() else []:
            if '"url"' in line and '"accountId"' in line:
                told: dict[str, Any] = json.loads(line)
                return told
        time.sleep(0.1)
    raise AssertionError(f"not ready: {log.read_text()[-2000:]}")


def children_of(pid: int) -> list[int]:
    """Processes that a process has started and that live."""
    found = []
    # Where it ends meanwhile, even looking for its files fails.
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(word) for word in path.read_text().split()]
    return found


def kill_hard(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
