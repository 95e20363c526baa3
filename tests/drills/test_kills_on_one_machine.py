"""Twenty kills of worker and API while five jobs run on SQLite: all outputs right, each published once."""

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from efface.index.model import FaceIndex
from tests.drills.drill import (
    SETTINGS,
    PatientClient,
    Started,
    assert_redacted,
    assert_same_index,
    children_of,
    kill_hard,
    ready_line,
    reference_index,
    sha256_of,
)
from tests.live_service import LiveService
from tests.storage.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.weights]

NUM_KILLS = 20
CLIPS = ("hamilton_whitehouse_4shots.mp4", "crying_laughing_hands_on_face.mp4", "portrait_zoom_out.mp4")


@pytest.fixture(scope="module")
def clips(shared: Path) -> list[Path]:
    return [shared / "media" / "faces_video" / name for name in CLIPS]


@pytest.fixture(scope="module")
def references(clips: list[Path]) -> dict[str, FaceIndex]:
    return {clip.name: reference_index(clip) for clip in clips}


def test_twenty_kills_on_sqlite(clips: list[Path], references: dict[str, FaceIndex], tmp_path: Path) -> None:
    port, data, log = free_port(), tmp_path / "data", tmp_path / "serve.log"
    before = {clip: sha256_of(clip) for clip in clips}
    serve = Started.start(
        "serve", "--data", str(data), "--port", str(port), "--json", settings=SETTINGS, log=log
    )
    told = ready_line(log)
    service = LiveService(
        None,
        told["url"],
        told["location"],
        told["accountId"],
        told["subscriptionKey"],
        data,
    )
    client = PatientClient((told["url"],), service.token())
    account = service.account_path
    try:
        # Three that are indexed already are redacted while two others are indexed: five mixed jobs.
        ready = [client.upload(account, clip, clip.stem) for clip in clips]
        wait(lambda: all(client.is_processed(account, video) for video in ready), 300)
        black = {"faces": {"blurringKind": "Black"}}
        jobs = [
            client.redact(account, video, f"safe {clip.stem}", black)
            for video, clip in zip(ready, clips, strict=True)
        ]
        again = [client.upload(account, clip, f"again {clip.stem}") for clip in clips[:2]]

        chance = random.Random(20261124)
        for number in range(NUM_KILLS):
            time.sleep(chance.uniform(0.2, 3.0))
            workers = children_of(serve.process.pid)
            if number % 4 == 3 or not workers:
                serve.kill()
                serve.again()
            else:
                kill_hard(workers[0])

        wait(lambda: all(client.is_processed(account, video) for video in again), 300)
        results = [wait(partial(client.result_of, job), 300) for job in jobs]

        for clip, result in zip(clips, results, strict=True):
            redacted = client.fetch(result, tmp_path / f"{clip.stem}.mp4")
            assert_redacted(clip, redacted, references[clip.name])
        for clip, video in zip(clips, again, strict=False):
            served = client.fetch(
                f"{account}/Videos/{video}/ArtifactUrl?type=Metadata", tmp_path / "index.json"
            )
            assert_same_index(served, references[clip.name])
        for clip, video in zip(clips, ready, strict=True):
            back = client.fetch(f"{account}/Videos/{video}/SourceFile/DownloadUrl", tmp_path / "back")
            assert sha256_of(back) == before[clip] == sha256_of(clip)
        listed = client.get(f"{account}/Videos?pageSize=100").json()["results"]
        assert len(listed) == 8
        assert {video["state"] for video in listed} == {"Processed"}
        # Each video has one file, and nothing of the jobs is left.
        sources = [path for path in (data / "objects").rglob("source/*") if path.is_file()]
        assert len(sources) == 8
        # What a kill has left between the end of a job and that is swept a little later.
        wait(lambda: not any(path.is_file() for path in (data / "objects" / "jobs").rglob("*")), 60)
    finally:
        client.close()
        code = serve.end()
    assert code == 0


def wait(look: Callable[[], Any], limit_s: float) -> Any:
    """What ``look`` gives once that is true."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        if found := look():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {limit_s} s")
