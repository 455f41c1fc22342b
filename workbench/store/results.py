"""Answers and scores of a run: written one by one, read as pages or as frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from workbench.evals.types import Cell, Score
from workbench.llm.types import Completion
from workbench.store.answers import Answer, author_of, insert_answers, replace_answer
from workbench.store.base import Repository, now
from workbench.store.cache import cache_rows, first_stays
from workbench.store.cell_rows import CELL, CellRecord, cell_record, ended_as, lacking, of_version, scores_of
from workbench.store.spending import spent_today
from workbench.store.tables import cache, completions, scores, scorings, spending

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ErrorGroup:
    """The same fault on ``count`` cells: of the answer (``scorer`` None) or of one scorer, with one of its cases."""

    scorer: str | None
    kind: str
    message: str
    count: int
    case_id: str


@dataclass(frozen=True)
class Scoring:
    """One scoring of a run's outputs; a run has one for each time it was scored."""

    id: int
    suite_sha256: str
    scorers: list[dict[str, Any]]
    complete: bool
    created_at: str
    judging_usd: float = 0.0
    judging_calls: int = 0
    judging_unknown: int = 0


class ResultRepository(Repository):
    """Completions and scores."""

    def add_completion(self, run_id: str, cell: Cell, completion: Completion, *, spent_usd: float) -> int:
        """Commit one answer as `add_completions` does, and return the row's id."""
        return self.add_completions(run_id, [Answer(cell, completion, spent_usd)])[0]

    def add_completions(
        self, run_id: str, answers: Sequence[Answer], *, kept: Sequence[tuple[str, str, Completion]] = ()
    ) -> list[int]:
        """Commit answers that arrived together and the run's counters; return the rows' ids in the same order.

        An error stored earlier for a cell is replaced; an answer never is.

        Args:
            run_id: The run.
            answers: Answers to different cells.
            kept: What the cache shall keep of them, as ``(key, model, completion)``.
        """
        spent = sum(answer.spent_usd for answer in answers)
        try:
            with self._write() as connection:
                rows = insert_answers(connection, run_id, answers)
                self._keep(connection, run_id, spent, kept)
        except IntegrityError:  # a cell has a row, of an earlier process of this run
            with self._write() as connection:
                replaced = [replace_answer(connection, run_id, answer) for answer in answers]
                rows = [row for row, _ in replaced]
                spent = sum(a.spent_usd for a, (_, new) in zip(answers, replaced, strict=True) if new)
                self._keep(connection, run_id, spent, kept)
        return rows

    def _keep(
        self,
        connection: sa.Connection,
        run_id: str,
        spent_usd: float,
        kept: Sequence[tuple[str, str, Completion]],
    ) -> None:
        if spent_usd:
            author = author_of(connection, run_id)
            connection.execute(spent_today(self._insert(spending), author, spent_usd))
        if kept:
            connection.execute(self._cache_insert, cache_rows(kept))

    @cached_property
    def _cache_insert(self) -> Any:
        return first_stays(self._insert(cache))

    @cached_property
    def _score_insert(self) -> Any:
        keys = ["scoring_id", "completion_id", "scorer"]
        return self._insert(scores).on_conflict_do_nothing(index_elements=keys)

    def answered(self, run_id: str) -> set[Cell]:
        """Return the cells that have an answer; errors are not among them."""
        query = sa.select(*CELL).where(completions.c.run_id == run_id, completions.c.error.is_(None))
        with self._read() as connection:
            return {Cell(*row) for row in connection.execute(query)}

    def begin_scoring(self, run_id: str, suite_sha256: str, scorers: list[dict[str, Any]]) -> int:
        """Open a new scoring and return its id."""
        with self._write() as connection:
            return connection.execute(
                scorings.insert().values(
                    run_id=run_id,
                    suite_sha256=suite_sha256,
                    scorers=scorers,
                    complete=False,
                    created_at=now(),
                )
            ).inserted_primary_key[0]

    def finish_scoring(self, scoring_id: int) -> None:
        """Mark a scoring as complete, so that it becomes the one that is shown."""
        with self._write() as connection:
            connection.execute(scorings.update().where(scorings.c.id == scoring_id).values(complete=True))

    def scorings(self, run_id: str) -> list[Scoring]:
        """Return all scorings of a run, oldest first."""
        query = sa.select(*(c for c in scorings.c if c.name != "run_id")).where(scorings.c.run_id == run_id)
        with self._read() as connection:
            return [Scoring(**row) for row in connection.execute(query.order_by(scorings.c.id)).mappings()]

    def current_scoring(self, run_id: str) -> Scoring | None:
        """Return the newest complete scoring, else the newest, else None."""
        found = self.scorings(run_id)
        complete = [scoring for scoring in found if scoring.complete]
        return (complete or found or [None])[-1]

    def unscored_count(self, run_id: str, scoring_id: int) -> int:
        """Return how many answered or failed cells this scoring has not scored yet."""
        where = lacking(run_id, scoring_id)
        with self._read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(completions).where(*where)) or 0

    def each_unscored(self, run_id: str, scoring_id: int, *, batch: int = 200) -> Iterator[list[CellRecord]]:
        """Yield the cells that this scoring has not scored yet, in the order of answering, one batch at a time.

        Scores may be added meanwhile; what was yielded is not yielded again.
        """
        return self._batches(lacking(run_id, scoring_id), batch)

    def each_answer(self, run_id: str, *, batch: int = 500) -> Iterator[CellRecord]:
        """Yield a run's cells without their scores, in the order of answering, holding one batch at a time."""
        for found in self._batches((completions.c.run_id == run_id,), batch):
            yield from found

    def _batches(self, where: Sequence[sa.ColumnElement[bool]], batch: int) -> Iterator[list[CellRecord]]:
        query = sa.select(completions).where(*where).order_by(completions.c.id).limit(batch)
        last = -1
        while True:
            with self._read() as connection:
                found = list(connection.execute(query.where(completions.c.id > last)).mappings())
            if found:
                last = found[-1]["id"]
                yield [cell_record(row, ()) for row in found]
            if len(found) < batch:
                return

    def add_scores(self, scoring_id: int, scored: Iterable[tuple[int, Sequence[Score]]]) -> None:
        """Store the scores of one or more completions in one transaction."""
        rows = [
            {"scoring_id": scoring_id, "completion_id": completion_id, **vars(score)}
            for completion_id, found in scored
            for score in found
        ]
        if not rows:
            return
        with self._write() as connection:
            connection.execute(self._score_insert, rows)

    def page(
        self,
        run_id: str,
        scoring_id: int | None,
        *,
        case_ids: Sequence[str] | None = None,
        search: str = "",
        only: str | None = None,
        scorer: str | None = None,
        prompt_index: int | None = None,
        model_index: int | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[int, list[CellRecord]]:
        """Return how many cells match, and one page of them in the order of their cases.

        Args:
            search: Words that must stand in the case id, the output or the error.
            only: ``errors`` (no answer, or one that a scorer could not judge), ``failed`` (some scorer did not
                pass), ``passed`` (one did, and none failed) or ``flaky`` (other answers to the case passed what some
                failed), or None for all.
            scorer: Whose word counts for ``only``; by default any scorer's.
        """
        where = [completions.c.run_id == run_id]
        if case_ids is not None:
            where.append(completions.c.case_id.in_(case_ids))
        if prompt_index is not None:
            where.append(completions.c.prompt_index == prompt_index)
        if model_index is not None:
            where.append(completions.c.model_index == model_index)
        for word in search.split():
            columns = (completions.c.case_id, completions.c.text, completions.c.error_message)
            where.append(sa.or_(*(column.icontains(word, autoescape=True) for column in columns)))
        if only is not None:
            where.append(ended_as(only, scoring_id, scorer))
        order = (
            completions.c.case_id,
            completions.c.repeat,
            completions.c.model_index,
            completions.c.prompt_index,
        )
        with self._read() as connection:
            total = connection.scalar(sa.select(sa.func.count()).select_from(completions).where(*where))
            query = sa.select(completions).where(*where).order_by(*order).limit(limit).offset(offset)
            rows = connection.execute(query).mappings().all()
            found = scores_of(connection, scoring_id, [row["id"] for row in rows])
        return total, [cell_record(row, found.get(row["id"], ())) for row in rows]

    def cell(self, run_id: str, scoring_id: int | None, row_id: int) -> CellRecord | None:
        """Return one answered cell of a run by its row, or None where the run has no such."""
        query = sa.select(completions).where(completions.c.id == row_id, completions.c.run_id == run_id)
        with self._read() as connection:
            row = connection.execute(query).mappings().first()
            return row and cell_record(row, scores_of(connection, scoring_id, [row_id]).get(row_id, ()))

    def errors(self, run_id: str, scoring_id: int | None, *, limit: int = 200) -> list[ErrorGroup]:
        """Return a run's faults grouped by their sentence, those of answers before those of scorers."""
        count = sa.func.count().label("count")
        case = sa.func.min(completions.c.case_id)
        answers = (
            sa.select(sa.null(), completions.c.error, completions.c.error_message, count, case)
            .where(completions.c.run_id == run_id, completions.c.error.is_not(None))
            .group_by(completions.c.error, completions.c.error_message)
        )
        scored = (
            sa.select(scores.c.scorer, sa.literal("scorer"), scores.c.error, count, case)
            .join(completions, completions.c.id == scores.c.completion_id)
            .where(
                scores.c.scoring_id == scoring_id, scores.c.error.is_not(None), completions.c.error.is_(None)
            )
            .group_by(scores.c.scorer, scores.c.error)
        )
        with self._read() as connection:
            return [
                ErrorGroup(scorer, kind, message or kind, number, case_id)
                for query in (answers, scored)
                for scorer, kind, message, number, case_id in connection.execute(
                    query.order_by(sa.desc("count"), case).limit(limit)
                )
            ]

    def twins(self, a: tuple[str, int, int], b: tuple[str, int, int]) -> list[tuple[str, bool, int, int]]:
        """Return what two versions answered to the same question: case, whether it is the same text, both lengths.

        Args:
            a: The run, and the positions of prompt and model in its plan.
            b: The same of the other side; failed answers of either are left out.
        """
        one, other = completions.alias("one"), completions.alias("other")
        query = (
            sa.select(
                one.c.case_id,
                one.c.text == other.c.text,
                sa.func.length(one.c.text),
                sa.func.length(other.c.text),
            )
            .join(other, sa.and_(one.c.case_id == other.c.case_id, one.c.repeat == other.c.repeat))
            .where(*of_version(one, a), *of_version(other, b))
        )
        with self._read() as connection:
            return [(case, bool(same), n, m) for case, same, n, m in connection.execute(query)]

    def resolved_models(self, run_id: str) -> dict[int, set[str]]:
        """Return by the model's position in the plan under which names the provider answered, where it said so."""
        query = (
            sa.select(completions.c.model_index, completions.c.resolved_model)
            .where(
                completions.c.run_id == run_id,
                completions.c.error.is_(None),
                completions.c.resolved_model.is_not(None),
            )
            .distinct()
        )
        found: dict[int, set[str]] = {}
        with self._read() as connection:
            for model_index, name in connection.execute(query):
                found.setdefault(model_index, set()).add(name)
        return found

    def frames(self, run_id: str, scoring_id: int | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return ``(scores, cells)`` as `workbench.analysis` reads them, with indexes for prompt and model.

        ``scores`` has one row a cell and scorer; ``cells`` one row a cell.
        """
        from workbench.store.frames import read_cells, read_scores

        with self._read() as connection:
            cells = read_cells(connection, run_id)
            return read_scores(connection, scoring_id, cells), cells
