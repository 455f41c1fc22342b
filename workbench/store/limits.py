"""How many calls of each model could be under way in a run, when that changed, and why."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from workbench.llm.limit_history import LimitChange
from workbench.store.base import Repository
from workbench.store.tables import run_limits


class LimitRepository(Repository):
    """The history of the limits of each run."""

    def add(self, run_id: str, changes: Sequence[LimitChange]) -> None:
        """Keep changes, in their order."""
        if changes:
            with self._write() as connection:
                connection.execute(run_limits.insert(), [{"run_id": run_id, **vars(c)} for c in changes])

    def of(self, run_id: str) -> list[LimitChange]:
        """Return a run's changes, oldest first."""
        columns = (run_limits.c.at, run_limits.c.lane, run_limits.c.limit, run_limits.c.reason)
        query = sa.select(*columns).where(run_limits.c.run_id == run_id).order_by(run_limits.c.id)
        with self._read() as connection:
            return [LimitChange(*row) for row in connection.execute(query)]
