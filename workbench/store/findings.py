"""What large runs were found to say: figures that took long to work out, kept until the run goes."""

from __future__ import annotations

import sqlalchemy as sa

from workbench.store.base import Repository, now
from workbench.store.tables import findings

#: So many are kept of one run; the oldest make room.
KEPT_A_RUN = 100


class FindingRepository(Repository):
    """JSON texts by a key that names everything they were worked out from."""

    def get(self, key: str) -> str | None:
        """Return what is kept under a key, None where nothing is."""
        with self._read() as connection:
            return connection.scalar(sa.select(findings.c.content).where(findings.c.key == key))

    def put(self, key: str, run_id: str, content: str) -> None:
        """Keep a text with the run that it is about; what another process kept first stays."""
        row = {"key": key, "run_id": run_id, "content": content, "created_at": now()}
        mine = sa.select(findings.c.key).where(findings.c.run_id == run_id)
        old = mine.order_by(findings.c.created_at.desc()).offset(KEPT_A_RUN).limit(1_000)
        with self._write() as connection:
            connection.execute(
                self._insert(findings).values(row).on_conflict_do_nothing(index_elements=["key"])
            )
            connection.execute(findings.delete().where(findings.c.key.in_(old.scalar_subquery())))
