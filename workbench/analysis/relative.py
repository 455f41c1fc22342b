"""Relative change: how much more or less B scores than A, as a share of A, with an interval."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from workbench.analysis.clusters import clustered
from workbench.analysis.estimators import Floats, wilson, z_quantile
from workbench.analysis.results import MetricComparison
from workbench.analysis.wording import signed

#: With fewer cases that differ the ratio of two means has no interval (pass rates have one all the same).
_LEAST_DIFFERENT = 20
#: A baseline next to 0, of which B is more than this many times as much, is nothing to take a share of.
_MOST_RATIO = 1_000_000

Relative = tuple[float | None, float | None, float | None]
UNKNOWN_CHANGE: Relative = (None, None, None)


def relative_change(
    a: Floats,
    b: Floats,
    *,
    pass_fail: bool = False,
    clusters: NDArray[np.intp] | None = None,
    confidence: float = 0.95,
) -> Relative:
    """Return b̄/ā − 1 with an interval; None for what cannot be known.

    Args:
        a: The baseline's value of each case, not below 0.
        b: The candidate's, on the same cases.
        pass_fail: Every value is 0 or 1.
        clusters: Each case's cluster, where cases belong together.
        confidence: Two-sided confidence.

    For pass/fail the interval is Bonett and Price's for a ratio of paired proportions (Statistics in Medicine
    25 (2006) 3039-3047), which divides the ends of two Wilson intervals whose quantile allows for the pairing.
    Otherwise it is Fieller's (Journal of the Royal Statistical Society B 16 (1954) 175-185), with Student's t over
    cases or clusters; there is none where the baseline's mean is not clearly above 0, or fewer than
    `_LEAST_DIFFERENT` cases differ.
    """
    if a.size < 2 or (a < 0).any() or (b < 0).any() or not a.mean() > 0:
        return UNKNOWN_CHANGE
    if b.mean() > _MOST_RATIO * a.mean():
        return UNKNOWN_CHANGE
    ratio = float(b.mean() / a.mean())
    if pass_fail and clusters is None:
        ends = _ratio_of_rates(a, b, confidence)
    else:
        ends = _ratio_of_means(a, b, clusters, confidence)
    if ends is None or ends[1] > _MOST_RATIO:
        return ratio - 1, None, None
    return ratio - 1, ends[0] - 1, ends[1] - 1


def _ratio_of_rates(a: Floats, b: Floats, confidence: float) -> tuple[float, float] | None:
    both = float((a * b).sum())
    wins, losses = float(b.sum()) - both, float(a.sum()) - both
    passed_b, passed_a, n = both + wins, both + losses, both + wins + losses
    if passed_a == 0:
        return None
    top = math.sqrt((wins + losses + 2) / ((passed_b + 1) * (passed_a + 1)))
    one, other = (math.sqrt((1 - (x + 1) / (n + 2)) / (x + 1)) for x in (passed_b, passed_a))
    z = z_quantile(confidence) * top / (one + other)
    level = 1 - 2 * float(special.ndtr(-z))
    low_b, high_b = wilson(passed_b, n, level)
    low_a, high_a = wilson(passed_a, n, level)
    return float(low_b / high_a), float(high_b / low_a)


def _ratio_of_means(
    a: Floats, b: Floats, clusters: NDArray[np.intp] | None, confidence: float
) -> tuple[float, float] | None:
    """Fieller's theorem: the ratios r for which the mean of b − r·a is not further from 0 than t standard errors."""
    if np.count_nonzero(np.abs(b - a) > 1e-12) < _LEAST_DIFFERENT:
        return None
    codes = np.arange(a.size) if clusters is None else clusters
    found = [clustered(values, codes, rare=float(a.size)) for values in (a, b, a + b)]
    if found[0].count < 2:
        return None
    t2 = float(special.stdtrit(found[0].count - 1, 0.5 + confidence / 2)) ** 2
    of_a, of_b, of_sum = (m.se**2 for m in found)
    shared = (of_sum - of_a - of_b) / 2
    one, other = found[0].mean, found[1].mean
    square, half, rest = one**2 - t2 * of_a, one * other - t2 * shared, other**2 - t2 * of_b
    inside = half**2 - square * rest
    if square <= 0 or inside < 0:
        return None
    return max(0.0, (half - math.sqrt(inside)) / square), (half + math.sqrt(inside)) / square


def relative_sentence(m: MetricComparison, confidence: float) -> str | None:
    """``Relative change of accuracy: +8.3 % of A (95 % interval +1.0 to +16.2 %).``; None where it is unknown."""
    if m.relative is None:
        return None
    around = ""
    if m.relative_low is not None and m.relative_high is not None:
        ends = f"{signed(m.relative_low * 100)} to {signed(m.relative_high * 100)} %"
        around = f" ({confidence * 100:g} % interval {ends})"
    return f"Relative change of {m.scorer}: {signed(m.relative * 100)} % of A{around}."
