"""The records of the service: accounts, videos, jobs, calls back, and which workers live.

Each call is one transaction. Whoever asks with another account's id is told that there is nothing. Every method may
raise ``ServiceUnavailableError`` where the database does not answer.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from efface.domain.service import (
    Account,
    Callback,
    EditsRevision,
    FaceEdit,
    Failure,
    IndexOptions,
    IndexOutcome,
    Job,
    JobKind,
    JobState,
    Privacy,
    RedactionOutcome,
    StoredSource,
    Video,
    VideoState,
)


@dataclass(frozen=True, slots=True)
class VideoFilter:
    """Which videos are wanted; what is left empty does not narrow."""

    created_after: datetime | None = None
    created_before: datetime | None = None
    partitions: Collection[str] = ()
    states: Collection[VideoState] = ()
    privacies: Collection[Privacy] = ()
    video_ids: Collection[str] = ()
    external_ids: Collection[str] = ()
    original_id: str | None = None
    is_redaction: bool | None = None
    has_source: bool | None = None
    words: Collection[str] = ()
    """Each must occur in the name, the description or the name of a face, in any case."""
    face_names: Collection[str] = ()
    """Names of faces, one of which the video must hold, in any case and in part."""


class VideoOrder(Enum):
    """Which videos come first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"
    """By name, without case."""
    LONGEST = "longest"
    """Those whose length is not known yet come last."""


@dataclass(frozen=True, slots=True)
class VideoPage:
    """Some of the videos that were asked for."""

    videos: tuple[Video, ...]
    """In the order that was asked for."""
    total: int
    """How many there are in all."""


class Accounts(Protocol):
    """Tenants and their subscription keys, of which only a hash is kept."""

    def add_account(self, account: Account, key_hash: str) -> None:
        """Add an account.

        Raises:
            RequestError: the name is taken.
        """
        ...

    def list_accounts(self) -> tuple[Account, ...]:
        """All accounts, oldest first."""
        ...

    def account(self, account_id: str) -> Account:
        """The account with this id.

        Raises:
            AccountNotFoundError: no such account.
        """
        ...

    def accounts_with_key(self, key_hash: str) -> tuple[Account, ...]:
        """The accounts that a subscription key opens."""
        ...

    def key_hash(self, account_id: str) -> str:
        """What is kept of the account's subscription key.

        Raises:
            AccountNotFoundError: no such account.
        """
        ...

    def set_key(self, account_id: str, key_hash: str) -> None:
        """Replace an account's key; the old one opens nothing from now on.

        Raises:
            AccountNotFoundError: no such account.
        """
        ...


