"""What ``reducer`` may be: how several answers to one case become one value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench.evals.combine import OVERALL
from workbench.evals.types import ScorerSpec

WORDS = ("mean", "majority")
WITH_K = ("pass_at_k", "pass_all_k", "at_least")
MAX_K = 1000


def parse_reducer(value: Any) -> tuple[str, int]:
    """Return a reducer as kind and k (0 where it needs none).

    Raises:
        ValueError: It is none.
    """
    if value in (None, "mean"):
        return "mean", 0
    if value == "majority":
        return "majority", 0
    if isinstance(value, dict) and len(value) == 1:
        kind, k = next(iter(value.items()))
        if kind in WITH_K and isinstance(k, int) and not isinstance(k, bool) and 1 <= k <= MAX_K:
            return kind, k
        if kind in WITH_K:
            raise ValueError(f"{kind} needs a whole number from 1 to {MAX_K}")
    raise ValueError(
        f"a reducer is {', '.join(WORDS)}, or {{{WITH_K[0]}: 3}}, {{{WITH_K[1]}: 3}}, {{{WITH_K[2]}: 2}}"
    )


def reducers_of(specs: Iterable[ScorerSpec]) -> dict[str, tuple[str, int]]:
    """Return the reducers other than the mean by scorer.

    ``overall`` is reduced as its parts are where all of them are reduced alike, and averaged where they are not.
    """
    specs = list(specs)
    found = {spec.name: parse_reducer(spec.reducer) for spec in specs}
    parts = {found[spec.name] for spec in specs if spec.weight > 0}
    if len(parts) == 1:
        found[OVERALL] = parts.pop()
    return {name: reducer for name, reducer in found.items() if reducer[0] != "mean"}
