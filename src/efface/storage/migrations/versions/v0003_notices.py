"""What a user should know of how a video was analysed or rendered."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Room for it."""
    op.add_column("videos", sa.Column("notices", sa.JSON(), nullable=True))