class Videos(Protocol):
    """Videos, and what users have changed of their faces."""

    def add_video(
        self, video: Video, job: Job | None = None, *, followed_by: tuple[Video, Job] | None = None
    ) -> None:
        """Add a video with the job that works on it; and, where one is asked for in the same breath, the redaction
        that follows. All or nothing."""
        ...

    def video(self, account_id: str, video_id: str) -> Video:
        """A video.

        Raises:
            VideoNotFoundError: no such video in the account.
        """
        ...

    def find_videos(
        self,
        account_id: str,
        wanted: VideoFilter,
        *,
        skip: int,
        limit: int,
        order: VideoOrder = VideoOrder.NEWEST,
    ) -> VideoPage:
        """Videos of an account that a filter means, newest first unless told otherwise."""
        ...

    def video_with_content(
        self, account_id: str, *, sha256: str | None = None, md5: str | None = None, url: str | None = None
    ) -> Video | None:
        """An uploaded video (no redaction, not failed) with this content or address, None where there is none."""
        ...

    def forget_source(self, account_id: str, video_id: str) -> Video:
        """Note that the file of a video was deleted.

        Raises:
            VideoNotFoundError: no such video in the account.
        """
        ...

    def remove_video(self, account_id: str, video_id: str) -> None:
        """Remove a video and what users have changed of it; its jobs that are not final are cancelled.

        Raises:
            VideoNotFoundError: no such video in the account.
        """
        ...

    def expired_videos(self, now: datetime, limit: int) -> tuple[Video, ...]:
        """Videos of all accounts whose retention has ended."""
        ...

    def redactions_of(
        self, account_id: str, video_ids: Collection[str], limit: int
    ) -> Mapping[str, tuple[Video, ...]]:
        """What was made of some videos, in one question.

        Args:
            account_id: whose.
            video_ids: of the originals.
            limit: most that are given of each.

        Returns:
            The redactions, newest first, by the id of their original; those of which none was made are left out.
        """
        ...

    def face_edits(self, account_id: str, video_id: str) -> Mapping[int, FaceEdit]:
        """What users have changed of the faces of a video, by face id."""
        ...

    def face_edits_of(
        self, account_id: str, video_ids: Collection[str]
    ) -> Mapping[str, Mapping[int, FaceEdit]]:
        """The same of several videos, in one question; those of which nothing was changed are left out."""
        ...

    def edit_face(self, account_id: str, video_id: str, edit: FaceEdit) -> None:
        """Replace what is changed of one face.

        Raises:
            VideoNotFoundError: no such video in the account.
        """
        ...

    def num_videos(self, account_id: str) -> int:
        """How many videos an account has."""
        ...

    def uploads_since(self, account_id: str, since: datetime | None) -> tuple[int, float]:
        """How many videos an account has taken in since then (None: ever), and their length in seconds.

        Redactions and videos that were deleted do not count; the length of one that was not analysed yet is 0.
        """
        ...


class Corrections(Protocol):
    """Corrections by hand, revision after revision; what they say lies in the object store."""

    def edits_revision(
        self, account_id: str, video_id: str, revision: int | None = None
    ) -> EditsRevision | None:
        """A revision, the newest unless told otherwise; None where there is none (any more)."""
        ...

    def add_edits(
        self, account_id: str, video_id: str, *, expected: int, index_version: int, key: str
    ) -> EditsRevision:
        """Save the revision that follows ``expected``, in one step with the look at what is there.

        Args:
            account_id: whose video.
            video_id: that is corrected.
            expected: the newest revision as the caller knows it, 0 for none.
            index_version: of the index that they were made for.
            key: of the document, which lies in the object store already.

        Raises:
            VideoNotFoundError: no such video in the account.
            EditsChangedError: another revision is the newest.
        """
        ...

    def forget_edits(self, account_id: str, video_id: str, before: int) -> tuple[str, ...]:
        """Forget the revisions below ``before``; gives the keys of their documents, which nobody reads any more."""
        ...


