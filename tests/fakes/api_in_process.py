"""The API inside the test's process: a real catalogue, a store in memory, clocks that are moved by hand."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI

from efface.api.access import Permission, Scope
from efface.api.app import create_app
from efface.api.context import ApiContext
from efface.api.routes import ROUTERS
from efface.api.settings import ApiSettings, Rate
from efface.api.tokens import TokenClaims
from efface.domain.service import Account, IndexOutcome, MediaFacts, Video
from efface.storage import SqlCatalogue
from efface.usecases.accounts import create_account
from efface.usecases.insights import (
    Appearance,
    Face,
    FaceThumbnail,
    KeyFrame,
    Picture,
    ShotInsight,
    VideoInsights,
)
from efface.usecases.insights_shelf import INSIGHTS_FILE
from efface.usecases.object_keys import index_key, poster_key
from efface.usecases.reading import (
    FACE_PICTURES_FILE,
    FACES_FILE,
    INDEX_FILE,
    KEY_FRAME_PICTURES_FILE,
)
from efface.usecases.services import Services
from tests.fakes.memory_objects import MemoryObjects
from tests.fakes.noted_queue import NotedQueue
from tests.fakes.quick_studio import QuickStudio
from tests.fakes.sample_index import sample_index_file
from tests.storage.records import StillClock

HOST = "http://video.test"
UNLIMITED = Rate(0, 0)
FIRST_FACE = 1001


@dataclass
class Ticks:
    """Seconds that never go back, moved by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class ApiInProcess:
    """An application with an account, and short ways to ask it."""

    folder: Path
    catalogue: SqlCatalogue
    clock: StillClock
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    queue: NotedQueue = field(default_factory=NotedQueue)
    ticks: Ticks = field(default_factory=Ticks)

    def __post_init__(self) -> None:
        self.services = Services(self.catalogue, self.objects, self.queue, self.clock, studio=QuickStudio())
        self.account, self.key = create_account(self.catalogue, self.clock, "Studio One", location="westus2")
        self.serve()

    def serve(self, *extra: APIRouter, routers: Sequence[APIRouter] = ROUTERS, **settings: Any) -> FastAPI:
        """Make the application anew with these settings."""
        chosen: dict[str, Any] = {"api_rate": UNLIMITED, "light_rate": UNLIMITED, **settings}
        self.settings = ApiSettings(self.folder / "keys.json", self.folder / "uploads", **chosen)
        self.app = create_app(self.services, self.settings, routers=(*extra, *routers), monotonic=self.ticks)
        return self.app

    @property
    def context(self) -> ApiContext:
        context: ApiContext = self.app.state.context
        return context

    @property
    def path(self) -> str:
        """Of the account."""
        return self.path_of(self.account)

    @staticmethod
    def path_of(account: Account) -> str:
        return f"/{account.location}/Accounts/{account.account_id}"

    def add_account(self, name: str, location: str = "westus2") -> tuple[Account, str]:
        return create_account(self.catalogue, self.clock, name, location=location)

    def add_video(self, video: Video) -> Video:
        self.catalogue.add_video(video)
        return video

    def token(
        self,
        permission: Permission = Permission.CONTRIBUTOR,
        *,
        account: Account | None = None,
        video_id: str | None = None,
    ) -> str:
        scope = Scope.VIDEO if video_id else Scope.ACCOUNT
        account_id = (account or self.account).account_id
        return self.context.tokens.issue(TokenClaims(scope, permission, account_id, video_id))[0]

    def ask(self, method: str, url: str, *, peer: str = "203.0.113.9", **request: Any) -> httpx.Response:
        """Send one request; redirects are not followed."""

        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(peer, 40000))
            async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
                return await client.request(method, url, **request)

        return asyncio.run(sent())

    def get(self, url: str, **request: Any) -> httpx.Response:
        return self.ask("GET", url, **request)

    def authorized(self, **token: Any) -> dict[str, str]:
        """Headers with a token of a contributor, unless told otherwise."""
        return {"Authorization": f"Bearer {self.token(**token)}"}

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request to the account's own paths, as a contributor."""
        return self.ask(method, f"{self.path}{path}", headers=self.authorized(), **request)

    def upload(self, name: str = "clip", content: bytes = b"a video", **parameters: Any) -> Video:
        """Upload a file; gives the video."""
        answer = self.call(
            "POST", "/Videos", params={"name": name, **parameters}, files={"file": ("clip.mp4", content)}
        )
        assert answer.status_code == 200, answer.text
        return self.video(answer.json()["id"])

    def video(self, video_id: str) -> Video:
        return self.catalogue.video(self.account.account_id, video_id)

    def indexed(self, name: str = "clip", *, first_face: int = FIRST_FACE, **parameters: Any) -> Video:
        """A video with two faces, 1001 and 1002 unless told otherwise, one shot, and files of its index."""
        video = self.upload(name, **parameters)
        assert video.source
        document = sample_insights(first_face).to_document()
        files = {
            INSIGHTS_FILE: json.dumps(document).encode(),
            FACES_FILE: b'{"version":1}',
            INDEX_FILE: sample_index_file(video.source.sha256, first_face),
            FACE_PICTURES_FILE: b"PK face pictures",
            KEY_FRAME_PICTURES_FILE: b"PK key frames",
        }
        for file_name, content in files.items():
            self.objects.put_bytes(index_key(video, 1, file_name), content)
        poster_id = POSTER_ID if first_face == FIRST_FACE else face_picture_id(first_face)
        self.objects.put_bytes(poster_key(video, poster_id), b"\xff\xd8poster")
        (job,) = self.catalogue.jobs_of_video(video.account_id, video.video_id)
        self.catalogue.begin_job(job.job_id)
        media = MediaFacts(12.04, 640, 360, 301)
        self.catalogue.finish_index(job.job_id, IndexOutcome(1, video.source, media, True, False, poster_id))
        return self.video(video.video_id)


POSTER_ID = "b6d1f7de-0000-4000-8000-00000000000a"


def face_picture_id(face_id: int) -> str:
    return f"b6d1f7de-0000-4000-8000-{face_id:012d}"


def sample_insights(first_face: int = FIRST_FACE) -> VideoInsights:
    """Two people in one shot of 12.04 s, the second of them seen for a second and a half."""
    people = ((first_face, 0.0, 11.96), (first_face + 1, 3.0, 4.5))
    key_frame_id = face_picture_id(first_face - FIRST_FACE)
    faces = tuple(
        Face(
            face_id,
            f"Unknown #{number}",
            False,
            0.93,
            end - start,
            (end - start) / 12.04,
            end - start > 4,
            face_picture_id(face_id),
            (FaceThumbnail(face_picture_id(face_id), 1.4333333, 1.4666667),),
            (Appearance(start, end, (face_picture_id(face_id),)),),
        )
        for number, (face_id, start, end) in enumerate(people, 1)
    )
    key_frame = KeyFrame(key_frame_id, 0.2, 0.2333333)
    pictures = tuple(
        Picture(face_picture_id(face_id), f"FaceInstanceThumbnail_{face_picture_id(face_id)}.jpg", 4 * i, 4)
        for i, (face_id, _, _) in enumerate(people)
    )
    shot = ShotInsight(0.0, 12.04, (key_frame,))
    return VideoInsights(
        12.04,
        640,
        360,
        301,
        25.0,
        "efface 0",
        faces,
        (shot,),
        pictures,
        (Picture(key_frame_id, "KeyFrameThumbnail.jpg", 0, 2),),
        (),
    )
