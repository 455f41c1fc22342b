"""Intervals for one mean: Wilson for proportions, t over cases for everything else."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]


def z_quantile(confidence: float) -> float:
    """Return the two-sided normal quantile, such as 1.96 for 0.95."""
    return float(special.ndtri(0.5 + confidence / 2))


def wilson(successes: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's score interval for a proportion, without continuity correction; NaN where ``n`` is 0.

    Source: Wilson 1927; method 3 of Newcombe, Statistics in Medicine 17 (1998) 857-872.
    """
    x, total = np.asarray(successes, float), np.asarray(n, float)
    z2 = z_quantile(confidence) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = x / total
        centre = (x + z2 / 2) / (total + z2)
        half = np.sqrt(z2 * (total * rate * (1 - rate) + z2 / 4)) / (total + z2)
    low = np.where(x == 0, np.where(total > 0, 0.0, np.nan), centre - half)
    high = np.where((x == total) & (total > 0), 1.0, centre + half)
    return low, high


def wilson_corrected(successes: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson's score interval with continuity correction, SciPy's ``wilsoncc``; NaN where ``n`` is 0.

    Without the correction it covers as little as 85 % at rates near 0 and 1, and 93.5 % at one half with 50 cases;
    with it never less than 95 %, computed exactly (``benchmarks/simulate_coverage.py``).

    Source: method 4 of Newcombe, Statistics in Medicine 17 (1998) 857-872.
    """
    x, total = np.asarray(successes, float), np.asarray(n, float)
    z2 = z_quantile(confidence) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = x / total
        inside = z2 - 1 / total + 4 * x * (1 - rate)
        lower = np.sqrt(np.maximum(inside + (4 * rate - 2), 0))
        upper = np.sqrt(np.maximum(inside - (4 * rate - 2), 0))
        low = (2 * x + z2 - 1 - np.sqrt(z2) * lower) / (2 * (total + z2))
        high = (2 * x + z2 + 1 + np.sqrt(z2) * upper) / (2 * (total + z2))
    low = np.where(x == 0, np.where(total > 0, 0.0, np.nan), np.maximum(low, 0.0))
    high = np.where((x == total) & (total > 0), 1.0, np.minimum(high, 1.0))
    return low, high


#: Cases on the rarer side (fail or pass) below which repeats are hardly trusted to tell anything new.
_RARE_CASES = 5


def wilson_clustered(
    rate: ArrayLike, sd: ArrayLike, n: ArrayLike, answers: ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Wilson's interval for a pass rate with repeats (or a mean score), with the number of answers they are worth.

    ``rate`` is the mean of the per-case rates, ``sd`` their standard deviation over ``n`` cases with ``answers``
    answers in all. The effective number of answers is n over the design effect ``sd² / (rate (1 − rate))``,
    reduced by the square of normal over t quantile (Korn and Graubard 1998; Franco et al., Journal of Survey
    Statistics and Methodology 7 (2019) 334-364). A design effect learnt from few failures (or passes) is too
    small, so it is drawn towards 1, which is one answer a case, with the weight of `_RARE_CASES` cases on the
    rarer side: simulated coverage is then 95 to 99 % where t gives as little as 82 %. NaN for fewer than 2 cases.
    For scores within 0–1 of which most are 0 or 1 (`mostly_equal`) give infinite ``answers``.
    """
    m, s, k = (np.asarray(v, float) for v in (rate, sd, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = m * (1 - m)
        effect = np.where(spread > 1e-12, s**2 / spread, 1.0)
        weight = _RARE_CASES / np.maximum(k * np.minimum(m, 1 - m), 1)
        effect = (effect + weight) / (1 + weight)
        student = z_quantile(confidence) / special.stdtrit(np.maximum(k - 1, 1), 0.5 + confidence / 2)
        worth = np.where(k >= 2, np.minimum(k / effect * student**2, answers), np.nan)
    low, high = wilson(m * worth, worth, confidence)
    return np.where(k >= 2, low, np.nan), np.where(k >= 2, high, np.nan)


def t_interval(
    mean: ArrayLike,
    sd: ArrayLike,
    n: ArrayLike,
    confidence: float = 0.95,
    *,
    bounds: tuple[float, float] | None = None,
) -> tuple[Floats, Floats]:
    """Student's t interval for a mean of ``n`` independent cases with sample standard deviation ``sd``.

    NaN (unknown) for fewer than two cases. Where every case has the same value, t would claim certainty; then
    with ``bounds`` (the range of one case's value) the interval is `constant_interval`, and without it is NaN.
    """
    m, s, k = (np.asarray(v, float) for v in (mean, sd, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        half = special.stdtrit(np.maximum(k - 1, 1), 0.5 + confidence / 2) * s / np.sqrt(k)
    usable = (k >= 2) & is_spread(s, m)
    low, high = np.where(usable, m - half, np.nan), np.where(usable, m + half, np.nan)
    if bounds is None:
        return low, high
    flat_low, flat_high = constant_interval(m, k, confidence, bounds=bounds)
    flat = (k >= 2) & ~is_spread(s, m)
    low, high = np.where(flat, flat_low, low), np.where(flat, flat_high, high)
    return np.clip(low, *bounds), np.clip(high, *bounds)


#: With fewer cases than this that are not alike, t intervals of bounded scores are too narrow.
FEW_DIFFERENT = 50


def mostly_equal(alike: ArrayLike, n: ArrayLike) -> NDArray[np.bool_]:
    """Tell whether so many of ``n`` cases are ``alike`` that a t interval of their scores cannot be trusted.

    That is fewer than `FEW_DIFFERENT` others, and a tenth or more alike. The spread of a few exceptions says
    little about the cases not seen: t then covers as little as 73 %.
    """
    same, total = np.asarray(alike, float), np.asarray(n, float)
    return (total - same < FEW_DIFFERENT) & (same >= 0.1 * total)


def is_spread(sd: ArrayLike, mean: ArrayLike) -> NDArray[np.bool_]:
    """Tell whether a standard deviation is more than rounding noise around its mean."""
    return np.asarray(sd, float) > 1e-10 * np.maximum(np.abs(np.asarray(mean, float)), 1e-6)


def constant_interval(
    value: ArrayLike, n: ArrayLike, confidence: float = 0.95, *, bounds: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Interval for a mean of which all ``n`` cases seen have the same ``value``, each within ``bounds``.

    At most a share ``1 - (alpha/2)**(1/n)`` of all cases can be different (Clopper and Pearson's limit for no
    event in n, the exact form of the rule of three), and those could lie anywhere within the bounds.
    """
    v, k = np.asarray(value, float), np.maximum(np.asarray(n, float), 1)
    share = 1 - ((1 - confidence) / 2) ** (1 / k)
    return v - share * (v - bounds[0]), v + share * (bounds[1] - v)


def sample_sd(values: Floats) -> float:
    """Standard deviation of a sample (n − 1); NaN for fewer than two values."""
    return float(np.std(values, ddof=1)) if values.size > 1 else np.nan
