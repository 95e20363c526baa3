"""Previews and followed regions over HTTP, by a studio that does as a test has written."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from efface.api.access import Permission
from efface.domain.edits import FollowedRegion, LossReason, LostRegion
from efface.domain.errors import Cancelled, DamagedMediaError, EffaceError, ServiceUnavailableError
from efface.domain.redaction import BlurringKind
from efface.domain.service import Video
from efface.ports import FollowOrder, Progress, StillOrder
from tests.fakes.api_in_process import ApiInProcess
from tests.unit.api.routes.test_edits import region, save


@dataclass
class WrittenStudio:
    """Fulfils ``Studio``: notes the orders, and gives what it is told to give."""

    stills: list[StillOrder] = field(default_factory=list)
    follows: list[FollowOrder] = field(default_factory=list)
    error: EffaceError | None = None
    waits: bool = False
    """True: it follows until it is stopped."""
    stopped: threading.Event = field(default_factory=threading.Event)
    deletes: Callable[[], object] | None = None

    def still(self, order: StillOrder, progress: Progress) -> bytes:
        self.stills.append(order)
        try:
            while self.waits:
                progress.report("still", 0, None)
                time.sleep(0.01)
        except Cancelled:
            self.stopped.set()
            raise
        if self.error:
            raise self.error
        return b"\xff\xd8still"

    def follow(self, order: FollowOrder, progress: Progress) -> tuple[FollowedRegion, ...]:
        self.follows.append(order)
        try:
            progress.report("follow", 1, 40)
            time.sleep(0.02)
            while self.waits:
                progress.report("follow", 2, 40)
                time.sleep(0.01)
        except Cancelled:
            self.stopped.set()
            raise
        if self.error:
            raise self.error
        if self.deletes:
            self.deletes()
        drawn = order.region.keyframes[0]
        lost = (LostRegion(order.region.end_frame - 5, LossReason.SIGHT),)
        return (FollowedRegion(drawn.frame_index, np.array([drawn.box, drawn.box], np.float32), lost),)


@pytest.fixture
def studio(api: ApiInProcess) -> Iterator[WrittenStudio]:
    written = WrittenStudio()
    api.services = replace(api.services, studio=written)
    api.serve()
    yield written
    written.waits = False


def preview(api: ApiInProcess, video: Video, **body: Any) -> httpx.Response:
    return api.call("POST", f"/Videos/{video.video_id}/Preview", json=body)


def follow(api: ApiInProcess, video: Video, **changes: Any) -> httpx.Response:
    drawn = {key: value for key, value in region(is_followed=True, **changes).items() if key != "id"}
    return api.call("POST", f"/Videos/{video.video_id}/Regions/Follow", json={"region": drawn})


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


# -- previews


def test_preview_is_the_frame_of_the_order_and_is_kept_by_nobody(
    api: ApiInProcess, studio: WrittenStudio
) -> None:
    video = api.indexed()
    answer = preview(api, video, frame=7, redaction={"faces": {"blurringKind": "Black"}}, maxSide="640")
    assert (answer.content, answer.headers["content-type"]) == (b"\xff\xd8still", "image/jpeg")
    assert answer.headers["cache-control"] == "no-store"
    (order,) = studio.stills
    assert video.source
    assert (order.frame_index, order.max_side, order.edits) == (7, 640, None)
    assert order.request.kind is BlurringKind.BLACK
    assert order.video.source_key == video.source.key
    assert order.video.index_key.endswith(f"{video.video_id}/index/1/index.json")


def test_preview_applies_saved_and_given_corrections(api: ApiInProcess, studio: WrittenStudio) -> None:
    video = api.indexed()
    save(api, video, 0, removed_tracks=[2])
    answer = preview(api, video, frame=0, redaction={"faces": {}, "edits": True, "regions": [region()]})
    assert answer.status_code == 200
    edits = studio.stills[0].edits
    assert edits is not None
    assert (edits.removed_tracks, len(edits.regions)) == ((2,), 1)
    assert "X-Efface-Waiting-Regions" not in answer.headers


def test_region_that_waits_shows_where_it_was_drawn_and_is_told(
    api: ApiInProcess, studio: WrittenStudio
) -> None:
    video = api.indexed()
    body = {"regions": [region(3, is_followed=True)]}
    assert preview(api, video, frame=20, redaction=body).headers["X-Efface-Waiting-Regions"] == "3"
    edits = studio.stills[0].edits
    assert edits is not None
    (part,) = edits.regions[0].path or ()
    assert (part.first_frame, part.end_frame) == (20, 21)
    follow(api, video)
    assert "X-Efface-Waiting-Regions" not in preview(api, video, frame=20, redaction=body).headers


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"redaction": {"faces": {}}}, "'frame'"),
        ({"frame": -1, "redaction": {"faces": {}}}, "'frame'"),
        ({"frame": 301, "redaction": {"faces": {}}}, "0 to 300"),
        ({"frame": 1}, "'redaction'"),
        ({"frame": 1, "redaction": {}}, "'faces'"),
        ({"frame": 1, "redaction": {"faces": {}}, "maxSide": 10}, "'maxSide'"),
        ({"frame": 1, "redaction": {"faces": {}}, "width": 10}, "'width'"),
        (
            {"frame": 1, "redaction": {"faces": {"filter": {"ids": [9], "scope": "Include"}}}},
            "9 is not in the",
        ),
        ({"frame": 1, "redaction": {"faces": False, "edits": True}}, "neither faces"),
    ],
)
def test_preview_that_cannot_be_is_refused_by_name(
    api: ApiInProcess, studio: WrittenStudio, body: dict[str, Any], words: str
) -> None:
    answer = preview(api, api.indexed(), **body)
    assert (answer.status_code, answer.json()["ErrorType"]) == (400, "INVALID_INPUT")
    assert words in answer.json()["Message"]
    assert studio.stills == []


def test_video_that_cannot_be_decoded_is_told(api: ApiInProcess, studio: WrittenStudio) -> None:
    studio.error = DamagedMediaError("clip.mp4 takes too long to be decoded here: use another copy")
    answer = preview(api, api.indexed(), frame=1, redaction={"faces": {}})
    assert (answer.status_code, answer.json()["Message"]) == (400, str(studio.error))


def test_video_without_its_file_has_no_previews(api: ApiInProcess, studio: WrittenStudio) -> None:
    video = api.indexed()
    api.call("DELETE", f"/Videos/{video.video_id}/SourceFile")
    assert preview(api, video, frame=1, redaction={"faces": {}}).status_code == 410
    assert follow(api, video).status_code == 410


def test_public_video_is_looked_into_by_those_with_a_token_only(
    api: ApiInProcess, studio: WrittenStudio
) -> None:
    video = api.indexed(privacy="Public")
    url = f"{api.path}/Videos/{video.video_id}/Preview"
    body = {"frame": 1, "redaction": {"faces": {}}}
    assert api.ask("POST", url, json=body).status_code == 401
    reader = api.authorized(permission=Permission.READER)
    assert api.ask("POST", url, json=body, headers=reader).status_code == 200
    assert (
        api.ask("POST", f"{api.path}/Videos/{video.video_id}/Regions/Follow", headers=reader).status_code
        == 401
    )


# -- regions


def test_region_is_followed_line_by_line_and_known_from_then_on(
    api: ApiInProcess, studio: WrittenStudio
) -> None:
    video = api.indexed()
    *progress, last = lines(follow(api, video))
    assert progress in ([{"done": 1, "total": 40}], []), "a busy machine may be late"
    assert last == {"path": "followed", "parts": [[20, 22]], "lost": [{"frame": 45, "reason": "sight"}]}
    # Another number, label or kind leads the same way; the document needs no path.
    save(api, video, 0, regions=[region(8, label="x", kind="Black", is_followed=True), region(2)])
    found = api.call("GET", f"/Videos/{video.video_id}/Tracks").json()["regions"]
    assert [(each["id"], each["state"], each["parts"]) for each in found] == [
        (8, "followed", [[20, 22]]),
        (2, "fixed", [[10, 50]]),
    ]
    assert found[0]["lost"] == last["lost"]
    runs = api.call("GET", f"/Videos/{video.video_id}/Tracks/0").json()["regions"]
    assert [(run["id"], run["firstFrame"], len(run["boxes"])) for run in runs] == [(8, 20, 8), (2, 10, 160)]
    assert lines(follow(api, video, label="again"))[-1] == last
    assert len(studio.follows) == 1


def test_region_drawn_elsewhere_is_followed_anew(api: ApiInProcess, studio: WrittenStudio) -> None:
    video = api.indexed()
    follow(api, video)
    moved = [{"frame": 20, "box": [100, 100, 141.5, 120]}]
    save(api, video, 0, regions=[region(is_followed=True, keyframes=moved)])
    (waiting,) = api.call("GET", f"/Videos/{video.video_id}/Tracks").json()["regions"]
    assert (waiting["state"], waiting["parts"]) == ("waiting", [])
    assert lines(follow(api, video, keyframes=moved))[-1]["path"] == "followed"
    assert len(studio.follows) == 2


def test_redaction_uses_the_path_that_is_known(api: ApiInProcess, studio: WrittenStudio) -> None:
    video = api.indexed()
    follow(api, video)
    answer = api.call(
        "POST", f"/Videos/{video.video_id}/redact", json={"regions": [region(is_followed=True)]}
    )
    assert answer.status_code == 202
    (frozen,) = [content for key, content in api.objects.content.items() if "/order/" in key]
    assert json.loads(frozen)["regions"][0]["path"][0]["first_frame"] == 20


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            DamagedMediaError("clip.mp4 cannot be shown: it is damaged"),
            "clip.mp4 cannot be shown: it is damaged",
        ),
        (
            ServiceUnavailableError("10.0.0.3 is away"),
            "The region could not be followed just now: try again in a minute.",
        ),
    ],
)
def test_failure_on_the_way_is_the_last_line(
    api: ApiInProcess, studio: WrittenStudio, error: EffaceError, message: str
) -> None:
    studio.error = error
    assert lines(follow(api, api.indexed()))[-1] == {"error": message}
    assert not [key for key in api.objects.content if "/follow/" in key]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"end_frame": 400}, "the video has 301"),
        ({"keyframes": []}, "no key frame"),
        ({"kind": "Fog"}, "kind"),
    ],
)
def test_region_that_does_not_fit_is_refused_before_anything_is_decoded(
    api: ApiInProcess, studio: WrittenStudio, changes: dict[str, Any], words: str
) -> None:
    answer = follow(api, api.indexed(), **changes)
    assert (answer.status_code, words in answer.json()["Message"]) == (400, True), answer.text
    assert studio.follows == []


def test_fixed_region_is_not_followed(api: ApiInProcess, studio: WrittenStudio) -> None:
    video = api.indexed()
    answer = api.call("POST", f"/Videos/{video.video_id}/Regions/Follow", json={"region": region()})
    assert (answer.status_code, "is_followed" in answer.json()["Message"]) == (400, True)


def test_path_found_for_a_video_that_was_deleted_meanwhile_is_not_kept(
    api: ApiInProcess, studio: WrittenStudio
) -> None:
    video = api.indexed()
    studio.deletes = lambda: api.call("DELETE", f"/Videos/{video.video_id}")
    assert "error" in lines(follow(api, video))[-1]
    assert [key for key in api.objects.content if video.video_id in key] == []


def test_client_that_goes_away_stops_the_work(
    api: ApiInProcess, studio: WrittenStudio, serve_live: Callable[[FastAPI], str]
) -> None:
    video = api.indexed()
    studio.waits = True
    url = f"{serve_live(api.serve(request_limit_s=1.5))}{api.path}/Videos/{video.video_id}/Regions/Follow"
    drawn = region(is_followed=True)
    with (
        httpx.Client(timeout=20) as client,
        client.stream("POST", url, json={"region": drawn}, headers=api.authorized()) as answer,
    ):
        text = answer.iter_lines()
        told = (json.loads(line) for line in text)
        assert {"done": 2, "total": 40} in told
        # Longer than any other request may take.
        time.sleep(1.7)
        assert not studio.stopped.is_set()
    assert studio.stopped.wait(10)


def test_preview_that_nobody_waits_for_leaves_the_line(
    api: ApiInProcess, studio: WrittenStudio, serve_live: Callable[[FastAPI], str]
) -> None:
    video = api.indexed()
    studio.waits = True
    url = f"{serve_live(api.serve())}{api.path}/Videos/{video.video_id}/Preview"
    body = {"frame": 1, "redaction": {"faces": {}}}
    # Long enough for the request to be at work even on a busy machine.
    with httpx.Client(timeout=3) as client, pytest.raises(httpx.ReadTimeout):
        client.post(url, json=body, headers=api.authorized())
    assert studio.stopped.wait(10)
    studio.waits = False
    answer = httpx.post(url, json=body, headers=api.authorized(), timeout=20)
    assert answer.status_code == 200
