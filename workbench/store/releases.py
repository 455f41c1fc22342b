"""Which version went to which repository."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from workbench.store.base import Repository, now
from workbench.store.tables import releases


@dataclass(frozen=True)
class ReleaseRecord:
    """One delivered version."""

    prompt: str
    number: int
    sha256: str
    repo: str
    branch: str
    commit: str
    run_id: str | None
    author: str
    created_at: str = ""


class ReleaseRepository(Repository):
    """The history of deliveries."""

    def add(self, record: ReleaseRecord) -> None:
        """Note a delivery."""
        with self._write() as connection:
            connection.execute(releases.insert().values({**vars(record), "created_at": now()}))

    def list(self, prompt: str | None = None) -> list[ReleaseRecord]:
        """Return deliveries, newest first."""
        query = sa.select(*(c for c in releases.c if c.name != "id")).order_by(releases.c.id.desc())
        if prompt is not None:
            query = query.where(releases.c.prompt == prompt)
        with self._read() as connection:
            return [ReleaseRecord(**row) for row in connection.execute(query).mappings()]
