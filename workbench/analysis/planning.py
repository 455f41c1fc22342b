"""Before a run: what its cases can find, and how many a wanted difference needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from workbench.analysis.estimators import z_quantile
from workbench.errors import BadInput

#: Without any history: the share of cases on which two versions differ (their squared differences' mean).
ASSUMED_SQUARE = 0.2
_ALPHA = 0.05
#: More cases than this are no useful answer.
MOST_CASES = 10_000_000


@dataclass(frozen=True)
class Spread:
    """How much the per-case differences of two sides vary.

    ``square`` is the mean of their squares: for pass/fail the share of cases on which the two differ. With ``fixed``
    the variance is taken to be ``square`` whatever the true difference, else ``square`` less the difference's square.
    """

    square: float = ASSUMED_SQUARE
    fixed: bool = False

    def variance(self, effect: float) -> float:
        """Variance of a case's difference where the true mean difference is ``effect``."""
        if self.fixed:
            return self.square
        # Where fewer cases differ than the effect needs, all that differ go one way.
        return max(self.square, effect) - effect**2


def cases_needed(effect: float, spread: Spread, *, power: float = 0.8) -> int:
    """Cases with which a true difference of ``effect`` is established (two-sided, 5 %) with this power.

    Source: Miller 2024 (arXiv:2411.00640), section 5: ((z_alpha + z_power) * s / effect)^2.

    Raises:
        BadInput: Effect or power are impossible, or the cases would be beyond any use.
    """
    _check(effect, power)
    return _whole(_factor(power) ** 2 * spread.variance(effect) / effect**2)


def cases_for_equivalence(margin: float, spread: Spread, *, power: float = 0.8) -> int:
    """Cases with which two equal sides are shown equivalent within ``margin`` (two one-sided tests at 5 %).

    The interval is that of `workbench.analysis.paired_intervals.margin_interval`, with its added cases.
    """
    _check(margin, power)
    square = spread.variance(0.0)

    def shown(n: float) -> bool:
        adjusted = math.sqrt((square * n + 2) / (n + 2) / (n + 2))
        return z_quantile(0.9) * adjusted + 1 / n + z_quantile(power) * math.sqrt(square / n) <= margin

    low, high = 2.0, 2.0
    while not shown(high):
        low, high = high, 2 * high
        _whole(low)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return _whole(high)


def detectable_effect(cases: int, spread: Spread, *, power: float = 0.8) -> float | None:
    """The smallest true difference that ``cases`` establish with this power; None where none can be found."""
    _check(1.0, power)
    k2 = _factor(power) ** 2
    if cases < 2:
        return None
    if spread.fixed:
        return math.sqrt(k2 * spread.square / cases)
    effect = math.sqrt(k2 * spread.square / (cases + k2))
    if effect > spread.square:
        # All cases that differ go one way: effect² = k²·(effect − effect²)/n.
        effect = k2 / (cases + k2)
    return effect


def _factor(power: float) -> float:
    return z_quantile(1 - _ALPHA) + float(special.ndtri(power))


def _check(effect: float, power: float) -> None:
    if not (math.isfinite(effect) and effect > 0):
        raise BadInput(
            f"An effect of {effect} cannot be planned for", hint="give more than 0; 0.05 is five points"
        )
    if not 0.5 <= power < 1:
        raise BadInput(
            f"A power of {power} cannot be planned for", hint="give 0.5 up to, but not, 1; 0.8 is usual"
        )


def _whole(cases: float) -> int:
    if cases > MOST_CASES:
        raise BadInput("So small an effect would need more than ten million cases", hint="give a larger one")
    return max(2, math.ceil(cases))
