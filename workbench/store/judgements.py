"""What judges said, kept the moment it arrives, and what judging cost: apart from the answers that were judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from workbench.llm.types import Completion
from workbench.store.base import Repository, now
from workbench.store.cache import completion_from_dict, completion_to_dict
from workbench.store.spending import spent_today
from workbench.store.tables import judgements, runs, scorings, spending


class JudgementRepository(Repository):
    """Keeps judgements by everything that shaped them, with the run that paid for each."""

    def get(self, key: str, *, run_id: str | None = None) -> Completion | None:
        """Return the judgement under ``key``, of one run or of any; None where there is none."""
        query = sa.select(judgements.c.completion).where(judgements.c.key == key)
        if run_id is not None:
            query = query.where(judgements.c.run_id == run_id)
        with self._read() as connection:
            data = connection.scalar(query.order_by(judgements.c.created_at).limit(1))
        return completion_from_dict(data) if data else None

    def add(
        self, run_id: str, scoring_id: int, key: str, model: str, completion: Completion, *, spent_usd: float
    ) -> None:
        """Commit one judgement and its cost together; a failed call is counted and not kept."""
        with self._write() as connection:
            if completion.ok:
                connection.execute(
                    self._insert(judgements)
                    .values(
                        key=key,
                        run_id=run_id,
                        model=model,
                        completion=completion_to_dict(completion),
                        spent_usd=spent_usd,
                        created_at=now(),
                    )
                    .on_conflict_do_nothing(index_elements=["key", "run_id"])
                )
            unknown = completion.ok and completion.cost_usd is None
            self._book(connection, run_id, scoring_id, spent_usd, calls=1, unknown=int(unknown))

    def book(self, run_id: str, scoring_id: int, usd: float, *, calls: int, unknown: int) -> None:
        """Count calls of a judge of which nothing is kept here, such as those for vectors."""
        with self._write() as connection:
            self._book(connection, run_id, scoring_id, usd, calls=calls, unknown=unknown)

    def count(self, run_id: str) -> int:
        """Return how many judgements a run has paid for."""
        query = sa.select(sa.func.count()).select_from(judgements).where(judgements.c.run_id == run_id)
        with self._read() as connection:
            return connection.scalar(query) or 0

    def kept(self, keys: Sequence[str]) -> set[str]:
        """Return those of these keys under which a judgement is kept, of any run."""
        found: set[str] = set()
        with self._read() as connection:
            for start in range(0, len(keys), 500):
                query = sa.select(judgements.c.key).where(judgements.c.key.in_(keys[start : start + 500]))
                found.update(connection.scalars(query))
        return found

    def reply_tokens(self, models: Sequence[str], most: int) -> dict[str, list[int]]:
        """Return the output tokens of the newest judgements by these models, ``most`` of each."""
        found: dict[str, list[int]] = {}
        with self._read() as connection:
            for model in models:
                newest = (
                    sa.select(judgements.c.completion)
                    .where(judgements.c.model == model)
                    .order_by(judgements.c.created_at.desc())
                    .limit(most)
                )
                usages = [completion.get("usage") or {} for completion in connection.scalars(newest)]
                found[model] = [usage["output"] for usage in usages if usage.get("output") is not None]
        return found

    def _book(
        self, connection: sa.Connection, run_id: str, scoring_id: int, usd: float, *, calls: int, unknown: int
    ) -> None:
        for table, row_id in ((runs, run_id), (scorings, scoring_id)):
            values: dict[str, Any] = {
                "judging_usd": table.c.judging_usd + usd,
                "judging_calls": table.c.judging_calls + calls,
                "judging_unknown": table.c.judging_unknown + unknown,
            }
            connection.execute(table.update().where(table.c.id == row_id).values(**values))
        if usd:
            author = connection.scalar(sa.select(runs.c.author).where(runs.c.id == run_id))
            connection.execute(spent_today(self._insert(spending), author, usd))
