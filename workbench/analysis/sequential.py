"""Looking after every case: evidence, intervals and p values that hold whenever one stops.

A bet against "the mean difference is m" multiplies its capital by a fair factor at each case, so if m is the true
mean the capital exceeds 1/alpha with a chance of at most alpha, however often one looks and whenever one stops
(Ville's inequality). The capital here is the mean over a fixed family of bets, from timid to bold, each on one
side. With x = (1 + d)/2 and mu = (1 + m)/2, both in 0-1, a bet of size t multiplies by ``1 - t + t * x / mu`` at
each case if it says that the mean is above m, and by ``1 - t + t * (1 - x) / (1 - mu)`` if below. Nothing is
assumed of the differences but that they lie within -1 to 1 and that the cases come in random order.

For pass/fail and m = 0 it is the e-process of a symmetric mixture of binomials over the cases on which the two
versions differ. The capital of either side is monotone in m, so the means that it cannot rule out are an interval.

Sources: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, Journal of the Royal
Statistical Society B 86 (2024) 1-27, section 4; Howard, Ramdas, McAuliffe and Sekhon, Annals of Statistics 49
(2021) 1055-1080; Ramdas, Gruenwald, Vovk and Shafer, Statistical Science 38 (2023) 576-601.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from workbench.analysis.estimators import Floats

#: What a look can establish of B − A; None of it means that nothing is established yet.
Established = Literal["higher", "lower", "equivalent"]

_BETS = 48
#: Sizes of the bets: the quantiles of |2p − 1| for p ~ Beta(1.5, 1.5), between the flat prior, which is quickest
#: for large differences, and tighter ones, which are quickest for small.
_SIZES: Floats = 2 * special.betaincinv(1.5, 1.5, 0.5 + (np.arange(_BETS) + 0.5) / (2 * _BETS)) - 1
#: One-sided error of each of the two tests that make equivalence.
_EQUIVALENCE_ALPHA = 0.05
_HALVINGS = 48
_MAX_GROWTH = 10_000


def log_evidence(differences: Floats, mean: float, side: Literal["above", "below"]) -> float:
    """Logarithm of the capital won by betting that the true mean is above (below) ``mean``, which is in −1 to 1."""
    values, counts = np.unique(differences, return_counts=True)
    return _log_capital(values, counts.astype(float), mean, side)


def always_valid_p(differences: Floats) -> float:
    """Two-sided p against no difference that holds at any stopping time: at most 2 over the larger capital."""
    if not differences.size:
        return 1.0
    return _p(max(log_evidence(differences, 0.0, side) for side in ("above", "below")))


def confidence_sequence(differences: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """Interval for the mean difference that holds at all numbers of cases at once.

    Each end is where the capital against it reaches 2 / (1 − confidence). It excludes 0 exactly where
    `always_valid_p` is below 1 − confidence.
    """
    threshold = math.log(2 / (1 - confidence))
    values, counts = np.unique(differences, return_counts=True)
    counts = counts.astype(float)
    low = _end(lambda m: _log_capital(values, counts, m, "above") >= threshold)
    high = -_end(lambda m: _log_capital(values, counts, -m, "below") >= threshold)
    return low, high


class Watch:
    """Adds up cases one by one and tells the moment at which something is established.

    B is higher or lower at ``alpha`` for both together; equivalent when each of two one-sided tests at 5 % rules
    out a difference as large as ``margin`` (0 for never). Each look costs the same, whatever came before.
    """

    def __init__(self, *, margin: float = 0.0, alpha: float = 0.05) -> None:
        self.n = 0
        self._margin = margin if margin < 1 else 0.0
        self._threshold = math.log(2 / alpha)
        self._above, self._below = np.zeros(_BETS), np.zeros(_BETS)
        self._over, self._under = np.zeros(_BETS), np.zeros(_BETS)

    def add(self, difference: float) -> None:
        """Add one case's B − A.

        Raises:
            ValueError: It is outside −1 to 1, so nothing can be said without assumptions.
        """
        if not -1 <= difference <= 1:
            raise ValueError(f"a difference of {difference} is outside -1 to 1")
        self.n += 1
        self._above += np.log(_factor(difference, 0.0, "above"))
        self._below += np.log(_factor(difference, 0.0, "below"))
        if self._margin:
            self._over += np.log(_factor(difference, -self._margin, "above"))
            self._under += np.log(_factor(difference, self._margin, "below"))

    def established(self) -> Established | None:
        """What the cases so far establish; equivalence goes first, as in the verdict."""
        least = -math.log(_EQUIVALENCE_ALPHA)
        if self._margin and min(_mixed(self._over), _mixed(self._under)) > least:
            return "equivalent"
        if _mixed(self._above) > self._threshold:
            return "higher"
        return "lower" if _mixed(self._below) > self._threshold else None


def first_decision(
    differences: Floats, *, margin: float = 0.0, alpha: float = 0.05
) -> tuple[Established | None, int]:
    """What a `Watch` over these cases in this order establishes first, and after how many cases (all if nothing)."""

    def capital(mean: float, side: Literal["above", "below"]) -> Floats:
        steps = np.log(_factor(differences, mean, side)).cumsum(axis=0)
        return special.logsumexp(steps, axis=1) - math.log(_BETS)

    found: list[tuple[NDArray[np.bool_], Established]] = []
    if 0 < margin < 1:
        inside = np.minimum(capital(-margin, "above"), capital(margin, "below"))
        found.append((inside > -math.log(_EQUIVALENCE_ALPHA), "equivalent"))
    found.append((capital(0.0, "above") > math.log(2 / alpha), "higher"))
    found.append((capital(0.0, "below") > math.log(2 / alpha), "lower"))
    firsts = [(int(reached.argmax()), what) for reached, what in found if reached.any()]
    if not firsts:
        return None, differences.size
    at, what = min(firsts, key=lambda first: first[0])
    return what, at + 1


def cases_to_decide(differences: Floats, *, margin: float = 0.0, alpha: float = 0.05) -> int | None:
    """About how many cases in all would decide if they went on as so far; None if they would not or are too few."""
    n = differences.size
    if n < 2:
        return None
    values, counts = np.unique(differences, return_counts=True)
    least = -math.log(_EQUIVALENCE_ALPHA)

    def decided(growth: float) -> bool:
        many = counts * growth
        sides = [_log_capital(values, many, 0.0, side) for side in ("above", "below")]
        if max(sides) > math.log(2 / alpha):
            return True
        if not 0 < margin < 1:
            return False
        over = _log_capital(values, many, -margin, "above")
        return min(over, _log_capital(values, many, margin, "below")) > least

    if not decided(_MAX_GROWTH):
        return None
    low, high = 0.0, math.log(_MAX_GROWTH)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if decided(math.exp(middle)) else (middle, high)
    cases = max(n * math.exp(high), n + 1)
    step = 10 ** max(0, math.floor(math.log10(cases)) - 1)
    return int(math.ceil(cases / step) * step)


def _factor(difference: float | Floats, mean: float, side: str) -> Floats:
    """What each bet's capital is multiplied by at a case; bets are the last axis."""
    x, mu = (1 + np.asarray(difference, float)[..., None]) / 2, (1 + mean) / 2
    ratio = x / mu if side == "above" else (1 - x) / (1 - mu)
    return 1 - _SIZES + _SIZES * ratio


def _mixed(log_capital: Floats) -> float:
    return float(special.logsumexp(log_capital)) - math.log(_BETS)


def _log_capital(values: Floats, counts: Floats, mean: float, side: str) -> float:
    return _mixed(counts @ np.log(_factor(values, mean, side)))


def _p(log_capital: float) -> float:
    return min(1.0, 2 * math.exp(-max(log_capital, 0.0)))


def _end(ruled_out) -> float:
    """The largest mean in −1 to 1 that is still ruled out, where all smaller ones are; −1 if none is."""
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if ruled_out(middle) else (low, middle)
    return low
