"""Rows of answered cells: the conditions by which they are chosen, and the records made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from workbench.evals.types import Cell, Score
from workbench.llm.types import Completion, Usage
from workbench.store.tables import completions, scores

CELL = (completions.c.prompt_index, completions.c.model_index, completions.c.case_id, completions.c.repeat)


@dataclass(frozen=True)
class CellRecord:
    """One answered cell with its scores."""

    id: int
    cell: Cell
    completion: Completion
    scores: tuple[Score, ...] = ()


def lacking(run_id: str, scoring_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions that a cell is of a run and has no scores of a scoring."""
    scored = sa.exists().where(scores.c.scoring_id == scoring_id, scores.c.completion_id == completions.c.id)
    return completions.c.run_id == run_id, ~scored


def ended_as(only: str, scoring_id: int | None, scorer: str | None) -> sa.ColumnElement[bool]:
    """Return the condition that a cell has an error, has failed or has passed, in some or one scorer's word."""

    def some(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        chosen = sa.select(scores.c.completion_id).where(scores.c.scoring_id == scoring_id, condition)
        return completions.c.id.in_(chosen if scorer is None else chosen.where(scores.c.scorer == scorer))

    if only == "flaky":
        return _is_flaky(scoring_id, scorer)
    if only == "errors":
        return sa.or_(completions.c.error.is_not(None), some(scores.c.error.is_not(None)))
    if only == "passed":
        return sa.and_(some(scores.c.passed.is_(True)), sa.not_(some(scores.c.passed.is_(False))))
    return some(scores.c.passed.is_(False))


def _is_flaky(scoring_id: int | None, scorer: str | None) -> sa.ColumnElement[bool]:
    """Return the condition that other answers to the same case passed a scorer that some failed."""
    place = ("run_id", "prompt_index", "model_index", "case_id")
    columns = [completions.c[name] for name in place]
    yes = sa.func.sum(sa.case((scores.c.passed.is_(True), 1), else_=0))
    no = sa.func.sum(sa.case((scores.c.passed.is_(False), 1), else_=0))
    mixed = (
        sa.select(*columns)
        .join(scores, scores.c.completion_id == completions.c.id)
        .where(scores.c.scoring_id == scoring_id, *([] if scorer is None else [scores.c.scorer == scorer]))
        .group_by(*columns, scores.c.scorer)
        .having(yes > 0, no > 0)
    )
    return sa.tuple_(*columns).in_(mixed)


def of_version(table: sa.Alias, version: tuple[str, int, int]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions that a cell is an answer of one prompt and model of a run."""
    run_id, prompt_index, model_index = version
    return (
        table.c.run_id == run_id,
        table.c.prompt_index == prompt_index,
        table.c.model_index == model_index,
        table.c.error.is_(None),
    )


def scores_of(
    connection: sa.Connection, scoring_id: int | None, ids: list[int]
) -> dict[int, tuple[Score, ...]]:
    """Return the scores of cells by the cells' rows."""
    query = sa.select(*(c for c in scores.c if c.name != "scoring_id")).where(
        scores.c.scoring_id == scoring_id, scores.c.completion_id.in_(ids)
    )
    found: dict[int, tuple[Score, ...]] = {}
    for row in connection.execute(query).mappings():
        values = dict(row)
        row_id = values.pop("completion_id")
        found[row_id] = (*found.get(row_id, ()), Score(**values))
    return found


def cell_record(row: Any, found: Sequence[Score]) -> CellRecord:
    """Make a record of a row and its scores."""
    values = dict(row)
    cell = Cell(*(values.pop(column.name) for column in CELL))
    row_id = values.pop("id")
    for name in ("run_id", "created_at"):
        values.pop(name)
    return CellRecord(row_id, cell, Completion(**{**values, "usage": Usage(**values["usage"])}), tuple(found))
