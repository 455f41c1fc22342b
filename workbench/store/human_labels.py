"""What people said of single answers, so that a judge can be held against them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from workbench.evals.types import Cell
from workbench.store.base import Repository, now
from workbench.store.cell_rows import CELL
from workbench.store.tables import completions, human_labels

_AT_ONCE = 500


@dataclass(frozen=True)
class HumanLabel:
    """One person's value of one answer, in the unit of a scorer."""

    cell: Cell
    scorer: str
    rater: str
    value: float


@dataclass(frozen=True)
class LabelledAnswer:
    """An answer that somebody may label: its row, its cell, and its text; ``error`` where there is none."""

    id: int
    cell: Cell
    text: str
    error: str | None


class HumanLabelRepository(Repository):
    """Labels by the answer, the scorer whose question they answer, and who gave them."""

    def put(self, run_id: str, labels: Iterable[tuple[int, str, str, float]], author: str) -> int:
        """Store labels of a run's answers, in place of earlier ones by the same rater; return how many were there.

        Args:
            run_id: The run.
            labels: The answer's row, scorer, rater and value of each.
            author: Who brings them.
        """
        same = {"run_id": run_id, "author": author, "created_at": now()}
        rows = [
            {**same, "completion_id": row, "scorer": scorer, "rater": rater, "value": value}
            for row, scorer, rater, value in labels
        ]
        insert = self._insert(human_labels)
        insert = insert.on_conflict_do_update(
            index_elements=["completion_id", "scorer", "rater"],
            set_={name: insert.excluded[name] for name in ("value", "author", "created_at")},
        )
        with self._write() as connection:
            before = self._count(connection, run_id)
            for start in range(0, len(rows), _AT_ONCE):
                connection.execute(insert, rows[start : start + _AT_ONCE])
            return len(rows) - (self._count(connection, run_id) - before)

    def of_run(self, run_id: str) -> list[HumanLabel]:
        """Return a run's labels, by scorer, answer and rater."""
        c = human_labels.c
        query = (
            sa.select(*CELL, c.scorer, c.rater, c.value)
            .join(completions, completions.c.id == c.completion_id)
            .where(c.run_id == run_id, completions.c.error.is_(None))
            .order_by(c.scorer, c.completion_id, c.rater)
        )
        with self._read() as connection:
            return [HumanLabel(Cell(*row[:4]), *row[4:]) for row in connection.execute(query)]

    def remove(self, run_id: str, *, scorer: str | None = None, rater: str | None = None) -> int:
        """Remove a run's labels, only those of one scorer or one rater where such is named; return how many."""
        c = human_labels.c
        wanted = [c.run_id == run_id]
        wanted += [c.scorer == scorer] if scorer is not None else []
        wanted += [c.rater == rater] if rater is not None else []
        with self._write() as connection:
            return connection.execute(human_labels.delete().where(*wanted)).rowcount

    def mark(self, run_id: str) -> str | None:
        """Return what changes whenever a run's labels do; None where there are none."""
        c = human_labels.c
        query = sa.select(sa.func.count(), sa.func.max(c.created_at)).where(c.run_id == run_id)
        with self._read() as connection:
            count, newest = connection.execute(query).one()
        return f"{count} {newest}" if count else None

    def answers(self, run_id: str, cases: Sequence[str]) -> list[LabelledAnswer]:
        """Return a run's answers to some cases."""
        found: list[LabelledAnswer] = []
        chosen = sa.select(completions.c.id, *CELL, completions.c.text, completions.c.error)
        with self._read() as connection:
            for start in range(0, len(cases), _AT_ONCE):
                query = chosen.where(
                    completions.c.run_id == run_id,
                    completions.c.case_id.in_(cases[start : start + _AT_ONCE]),
                )
                rows = connection.execute(query)
                found += [LabelledAnswer(row[0], Cell(*row[1:5]), row[5], row[6]) for row in rows]
        return found

    @staticmethod
    def _count(connection: sa.Connection, run_id: str) -> int:
        query = sa.select(sa.func.count()).where(human_labels.c.run_id == run_id)
        return connection.scalar(query) or 0
