"""What was spent each day by each person, and what the calls in flight of a run may still cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "spending",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("usd", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("day", "author", name=op.f("pk_spending")),
    )
    op.add_column("runs", sa.Column("held_usd", sa.Float(), nullable=False, server_default="0"))
