"""What workers do, order by order, in processes of their own that know no catalogue.

A job is a line of stages: fetch (where the video is to come from a URL), plan, one segment after another or many at
once, join. Each stage takes an order and what the stages before it have put into the object store, and may be done
twice: the second time replaces the first.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from efface.detect.choice import DetectorChoice
from efface.domain.errors import EffaceError, RequestError
from efface.domain.media import EncodeSettings
from efface.domain.service import Job, Video
from efface.ports import Catalogue, DiskRoom, Downloader, ObjectStore


class Stage(Enum):
    """One part of a job."""

    FETCH = "fetch"
    PLAN = "plan"
    SEGMENT = "segment"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """Everything that one stage needs to know."""

    job: Job
    video: Video
    """That is analysed or redacted."""
    output: Video | None
    """That a redaction makes."""
    stage: Stage
    segment: int | None = None
    """Number of the segment, for that stage only."""
    is_whole: bool = False
    """Whether the video is taken as one segment, because cutting it has proved to be unsafe."""

    def __post_init__(self) -> None:
        if (self.stage is Stage.SEGMENT) != (self.segment is not None):
            raise ValueError("a segment's number belongs to the stage of segments, and to no other")

    @property
    def new_video(self) -> Video:
        """The video that the job makes.

        Raises:
            ValueError: it makes none.
        """
        if self.output is None:
            raise ValueError(f"job {self.job.job_id} makes no video")
        return self.output

    @property
    def source_key(self) -> str:
        """Where the video's file lies.

        Raises:
            RequestError: nowhere; it was deleted meanwhile.
        """
        if self.video.source is None:
            raise RequestError(f"video '{self.video.video_id}' has no source file any more: upload it again")
        return self.video.source.key

    def to_document(self) -> dict[str, Any]:
        """Ready for JSON."""
        document: dict[str, Any] = _ORDER.dump_python(self, mode="json")
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "WorkOrder":
        """Read what ``to_document`` has given."""
        return _ORDER.validate_python(document)


_ORDER = TypeAdapter(WorkOrder)


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """How workers work."""

    index_segment_s: float = 60.0
    """Seconds of video in a segment that is analysed; segments change no result but at seams within a shot."""
    render_segment_s: float = 60.0
    """Seconds of video in a segment that is rendered."""
    max_fetch_bytes: int = 30_000_000_000
    """Largest file that is fetched from a URL."""
    detector: DetectorChoice | None = None
    """Who finds the faces; the bundled network by default."""
    encoding: EncodeSettings = field(default_factory=EncodeSettings)


@dataclass(frozen=True, slots=True)
class WorkTools:
    """What a process needs in order to work."""

    objects: ObjectStore
    downloader: Downloader
    scratch: Path
    """A folder on a local disk for what is being made."""
    settings: WorkSettings = field(default_factory=WorkSettings)
    room: DiskRoom = field(default_factory=DiskRoom)
    """Of the disks that all this is made on."""


@contextmanager
def opened_source(order: WorkOrder, tools: WorkTools) -> Iterator[Path]:
    """The video's file, to read while the block runs.

    What the engine has to say of the file names its path, which is nobody's business but this machine's: users are
    told the name that they have given.

    Raises:
        RequestError: the file was deleted meanwhile.
    """
    shown = order.video.details.file_name or order.video.details.name
    with tools.objects.local_file(order.source_key) as path, told_by_name(path, shown):
        yield path


@contextmanager
def told_by_name(path: Path, shown: str) -> Iterator[None]:
    """Have errors of a block name a file as users do, and not by its path."""
    try:
        yield
    except EffaceError as error:
        if str(path) not in str(error):
            raise
        raise type(error)(str(error).replace(str(path), shown)) from error


def work_order(
    catalogue: Catalogue, job_id: str, stage: Stage, segment: int | None = None, *, is_whole: bool = False
) -> WorkOrder:
    """The order for one stage of a job, as the catalogue stands now.

    Raises:
        JobNotFoundError: no such job.
        VideoNotFoundError: the video that it reads or makes was deleted.
    """
    job = catalogue.job_by_id(job_id)
    video = catalogue.video(job.account_id, job.video_id)
    output = catalogue.video(job.account_id, job.output_id) if job.output_id else None
    return WorkOrder(job, video, output, stage, segment, is_whole)
