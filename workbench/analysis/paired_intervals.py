"""Intervals of the difference of two versions on the same cases: B − A, one value a case, within −1 to 1."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from workbench.analysis.estimators import Floats, mostly_equal, sample_sd, t_interval, wilson, z_quantile

#: Where fewer cases tie than this, and fewer than half, the net number of wins moves in steps of two.
FEW_TIES = 20
#: By how much of a case the ends then move outward at most; see `_widened`.
_STEP = 1.2


def bonett_price(wins: int, losses: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Adjusted Wald interval for a paired difference of proportions.

    Args:
        wins: Pairs that only B passes.
        losses: Pairs that only A passes.
        n: All pairs.
        confidence: Two-sided confidence.

    Source: Bonett and Price, Journal of Educational and Behavioral Statistics 37 (2012) 479-488: one is added
    to each discordant count and two to n.
    """
    return _adjusted_wald(*_moments(wins - losses, wins + losses, n), n, confidence)


def adjusted_wald(differences: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """Bonett and Price's interval for per-case differences within −1 to 1, such as pass rates over repeats.

    Two cases are added, one won and one lost throughout, so it is `bonett_price` where every case has one
    answer. A t interval would cover as little as 87 % for rates near 1 (``benchmarks/simulate_statistics.py``),
    because cases that never differ among those seen may still differ elsewhere.

    Where no case goes the other way, the distribution is too skewed for it: of pass/fail cases of which 20 % win and
    none lose, 20 cases would cover 92.8 %. The end away from 0 is then at least Wilson's limit for the net number of
    cases won (lost). With it the least coverage at rates near 0, 0.5 and 1 is 95 %, and the mean width that of the
    paired score interval or less (``benchmarks/simulate_coverage.py``).

    Where next to no case ties, the net number of wins moves in steps of two, as of a coin that is tossed, and the ends
    move outward by up to 1.2/(n + 2): without that, 20 cases that all differ would be covered 91.7 %. With it the least
    coverage over all rates is 94.7 % from 20 cases on.
    """
    n, total = differences.size, float(differences.sum())
    squares = float(np.square(differences).sum())
    ends = _widened(_adjusted_wald(*_moments(total, squares, n), n, confidence), squares / n, n)
    if (differences > 0).any() and (differences < 0).any():
        return ends
    return _one_way(ends, total, n, confidence)


def margin_interval(differences: Floats, confidence: float = 0.9) -> tuple[float, float]:
    """The interval of per-case differences of pass rates to hold against a margin (equivalence, the gate).

    Where cases that differ are few, the losing end of `bonett_price` is too near: a candidate worse by the
    margin would pass up to 11 times in 100 instead of 5. So each end is the further of two: the t interval with
    the added cases' spread and one case more against it, and Clopper and Pearson's one-sided limit for the net
    number of cases lost (won). Over all rates and 10 to 400 cases the error, computed exactly, is then at most
    5 % (``benchmarks/simulate_statistics.py``).
    """
    n, net = differences.size, float(differences.sum())
    student = float(special.stdtrit(max(n - 1, 1), 0.5 + confidence / 2))
    half = student * adjusted_sd(differences) / math.sqrt(n + 2) + 1 / n
    low = min(net / n - half, -_highest_share(-net, n, confidence))
    high = max(net / n + half, _highest_share(net, n, confidence))
    return max(-1.0, low), min(1.0, high)


def margin_interval_t(
    differences: Floats, confidence: float = 0.9, *, bounds: tuple[float, float] | None = None
) -> tuple[Floats, Floats]:
    """The interval to hold against a margin for scores and numbers that differ on most cases.

    A t interval in which one case more like the farthest seen speaks against each end. Differences are often
    skewed (many small gains, few large losses), and then a bare t interval lets a candidate that is worse by the
    margin pass up to 9 times in 100 (``benchmarks/simulate_statistics.py``).
    """
    n = differences.size
    low, high = t_interval(differences.mean(), sample_sd(differences), n, confidence, bounds=bounds)
    farthest = float(np.abs(differences).max()) / n
    least, most = bounds or (-math.inf, math.inf)
    return np.maximum(least, low - farthest), np.minimum(most, high + farthest)


def adjusted_wald_at(
    mean: float, mean_square: float, worth: float, confidence: float = 0.95, *, both_ways: bool = True
) -> tuple[float, float]:
    """`adjusted_wald` for differences that are worth ``worth`` independent cases (`clusters.worth_at`).

    ``both_ways`` tells that some cases are won and some lost.
    """
    ends = _adjusted_wald(*_moments(mean * worth, mean_square * worth, worth), worth, confidence)
    ends = _widened(ends, mean_square, worth)
    return ends if both_ways else _one_way(ends, mean * worth, worth, confidence)


def margin_interval_at(
    mean: float, mean_square: float, worth: float, df: int, confidence: float = 0.9
) -> tuple[float, float]:
    """`margin_interval` for differences worth ``worth`` independent cases, with Student's t of ``df``."""
    student = float(special.stdtrit(max(df, 1), 0.5 + confidence / 2))
    sd = _moments(mean * worth, mean_square * worth, worth)[1]
    half = student * sd / math.sqrt(worth + 2) + 1 / worth
    counted = worth * (z_quantile(confidence) / student) ** 2
    low = min(mean - half, -_highest_share(-mean * counted, counted, confidence))
    high = max(mean + half, _highest_share(mean * counted, counted, confidence))
    return max(-1.0, low), min(1.0, high)


def mostly_tied(differences: Floats) -> bool:
    """Tell whether so few cases differ that a t interval of their scores cannot be trusted.

    `adjusted_wald` and `margin_interval`, which hold for any differences within −1 to 1, then take its place.
    See `estimators.mostly_equal`; for differences t covers as little as 77 % there.
    """
    ties = differences.size - np.count_nonzero(differences)
    return bool(mostly_equal(ties, differences.size))


def _highest_share(events: float, n: float, confidence: float) -> float:
    """Clopper and Pearson's upper limit for a share of which ``events`` in ``n`` were seen."""
    seen = max(events, 0.0)
    return 1.0 if seen >= n else float(special.betaincinv(seen + 1, n - seen, 0.5 + confidence / 2))


def adjusted_sd(differences: Floats) -> float:
    """Standard deviation of per-case differences of pass rates with the two added cases: never 0."""
    return _moments(differences.sum(), np.square(differences).sum(), differences.size)[1]


def _moments(total: float, squares: float, n: float) -> tuple[float, float]:
    """Mean and standard deviation with a case of +1 and one of −1 added."""
    centre = float(total) / (n + 2)
    return centre, math.sqrt((float(squares) + 2) / (n + 2) - centre**2)


def _adjusted_wald(centre: float, sd: float, n: float, confidence: float) -> tuple[float, float]:
    half = z_quantile(confidence) * sd / math.sqrt(n + 2)
    return max(-1.0, centre - half), min(1.0, centre + half)


def _widened(ends: tuple[float, float], mean_square: float, n: float) -> tuple[float, float]:
    """Move the ends outward where few cases tie; ``mean_square`` of pass/fail is the share that does not."""
    ties, few = n * (1 - mean_square), min(n / 2, FEW_TIES)
    step = _STEP / (n + 2) * max(0.0, 1 - ties / few) ** 2
    return max(-1.0, ends[0] - step), min(1.0, ends[1] + step)


def _one_way(ends: tuple[float, float], net: float, n: float, confidence: float) -> tuple[float, float]:
    """Widen an interval of differences of which none goes the other way; both ends where none differs."""
    low, high = ends
    if net <= 0:
        low = min(low, -float(wilson(-net, n, confidence)[1]))
    if net >= 0:
        high = max(high, float(wilson(net, n, confidence)[1]))
    return low, high
