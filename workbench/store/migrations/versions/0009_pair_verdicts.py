"""What judges said of pairs of answers, so that preferences are told without asking or replaying anything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "pair_verdicts",
        sa.Column("scoring_id", sa.Integer(), nullable=False),
        sa.Column("scorer", sa.String(200), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("winner_id", sa.Integer(), nullable=True),
        sa.Column("unparsable", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["scoring_id"],
            ["scorings.id"],
            name=op.f("fk_pair_verdicts_scoring_id_scorings"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["first_id"],
            ["completions.id"],
            name=op.f("fk_pair_verdicts_first_id_completions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["second_id"],
            ["completions.id"],
            name=op.f("fk_pair_verdicts_second_id_completions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "scoring_id", "scorer", "first_id", "second_id", name=op.f("pk_pair_verdicts")
        ),
    )
    for column in ("first_id", "second_id"):
        op.create_index(f"ix_pair_verdicts_{column}", "pair_verdicts", [column])
