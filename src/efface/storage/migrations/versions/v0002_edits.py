"""Corrections by hand, revision after revision."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "edits",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("video_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index_version", sa.Integer(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "video_id"],
            ["videos.account_id", "videos.video_id"],
            name="fk_edits_videos",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "video_id", "revision", name="pk_edits"),
    )
