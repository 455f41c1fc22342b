"""Writing answers: those that arrive together are committed together, with what the cache keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from workbench.evals.types import Cell
from workbench.llm.types import Completion
from workbench.store.base import now
from workbench.store.tables import completions, runs, scores

# Statements are made once: building one takes longer than SQLite takes to run it.
_INSERT = completions.insert().returning(completions.c.id, sort_by_parameter_order=True)
_AUTHOR = sa.select(runs.c.author).where(runs.c.id == sa.bindparam("run"))
_COUNT = (
    runs.update()
    .where(runs.c.id == sa.bindparam("run"))
    .values(
        done=runs.c.done + sa.bindparam("more_done", type_=sa.Integer),
        errors=runs.c.errors + sa.bindparam("more_errors", type_=sa.Integer),
        cached=runs.c.cached + sa.bindparam("more_cached", type_=sa.Integer),
        cost_unknown=runs.c.cost_unknown + sa.bindparam("more_unknown", type_=sa.Integer),
        spent_usd=runs.c.spent_usd + sa.bindparam("more_spent", type_=sa.Float),
        # A cost that is not known stays unknown, and adds up as nothing.
        cost_usd=sa.case(
            (sa.bindparam("priced", type_=sa.Integer) == 0, runs.c.cost_usd),
            else_=sa.func.coalesce(runs.c.cost_usd, 0.0) + sa.bindparam("more_cost", type_=sa.Float),
        ),
    )
)


class Answer(NamedTuple):
    """The answer to a cell, and the new money in USD that it cost."""

    cell: Cell
    completion: Completion
    spent_usd: float


def insert_answers(connection: sa.Connection, run_id: str, answers: Sequence[Answer]) -> list[int]:
    """Insert answers to cells that have no row yet, count them, and return the rows' ids in the same order.

    Raises:
        sqlalchemy.exc.IntegrityError: A cell has a row: use `replace_answer`.
    """
    moment = now()
    rows = [
        {"run_id": run_id, **answer.cell._asdict(), **_values(answer.completion, moment)}
        for answer in answers
    ]
    ids = connection.execute(_INSERT, rows).scalars().all()
    _count(connection, run_id, answers, new=True)
    return list(ids)


def replace_answer(connection: sa.Connection, run_id: str, answer: Answer) -> tuple[int, bool]:
    """Write one answer where an error may be stored already; return the row's id and whether it was written.

    An error is replaced, with its scores; an answer never is.
    """
    here = sa.and_(
        completions.c.run_id == run_id, *(completions.c[k] == v for k, v in answer.cell._asdict().items())
    )
    before = connection.execute(sa.select(completions.c.id, completions.c.error).where(here)).first()
    if before is None:
        return insert_answers(connection, run_id, [answer])[0], True
    if before.error is None:
        return before.id, False
    connection.execute(completions.update().where(here).values(**_values(answer.completion, now())))
    connection.execute(scores.delete().where(scores.c.completion_id == before.id))
    _count(connection, run_id, [answer], new=False)
    return before.id, True


def author_of(connection: sa.Connection, run_id: str) -> str:
    """Return who is billed for a run."""
    return connection.scalar(_AUTHOR, {"run": run_id})


def _values(completion: Completion, moment: str) -> dict[str, Any]:
    return {
        "text": completion.text,
        "usage": completion.usage.to_dict(),
        "cost_usd": completion.cost_usd,
        "latency_s": completion.latency_s,
        "ttft_s": completion.ttft_s,
        "finish_reason": completion.finish_reason,
        "resolved_model": completion.resolved_model,
        "error": completion.error,
        "error_message": completion.error_message,
        "cached": completion.cached,
        "tool_calls": list(completion.tool_calls) or None,
        "logprobs": completion.logprobs,
        "created_at": moment,
    }


def _count(connection: sa.Connection, run_id: str, answers: Sequence[Answer], *, new: bool) -> None:
    """Move the run's counters by these answers; a replaced error was counted as done already."""
    found = [answer.completion for answer in answers]
    failed = sum(not completion.ok for completion in found)
    prices = [completion.cost_usd for completion in found if completion.cost_usd is not None]
    connection.execute(
        _COUNT,
        {
            "run": run_id,
            "more_done": len(found) if new else 0,
            "more_errors": failed if new else failed - len(found),
            "more_cached": sum(completion.ok and completion.cached for completion in found),
            "more_unknown": sum(completion.ok and completion.cost_usd is None for completion in found),
            "more_spent": sum(answer.spent_usd for answer in answers),
            "priced": len(prices),
            "more_cost": sum(prices),
        },
    )
