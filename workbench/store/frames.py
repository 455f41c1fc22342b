"""A run's cells and scores as frames, read in blocks: a million scores in seconds, without a million rows at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from workbench.llm.types import Usage
from workbench.store.tables import completions, scores

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_BLOCK = 50_000
_PLACE = ("prompt_index", "model_index", "case_id", "repeat")
_NUMBERS = ("cost_usd", "latency_s", "ttft_s")
#: What ``passed`` may be, by its code.
_UNKNOWN, _NO, _YES = 0, 1, 2


def read_cells(connection: sa.Connection, run_id: str) -> pd.DataFrame:
    """Return one row a cell, in the order of the plan and not in that of the answers' arrival."""
    import pandas as pd

    chosen = ("id", *_PLACE, *_NUMBERS, "usage", "cached", "error")
    query = (
        sa.select(*(completions.c[name] for name in chosen))
        .where(completions.c.run_id == run_id)
        .order_by(completions.c.prompt_index, completions.c.model_index, completions.c.id)
    )
    frame = pd.DataFrame(connection.execute(query).all(), columns=list(chosen))
    usage = [Usage(**u) for u in frame.pop("usage")]
    frame["input_tokens"] = [u.total_input for u in usage]
    frame["output_tokens"] = [u.output for u in usage]
    for column in (*_NUMBERS, "input_tokens", "output_tokens"):
        frame[column] = pd.to_numeric(frame[column]).astype(float)
    return frame


def read_scores(connection: sa.Connection, scoring_id: int | None, cells: pd.DataFrame) -> pd.DataFrame:
    """Return one row a cell and scorer, in the order of ``cells``."""
    import numpy as np
    import pandas as pd

    names: dict[str, int] = {}
    blocks = [_columns(rows, names) for rows in _blocks(connection, scoring_id)]
    ids, codes, values, passed, errors = (
        np.concatenate(parts) if blocks else np.array([], dtype=kind)
        for parts, kind in zip(
            zip(*blocks, strict=True) if blocks else [()] * 5,
            ("int64", "int64", "float64", "int8", "object"),
            strict=True,
        )
    )
    # Scores have no place of their own: their cell's row says it.
    by_id = np.argsort(cells["id"].to_numpy(), kind="stable")
    found = by_id[np.searchsorted(cells["id"].to_numpy()[by_id], ids)]
    order = np.argsort(found, kind="stable")
    found = found[order]
    frame = cells.loc[:, list(_PLACE)].take(found).reset_index(drop=True)
    frame["scorer"] = pd.Series(list(names), dtype="str").take(codes[order]).array
    frame["value"] = values[order]
    frame["passed"] = np.array([None, False, True], dtype=object)[passed[order]]
    frame["error"] = errors[order]
    return frame


def _blocks(connection: sa.Connection, scoring_id: int | None) -> Iterator[Sequence[Any]]:
    query = (
        sa.select(
            scores.c.completion_id,
            scores.c.scorer,
            scores.c.value,
            sa.type_coerce(scores.c.passed, sa.types.NullType()),
            scores.c.error,
        )
        .where(scores.c.scoring_id == scoring_id)
        .order_by(scores.c.completion_id, scores.c.scorer)
    )
    yield from connection.execution_options(yield_per=_BLOCK).execute(query).partitions()


def _columns(rows: Sequence[Any], names: dict[str, int]) -> tuple[np.ndarray, ...]:
    """Return a block as columns; ``names`` gets the scorers that were not seen yet."""
    import numpy as np

    ids, scorers, values, passed, errors = zip(*rows, strict=True)
    return (
        np.fromiter(ids, dtype="int64", count=len(ids)),
        np.fromiter((names.setdefault(s, len(names)) for s in scorers), dtype="int64", count=len(ids)),
        np.array(values, dtype=float),  # None becomes NaN
        np.fromiter((_UNKNOWN if p is None else _YES if p else _NO for p in passed), "int8", count=len(ids)),
        np.array(errors, dtype=object),
    )
