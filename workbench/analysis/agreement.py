"""How far two raters agree, and how often a judge says what people say, under policies that have names.

Raters compare two answers and call one of them better, or a tie. Published accuracies of judges hang on two choices
that papers rarely state: what becomes of ties, and of replies that no verdict could be read from. Here both are
named.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from workbench.analysis.clusters import clustered, worth_at
from workbench.analysis.estimators import wilson_clustered, wilson_corrected, z_quantile
from workbench.errors import BadInput

#: What becomes of ties. ``class``: a tie is an answer like the others, right where people said so, too.
#: ``people``: pairs that people called a tie are left out; a judge's tie on another is wrong. ``any``: pairs that
#: either called a tie are left out. ``half``: where one of the two says tie, the judge is half right.
Ties = Literal["class", "people", "any", "half"]
#: What becomes of replies without a verdict (None). ``tie``: they count as the judge's tie. ``wrong``: they agree with
#: nobody. ``dropped``: they are left out.
Unparsed = Literal["tie", "wrong", "dropped"]
#: Stands for a reply without a verdict where it counts as wrong.
_NO_VERDICT = object()


@dataclass(frozen=True)
class Kappa:
    """Cohen's kappa of two raters over ``n`` items, of which they ``agreed`` on a share.

    ``se`` is the large-sample standard error. All are None where both gave one and the same label to everything:
    then nothing tells agreement from habit.
    """

    kappa: float | None
    ci_low: float | None
    ci_high: float | None
    se: float | None
    agreed: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


def cohen_kappa(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    confidence: float = 0.95,
    *,
    clusters: Sequence[Hashable] | None = None,
) -> Kappa:
    """Agreement of two raters beyond what chance would give raters with these habits.

    The standard error is statsmodels' (Fleiss, Cohen and Everitt, Psychological Bulletin 72 (1969) 323-327). Alone it
    covers as little as 25 % with 20 items, as it is 0 where they agree on all. So each end of the interval is the
    farther of two: the normal one, and that of the share agreed (`wilson_corrected`) put on kappa's scale at the
    chance agreement seen.

    Args:
        a: One rater's labels.
        b: The other's of the same items.
        confidence: Two-sided confidence.
        clusters: What belongs together, such as the question that several pairs answer; then the items count as the
            number of independent ones that they are worth.

    Raises:
        BadInput: There is nothing to compare, or the raters' items differ in number.
    """
    n = _same_length(a, b)
    codes: dict[Hashable, int] = {}
    first, second = (np.array([codes.setdefault(label, len(codes)) for label in side]) for side in (a, b))
    size = len(codes)
    p = np.bincount(first * size + second, minlength=size * size).reshape(size, size) / n
    rows, columns = p.sum(1), p.sum(0)
    agreed, chance = float(np.trace(p)), float(rows @ columns)
    if 1 - chance < 1e-12:
        return Kappa(None, None, None, None, agreed, n)
    kappa = (agreed - chance) / (1 - chance)
    same = (first == second).astype(float)
    worth = n if clusters is None else _worth(same, clusters, confidence)
    se = math.sqrt(_variance(p, rows, columns, kappa, chance) / worth)
    z = z_quantile(confidence)
    ends = [float(end) for end in wilson_corrected(agreed * worth, worth, confidence)]
    low, high = ((end - chance) / (1 - chance) for end in ends)
    return Kappa(
        kappa, max(-1.0, min(low, kappa - z * se)), min(1.0, max(high, kappa + z * se)), se, agreed, n
    )


def _variance(
    p: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    kappa: float,
    chance: float,
) -> float:
    """Kappa's large-sample variance times the number of items."""
    diagonal = np.diag(p)
    agreeing = float((diagonal * (1 - (rows + columns) * (1 - kappa)) ** 2).sum())
    others = p * (columns[:, None] + rows[None, :]) ** 2
    disagreeing = (1 - kappa) ** 2 * float(others.sum() - np.trace(others))
    found = agreeing + disagreeing - (kappa - chance * (1 - kappa)) ** 2
    return max(found, 0.0) / (1 - chance) ** 2


