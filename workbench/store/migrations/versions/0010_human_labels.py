"""What people said of single answers, beside what the scorers say of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "human_labels",
        sa.Column("completion_id", sa.Integer(), nullable=False),
        sa.Column("scorer", sa.String(200), nullable=False),
        sa.Column("rater", sa.String(200), nullable=False),
        sa.Column("run_id", sa.String(40), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["completion_id"],
            ["completions.id"],
            name=op.f("fk_human_labels_completion_id_completions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_human_labels_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("completion_id", "scorer", "rater", name=op.f("pk_human_labels")),
    )
    op.create_index("ix_human_labels_run_id", "human_labels", ["run_id"])
