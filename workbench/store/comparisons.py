"""What judges said of pairs of answers, kept with the scores that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from workbench.evals.types import Score
from workbench.store.base import Repository
from workbench.store.tables import completions, pair_verdicts, scores


@dataclass(frozen=True)
class StoredVerdict:
    """One judgement of two answers, in the order in which the judge was shown them.

    ``first`` and ``second`` are positions of prompt and model in the plan; ``winner`` is one of them, or None for a
    tie and where ``error`` is set. ``unparsable`` marks a reply that the scorer's policy made a tie.
    """

    scorer: str
    case_id: str
    repeat: int
    first: tuple[int, int]
    second: tuple[int, int]
    winner: tuple[int, int] | None
    unparsable: bool
    error: str | None


class ComparisonRepository(Repository):
    """Verdicts on pairs, a scoring at a time."""

    def replace(
        self,
        scoring_id: int,
        scorer: str,
        scored: Sequence[tuple[int, Score]],
        verdicts: Iterable[tuple[int, int, int | None, bool, str | None]],
    ) -> None:
        """Store what comparing one group of answers came to, in place of what an earlier process stored.

        Args:
            scoring_id: The scoring.
            scorer: Its name.
            scored: The score of each answer, by its row.
            verdicts: First row, second row, the winner's row, whether a policy made it a tie, and the error.
        """
        rows = [row for row, _ in scored]
        pairs = [
            {
                "scoring_id": scoring_id,
                "scorer": scorer,
                "first_id": first,
                "second_id": second,
                "winner_id": winner,
                "unparsable": unparsable,
                "error": error,
            }
            for first, second, winner, unparsable, error in verdicts
        ]
        found = [
            {"scoring_id": scoring_id, "completion_id": row, **vars(score), "scorer": scorer}
            for row, score in scored
        ]
        with self._write() as connection:
            connection.execute(
                scores.delete().where(
                    scores.c.scoring_id == scoring_id,
                    scores.c.scorer == scorer,
                    scores.c.completion_id.in_(rows),
                )
            )
            connection.execute(
                pair_verdicts.delete().where(
                    pair_verdicts.c.scoring_id == scoring_id,
                    pair_verdicts.c.scorer == scorer,
                    pair_verdicts.c.first_id.in_(rows),
                )
            )
            connection.execute(scores.insert(), found)
            if pairs:
                connection.execute(pair_verdicts.insert(), pairs)

    def verdicts(self, scoring_id: int) -> list[StoredVerdict]:
        """Return all verdicts of a scoring, by scorer and case."""
        one, other, pair = completions.alias("one"), completions.alias("other"), pair_verdicts.c
        query = (
            sa.select(
                pair_verdicts,
                one.c.case_id,
                one.c.repeat,
                one.c.prompt_index.label("first_prompt"),
                one.c.model_index.label("first_model"),
                other.c.prompt_index.label("second_prompt"),
                other.c.model_index.label("second_model"),
            )
            .join(one, one.c.id == pair.first_id)
            .join(other, other.c.id == pair.second_id)
            .where(pair.scoring_id == scoring_id)
            .order_by(pair.scorer, one.c.case_id, one.c.repeat, pair.first_id, pair.second_id)
        )
        with self._read() as connection:
            return [_stored(row) for row in connection.execute(query).mappings()]


def _stored(row: sa.RowMapping) -> StoredVerdict:
    sides = {
        row["first_id"]: (row["first_prompt"], row["first_model"]),
        row["second_id"]: (row["second_prompt"], row["second_model"]),
    }
    return StoredVerdict(
        row["scorer"],
        row["case_id"],
        row["repeat"],
        sides[row["first_id"]],
        sides[row["second_id"]],
        None if row["winner_id"] is None else sides[row["winner_id"]],
        bool(row["unparsable"]),
        row["error"],
    )
