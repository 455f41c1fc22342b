"""What a run that stops when it is decided has seen so far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("sequential", sa.JSON(), nullable=True))
