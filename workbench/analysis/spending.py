"""Cost and latency of two sides on the same cases: totals, quantiles and paired ratios."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from workbench.analysis import frames
from workbench.analysis.estimators import Floats
from workbench.analysis.pairing import Arms, Tally, tally
from workbench.analysis.quantiles import latency_of
from workbench.analysis.results import CostComparison


def compare_cost(a: pd.DataFrame, b: pd.DataFrame, arms: Arms, confidence: float = 0.95) -> CostComparison:
    """Compare what the same cases cost on both sides.

    The interval of the ratio of means is by the delta method on its logarithm, clustered by case (t).
    """
    ta, tb, mean_a, mean_b = _both(a, b, arms, "cost_usd")
    answered = (ta.valid + ta.unknown > 0) & (tb.valid + tb.unknown > 0)
    both = (ta.valid > 0) & (tb.valid > 0)
    unknown = int((answered & ~both).sum())
    n = int(both.sum())
    if not n:
        note = "cost unknown" if unknown else "no answers to compare"
        return CostComparison(None, None, None, None, None, unknown, note=note)
    total_a, total_b = float(ta.total[both].sum()), float(tb.total[both].sum())
    case_a, case_b = _by_case(mean_a, both), _by_case(mean_b, both)
    one_a, one_b = float(case_a.mean()), float(case_b.mean())
    ratio, low, high, note = None, None, None, ""
    if one_a > 0:
        ratio = one_b / one_a
        if one_b > 0:
            low, high = _around(math.log(ratio), case_b / one_b - case_a / one_a, confidence)
    else:
        note = "both free" if one_b == 0 else "the baseline is free"
    return CostComparison(total_a, total_b, ratio, low, high, unknown, one_a, one_b, n, note)


def compare_latency(a: pd.DataFrame, b: pd.DataFrame, arms: Arms, confidence: float = 0.95) -> dict[str, Any]:
    """Compare how long answers took, in seconds; errored answers are left out.

    An answer from the cache counts with the time that it took first.
    """
    result: dict[str, Any] = {}
    for side, frame in (("a", a), ("b", b)):
        result[side] = latency_of(frame[arms.codes(frame) >= 0] if len(frame) else frame, confidence)
    ta, tb, mean_a, mean_b = _both(a, b, arms, "latency_s")
    answered = (ta.valid + ta.unknown > 0) & (tb.valid + tb.unknown > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(mean_b) - np.log(mean_a)
    both = np.isfinite(logs)
    ratio = low = high = None
    if both.any():
        by_case = _by_case(logs, both)
        ratio = math.exp(float(by_case.mean()))
        low, high = _around(float(by_case.mean()), by_case - by_case.mean(), confidence)
    result |= {"ratio": ratio, "ratio_low": low, "ratio_high": high, "n": int(both.sum())}
    return result | {"unknown": int((answered & ~both).sum())}


def _both(a: pd.DataFrame, b: pd.DataFrame, arms: Arms, column: str) -> tuple[Tally, Tally, Floats, Floats]:
    """Tallies and means of one column, each of shape (arms, cases)."""
    cases = sorted({str(c) for c in pd.concat([a["case_id"], b["case_id"]]).unique()})
    sides = []
    for frame in (a, b):
        scored = frame.assign(scorer="x", value=frames.float_column(frame, column))
        sides.append(_first(tally(scored, arms, ["x"], cases)))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [side.total / side.valid for side in sides]
    return sides[0], sides[1], means[0], means[1]


def _first(side: Tally) -> Tally:
    return Tally(*(getattr(side, f.name)[0] for f in fields(side)))


def _by_case(values: Floats, use: np.ndarray) -> Floats:
    """Mean over the arms in use, for the cases that have one."""
    used = use.sum(axis=0)
    return np.where(use, values, 0.0).sum(axis=0)[used > 0] / used[used > 0]


def _around(log_ratio: float, residuals: Floats, confidence: float) -> tuple[float | None, float | None]:
    """Interval of a ratio from the influence of each case on its logarithm; None without any spread."""
    n = residuals.size
    if n < 2:
        return None, None
    spread = float(np.std(residuals, ddof=1))
    if spread <= 1e-12:
        return None, None
    half = float(special.stdtrit(n - 1, 0.5 + confidence / 2)) * spread / math.sqrt(n)
    if abs(log_ratio) + half > 700:
        return None, None
    return math.exp(log_ratio - half), math.exp(log_ratio + half)
