"""What every use case is given: the ports, and the limits that an operator sets."""

import secrets
import uuid
from dataclasses import dataclass, field

from efface.domain.edits import Edits
from efface.index.model import FaceIndex
from efface.ports import Catalogue, Clock, ClosedStudio, DiskRoom, JobQueue, ObjectStore, Studio
from efface.usecases.insights_shelf import InsightsShelf
from efface.usecases.review_shelf import ReviewShelf

_INDEXES_BYTES, _EDITS_BYTES = 400_000_000, 100_000_000
"""Memory for what people look at just now: a dozen videos of two hours."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken in. Zero or less is refused at birth."""

    max_open_jobs: int = 500
    """Jobs of all accounts that may be waiting, queued or running."""
    max_open_jobs_per_account: int = 200
    max_name_length: int = 80
    """Characters of a video's name."""

    def __post_init__(self) -> None:
        if min(self.max_open_jobs, self.max_open_jobs_per_account, self.max_name_length) <= 0:
            raise ValueError("limits must be positive")


@dataclass(frozen=True, slots=True)
class Services:
    """The adapters that a process runs with; made once, in ``wiring``."""

    catalogue: Catalogue
    objects: ObjectStore
    queue: JobQueue
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    shelf: InsightsShelf = field(default_factory=InsightsShelf)
    """Insights that were read lately."""
    indexes: ReviewShelf[FaceIndex] = field(default_factory=lambda: ReviewShelf(_INDEXES_BYTES))
    """Whole indexes, as detected and as corrected."""
    room: DiskRoom = field(default_factory=DiskRoom)
    """Of the disks that uploads are received on."""
    studio: Studio = field(default_factory=ClosedStudio)
    """Who looks into videos for those who wait."""
    edits: ReviewShelf[Edits] = field(default_factory=lambda: ReviewShelf(_EDITS_BYTES))
    """Corrections, and the paths of regions that were followed."""


def new_video_id() -> str:
    """A fresh id: ten hexadecimal digits, as clients expect."""
    return secrets.token_hex(5)


def new_guid() -> str:
    """A fresh GUID, lower case."""
    return str(uuid.uuid4())
