"""Quantiles of latency with intervals that assume no distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from workbench.analysis import frames
from workbench.analysis.clusters import clustered
from workbench.analysis.estimators import Floats

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def quantile_interval(
    values: Floats, q: float, confidence: float = 0.95, *, cases: NDArray[np.intp] | None = None
) -> tuple[float | None, float | None]:
    """Interval of a quantile from the order statistics; an end is None where the sample is too small to have one.

    By the binomial distribution of how many of n values lie below the quantile (Hahn and Meeker, Statistical
    Intervals, section 5.2): it covers at least the confidence for any continuous distribution. With repeats n is
    the number of independent answers that they are worth, by the design effect of lying below it (Woodruff,
    Journal of the American Statistical Association 47 (1952) 635-646, does so for surveys).
    """
    n = values.size
    if n < 2:
        return None, None
    ordered = np.sort(values)
    worth = float(n)
    if cases is not None and np.unique(cases).size < n:
        below = (values <= np.quantile(values, q)).astype(float)
        worth = clustered(below, cases, rare=n * min(q, 1 - q)).worth
        if not worth >= 2:
            return None, None
    size = int(worth)
    tail = (1 - confidence) / 2
    counts = np.arange(size + 1)
    chance = special.bdtr(counts, size, q)
    # The largest l with P(X < l) <= tail and the smallest u with P(X >= u) <= tail, as ranks from 1.
    lower = int(np.searchsorted(chance, tail, side="right"))
    upper = int(np.searchsorted(chance, 1 - tail, side="left")) + 1
    low = None if lower < 1 else float(ordered[max(0, int(np.floor(lower * n / size)) - 1)])
    high = None if upper > size else float(ordered[min(n - 1, int(np.ceil(upper * n / size)) - 1)])
    return low, high


def quantiles(cells: pd.DataFrame, column: str, confidence: float = 0.95) -> dict[str, Any]:
    """Return p50, p90, p95 and p99 of one column in seconds, each with an interval (``p50_ci``), and ``n``.

    Errored answers are left out, and so are unknown values.
    """
    values = frames.float_column(cells, column)
    known = ~np.isnan(values) & ~frames.is_error(cells)
    values = values[known]
    cases = pd.factorize(cells["case_id"].astype(str).to_numpy()[known])[0].astype(np.intp)
    found: dict[str, Any] = {}
    for name, q in QUANTILES.items():
        found[name] = float(np.percentile(values, 100 * q)) if values.size else None
        found[f"{name}_ci"] = list(quantile_interval(values, q, confidence, cases=cases))
    return {**found, "n": int(values.size)}


def latency_of(cells: pd.DataFrame, confidence: float = 0.95) -> dict[str, Any]:
    """Return one side's latency in seconds: all answers, and apart first tokens, cached answers and errors.

    An answer from the cache counts with the time that it took first; ``cached`` is how many those are.
    ``first_token`` has the same quantiles up to the first token, ``rate`` those of output tokens a second from the
    first one to the end (both None where nothing was streamed), and ``errors`` the number and median time of failed
    calls, which are in no other figure.
    """
    failed = cells[frames.is_error(cells)]
    waited = frames.float_column(failed, "latency_s")
    waited = waited[~np.isnan(waited)]
    good = cells[~frames.is_error(cells)]
    cached = int(good["cached"].fillna(False).astype(bool).sum()) if "cached" in good else 0
    first = quantiles(cells, "ttft_s", confidence)
    rate = quantiles(cells.assign(rate=_rates(cells)), "rate", confidence)
    return {
        **quantiles(cells, "latency_s", confidence),
        "cached": cached,
        "first_token": first if first["n"] else None,
        "rate": rate if rate["n"] else None,
        "errors": {"n": len(failed), "p50": float(np.median(waited)) if waited.size else None},
    }


def _rates(cells: pd.DataFrame) -> Floats:
    """Output tokens a second after the first, NaN where there is no telling: one token, or all came at once."""
    names = ("output_tokens", "latency_s", "ttft_s")
    tokens, whole, first = (frames.float_column(cells, name) for name in names)
    took = whole - first
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((took > 0) & (tokens > 1), (tokens - 1) / took, np.nan)
