"""Records to fill a catalogue with, and a clock that stands still until it is moved."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from efface.domain.redaction import BlurringKind
from efface.domain.service import (
    Account,
    IndexOptions,
    IndexOutcome,
    Job,
    JobKind,
    JobState,
    KeptFace,
    MediaFacts,
    Priority,
    RedactionFacts,
    RedactionOutcome,
    StoredSource,
    Video,
    VideoDetails,
    VideoState,
)

START = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
OPTIONS = IndexOptions("Default", True, "Default", True)
SOURCE = StoredSource("accounts/a/videos/v/source/1.mp4", 5_000_000_000, "ab" * 32, "cd" * 16)
MEDIA = MediaFacts(12.34, 1920, 1080, 308)


@dataclass
class StillClock:
    """Tells ``time`` until it is moved."""

    time: datetime = field(default=START)

    def now(self) -> datetime:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def account(number: int = 1) -> Account:
    return Account(f"00000000-0000-0000-0000-{number:012x}", f"account {number}", "local", START)


def video(number: int = 1, owner: int = 1, **changes: Any) -> Video:
    """A video that was just taken in; a later number is a later video."""
    plain = Video(
        video_id=f"{number:010x}",
        account_id=account(owner).account_id,
        details=VideoDetails(f"clip {number}"),
        options=OPTIONS,
        created=START + timedelta(seconds=number),
        modified=START + timedelta(seconds=number),
        state=VideoState.UPLOADED,
    )
    return replace(plain, **changes)


def index_job(of: Video, number: int = 1, **changes: Any) -> Job:
    plain = Job(
        job_id=f"10000000-0000-0000-0000-{number:012x}",
        account_id=of.account_id,
        kind=JobKind.INDEX,
        video_id=of.video_id,
        priority=Priority.NORMAL,
        state=JobState.QUEUED,
        created=START + timedelta(seconds=number),
        updated=START + timedelta(seconds=number),
    )
    return replace(plain, **changes)


def redaction(original: Video, number: int, **changes: Any) -> tuple[Video, Job]:
    """The video that a redaction makes, and its job."""
    output = video(number, state=VideoState.PROCESSING, original_id=original.video_id)
    output = replace(output, account_id=original.account_id)
    job = index_job(original, number, kind=JobKind.REDACTION, output_id=output.video_id)
    return output, replace(job, **changes)


def index_outcome(version: int = 1) -> IndexOutcome:
    return IndexOutcome(version, SOURCE, MEDIA, True, True, "20000000-0000-0000-0000-000000000001")


def redaction_outcome() -> RedactionOutcome:
    return RedactionOutcome(
        SOURCE,
        MEDIA,
        False,
        "20000000-0000-0000-0000-000000000002",
        ("a sound track was left out",),
        redaction_facts(),
    )


def redaction_facts() -> RedactionFacts:
    return RedactionFacts(
        kind=BlurringKind.BLACK,
        covers_faces=True,
        num_hidden=2,
        kept=(KeptFace(1003, "Zoë"), KeptFace(1007, None)),
        num_regions=1,
        num_mutes=4,
        num_removed_tracks=3,
        num_open_risks=9,
    )
