"""Cases that belong together: what the spread between clusters says about a mean over their cases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from workbench.analysis.estimators import Floats, t_interval, z_quantile
from workbench.analysis.frames import slice_label

#: With fewer clusters than this no two-sided sign-flip test can reach 5 %: its least p is 2 / 2**clusters.
LEAST_CLUSTERS = 6
#: Below this many clusters a careful colleague would say so.
FEW_CLUSTERS = 10
#: Differing cases (failing ones, for one version) up to which clusters are hardly trusted to be alike.
_RARE_CASES = 2


@dataclass(frozen=True)
class Clusters:
    """Which cases are not independent: ``of`` gives each case's value of ``field``.

    A case without a value is a cluster of its own.
    """

    field: str
    of: Mapping[str, Any]

    def codes(self, cases: Sequence[str]) -> NDArray[np.intp]:
        """Number the clusters of some cases."""
        numbers: dict[tuple[bool, str], int] = {}
        codes = np.empty(len(cases), np.intp)
        for i, case in enumerate(cases):
            value = self.of.get(case)
            key = (False, case) if value is None else (True, slice_label("", value))
            codes[i] = numbers.setdefault(key, len(numbers))
        return codes


@dataclass(frozen=True)
class Clustered:
    """A mean over cases in clusters.

    ``count`` is the number of clusters, ``sums`` holds the sum of each one's values, ``se`` is the standard
    error, ``worst`` the design effect if all cases of a cluster were alike, ``effect`` the one seen, drawn
    towards the worst where few cases differ, and ``worth`` the number of independent cases that the clusters are
    worth at that effect.
    """

    count: int
    sums: Floats
    mean: float
    se: float
    worst: float
    effect: float
    worth: float


def clustered(values: Floats, codes: NDArray[np.intp], *, rare: float) -> Clustered:
    """Measure how much the cases of a cluster are alike.

    The standard error is the jackknife's over clusters. For clusters of one size it is the usual clustered one,
    with G / (G − 1), of Miller 2024 (arXiv:2411.00640, section 2.2); for uneven ones it is larger, which makes up
    for that one's known shortfall (Bell and McCaffrey, Survey Methodology 28 (2002) 169-181).

    Args:
        values: One finite value a case, at least one.
        codes: Each case's cluster.
        rare: How many cases differ (from the other version, or from most cases): a design effect learnt from
            few of them is too small, so it is drawn towards the worst with the weight of `_RARE_CASES` cases.
    """
    n = values.size
    _, members = np.unique(codes, return_inverse=True)
    size = np.bincount(members).astype(float)
    sums = np.bincount(members, values)
    mean = float(values.mean())
    worst = float(np.square(size).sum() / n)
    g = size.size
    if g < 2:
        return Clustered(g, sums, mean, math.nan, worst, worst, math.nan)
    left_out = (sums - size * mean) / (n - size)
    se = math.sqrt((g - 1) / g * float(np.square(left_out).sum()))
    variance = float(values.var(ddof=1))
    seen = se**2 / (variance / n) if variance > 1e-20 else 1.0
    weight = _RARE_CASES / max(rare, 1.0)
    # Below 1 it would say that clusters make the mean surer than cases do, which is mostly chance.
    effect = max(1.0, (seen + weight * worst) / (1 + weight))
    return Clustered(g, sums, mean, se, worst, effect, n / effect)


def worth_at(c: Clustered, confidence: float) -> float:
    """The number of independent cases that the clusters are worth in an interval with the normal quantile.

    It is reduced by the square of normal over t quantile with G − 1 degrees of freedom (Korn and Graubard, Survey
    Methodology 24 (1998) 193-201).
    """
    student = float(special.stdtrit(max(c.count - 1, 1), 0.5 + confidence / 2))
    return c.worth * (z_quantile(confidence) / student) ** 2


def t_over_clusters(
    c: Clustered, confidence: float, *, bounds: tuple[float, float] | None = None
) -> tuple[Floats, Floats]:
    """Student's t interval of a mean over clusters, with G − 1 degrees of freedom; see `t_interval`."""
    return t_interval(c.mean, c.se * math.sqrt(c.count), c.count, confidence, bounds=bounds)
