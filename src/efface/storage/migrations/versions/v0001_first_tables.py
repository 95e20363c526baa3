"""The first tables: accounts, videos, jobs, calls back, heartbeats."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them, those that are referred to first."""
    _make_accounts()
    _make_heartbeats()
    _make_jobs()
    _make_videos()
    _make_callbacks()
    _make_face_edits()
    _make_segments()


def _make_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("num_videos", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
        sa.UniqueConstraint("name_folded", name="uq_accounts_name_folded"),
    )
    op.create_index("ix_accounts_key_hash", "accounts", ["key_hash"])


def _make_heartbeats() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("worker_id", sa.Text(), nullable=False),
        sa.Column("beaten_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name="pk_heartbeats"),
    )


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("video_id", sa.String(length=36), nullable=False),
        sa.Column("output_id", sa.String(length=36), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("callback_url", sa.Text(), nullable=True),
        sa.Column("waits_for", sa.String(length=36), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.Column("num_frames", sa.BigInteger(), nullable=False),
        sa.Column("work_s", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name="fk_jobs_accounts"),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_newest", "jobs", ["account_id", "created", "job_id"])
    op.create_index("ix_jobs_output", "jobs", ["account_id", "output_id"])
    op.create_index("ix_jobs_account_state", "jobs", ["account_id", "state"])
    op.create_index("ix_jobs_state", "jobs", ["state", "kind", "created"])
    op.create_index("ix_jobs_video", "jobs", ["account_id", "video_id"])
    op.create_index("ix_jobs_waits_for", "jobs", ["waits_for"])


def _make_videos() -> None:
    op.create_table(
        "videos",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("video_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("external_url", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=True),
        sa.Column("partition", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("privacy", sa.String(length=16), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("words_folded", sa.Text(), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("finds_faces", sa.Boolean(), nullable=False),
        sa.Column("streaming_preset", sa.Text(), nullable=False),
        sa.Column("makes_stream", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("indexed", sa.BigInteger(), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("source_size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("source_sha256", sa.String(length=64), nullable=True),
        sa.Column("source_md5", sa.String(length=32), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("source_url_hash", sa.String(length=64), nullable=True),
        sa.Column("is_source_deleted", sa.Boolean(), nullable=False),
        sa.Column("duration_s", sa.Float(precision=53), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("num_frames", sa.BigInteger(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.Column("index_version", sa.Integer(), nullable=False),
        sa.Column("has_faces_index", sa.Boolean(), nullable=False),
        sa.Column("has_stream", sa.Boolean(), nullable=False),
        sa.Column("thumbnail_id", sa.String(length=36), nullable=True),
        sa.Column("original_id", sa.String(length=36), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name="fk_videos_accounts"),
        sa.PrimaryKeyConstraint("account_id", "video_id", name="pk_videos"),
    )
    op.create_index("ix_videos_expires", "videos", ["expires"])
    op.create_index("ix_videos_md5", "videos", ["account_id", "source_md5"])
    op.create_index(
        "ix_videos_newest", "videos", ["account_id", "created", "video_id", "state", "privacy", "original_id"]
    )
    op.create_index("ix_videos_sha256", "videos", ["account_id", "source_sha256"])
    op.create_index("ix_videos_url", "videos", ["account_id", "source_url_hash"])


def _make_callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("callback_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name="fk_callbacks_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("callback_id", name="pk_callbacks"),
    )
    op.create_index("ix_callbacks_due", "callbacks", ["due"])


def _make_face_edits() -> None:
    op.create_table(
        "face_edits",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("video_id", sa.String(length=36), nullable=False),
        sa.Column("face_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("name_folded", sa.Text(), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "video_id"],
            ["videos.account_id", "videos.video_id"],
            name="fk_face_edits_videos",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "video_id", "face_id", name="pk_face_edits"),
    )


def _make_segments() -> None:
    op.create_table(
        "segments",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("segment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("num_frames", sa.BigInteger(), nullable=False),
        sa.Column("frames_done", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name="fk_segments_jobs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "segment", name="pk_segments"),
    )
