"""A service without a server: a real catalogue, objects in memory, a queue that writes down what it is told."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from efface.domain.errors import ServiceUnavailableError
from efface.domain.service import (
    Account,
    IndexOptions,
    IndexOutcome,
    JobKind,
    MediaFacts,
    Priority,
    Video,
    VideoDetails,
)
from efface.usecases.accounts import create_account
from efface.usecases.insights import Appearance, Face, FaceThumbnail, Picture, VideoInsights
from efface.usecases.insights_shelf import INSIGHTS_FILE
from efface.usecases.intake import IncomingFile, Intake, IntakeOrder, take_in
from efface.usecases.object_keys import index_key
from efface.usecases.services import Limits, Services
from tests.fakes.fresh_catalogue import fresh_catalogue
from tests.fakes.memory_objects import MemoryObjects
from tests.storage.records import StillClock

FACES = IndexOptions("Default", True, "NoStreaming", False)


@dataclass
class WrittenQueue:
    """Fulfils ``JobQueue``."""

    submitted: list[tuple[str, JobKind, Priority]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    is_away: bool = False

    def submit(self, job_id: str, kind: JobKind, priority: Priority) -> None:
        if self.is_away:
            raise ServiceUnavailableError("the queue does not answer")
        self.submitted.append((job_id, kind, priority))

    def cancel(self, job_id: str) -> None:
        if self.is_away:
            raise ServiceUnavailableError("the queue does not answer")
        self.cancelled.append(job_id)


@dataclass
class Stage:
    """The service, and short calls on it."""

    services: Services
    queue: WrittenQueue
    objects: MemoryObjects
    clock: StillClock
    account: Account
    folder: Path

    def received(self, content: bytes = b"a video", name: str = "clip.mp4") -> IncomingFile:
        path = self.folder / "received"
        path.write_bytes(content)
        return IncomingFile(path, len(content), hashlib.sha256(content).hexdigest(), "ab" * 16, name)

    def upload(self, content: bytes = b"a video", **order: object) -> Intake:
        fields: dict[str, object] = {"details": VideoDetails("clip"), "options": FACES, **order}
        return take_in(self.services, self.account.account_id, IntakeOrder(**fields), self.received(content))  # type: ignore[arg-type]

    def indexed(self, face_ids: tuple[int, ...] = (1001, 1002), content: bytes = b"a video") -> Video:
        """A video whose index holds these faces."""
        taken = self.upload(content)
        assert taken.video.source
        document = insights(face_ids).to_document()
        self.objects.put_bytes(index_key(taken.video, 1, INSIGHTS_FILE), json.dumps(document).encode())
        self.services.catalogue.begin_job(taken.job.job_id)
        outcome = IndexOutcome(1, taken.video.source, MediaFacts(10, 64, 48, 250), True, False, None)
        self.services.catalogue.finish_index(taken.job.job_id, outcome)
        return self.video(taken.video.video_id)

    def video(self, video_id: str) -> Video:
        return self.services.catalogue.video(self.account.account_id, video_id)


def insights(face_ids: tuple[int, ...]) -> VideoInsights:
    faces = tuple(
        Face(
            face_id,
            f"Unknown #{number}",
            False,
            0.9,
            4.0,
            0.4,
            True,
            f"guid-{face_id}",
            (FaceThumbnail(f"guid-{face_id}", 0.0, 0.04),),
            (Appearance(0.0, 4.0, (f"guid-{face_id}",)),),
        )
        for number, face_id in enumerate(face_ids, 1)
    )
    pictures = tuple(
        Picture(f"guid-{face_id}", f"{face_id}.jpg", 4 * i, 4) for i, face_id in enumerate(face_ids)
    )
    return VideoInsights(10.0, 64, 48, 250, 25.0, "engine", faces, (), pictures, (), ())


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    clock, queue, objects = StillClock(), WrittenQueue(), MemoryObjects()
    with closing(fresh_catalogue(tmp_path)) as catalogue:
        services = Services(
            catalogue, objects, queue, clock, Limits(max_open_jobs=5, max_open_jobs_per_account=4)
        )
        account, _ = create_account(catalogue, clock, "newsroom")
        yield Stage(services, queue, objects, clock, account, tmp_path)
