"""Live events: what listeners are told, how often the catalogue is asked, and how streams end."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from efface.api import server
from efface.api.live_events import LiveEvents
from efface.api.server import address_of, bind, run_server
from efface.domain.errors import ServiceUnavailableError
from efface.domain.service import Failure, IndexOutcome, Job, JobState, MediaFacts, Video
from tests.fakes.api_in_process import ApiInProcess, Ticks


class Counting:
    """A catalogue that counts how often it is looked into."""

    def __init__(self, catalogue: Any) -> None:
        self._catalogue = catalogue
        self.num_looks = 0
        self.is_away = False

    def active_jobs(self, *given: Any) -> Any:
        self.num_looks += 1
        if self.is_away:
            raise ServiceUnavailableError("the database does not answer")
        return self._catalogue.active_jobs(*given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalogue, name)


def text_of(changed: Video | Job) -> str:
    name = changed.video_id if isinstance(changed, Video) else "job"
    return f"{name} {changed.state.value} {changed.progress}"


class Listening:
    """Events over a catalogue, with a clock that runs as fast as the test looks at it."""

    def __init__(self, api: ApiInProcess, **limits: Any) -> None:
        self.api = api
        self.catalogue = Counting(api.catalogue)
        self.ticks = Ticks()
        chosen = {"max_listeners": 3, "lifetime_s": 1000.0, **limits}
        self.events = LiveEvents(
            self.catalogue,
            api.clock,
            api.context.stopping,
            text_of,
            monotonic=self.ticks,
            **chosen,
        )
        self.streams: list[AsyncIterator[str]] = []

    async def open(self) -> AsyncIterator[str]:
        stream = self.events.listen(self.api.account.account_id)
        self.streams.append(stream)
        assert await anext(stream) == "retry: 2000\n\n"
        return stream

    async def next(self, stream: AsyncIterator[str]) -> str:
        """The next thing told, while time passes."""
        told = asyncio.ensure_future(anext(stream))
        while not told.done():
            self.ticks.seconds += 0.5
            await asyncio.wait({told}, timeout=0.02)
        return told.result()

    async def close(self) -> None:
        for stream in self.streams:
            await stream.aclose()  # type: ignore[attr-defined]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sleeps take no time; the ticks are moved by hand."""
    really = asyncio.sleep
    monkeypatch.setattr("efface.api.live_events.asyncio.sleep", lambda _seconds: really(0.005))


def job_of(api: ApiInProcess, video: Video) -> Job:
    (job,) = api.catalogue.jobs_of_video(video.account_id, video.video_id)
    return job


def finished(api: ApiInProcess, job: Job, video: Video) -> None:
    assert video.source
    outcome = IndexOutcome(1, video.source, MediaFacts(1.0, 64, 48, 25), True, False, None)
    assert api.catalogue.finish_index(job.job_id, outcome) is not None


@pytest.mark.usefixtures("quick")
def test_what_is_under_way_is_told_first_and_then_each_change(api: ApiInProcess) -> None:
    api.indexed("long ago")
    api.clock.time += timedelta(hours=1)
    video = api.upload()
    job = job_of(api, video)

    async def listen() -> list[str]:
        listening = Listening(api)
        stream = await listening.open()
        told = [await listening.next(stream) for _ in range(2)]
        api.catalogue.begin_job(job.job_id)
        api.catalogue.set_segments(job.job_id, [100])
        api.catalogue.report_segment(job.job_id, 0, 50, 1.0)
        told += [await listening.next(stream) for _ in range(2)]
        finished(api, job, video)
        told += [await listening.next(stream) for _ in range(2)]
        await listening.close()
        return told

    name = video.video_id
    told = asyncio.run(listen())
    progress = told[2].rpartition(" ")[2]
    assert 1 <= int(progress) <= 95
    assert told == [
        f"{name} Uploaded 0",
        "job Queued 0",
        f"{name} Processing {progress}",
        f"job Running {progress}",
        f"{name} Processed 100",
        "job Succeeded 100",
    ]


@pytest.mark.usefixtures("quick")
def test_job_that_began_long_ago_is_told_when_it_ends(api: ApiInProcess) -> None:
    video = api.upload()
    job = job_of(api, video)
    api.clock.time += timedelta(hours=5)

    async def listen() -> list[str]:
        listening = Listening(api)
        stream = await listening.open()
        assert [await listening.next(stream) for _ in range(2)][1] == "job Queued 0"
        assert api.catalogue.end_job(job.job_id, JobState.FAILED, Failure("NoVideoError", "no picture"))
        told = [await listening.next(stream) for _ in range(2)]
        await listening.close()
        return told

    assert asyncio.run(listen())[1] == "job Failed 0"


@pytest.mark.usefixtures("quick")
def test_listeners_share_a_look_and_nobody_costs_none(api: ApiInProcess) -> None:
    api.upload()

    async def listen() -> tuple[int, int]:
        listening = Listening(api)
        streams = [await listening.open() for _ in range(3)]
        for stream in streams:
            assert [await listening.next(stream) for _ in range(2)][1] == "job Queued 0"
        listening.catalogue.num_looks = 0
        began_s = listening.ticks.seconds
        waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        while listening.ticks.seconds < began_s + 10:
            listening.ticks.seconds += 0.25
            await asyncio.sleep(0.02)
        looks = listening.catalogue.num_looks
        await asyncio.wait(waiting, timeout=0)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await listening.close()
        assert listening.events._boards == {}
        listening.catalogue.num_looks = 0
        await asyncio.sleep(0.1)
        return looks, listening.catalogue.num_looks

    looks, looks_for_nobody = asyncio.run(listen())
    assert 5 <= looks <= 11
    assert looks_for_nobody == 0


