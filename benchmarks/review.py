"""How the review page opens and scrolls with a video of two hours and 200 tracks.

Everything is real but the analysis, which would take an hour: the index is made up and put where a job would put it.
The browser runs on the cores of the service.

Run: python -m benchmarks.review [--hours 2] [--tracks 200]
"""

import argparse
import json
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.looping import loop_clip
from benchmarks.places import shared
from benchmarks.report import Result, Table, save_result, verdict
from efface.domain.geometry import Boxes, Size
from efface.domain.time import complete_pts
from efface.domain.track import FaceGroup, FaceTrack, Shot
from efface.index.codec import encode_index
from efface.index.model import FaceIndex
from efface.index.source import describe_source
from efface.media.packet_scan import scan_packets
from efface.media.probe import probe_video
from efface.storage import open_catalogue
from efface.storage.objects.folder import FolderObjectStore
from efface.usecases.insights_of_index import summarise
from efface.usecases.insights_shelf import INSIGHTS_FILE
from efface.usecases.object_keys import index_key
from efface.usecases.reading import INDEX_FILE
from tests import live_service
from tests.live_service import LiveService

_CLIP = "carphone_qcif.mp4"
_OPENED_S, _FRAME_MS = 2.0, 1000 / 60
_NUM_OPENED = 5
_SCROLL_S = 5
_FRAMES_WHILE = """async (seconds) => {
  const lanes = document.querySelector("#timeline .lanes");
  const box = lanes.getBoundingClientRect();
  const steps = [];
  let last = performance.now();
  const end = last + seconds * 1000;
  let i = 0;
  while (performance.now() < end) {
    const zoom = i % 60 < 30 ? -40 : 40;
    const where = { clientX: box.left + box.width * (0.2 + 0.6 * ((i * 7) % 100) / 100), clientY: box.top + 40 };
    const options = { ...where, deltaY: zoom, ctrlKey: i % 3 === 0, bubbles: true, cancelable: true };
    lanes.dispatchEvent(new WheelEvent("wheel", options));
    lanes.scrollTop = (i * 9) % Math.max(1, lanes.scrollHeight);
    const now = await new Promise(requestAnimationFrame);
    steps.push(now - last);
    last = now;
    i++;
  }
  return steps.slice(2);
}"""


@dataclass(frozen=True, slots=True)
class _Opening:
    """One opening of the page, in seconds from the click."""

    first_boxes_s: float
    people_s: float