class Jobs(Protocol):
    """Jobs. A state that is final never changes; progress never falls."""

    def add_index_job(self, job: Job, options: IndexOptions) -> None:
        """Add a job that analyses a video anew: it becomes ``PROCESSING`` at 0 %.

        Raises:
            VideoNotFoundError: no such video in the account.
            VideoBusyError: a job of it is under way already.
        """
        ...

    def add_redaction(self, video: Video, job: Job) -> None:
        """Add a redaction job and the video that it makes.

        Raises:
            VideoNotFoundError: the original is gone.
            VideoBusyError: the original is being analysed.
        """
        ...

    def job(self, account_id: str, job_id: str) -> Job:
        """A job.

        Raises:
            JobNotFoundError: no such job in the account.
        """
        ...

    def job_by_id(self, job_id: str) -> Job:
        """A job, for those that work on it.

        Raises:
            JobNotFoundError: no such job.
        """
        ...

    def jobs_of_video(self, account_id: str, video_id: str) -> tuple[Job, ...]:
        """Jobs that read or made a video, newest first."""
        ...

    def list_jobs(self, account_id: str, *, skip: int, limit: int) -> tuple[tuple[Job, ...], int]:
        """Jobs of an account, newest first, and how many there are in all."""
        ...

    def active_jobs(self, account_id: str, since: datetime) -> tuple[Job, ...]:
        """Jobs of an account that are not final or were made since then, oldest first."""
        ...

    def open_jobs(self) -> tuple[Job, ...]:
        """All jobs that are queued or running, oldest first."""
        ...

    def num_open_jobs(self, account_id: str | None = None) -> int:
        """How many jobs are waiting, queued or running."""
        ...

    def begin_job(self, job_id: str) -> bool:
        """Note that work has begun; False if the job is final, so that nothing is to be done."""
        ...

    def is_open(self, job_id: str) -> bool:
        """Whether work on a job is still wanted."""
        ...

    def set_segments(self, job_id: str, num_frames: Sequence[int]) -> None:
        """Note how many frames each segment of a job has; known ones keep what they have done."""
        ...

    def report_segment(self, job_id: str, segment: int, frames_done: int, work_s: float) -> None:
        """Note how far one segment is. The job's progress becomes the share of frames done, from 1 to 95.

        Args:
            job_id: the job; one that is final stays as it is.
            segment: its number.
            frames_done: of this segment; a segment that is done anew counts as far as it was.
            work_s: seconds of work to add to the job's.
        """
        ...

    def note_source(self, job_id: str, source: StoredSource) -> None:
        """Keep where the file of the job's video lies, once it was fetched."""
        ...

    def finish_index(self, job_id: str, outcome: IndexOutcome) -> tuple[Job, ...] | None:
        """End an analysis well: video and job change together, and the call back is owed from then on.

        Returns:
            The jobs that waited for it and are queued now; None if the job was final before, so that nothing changed.
        """
        ...

    def finish_redaction(self, job_id: str, outcome: RedactionOutcome) -> bool:
        """End a redaction well, as ``finish_index``; False if the job was final before."""
        ...

    def end_job(self, job_id: str, state: JobState, failure: Failure) -> bool:
        """End a job badly (``FAILED`` or ``CANCELLED``), with those that wait for it and the videos that they make.

        A video that has an older index keeps it and stays ``PROCESSED``. The call back is owed from then on.

        Returns:
            False if the job was final before, so that nothing changed.
        """
        ...

    def job_counts(self) -> Mapping[tuple[JobKind, JobState], int]:
        """How many jobs there are of each kind and state."""
        ...

    def job_totals(self) -> Mapping[JobKind, tuple[int, float]]:
        """Frames worked on and seconds of work, by kind."""
        ...

    def oldest_queued(self) -> datetime | None:
        """When the job that has been queued longest was made."""
        ...


class Callbacks(Protocol):
    """Calls that are owed to clients' web servers."""

    def claim_callbacks(self, now: datetime, lease_s: float, limit: int) -> tuple[Callback, ...]:
        """Take some calls that are due; nobody else gets them until the lease ends."""
        ...

    def settle_callback(self, callback_id: int, next_attempt: datetime | None) -> None:
        """Note the end of an attempt: None when it is over for good, else when to try again."""
        ...


class Heartbeats(Protocol):
    """Which workers live, by the clock of the database."""

    def beat(self, worker_id: str) -> None:
        """Note that a worker lives."""
        ...

    def silent_workers(self, limit_s: float) -> tuple[str, ...]:
        """Workers that have not beaten for so long."""
        ...

    def claim_silent(self, worker_id: str, limit_s: float) -> bool:
        """Strike out a worker that is still silent; True for exactly one of those that try."""
        ...

    def retire(self, worker_id: str) -> None:
        """Strike out a worker that has ended in good order."""
        ...

    def living_workers(self, limit_s: float) -> int:
        """How many workers have beaten within that time."""
        ...


class Catalogue(Accounts, Videos, Corrections, Jobs, Callbacks, Heartbeats, Protocol):
    """All of it."""

    def ping(self) -> None:
        """Do nothing but reach the database.

        Raises:
            ServiceUnavailableError: it does not answer.
        """
        ...


__all__ = [
    "Accounts",
    "Callbacks",
    "Catalogue",
    "Corrections",
    "Heartbeats",
    "Jobs",
    "VideoFilter",
    "VideoPage",
    "Videos",
]
