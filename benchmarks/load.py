"""How the API answers while a redaction runs beside it: job polls, long lists, a large upload.

Everything is real: a service in processes of its own, HTTP over loopback, a redaction that keeps the worker busy. The
caller runs on the cores of the service, so callers elsewhere get more.

Run: python -m benchmarks.load [--videos 100000] [--upload-mb 1000] [--seconds 20]
"""

import argparse
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from benchmarks.http_load import Load, measure_load
from benchmarks.looping import loop_clip
from benchmarks.places import shared
from benchmarks.report import Result, Table, save_result, verdict
from efface.domain.service import IndexOptions, Video, VideoDetails, VideoState
from efface.storage import open_catalogue
from tests import live_service
from tests.live_service import Caller, LiveService

_CLIP = "street_walking_1080p.mp4"
_CONNECTIONS = 8


def main() -> None:
    """Run all three and write the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--videos", type=int, default=100_000)
    options.add_argument("--upload-mb", type=int, default=1000)
    options.add_argument("--seconds", type=float, default=20)
    told = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        with (
            live_service.running(data, settings=live_service.UNLIMITED) as service,
            service.caller() as caller,
        ):
            fill_catalogue(service, told.videos)
            clip = Path(folder, "long.mp4")
            loop_clip(shared("media", "faces_video", _CLIP), clip, 3000)
            with busy_redaction(caller, clip) as job_url:
                rows = (
                    *polls(service, job_url, told.seconds),
                    *lists(service, told.videos, told.seconds),
                    upload(service, caller, Path(folder, "large.mp4"), told.upload_mb),
                )
            peaks = [_memory_mb(pid, "VmHWM") for pid in (api_of(service), worker_of(api_of(service)))]
    memory = f"Most memory: API process {peaks[0]:.0f} MB, worker {peaks[1]:.0f} MB."
    table = Table(
        "API beside a running redaction",
        ("what", "requests/s", "p50 ms", "p99 ms", "worst ms", "memory MB"),
        rows,
        (
            f"{_CONNECTIONS} connections, {told.seconds:g} s each; {told.videos:,} videos in the account. {memory}",
        ),
    )
    save_result(Result("load", "The service under load", (table,)))


def fill_catalogue(service: LiveService, num_videos: int) -> None:
    """Put many finished videos into the account."""
    path = service.data / "catalogue.sqlite"
    with closing(open_catalogue(f"sqlite:///{path}")) as catalogue:
        now = catalogue.account(service.account_id).created
        options = IndexOptions("Default", True, "Default", True)
        one = Video(
            "0" * 10, service.account_id, VideoDetails("clip"), options, now, now, VideoState.PROCESSED
        )
        catalogue.add_video(one)
    with closing(sqlite3.connect(path)) as connection, connection:
        # Copies of the row that the catalogue has written: one transaction a video would take minutes.
        cursor = connection.execute("SELECT * FROM videos WHERE video_id = ?", (one.video_id,))
        columns = [column[0] for column in cursor.description]
        row = dict(zip(columns, cursor.fetchone(), strict=True))
        places = ", ".join("?" * len(columns))
        copies = (row | {"video_id": f"{i:010x}", "name": f"clip {i}"} for i in range(1, num_videos))
        connection.executemany(
            f"INSERT INTO videos VALUES ({places})", ([copy[name] for name in columns] for copy in copies)
        )
        connection.execute("UPDATE accounts SET num_videos = num_videos + ?", (num_videos - 1,))


@contextmanager
def busy_redaction(caller: Caller, clip: Path) -> Iterator[str]:
    """A redaction that goes on while the block runs; gives the URL of its job."""
    video_id = caller.upload(clip, streamingPreset="NoStreaming")
    caller.wait_for_index(video_id, 1200)
    job_url = caller.redact(
        video_id, {"faces": {"blurringKind": "Black"}}, name="busy", streamingPreset="NoStreaming"
    )

    def has_begun() -> bool | None:
        answer = caller.http.get(job_url)
        return True if answer.status_code == 200 and answer.json()["progress"] > 1 else None

    live_service.wait_until(has_begun, 60, "redaction has begun")
    yield job_url
    answer = caller.http.get(job_url)
    if answer.status_code != 200:
        raise SystemExit("the redaction ended before the measurement did: loop the clip for longer")


def polls(service: LiveService, job_url: str, seconds: float) -> Iterator[tuple[str, ...]]:
    """Clients that poll a job."""
    headers = {"Authorization": f"Bearer {service.token()}"}
    load = measure_load(job_url, headers, connections=_CONNECTIONS, seconds=seconds)
    yield _row("GET Jobs/{id}", load, per_s=300, p99_ms=100)


def lists(service: LiveService, num_videos: int, seconds: float) -> Iterator[tuple[str, ...]]:
    """Clients that list videos, at the start and at the end of the list."""
    headers = {"Authorization": f"Bearer {service.token()}"}
    for what, skip in (("first page", 0), ("last page", max(0, num_videos - 25))):
        url = f"{service.url}{service.account_path}/Videos?pageSize=25&skip={skip}"
        load = measure_load(url, headers, connections=1, seconds=seconds / 2)
        yield _row(f"List, {what}", load, p99_ms=50)


def upload(service: LiveService, caller: Caller, file: Path, size_mb: int) -> tuple[str, ...]:
    """One large upload; how much memory it takes the API process."""
    with file.open("wb") as written:
        for _ in range(size_mb):
            written.write(os.urandom(1_000_000))
    pid = api_of(service)
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM counts from now on
    start = time.perf_counter()
    video_id = caller.upload(file, name="large")
    wall_s = time.perf_counter() - start
    peak = _memory_mb(pid, "VmHWM")
    caller.http.delete(f"{service.account_path}/Videos/{video_id}")
    return (
        f"upload of {size_mb} MB, {size_mb / wall_s:.0f} MB/s", "", "", "", "",
        verdict(peak, 300, at_most=True, digits=0),
    )  # fmt: skip


def api_of(service: LiveService) -> int:
    """Process id of `efface serve`."""
    assert service.process is not None
    return service.process.pid


def worker_of(api_pid: int) -> int:
    """Process id of the worker that `efface serve` has started."""
    children = Path(f"/proc/{api_pid}/task").glob("*/children")
    return next(int(pid) for path in children for pid in path.read_text().split())


def _row(what: str, load: Load, *, p99_ms: float, per_s: float | None = None) -> tuple[str, ...]:
    rate = f"{load.per_s:.0f}" if per_s is None else verdict(load.per_s, per_s, at_most=False, digits=0)
    return (
        what, rate, f"{load.p50_ms:.1f}", verdict(load.p99_ms, p99_ms, at_most=True, digits=1),
        f"{load.worst_ms:.0f}", "",
    )  # fmt: skip


def _memory_mb(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


if __name__ == "__main__":
    main()
