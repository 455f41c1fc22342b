"""What judges said, and what judging cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "judgements",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("completion", sa.JSON(), nullable=False),
        sa.Column("spent_usd", sa.Float(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("key", "run_id", name=op.f("pk_judgements")),
    )
    for table in ("runs", "scorings"):
        op.add_column(table, sa.Column("judging_usd", sa.Float(), nullable=False, server_default="0"))
        op.add_column(table, sa.Column("judging_calls", sa.Integer(), nullable=False, server_default="0"))
        op.add_column(table, sa.Column("judging_unknown", sa.Integer(), nullable=False, server_default="0"))
