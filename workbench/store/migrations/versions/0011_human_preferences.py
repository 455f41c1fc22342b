"""Which of two answers people preferred."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "human_preferences",
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("rater", sa.String(200), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("winner_id", sa.Integer(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_id"],
            ["completions.id"],
            name=op.f("fk_human_preferences_first_id_completions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["second_id"],
            ["completions.id"],
            name=op.f("fk_human_preferences_second_id_completions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_human_preferences_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", "rater", name=op.f("pk_human_preferences")),
    )
    for column in ("run_id", "second_id"):
        op.create_index(f"ix_human_preferences_{column}", "human_preferences", [column])
