"""How a video was redacted, and what was left open."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Room for it."""
    op.add_column("videos", sa.Column("redaction", sa.JSON(), nullable=True))
