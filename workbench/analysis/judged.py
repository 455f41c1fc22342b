"""Judges that err: estimates corrected by the cases that people have labelled, too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from workbench.analysis.clusters import LEAST_CLUSTERS
from workbench.analysis.estimators import Floats, z_quantile
from workbench.errors import BadInput

Kind = Literal["score", "difference", "number"]

#: With fewer labelled cases the correction itself cannot be trusted.
LEAST_LABELLED = 20
_NONE = np.zeros(0)
#: Cases that are added for the interval: what people and the judge say of labelled ones, and the judge of others. For
#: a score right and wrong judgements of a good and of a bad answer, for a difference one case each way.
_ADDED: dict[Kind, tuple[Floats, Floats, Floats]] = {
    "score": (np.array([1.0, 0, 1, 0]), np.array([1.0, 0, 0, 1]), np.array([0.0, 1])),
    "difference": (np.array([1.0, -1]), np.array([0.0, 0]), np.array([1.0, -1])),
    "number": (_NONE, _NONE, _NONE),
}
_LIMITS: dict[Kind, tuple[float, float]] = {
    "score": (0.0, 1.0),
    "difference": (-1.0, 1.0),
    "number": (-math.inf, math.inf),
}


@dataclass(frozen=True)
class Corrected:
    """A mean of what people would say, with an interval that includes the judge's own uncertainty.

    ``raw`` is the judge's mean over all ``n`` cases, ``labelled`` how many of them people have labelled, ``weight``
    how far the judge was trusted (0: labels alone), and ``bias`` the judge's mean error on the labelled ones.
    """

    value: float
    ci_low: float
    ci_high: float
    p: float
    raw: float
    bias: float
    weight: float
    n: int
    labelled: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


def corrected_difference(
    judged_a: ArrayLike,
    judged_b: ArrayLike,
    labelled_a: ArrayLike,
    labelled_b: ArrayLike,
    confidence: float = 0.95,
    *,
    bounded: bool = True,
    clusters: ArrayLike | None = None,
) -> Corrected:
    """B − A as people would see it, from a judge's scores of all cases and people's of some.

    The per-case difference is corrected as one number, so that what the judge gets wrong alike on both sides cancels
    (`corrected_mean`).

    Args:
        judged_a: The judge's score of A for each case.
        judged_b: The judge's of B for the same cases.
        labelled_a: People's score of A for each case, NaN where nobody labelled it.
        labelled_b: People's of B; a case counts as labelled where both are known.
        confidence: Two-sided confidence.
        bounded: Whether all scores lie within 0–1.
        clusters: Numbers the clusters of the cases; without any each is its own.

    Raises:
        BadInput: The arrays differ in length, a judge's score is missing, or too few cases are labelled.
    """
    a, b, x, y = (np.asarray(v, float) for v in (judged_a, judged_b, labelled_a, labelled_b))
    if not a.shape == b.shape == x.shape == y.shape:
        raise BadInput("The scores of a judge and of people are not of the same cases")
    kind: Kind = "difference" if bounded else "number"
    return corrected_mean(b - a, y - x, confidence, kind=kind, clusters=clusters)


def corrected_mean(
    judged: ArrayLike,
    labelled: ArrayLike,
    confidence: float = 0.95,
    *,
    kind: Kind = "number",
    clusters: ArrayLike | None = None,
) -> Corrected:
    """The mean of what people would say of all cases: PPI++ with its power tuning.

    With f the judge's values and y the labels, on n labelled and N other cases, the estimate is
    mean(y) + w (mean of f on the others − mean of f on the labelled), where w = cov(y, f) / ((1 + n/N) var(f)) is
    the weight with the least variance, kept within 0–1. Each labelled case has the w of the other ones: with its own
    part in it, near 0 and 1 the estimate would be biased by up to two points. So it is unbiased whatever the judge's
    errors, if the labelled cases are a random part of all; a useless judge gets no weight. Student's t with n − 1
    degrees of freedom takes the normal quantile's place, as few are labelled.

    Among few labels a judge who errs seldom errs never, and that interval then covers as little as 64 %. For bounded
    values it is therefore taken with added cases (`_ADDED`), as Agresti and Coull's and Bonett and Price's are
    (``benchmarks/simulate_judges.py``). The estimate itself is that of the cases seen.

    Source: Angelopoulos, Duchi, Zrnic, PPI++ (arXiv:2311.01453), example 6.1.

    Args:
        judged: The judge's value for every case.
        labelled: People's value for each case, NaN where nobody labelled it.
        confidence: Two-sided confidence.
        kind: ``score`` for values within 0–1, ``difference`` for those of two such scores, else ``number``.
        clusters: Numbers the clusters of the cases; without any each is its own. Student's t then has one degree of
            freedom less than there are clusters with labels.

    Raises:
        BadInput: The arrays differ in length, a judge's value is missing, or fewer than `LEAST_LABELLED` cases or
            `LEAST_CLUSTERS` clusters are labelled.
    """
    f, y = np.asarray(judged, float), np.asarray(labelled, float)
    group = np.arange(f.size) if clusters is None else np.asarray(clusters)
    if not f.shape == y.shape == group.shape:
        raise BadInput("The scores of a judge and of people are not of the same cases")
    if not np.isfinite(f).all():
        raise BadInput("A judge's score is missing", hint="leave out the cases that the judge failed on")
    known = np.isfinite(y)
    n, others = int(known.sum()), int((~known).sum())
    apart = np.unique(group[known]).size
    if n < LEAST_LABELLED:
        raise BadInput(
            f"{n} labelled cases are too few to correct a judge", hint=f"label {LEAST_LABELLED} or more"
        )
    if apart < LEAST_CLUSTERS:
        raise BadInput(
            f"The labelled cases are in {apart} clusters only, too few to correct a judge",
            hint="label others",
        )
    truth, seen = y[known], f[known]
    weights = _weights(f, truth, seen, others)
    weight = float(weights.mean())
    level = float(f.mean())  # what is added to all of the judge's values changes nothing
    rest = weight * (f[~known] - level) if others >= 2 else _NONE
    corrected = truth - weights * (seen - level)
    value = float(corrected.mean()) + (float(rest.mean()) if rest.size else 0.0)
    added_y, added_f, added_rest = _ADDED[kind]
    parts = [np.concatenate([corrected, added_y - weight * (added_f - level)])]
    groups = [np.concatenate([group[known], _own(group, added_y.size)])]
    if rest.size:
        parts.append(np.concatenate([rest, weight * (added_rest - level)]))
        groups.append(np.concatenate([group[~known], _own(group, added_rest.size, after=added_y.size)]))
    middle, se = sum(float(part.mean()) for part in parts), math.sqrt(_variance(parts, groups))
    df = apart - 1
    half = float(special.stdtrit(df, 0.5 + confidence / 2)) * se
    if se > 0:
        p = 2 * float(special.stdtr(df, -abs(middle) / se))
    else:
        # People said the same of every labelled case: at most this share of all can be different.
        half, p = 1 - ((1 - confidence) / 2) ** (1 / n), 1.0
    low, high = _LIMITS[kind]
    return Corrected(
        value=value,
        ci_low=max(low, middle - half),
        ci_high=min(high, middle + half),
        p=p,
        raw=level,
        bias=float((seen - truth).mean()),
        weight=weight,
        n=f.size,
        labelled=n,
    )


def _weights(f: Floats, truth: Floats, seen: Floats, others: int) -> Floats:
    """How far to trust the judge on each labelled case: the weight with the least variance, learnt from the others."""
    n = truth.size
    spread = float(f.var(ddof=1)) if others >= 2 else 0.0
    if spread <= 1e-20:
        return np.zeros(n)
    pulls = (truth - truth.mean()) * (seen - seen.mean())
    together = (pulls.sum() - n / (n - 1) * pulls) / (n - 2)
    return np.clip(together / ((1 + n / others) * spread), 0.0, 1.0)


def _own(group: NDArray[np.generic], many: int, after: int = 0) -> NDArray[np.intp]:
    """Number clusters for added cases, each its own."""
    return int(group.max()) + 1 + after + np.arange(many)


def _variance(parts: list[Floats], groups: list[NDArray[np.generic]]) -> float:
    """The variance of the sum of means, at least that of cases that have nothing to do with each other."""
    alone = sum(float(part.var(ddof=1)) / part.size for part in parts)
    every, codes = np.unique(np.concatenate(groups), return_inverse=True)
    if every.size == codes.size:
        return alone
    pulls = np.concatenate([(part - part.mean()) / part.size for part in parts])
    together = float(np.square(np.bincount(codes, pulls)).sum()) * every.size / (every.size - 1)
    return max(alone, together)


def rogan_gladen(
    passed: int, n: int, sensitivity: tuple[int, int], specificity: tuple[int, int], confidence: float = 0.95
) -> tuple[float, float, float]:
    """The true pass rate behind a judge whose errors were counted, with an interval by the delta method.

    It holds only where the judge errs alike on these cases and on those it was checked on; for a difference of two
    versions that is rarely so, and `corrected_difference` is right where this one is not.

    Args:
        passed: How many of ``n`` answers the judge passed.
        n: All answers.
        sensitivity: Of the truly good ones: how many the judge passed, and how many there were.
        specificity: Of the truly bad ones: how many the judge failed, and how many there were.
        confidence: Two-sided confidence.

    Raises:
        BadInput: A number is impossible, or the judge is no better than chance.

    Source: Rogan, Gladen, American Journal of Epidemiology 107 (1978) 71-76.
    """
    if min(n, sensitivity[1], specificity[1]) < 1:
        raise BadInput("Nothing was counted to correct the judge with")
    rate, se, sp = passed / n, sensitivity[0] / sensitivity[1], specificity[0] / specificity[1]
    better = se + sp - 1
    if better <= 0:
        raise BadInput("This judge is no better than chance, so nothing can be learnt from it")
    true = (rate + sp - 1) / better
    variance = rate * (1 - rate) / n
    variance += true**2 * se * (1 - se) / sensitivity[1] + (1 - true) ** 2 * sp * (1 - sp) / specificity[1]
    half = z_quantile(confidence) * math.sqrt(variance) / better
    return min(1.0, max(0.0, true)), max(0.0, true - half), min(1.0, true + half)
