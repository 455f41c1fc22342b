"""How long the answers of a run took and how many tokens they had: percentiles, means, and errors counted apart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.analysis import frames

#: What is figured of each answer: times in seconds, tokens (cached input included), US dollars.
QUANTITIES = ("latency_s", "ttft_s", "input_tokens", "output_tokens", "cost_usd")
PERCENTILES = (25, 50, 75, 90, 95, 99)


@dataclass(frozen=True)
class Spread:
    """The distribution of one quantity over ``n`` answers; ``unknown`` others did not tell.

    Percentiles are linearly interpolated, ``stddev`` is that of a sample (None for a single answer).
    """

    n: int
    unknown: int
    mean: float | None
    stddev: float | None
    min: float | None
    max: float | None
    percentiles: dict[str, float]


@dataclass(frozen=True)
class Figures:
    """One version with one model. ``spreads`` are over answers only: an error has no latency.

    ``error_kinds`` counts the errors by kind.
    """

    prompt: str
    version: int
    model: str
    answers: int
    errors: int
    error_kinds: dict[str, int]
    spreads: dict[str, Spread]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def figures(cells: pd.DataFrame) -> list[Figures]:
    """Return the figures of each version and model, in the order in which they stand in ``cells``."""
    found = []
    for (prompt, version, model), group in cells.groupby(["prompt", "version", "model"], sort=False):
        failed = frames.is_error(group)
        answered = group[~failed]
        kinds = group.loc[failed, "error"].value_counts()
        found.append(
            Figures(
                str(prompt),
                int(version),
                str(model),
                answers=len(answered),
                errors=int(failed.sum()),
                error_kinds={str(kind): int(number) for kind, number in sorted(kinds.items())},
                spreads={name: _spread(frames.float_column(answered, name)) for name in QUANTITIES},
            )
        )
    return found


def _spread(values: np.ndarray) -> Spread:
    known = values[~np.isnan(values)]
    unknown = int(values.size - known.size)
    if not known.size:
        return Spread(0, unknown, None, None, None, None, {})
    return Spread(
        int(known.size),
        unknown,
        float(known.mean()),
        float(known.std(ddof=1)) if known.size > 1 else None,
        float(known.min()),
        float(known.max()),
        {f"p{p}": float(v) for p, v in zip(PERCENTILES, np.percentile(known, PERCENTILES), strict=True)},
    )