@pytest.mark.usefixtures("quick")
def test_silence_is_broken_and_a_database_that_is_away_is_waited_for(api: ApiInProcess) -> None:
    async def listen() -> None:
        listening = Listening(api)
        stream = await listening.open()
        listening.catalogue.is_away = True
        before_s = listening.ticks.seconds
        assert await listening.next(stream) == ": still here\n\n"
        assert 15 <= listening.ticks.seconds - before_s < 20
        listening.catalogue.is_away = False
        video = await asyncio.to_thread(api.upload)
        assert await listening.next(stream) == f"{video.video_id} Uploaded 0"
        await listening.close()

    asyncio.run(listen())


@pytest.mark.usefixtures("quick")
def test_stream_ends_with_the_life_of_a_token(api: ApiInProcess) -> None:
    async def listen() -> float:
        listening = Listening(api, lifetime_s=5.0)
        stream = await listening.open()
        before_s = listening.ticks.seconds
        with pytest.raises(StopAsyncIteration):
            await listening.next(stream)
        return listening.ticks.seconds - before_s

    assert 5 <= asyncio.run(listen()) < 8


@pytest.mark.usefixtures("quick")
def test_nothing_of_another_account_is_told(api: ApiInProcess) -> None:
    mine, (api.account, _) = api.account, api.add_account("Other")
    api.upload("theirs")
    api.account = mine
    video = api.upload("mine")

    async def listen() -> list[str]:
        listening = Listening(api)
        stream = await listening.open()
        told = [await listening.next(stream) for _ in range(3)]
        await listening.close()
        return told

    assert asyncio.run(listen()) == [f"{video.video_id} Uploaded 0", "job Queued 0", ": still here\n\n"]


def events_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("event: ")]
    return [
        (lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in blocks
    ]


def heard(api: ApiInProcess, url: str, num_events: int, **request: Any) -> list[tuple[str, dict[str, Any]]]:
    text = ""
    with httpx.stream("GET", f"{url}{api.path}/Events", timeout=10, **request) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        for piece in answer.iter_text():
            text += piece
            if len(events_in(text)) >= num_events:
                break
    return events_in(text)


def test_events_over_the_wire(api: ApiInProcess, serve_live: Callable[[FastAPI], str]) -> None:
    video = api.upload()
    failed = api.upload()
    api.catalogue.end_job(job_of(api, failed).job_id, JobState.FAILED, Failure("NoVideoError", "no picture"))
    url = serve_live(api.app)
    events = heard(api, url, 4, params={"accessToken": api.token()})
    job, failed_job = job_of(api, video), job_of(api, failed)
    assert ("video", {"id": video.video_id, "state": "Uploaded", "processingProgress": "0%"}) in events
    under_way = {"jobType": "Indexing", "state": "Processing", "progress": 0}
    assert ("job", {"id": job.job_id, **under_way, "videoId": video.video_id}) in events
    bad = {
        "id": failed.video_id,
        "state": "Failed",
        "processingProgress": "0%",
        "failureMessage": "no picture",
    }
    assert ("video", bad) in events
    ended = {"jobType": "Indexing", "state": "Failed", "progress": 0, "videoId": failed.video_id}
    assert ("job", {"id": failed_job.job_id, **ended, "error": "no picture"}) in events
    # The listener that has gone is forgotten.
    end_s = time.monotonic() + 5
    while api.context.events._boards and time.monotonic() < end_s:
        time.sleep(0.02)
    assert api.context.events._boards == {}


def test_account_has_a_limit_of_listeners(api: ApiInProcess, serve_live: Callable[[FastAPI], str]) -> None:
    api.serve(max_listeners=1)
    api.upload()
    url = f"{serve_live(api.app)}{api.path}/Events"
    with httpx.stream("GET", url, headers=api.authorized()) as answer:
        # Kept, because an iterator that is collected closes its connection.
        pieces = answer.iter_text()
        assert next(pieces)
        refused = httpx.get(url, headers=api.authorized())
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "15")


def test_server_does_not_wait_for_listeners(api: ApiInProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals reach main threads only, so that the server is told to end without one."""
    started: list[server._Server] = []

    class Noted(server._Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            started.append(self)

    monkeypatch.setattr(server, "_Server", Noted)
    monkeypatch.setattr("efface.api.server.signal.signal", lambda *_: None)
    listener = bind("127.0.0.1", 0)
    serving = threading.Thread(target=run_server, args=(api.app, listener, lambda: None), daemon=True)
    serving.start()
    while not started:
        time.sleep(0.01)
    with httpx.stream("GET", f"{address_of(listener)}{api.path}/Events", headers=api.authorized()) as answer:
        pieces = answer.iter_text()
        assert next(pieces)
        began_s = time.monotonic()
        started[0].should_exit = True
        assert all(pieces)
    serving.join(5)
    assert not serving.is_alive()
    assert time.monotonic() - began_s < 3