@dataclass(frozen=True)
class Accuracy:
    """The share of ``n`` pairs on which a judge said what people said; ``left_out`` counts those of no use."""

    value: float
    ci_low: float
    ci_high: float
    n: int
    left_out: int
    ties: Ties
    unparsed: Unparsed

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


def credits(
    judge: Sequence[Hashable | None],
    people: Sequence[Hashable],
    *,
    tie: Hashable,
    ties: Ties = "class",
    unparsed: Unparsed = "wrong",
) -> NDArray[np.float64]:
    """How right a judge was on each pair: 1, 0, one half for half a tie, NaN where the pair is left out.

    Args:
        judge: The judge's verdicts, None where none could be read.
        people: What people said of the same pairs.
        tie: The label of a tie.
        ties: See `Ties`.
        unparsed: See `Unparsed`.

    Raises:
        BadInput: A policy has no such name, or the verdicts differ in number.
    """
    _same_length(judge, people)
    for name, given, known in (("ties", ties, get_args(Ties)), ("unparsed", unparsed, get_args(Unparsed))):
        if given not in known:
            raise BadInput(f'"{given}" is no policy for {name}', hint=f"use {', '.join(known)}")
    return np.array(
        [_credit(said, truth, tie, ties, unparsed) for said, truth in zip(judge, people, strict=True)]
    )


def _credit(said: Any, truth: Any, tie: Any, ties: Ties, unparsed: Unparsed) -> float:
    if said is None:
        if unparsed == "dropped":
            return math.nan
        said = tie if unparsed == "tie" else _NO_VERDICT
    if ties in ("people", "any") and (truth == tie or (ties == "any" and said == tie)):
        return math.nan
    if ties == "half" and said is not _NO_VERDICT and (said == tie) != (truth == tie):
        return 0.5
    return float(said == truth)


def judge_accuracy(
    judge: Sequence[Hashable | None],
    people: Sequence[Hashable],
    *,
    tie: Hashable,
    ties: Ties = "class",
    unparsed: Unparsed = "wrong",
    clusters: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Accuracy:
    """How often a judge says what people say, with an interval; the arguments are those of `credits`.

    The interval is Wilson's corrected for continuity, with half ties that of the answers they are worth
    (`wilson_clustered`), in ``clusters`` that of the independent pairs they are worth.

    Raises:
        BadInput: As of `credits`, or no pair is left.
    """
    every = credits(judge, people, tie=tie, ties=ties, unparsed=unparsed)
    used = np.isfinite(every)
    right, n = every[used], int(used.sum())
    if not n:
        raise BadInput("No pair is left to tell a judge's accuracy from", hint="count ties as a class")
    value = float(right.mean())
    if clusters is not None:
        kept = [cluster for cluster, use in zip(clusters, used, strict=True) if use]
        worth = _worth(right, kept, confidence)
        low, high = wilson_corrected(value * worth, worth, confidence)
    elif np.isin(right, (0, 1)).all():
        low, high = wilson_corrected(right.sum(), n, confidence)
    else:
        low, high = wilson_clustered(value, right.std(ddof=1), n, math.inf, confidence)
    return Accuracy(value, float(low), float(high), n, len(every) - n, ties, unparsed)


def _worth(values: NDArray[np.float64], clusters: Sequence[Hashable], confidence: float) -> float:
    """The number of independent items that these are worth, at least 1."""
    if len(clusters) != values.size:
        raise BadInput("Items and clusters differ in number")
    codes: dict[Hashable, int] = {}
    numbers = np.array([codes.setdefault(cluster, len(codes)) for cluster in clusters], np.intp)
    if len(codes) < 2:
        return 1.0
    rarer = min(float(values.sum()), float(values.size - values.sum()))
    return max(1.0, worth_at(clustered(values, numbers, rare=rarer), confidence))


def _same_length(a: Sequence[Any], b: Sequence[Any]) -> int:
    if len(a) != len(b):
        raise BadInput(f"One rater has {len(a)} verdicts and the other {len(b)}")
    if not len(a):
        raise BadInput("There are no verdicts to compare")
    return len(a)
