"""What people said of single answers, and which of two they preferred, so that a judge can be held against them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from workbench.evals.types import Cell
from workbench.store.base import Repository, now
from workbench.store.cell_rows import CELL
from workbench.store.comparisons import StoredVerdict
from workbench.store.tables import completions, human_labels, human_preferences

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


#: What people's preferences are called where those of scorers have the scorer's name.
PEOPLE = "people"


class HumanLabelRepository(Repository):
    """Labels by the answer, the scorer whose question they answer, and who gave them; preferences by the pair."""

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

    def prefer(self, run_id: str, chosen: Iterable[tuple[int, int, int | None, str]], author: str) -> int:
        """Store which of two answers people preferred, in place of what they said before; return how often they had.

        Args:
            run_id: The run.
            chosen: The row shown first, the other, the preferred one (None for a tie), and the rater of each.
            author: Who brings them.
        """
        same = {"run_id": run_id, "author": author, "created_at": now()}
        rows = [
            {**same, "first_id": first, "second_id": second, "winner_id": winner, "rater": rater}
            for first, second, winner, rater in chosen
        ]
        c = human_preferences.c
        replaced = 0
        with self._write() as connection:
            for row in rows:
                # The same two answers may have been shown the other way round.
                shown = [(row["first_id"], row["second_id"]), (row["second_id"], row["first_id"])]
                again = [sa.and_(c.first_id == one, c.second_id == other) for one, other in shown]
                gone = human_preferences.delete().where(sa.or_(*again), c.rater == row["rater"])
                replaced += connection.execute(gone).rowcount
            if rows:
                connection.execute(human_preferences.insert(), rows)
        return replaced

    def preferences(self, run_id: str) -> list[StoredVerdict]:
        """Return which of two answers of a run people preferred, by case, in the form of judges' verdicts."""
        one, other, c = completions.alias("one"), completions.alias("other"), human_preferences.c
        places = [alias.c[name] for alias in (one, other) for name in ("prompt_index", "model_index")]
        query = (
            sa.select(c.first_id, c.winner_id, one.c.case_id, one.c.repeat, *places)
            .join(one, one.c.id == c.first_id)
            .join(other, other.c.id == c.second_id)
            .where(c.run_id == run_id)
            .order_by(one.c.case_id, one.c.repeat, c.first_id, c.second_id, c.rater)
        )
        with self._read() as connection:
            return [_verdict(*row) for row in connection.execute(query)]

    def remove(self, run_id: str, *, scorer: str | None = None, rater: str | None = None) -> int:
        """Remove what people said of a run, only of one scorer (or `PEOPLE`) or by one rater; return how much."""
        removed = 0
        with self._write() as connection:
            for table in (human_labels, human_preferences):
                wanted = [table.c.run_id == run_id]
                wanted += [table.c.rater == rater] if rater is not None else []
                if table is human_labels and scorer is not None:
                    wanted.append(table.c.scorer == scorer)
                if table is human_labels or scorer in (None, PEOPLE):
                    removed += connection.execute(table.delete().where(*wanted)).rowcount
        return removed

    def mark(self, run_id: str) -> str | None:
        """Return what changes whenever something that people said of a run does; None where they said nothing."""
        marks = []
        with self._read() as connection:
            for table in (human_labels, human_preferences):
                query = sa.select(sa.func.count(), sa.func.max(table.c.created_at))
                marks.append(connection.execute(query.where(table.c.run_id == run_id)).one())
        return " ".join(f"{count} {newest}" for count, newest in marks) if any(m[0] for m in marks) else None

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


def _verdict(first: int, winner: int | None, case: str, repeat: int, *places: int) -> StoredVerdict:
    sides = (places[0], places[1]), (places[2], places[3])
    won = None if winner is None else sides[0] if winner == first else sides[1]
    return StoredVerdict(PEOPLE, case, repeat, *sides, won, unparsable=False, error=None)