def main() -> None:
    """Open the page some times, scroll, and write the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hours", type=float, default=2)
    options.add_argument("--tracks", type=int, default=200)
    told = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, clip = Path(folder, "data"), Path(folder, "long.mp4")
        num_frames = loop_clip(shared("media", "faces_video", _CLIP), clip, int(told.hours * 3600 * 30))
        with live_service.running(data, settings=live_service.UNLIMITED) as service:
            with service.caller() as caller:
                video_id = caller.upload(clip, indexingPreset="AudioOnly", streamingPreset="NoStreaming")
                caller.wait_for_index(video_id, 1200)
            boxes = put_index(service, video_id, clip, told.tracks)
            with browser_page(service) as page:
                openings = [open_review(page, service, video_id) for _ in range(_NUM_OPENED)]
                steps = page.evaluate(_FRAMES_WHILE, _SCROLL_S)
    first = max(opening.first_boxes_s for opening in openings[:1])
    again = statistics.median(opening.first_boxes_s for opening in openings[1:])
    slow = sum(step > 1.5 * _FRAME_MS for step in steps) / len(steps)
    rows = (
        ("first opening, until people and boxes show, s", verdict(first, _OPENED_S, at_most=True)),
        ("later openings, median, s", verdict(again, _OPENED_S, at_most=True)),
        (
            "timeline scrolled and zoomed: median frame, ms",
            verdict(statistics.median(steps), 17, at_most=True, digits=1),
        ),
        ("frames late by more than half of one", verdict(slow, 0.05, at_most=True)),
    )
    note = f"{num_frames:,} frames, {told.tracks} tracks, {boxes:,} boxes; headless Chromium, the service's own cores."
    save_result(
        Result("review", "The review page", (Table("Two hours, opened", ("what", "figure"), rows, (note,)),))
    )


def put_index(service: LiveService, video_id: str, clip: Path, num_tracks: int) -> int:
    """Put a made-up index where a job would put it; gives the number of boxes."""
    index = made_up_index(clip, num_tracks)
    with closing(open_catalogue(f"sqlite:///{service.data / 'catalogue.sqlite'}")) as catalogue:
        video = catalogue.video(service.account_id, video_id)
    objects = FolderObjectStore(service.data / "objects")
    version = video.index_version + 1
    objects.put_bytes(index_key(video, version, INDEX_FILE), "".join(encode_index(index)).encode())
    insights = json.dumps(summarise(index, (), (), ()).to_document()).encode()
    objects.put_bytes(index_key(video, version, INSIGHTS_FILE), insights)
    with closing(sqlite3.connect(service.data / "catalogue.sqlite")) as connection, connection:
        change = "UPDATE videos SET index_version = ?, has_faces_index = 1 WHERE video_id = ?"
        connection.execute(change, (version, video_id))
    return sum(track.num_frames for track in index.tracks)


def made_up_index(clip: Path, num_tracks: int) -> FaceIndex:
    """Tracks that begin one after the other, about ten of them at a time, each a person who walks about."""
    info, scan = probe_video(clip), scan_packets(clip)
    timeline = complete_pts([int(pts) for pts in scan.pts], info.time_base, info.frame_rate)
    size, num_frames = info.upright_size, timeline.num_frames
    random = np.random.default_rng(7)
    length = max(30, num_frames // max(1, num_tracks // 10))
    starts = np.linspace(0, num_frames - length, num_tracks).astype(int)
    tracks = tuple(
        FaceTrack(i + 1, int(start), _walk(random, length, size), np.full(length, 0.9, np.float32))
        for i, start in enumerate(starts)
    )
    faces = tuple(
        FaceGroup(1001 + i, (track.track_id,), track.first_frame, track.track_id)
        for i, track in enumerate(tracks)
    )
    return FaceIndex(
        source=describe_source(clip),
        size=size,
        timeline=timeline,
        frame_rate=Fraction(30),
        shots=(Shot(0, num_frames),),
        tracks=tracks,
        faces=faces,
        engine="made up",
    )


def _walk(random: np.random.Generator, length: int, size: Size) -> Boxes:
    at = np.cumsum(random.normal(0, 0.6, (length, 2)), axis=0) + random.uniform(0, 1, 2) * [
        size.width,
        size.height,
    ]
    at = np.abs(at % (2 * np.array([size.width, size.height])) - np.array([size.width, size.height]))
    return np.concatenate([at - 12, at + 12], axis=1).astype(np.float32)


@contextmanager
def browser_page(service: LiveService) -> Iterator[Page]:
    """A page of a browser that is signed in."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("no Chromium was found: install one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 950})
        page.goto(f"{service.url}/web/sign-in")
        page.fill("[name=account]", service.account_id)
        page.fill("[name=key]", service.key)
        page.click("button.primary")
        page.wait_for_url("**/web/library")
        yield page
        browser.close()


def open_review(page: Page, service: LiveService, video_id: str) -> _Opening:
    """Open the page of the video, and see when it shows people and boxes."""
    page.goto(f"{service.url}/web/library")
    start = time.perf_counter()
    page.goto(f"{service.url}/web/videos/{video_id}", wait_until="commit")
    page.wait_for_selector("efface-person", timeout=60_000)
    people_s = time.perf_counter() - start
    page.wait_for_function(_HAS_BOXES, timeout=60_000)
    return _Opening(time.perf_counter() - start, people_s)


_HAS_BOXES = """() => {
  const canvas = document.querySelector("efface-player canvas");
  if (!canvas || !canvas.width) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value !== 0);
}"""


if __name__ == "__main__":
    main()
