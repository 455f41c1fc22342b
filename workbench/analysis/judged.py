"""Judges that err: estimates corrected by the cases that people have labelled, too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from workbench.analysis.estimators import z_quantile
from workbench.errors import BadInput

#: With fewer labelled cases the correction itself cannot be trusted.
LEAST_LABELLED = 20


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

    Raises:
        BadInput: The arrays differ in length, a judge's score is missing, or too few cases are labelled.
    """
    a, b, x, y = (np.asarray(v, float) for v in (judged_a, judged_b, labelled_a, labelled_b))
    if not a.shape == b.shape == x.shape == y.shape:
        raise BadInput("The scores of a judge and of people are not of the same cases")
    return corrected_mean(b - a, y - x, confidence)


def corrected_mean(judged: ArrayLike, labelled: ArrayLike, confidence: float = 0.95) -> Corrected:
    """The mean of what people would say of all cases: PPI++ with its power tuning.

    With f the judge's values and y the labels, on n labelled and N other cases, the estimate is
    mean(y) + w (mean of f on the others − mean of f on the labelled), where w = cov(y, f) / ((1 + n/N) var(f)) is
    the weight with the least variance, kept within 0–1. It is unbiased whatever the judge's errors, if the labelled
    cases are a random part of all; a useless judge gets no weight. Student's t with n − 1 degrees of freedom takes
    the normal quantile's place, as few are labelled.

    Source: Angelopoulos, Duchi, Zrnic, PPI++ (arXiv:2311.01453), example 6.1.

    Args:
        judged: The judge's value for every case.
        labelled: People's value for each case, NaN where nobody labelled it.
        confidence: Two-sided confidence.

    Raises:
        BadInput: The arrays differ in length, a judge's value is missing, or fewer than `LEAST_LABELLED` are labelled.
    """
    f, y = np.asarray(judged, float), np.asarray(labelled, float)
    if f.shape != y.shape:
        raise BadInput("The scores of a judge and of people are not of the same cases")
    if not np.isfinite(f).all():
        raise BadInput("A judge's score is missing", hint="leave out the cases that the judge failed on")
    known = np.isfinite(y)
    n, others = int(known.sum()), int((~known).sum())
    if n < LEAST_LABELLED:
        raise BadInput(
            f"{n} labelled cases are too few to correct a judge", hint=f"label {LEAST_LABELLED} or more"
        )
    truth, seen = y[known], f[known]
    weight, shift, variance = 0.0, 0.0, float(truth.var(ddof=1)) / n
    if others >= 2:
        spread = float(f.var(ddof=1))
        if spread > 1e-20:
            together = float(np.cov(truth, seen)[0, 1])
            weight = min(1.0, max(0.0, together / ((1 + n / others) * spread)))
        unseen = f[~known]
        shift = weight * float(unseen.mean() - seen.mean())
        variance = float((truth - weight * seen).var(ddof=1)) / n
        variance += weight**2 * float(unseen.var(ddof=1)) / others
    value, se = float(truth.mean()) + shift, math.sqrt(variance)
    half = float(special.stdtrit(n - 1, 0.5 + confidence / 2)) * se
    if se > 0:
        p = 2 * float(special.stdtr(n - 1, -abs(value) / se))
    else:
        # People said the same of every labelled case: at most this share of all can be different.
        half, p = 1 - ((1 - confidence) / 2) ** (1 / n), 1.0
    return Corrected(
        value=value,
        ci_low=value - half,
        ci_high=value + half,
        p=p,
        raw=float(f.mean()),
        bias=float((seen - truth).mean()),
        weight=weight,
        n=f.size,
        labelled=n,
    )


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
