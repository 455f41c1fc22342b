"""What comes beside the text of an answer: the tools that the model wants called, and log probabilities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for name in ("tool_calls", "logprobs"):
        op.add_column("completions", sa.Column(name, sa.JSON(), nullable=True))
