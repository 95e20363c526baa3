"""The tables. Times are microseconds since 1970 in UTC; words for searches are kept folded, beside what users wrote."""

import enum
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Enum,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

from efface.domain.service import JobKind, JobState, Privacy, VideoState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """A moment to the microsecond: the same integer on both databases, so that it sorts and compares alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Microseconds of an aware time."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """An aware time in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def fold(text: str) -> str:
    """Text as searches compare it: without case, and the same however its accents are composed.

    Neither database can do it: SQLite knows the case of ASCII only, PostgreSQL that of its locale.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _word(kind: type[enum.Enum]) -> Enum:
    # As text, so that a new state needs no migration of a type.
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda members: [str(member.value) for member in members],
    )


def _text(name: str, **more: Any) -> Column[Any]:
    return Column(name, Text, **{"nullable": True, **more})


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_folded", Text, nullable=False, unique=True),
    Column("location", Text, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("key_hash", String(64), nullable=False, index=True),
    # Kept with each change: to count 100,000 videos takes 5 ms, four fifths of the time of a page of them.
    Column("num_videos", Integer, nullable=False),
)

videos = Table(
    "videos",
    metadata,
    Column("account_id", String(36), ForeignKey("accounts.account_id"), primary_key=True),
    Column("video_id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    _text("description"),
    _text("external_id"),
    _text("external_url"),
    _text("metadata"),
    _text("partition"),
    _text("file_name"),
    Column("privacy", _word(Privacy), nullable=False),
    Column("language", Text, nullable=False),
    Column("words_folded", Text, nullable=False),
    Column("preset", Text, nullable=False),
    Column("finds_faces", Boolean, nullable=False),
    Column("streaming_preset", Text, nullable=False),
    Column("makes_stream", Boolean, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("modified", UtcTime, nullable=False),
    Column("state", _word(VideoState), nullable=False),
    Column("progress", Integer, nullable=False),
    Column("indexed", UtcTime, nullable=True),
    # Empty where there is no file; the rest is kept after it was deleted, so that the same content is known again.
    _text("source_key"),
    Column("source_size_bytes", BigInteger, nullable=True),
    Column("source_sha256", String(64), nullable=True),
    Column("source_md5", String(32), nullable=True),
    _text("source_url"),
    # SHA-256: an address may be longer than PostgreSQL lets an index entry be.
    Column("source_url_hash", String(64), nullable=True),
    Column("is_source_deleted", Boolean, nullable=False),
    Column("duration_s", Float(53), nullable=True),
    Column("width", Integer, nullable=True),
    Column("height", Integer, nullable=True),
    Column("num_frames", BigInteger, nullable=True),
    _text("failure_code"),
    _text("failure_message"),
    Column("index_version", Integer, nullable=False),
    Column("has_faces_index", Boolean, nullable=False),
    Column("has_stream", Boolean, nullable=False),
    Column("thumbnail_id", String(36), nullable=True),
    Column("original_id", String(36), nullable=True),
    Column("expires", UtcTime, nullable=True, index=True),
    # None where it was written by an efface that kept none.
    Column("notices", JSON, nullable=True),
    # None for what no redaction has made, too.
    Column("redaction", JSON(none_as_null=True), nullable=True),
    # Holds all that a page is chosen and counted by, so that 100,000 videos are counted without reading one of them.
    Index("ix_videos_newest", "account_id", "created", "video_id", "state", "privacy", "original_id"),
    Index("ix_videos_sha256", "account_id", "source_sha256"),
    Index("ix_videos_md5", "account_id", "source_md5"),
    Index("ix_videos_url", "account_id", "source_url_hash"),
)

face_edits = Table(
    "face_edits",
    metadata,
    Column("account_id", String(36), primary_key=True),
    Column("video_id", String(36), primary_key=True),
    Column("face_id", Integer, primary_key=True, autoincrement=False),
    _text("name"),
    _text("name_folded"),
    Column("is_deleted", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["account_id", "video_id"], ["videos.account_id", "videos.video_id"], ondelete="CASCADE"
    ),
)

edits = Table(
    "edits",
    metadata,
    Column("account_id", String(36), primary_key=True),
    Column("video_id", String(36), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("index_version", Integer, nullable=False),
    Column("object_key", Text, nullable=False),
    Column("created", UtcTime, nullable=False),
    ForeignKeyConstraint(
        ["account_id", "video_id"], ["videos.account_id", "videos.video_id"], ondelete="CASCADE"
    ),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", String(36), primary_key=True),
    Column("account_id", String(36), ForeignKey("accounts.account_id"), nullable=False),
    Column("kind", _word(JobKind), nullable=False),
    # No foreign keys: jobs outlive their videos.
    Column("video_id", String(36), nullable=False),
    Column("output_id", String(36), nullable=True),
    Column("priority", Integer, nullable=False),
    Column("state", _word(JobState), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("updated", UtcTime, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("request", JSON, nullable=False),
    _text("callback_url"),
    Column("waits_for", String(36), nullable=True, index=True),
    _text("failure_code"),
    _text("failure_message"),
    Column("num_frames", BigInteger, nullable=False),
    Column("work_s", Float(53), nullable=False),
    Index("ix_jobs_newest", "account_id", "created", "job_id"),
    Index("ix_jobs_video", "account_id", "video_id"),
    Index("ix_jobs_output", "account_id", "output_id"),
    Index("ix_jobs_account_state", "account_id", "state"),
    Index("ix_jobs_state", "state", "kind", "created"),
)

segments = Table(
    "segments",
    metadata,
    Column("job_id", String(36), ForeignKey("jobs.job_id", ondelete="CASCADE"), primary_key=True),
    Column("segment", Integer, primary_key=True, autoincrement=False),
    Column("num_frames", BigInteger, nullable=False),
    Column("frames_done", BigInteger, nullable=False),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("callback_id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(36), ForeignKey("jobs.job_id", ondelete="CASCADE"), nullable=False),
    Column("url", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    # When it is to be made; while somebody makes it, the end of the lease.
    Column("due", UtcTime, nullable=False, index=True),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("worker_id", Text, primary_key=True),
    Column("beaten_us", BigInteger, nullable=False),
)
