"""What the service keeps track of: accounts, videos, jobs, and the calls back that it owes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import Any

from efface.domain.redaction import BlurringKind


class VideoState(Enum):
    """How far a video is."""

    UPLOADED = "Uploaded"
    """Taken in; its job has not begun."""
    PROCESSING = "Processing"
    PROCESSED = "Processed"
    FAILED = "Failed"


class JobKind(Enum):
    """What a job does."""

    INDEX = "Index"
    REDACTION = "Redaction"


class JobState(Enum):
    """How far a job is."""

    WAITING = "Waiting"
    """For another job to succeed, see ``Job.waits_for``."""
    QUEUED = "Queued"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def is_final(self) -> bool:
        """True when nothing will change any more."""
        return self in {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


class Priority(IntEnum):
    """Who goes first; a smaller number is served earlier."""

    HIGH = 10
    NORMAL = 20
    LOW = 30


class Privacy(Enum):
    """Who may read a video."""

    PRIVATE = "Private"
    PUBLIC = "Public"
    """Reading needs no token."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something did not succeed."""

    code: str
    """Stable name for programs: an ``error_type``, ``Cancelled``, ``Poisoned`` …"""
    message: str
    """One sentence for people."""


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant: nothing of one account shows in another."""

    account_id: str
    """GUID, lower case."""
    name: str
    location: str
    """Name of the region that clients put into paths; any text without a slash, lower case."""
    created: datetime


@dataclass(frozen=True, slots=True)
class VideoDetails:
    """What a user says of a video."""

    name: str
    description: str | None = None
    external_id: str | None = None
    external_url: str | None = None
    metadata: str | None = None
    partition: str | None = None
    file_name: str | None = None
    """Of the uploaded file, without folders."""
    privacy: Privacy = Privacy.PRIVATE
    language: str = "en-US"
    """BCP 47; kept for clients that ask, nothing depends on it."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How a video is to be analysed."""

    preset: str
    """The client's word for it, given back as it is."""
    finds_faces: bool
    """False for presets that listen only."""
    streaming_preset: str
    """The client's word for it, given back as it is."""
    makes_stream: bool
    """Whether a copy for streaming is made."""


@dataclass(frozen=True, slots=True)
class StoredSource:
    """The file of a video as it came in or as it was rendered."""

    key: str
    """In the object store."""
    size_bytes: int
    sha256: str
    """64 lower-case hexadecimal digits."""
    md5: str | None = None
    """32 lower-case hexadecimal digits, to compare with a web server's Content-MD5."""


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What the analysis or the render has measured."""

    duration_s: float
    width: int
    """Of the upright picture, in pixels."""
    height: int
    num_frames: int


@dataclass(frozen=True, slots=True)
class KeptFace:
    """Somebody whom a redaction has left visible."""

    face_id: int
    """Of the original's index, as corrected then."""
    name: str | None
    """As a user had named the person then, None where nobody had."""


@dataclass(frozen=True, slots=True)
class RedactionFacts:
    """How a video was redacted and what was left open, for those who decide whether it may be shown."""

    kind: BlurringKind
    covers_faces: bool
    """False where only what was drawn and muted by hand was treated."""
    num_hidden: int
    """People who were treated."""
    kept: tuple[KeptFace, ...]
    num_regions: int
    """Drawn by hand."""
    num_mutes: int
    num_removed_tracks: int
    """Taken for no face by hand, and so left visible."""
    num_open_risks: int
    """Moments where a treated face may be bare, and that nobody had found fine."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video in the catalogue: uploaded, or made by a redaction."""

    video_id: str
    """Ten lower-case hexadecimal digits."""
    account_id: str
    details: VideoDetails
    options: IndexOptions
    created: datetime
    modified: datetime
    state: VideoState
    progress: int = 0
    """0 to 100, never falling within one job."""
    indexed: datetime | None = None
    """When it was last analysed or rendered."""
    source: StoredSource | None = None
    """None until it was fetched, and after it was deleted."""
    source_url: str | None = None
    """Where it is to be fetched from."""
    is_source_deleted: bool = False
    media: MediaFacts | None = None
    failure: Failure | None = None
    index_version: int = 0
    """Number of the index that is current, 0 where there is none; its artefacts lie under that number."""
    has_faces_index: bool = False
    """Whether that index holds video insights, so that a redaction can be made from it."""
    has_stream: bool = False
    thumbnail_id: str | None = None
    """GUID of the picture that stands for the video."""
    original_id: str | None = None
    """The video that this one is a redaction of; it may be gone."""
    expires: datetime | None = None
    """When retention removes it."""
    notices: tuple[str, ...] = ()
    """What a user should know of how it was analysed or rendered, one sentence each."""
    redaction: RedactionFacts | None = None
    """How it was redacted; None for what was taken in, is not finished, or is older than these facts."""

    @property
    def is_redaction(self) -> bool:
        """True for a video that a redaction has made."""
        return self.original_id is not None


@dataclass(frozen=True, slots=True)
class Job:
    """Work that outlives any process."""

    job_id: str
    """GUID, lower case."""
    account_id: str
    kind: JobKind
    video_id: str
    """The video that is analysed, or that is redacted."""
    priority: Priority
    state: JobState
    created: datetime
    updated: datetime
    output_id: str | None = None
    """The video that a redaction makes."""
    progress: int = 0
    """0 to 100, never falling."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """What was asked for, ready for JSON."""
    callback_url: str | None = None
    waits_for: str | None = None
    """The job that must succeed before this one is queued."""
    failure: Failure | None = None
    num_frames: int = 0
    """Frames worked on so far."""
    work_s: float = 0.0
    """Seconds that workers have spent on it."""

    @property
    def shown_video_id(self) -> str:
        """The video whose state and progress tell of this job."""
        return self.output_id or self.video_id


@dataclass(frozen=True, slots=True)
class FaceEdit:
    """What a user has changed of one face."""

    face_id: int
    name: str | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class EditsRevision:
    """One saved state of the corrections of a video; never changed once saved."""

    revision: int
    """1, 2, 3 …"""
    index_version: int
    """Of the index that they were made for."""
    key: str
    """Of the document in the object store."""
    created: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """A call that the service owes to a client's web server."""

    callback_id: int
    job_id: str
    url: str
    """With everything that is to be told in its query."""
    attempts: int
    """Calls made so far, none of them answered well."""


@dataclass(frozen=True, slots=True)
class IndexOutcome:
    """What a finished analysis adds to its video."""

    version: int
    source: StoredSource
    media: MediaFacts
    has_faces_index: bool
    has_stream: bool
    thumbnail_id: str | None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RedactionOutcome:
    """What a finished redaction adds to the video it has made."""

    source: StoredSource
    media: MediaFacts
    has_stream: bool
    thumbnail_id: str | None
    notices: tuple[str, ...] = ()
    redaction: RedactionFacts | None = None
