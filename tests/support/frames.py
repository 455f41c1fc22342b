"""Small frames of scores and cells, as a run would give them to the analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from workbench.analysis.compare import Side

Value = float | str | None


def side(
    name: str,
    values: Mapping[str, Any] | Sequence[Any],
    *,
    scorer: str = "accuracy",
    prompt: str = "p",
    version: int = 1,
    model: str = "m",
    cost: Mapping[str, Any] | float | None = 0.001,
    latency: Mapping[str, Any] | float | None = 1.0,
) -> Side:
    """Return one side. A value is a number, None (unknown), a text (an error), or a list of those (repeats)."""
    by_case = values if isinstance(values, Mapping) else {f"c{i}": v for i, v in enumerate(values)}
    scores, cells = [], []
    for case, several in by_case.items():
        for repeat, value in enumerate(several if isinstance(several, list) else [several]):
            key = {"prompt": prompt, "version": version, "model": model, "case_id": case, "repeat": repeat}
            error = value if isinstance(value, str) else None
            number = None if error else value
            scores.append({**key, "scorer": scorer, "value": number, "passed": None, "error": error})
            spent = {"cost_usd": _of(cost, case), "latency_s": _of(latency, case), "ttft_s": None}
            cells.append(
                {**key, **spent, "input_tokens": 10, "output_tokens": 5, "cached": False, "error": error}
            )
    return Side(name, pd.DataFrame(scores), pd.DataFrame(cells))


def together(first: Side, *others: Side, cells: bool = False) -> Side:
    """Return one side with the scores of several (other scorers; with ``cells``, other models too)."""
    parts = [first, *others]
    spent = pd.concat([p.cells for p in parts], ignore_index=True) if cells else first.cells
    return Side(first.name, pd.concat([p.scores for p in parts], ignore_index=True), spent)


def pass_fail(wins: int, losses: int, n: int, passed_by_both: int = 0) -> tuple[Side, Side]:
    """Return two sides of ``n`` cases on which B alone passes ``wins`` and A alone ``losses``."""
    ties = n - wins - losses
    both = [1.0] * passed_by_both + [0.0] * (ties - passed_by_both)
    a = [0.0] * wins + [1.0] * losses + both
    b = [1.0] * wins + [0.0] * losses + both
    return side("A", a), side("B", b)


def _of(source: Any, case: str) -> Any:
    return source.get(case) if isinstance(source, Mapping) else source
