"""One side alone against a number: is its mean at least the floor (for seconds and USD: at most the ceiling)?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from workbench.analysis import frames
from workbench.analysis.estimators import Floats

#: Cases on the rarer side (fail or pass) below which repeats are hardly trusted to tell anything new.
_RARE_CASES = 5


@dataclass(frozen=True)
class FloorTest:
    """A mean against a limit. ``p_reached`` tests that it is not reached, ``p_missed`` that it is (one-sided).

    ``bound`` is the end of the one-sided 95 % interval that faces the limit. ``lost`` is the share of answers
    that are missing or unknown. None where nothing can be said.
    """

    n: int
    lost: float
    mean: float | None
    bound: float | None
    p_reached: float | None
    p_missed: float | None


def hold_to_floor(
    scores: pd.DataFrame,
    scorer: str,
    limit: float,
    *,
    lower_is_better: bool = False,
    unit: str = "score",
    clusters: Mapping[str, Any] | None = None,
    alpha: float = 0.05,
) -> FloorTest:
    """Hold one side's mean over cases against ``limit``.

    Pass/fail with one answer a case is judged exactly (Clopper and Pearson); with repeats, several models or
    clusters, and for other scores within 0–1, so with the number of answers that they are worth (Korn and
    Graubard 1998, Survey Methodology 24, 193-201); everything else by t with one case more like the farthest seen
    against the claim. Wilson's interval, which tables show, is too short on one side for this: near 1 a rate
    below the floor would pass up to 8 times in 100.

    Args:
        scores: One side's long frame.
        scorer: Whose mean.
        limit: The floor, or with ``lower_is_better`` the ceiling, in the scorer's unit.
        clusters: Case id → value that marks cases which belong together.
        alpha: One-sided error of ``bound``.
    """
    rows = scores[scores["scorer"] == scorer]
    value = frames.float_column(rows, "value")
    valid = ~frames.is_error(rows) & ~np.isnan(value)
    if not len(rows) or not valid.any():
        return FloorTest(0, 1.0, None, None, None, None)
    lost = 1 - float(valid.mean())
    kept = pd.Series(value[valid]).groupby(rows["case_id"].to_numpy()[valid])
    means = kept.mean()
    x, n = means.to_numpy(), len(means)
    once = bool((kept.size() <= 1).all())
    belongs = _cluster_codes(list(means.index), clusters)
    if unit == "score" and bool(((value[valid] >= 0) & (value[valid] <= 1)).all()):
        whole = bool(((value[valid] == 0) | (value[valid] == 1)).all())
        worth = (
            float(n) if whole and once and clusters is None else _worth(x, belongs, alpha, int(valid.sum()))
        )
        return _by_counts(x, worth, limit, lost, lower_is_better, alpha)
    return _by_t(x, belongs, limit, lost, lower_is_better, alpha)


def _by_counts(
    x: Floats, worth: float, limit: float, lost: float, lower_is_better: bool, alpha: float
) -> FloorTest:
    mean = float(x.mean())
    k = min(max(mean * worth, 0.0), worth)
    if abs(k - round(k)) < 1e-9:
        k = float(round(k))
    at = min(max(limit, 0.0), 1.0)
    p_high = 1.0 if k <= 0 else float(special.betainc(k, worth - k + 1, at))
    p_low = 1.0 if k >= worth else 1 - float(special.betainc(k + 1, worth - k, at))
    if lower_is_better:
        bound = 1.0 if k >= worth else float(special.betaincinv(k + 1, worth - k, 1 - alpha))
        return FloorTest(x.size, lost, mean, bound, p_low, p_high)
    bound = 0.0 if k <= 0 else float(special.betaincinv(k, worth - k + 1, alpha))
    return FloorTest(x.size, lost, mean, bound, p_high, p_low)


def _by_t(
    x: Floats, belongs: np.ndarray, limit: float, lost: float, lower_is_better: bool, alpha: float
) -> FloorTest:
    mean, groups = float(x.mean()), int(belongs.max()) + 1
    error = math.sqrt(_error2(x, belongs))
    if groups < 2 or not error > 0:
        return FloorTest(x.size, lost, mean, None, None, None)
    sign = -1.0 if lower_is_better else 1.0
    farthest = float(np.abs(x - mean).max()) / x.size
    reached = (sign * (mean - limit) - farthest) / error
    missed = (sign * (limit - mean) - farthest) / error
    half = float(special.stdtrit(groups - 1, 1 - alpha)) * error + farthest
    return FloorTest(
        x.size,
        lost,
        mean,
        mean - sign * half,
        float(special.stdtr(groups - 1, -reached)),
        float(special.stdtr(groups - 1, -missed)),
    )


def _worth(x: Floats, belongs: np.ndarray, alpha: float, answers: int) -> float:
    """How many independent pass/fail answers a mean of scores within 0–1 is worth."""
    n, groups, mean = x.size, int(belongs.max()) + 1, float(x.mean())
    spread = mean * (1 - mean)
    if groups < 2 or spread <= 1e-12:
        return float(groups)
    effect = _error2(x, belongs) * n / spread
    weight = _RARE_CASES / max(groups * min(mean, 1 - mean), 1)
    effect = (effect + weight * n / groups) / (1 + weight)
    normal, student = special.ndtri(1 - alpha), special.stdtrit(groups - 1, 1 - alpha)
    return max(1.0, n / effect * float(normal / student) ** 2)


def _error2(x: Floats, belongs: np.ndarray) -> float:
    """The squared standard error of a mean, by the clusters' sums of residuals; s²/n where each case is its own."""
    sums = np.bincount(belongs, x - x.mean())
    groups = sums.size
    return float(groups / (groups - 1) * np.square(sums).sum() / x.size**2) if groups > 1 else math.inf


def _cluster_codes(cases: list[Any], clusters: Mapping[str, Any] | None) -> np.ndarray:
    if clusters is None:
        return np.arange(len(cases))
    named = [clusters.get(str(case)) for case in cases]
    keys = [
        ("case", case) if v is None else ("cluster", frames.slice_label("", v))
        for case, v in zip(cases, named, strict=True)
    ]
    return pd.factorize(pd.Series(keys, dtype=object))[0]
