"""Metrics that are a formula of means, such as F1 of precision and recall, with intervals by the jackknife."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from workbench.analysis.frames import Slices, slice_label
from workbench.analysis.summary import Summary

#: From here on cases are left out in blocks, so that the formula is computed no more often than this.
MAX_BLOCKS = 500
_GROUP = ["prompt", "version", "model"]


@dataclass(frozen=True)
class MeansFormula:
    """A formula over means. ``needs`` are scorers in the order in which ``compute`` takes their means.

    ``compute`` returns None where the formula gives no number.
    """

    name: str
    needs: tuple[str, ...]
    compute: Callable[[Sequence[float]], float | None]
    unit: str = "score"


def derived_summaries(
    scores: pd.DataFrame,
    formulas: Sequence[MeansFormula],
    summaries: Sequence[Summary],
    slices: Slices | None = None,
    *,
    confidence: float = 0.95,
) -> list[Summary]:
    """Return one summary a formula for every version, model and slice that ``summaries`` has.

    Each mean is over the cases that have a value; ``n`` counts the cases that all of them have. The interval is that
    of the delete-a-group jackknife over cases (Efron & Tibshirani 1993, chapter 11) with t quantiles, None where the
    formula gives no number without some of the cases.
    """
    found: list[Summary] = []
    for formula in formulas:
        own = scores[scores["scorer"].isin(formula.needs)]
        tables = {
            key: group.groupby(["case_id", "scorer"])["value"].mean().unstack("scorer")
            for key, group in own.groupby(_GROUP, sort=False, dropna=False)
        }
        for place in dict.fromkeys((s.prompt, s.version, s.model, s.slice) for s in summaries):
            table = next((t for key, t in tables.items() if _same(key, place[:3])), None)
            if table is None:
                continue
            inside = table.loc[_cases_in(list(table.index), place[3], slices)]
            errors = max(
                (s.errors for s in summaries if _place(s) == place and s.scorer in formula.needs), default=0
            )
            found.append(_summary(formula, inside.reindex(columns=formula.needs), place, errors, confidence))
    return found


def _place(summary: Summary) -> tuple[object, ...]:
    return (summary.prompt, summary.version, summary.model, summary.slice)


def _same(key: Sequence[object], place: Sequence[object]) -> bool:
    return all(a == b or (a != a and b is None) for a, b in zip(key, place, strict=True))


def _cases_in(
    cases: list[str], label: str | None, slices: Mapping[str, Mapping[str, object]] | None
) -> list[str]:
    if label is None:
        return cases
    field = next((f for f in slices or {} if label.startswith(f"{f}=")), "")
    values = (slices or {}).get(field, {})
    return [case for case in cases if slice_label(field, values.get(case)) == label]


def _summary(
    formula: MeansFormula, table: pd.DataFrame, place: tuple, errors: int, confidence: float
) -> Summary:
    values = table.to_numpy(dtype=float)
    known = ~np.isnan(values)
    sums, counts = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    estimate = formula.compute(list(sums / counts)) if counts.size and counts.all() else None
    low = high = None
    if estimate is not None and len(values) > 1:
        low, high = _jackknife(formula, values, known, estimate, confidence)
    return Summary(
        *place[:3],
        scorer=formula.name,
        slice=place[3],
        n=int(known.all(axis=1).sum()),
        errors=errors,
        mean=estimate,
        ci_low=low,
        ci_high=high,
        unit=formula.unit,
        answers=int(known.all(axis=1).sum()),
        method="formula of the means, jackknife over cases",
    )


def _jackknife(
    formula: MeansFormula, values: np.ndarray, known: np.ndarray, estimate: float, confidence: float
) -> tuple[float | None, float | None]:
    blocks = min(len(values), MAX_BLOCKS)
    filled = np.where(known, values, 0.0)
    sums, counts = filled.sum(axis=0), known.sum(axis=0)
    without = []
    for block in range(blocks):
        part = slice(block, None, blocks)
        left = counts - known[part].sum(axis=0)
        if not left.all():
            return None, None
        number = formula.compute(list((sums - filled[part].sum(axis=0)) / left))
        if number is None:
            return None, None
        without.append(number)
    spread = np.square(np.array(without) - np.mean(without)).sum()
    se = math.sqrt((blocks - 1) / blocks * float(spread))
    if se <= 1e-12:
        return None, None
    half = float(special.stdtrit(blocks - 1, 0.5 + confidence / 2)) * se
    bounds = (0.0, 1.0) if formula.unit == "score" else (-math.inf, math.inf)
    return max(bounds[0], estimate - half), min(bounds[1], estimate + half)
