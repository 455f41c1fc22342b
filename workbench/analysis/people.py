"""Scorers held against people: how far they agree on the answers that both judged, and what people would say of all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from workbench.analysis.agreement import Kappa, cohen_kappa
from workbench.analysis.clusters import Clusters
from workbench.analysis.estimators import Floats
from workbench.analysis.judged import Corrected, corrected_mean
from workbench.analysis.pairing import match_arms, pair
from workbench.analysis.wording import amount, count, difference
from workbench.errors import BadInput

#: Where chance would part the labelled cases from the others so far less often than this, they are no random part.
UNLIKELY = 0.001
_ANSWER = ["prompt", "version", "model", "case_id", "repeat"]


@dataclass(frozen=True)
class Agreement:
    """How a scorer and people judge the same answers.

    ``labels`` counts labels by ``raters`` people, ``answers`` the labelled answers that the scorer has a value of and
    ``unscored`` the others. ``kappa`` is of pass and fail (None where the scorer has no such) with each person's label
    apart, in clusters by case; ``passed_wrongly`` counts labels of answers that it passed and a person failed,
    ``failed_wrongly`` the opposite. ``bias`` is its mean value less people's. ``among`` is the agreement of the two
    people who share most answers; None with one.
    """

    scorer: str
    labels: int
    raters: int
    answers: int
    unscored: int
    kappa: Kappa | None
    passed_wrongly: int
    failed_wrongly: int
    bias: float | None
    among: Kappa | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        own = dict(vars(self))
        return {**own, **{name: own[name] and own[name].to_dict() for name in ("kappa", "among")}}


@dataclass(frozen=True)
class AsPeopleSee:
    """A mean, or a difference of two, as people would see it; ``corrected`` is None where ``note`` says why.

    ``note`` is also what a reader must know of one that is there.
    """

    corrected: Corrected | None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {"corrected": self.corrected and self.corrected.to_dict(), "note": self.note}


def agreement(scores: pd.DataFrame, labels: pd.DataFrame, scorer: str, threshold: float | None) -> Agreement:
    """Hold a scorer against people on the answers that both judged.

    Args:
        scores: The scorer's values of single answers, with ``passed``.
        labels: People's values: the columns that name an answer, ``rater`` and ``value``.
        scorer: The scorer's name.
        threshold: The value from which an answer passes, as the scorer takes it; None is over one half.
    """
    own = scores[[*_ANSWER, "value", "passed"]].rename(columns={"value": "judged"})
    every = labels[[*_ANSWER, "value"]].merge(own, on=_ANSWER, how="left")
    known = every[every["judged"].notna()]
    answers = known.groupby(_ANSWER, sort=False)[["judged", "value"]].mean()
    said, truth, cases = _verdicts(known, threshold)
    return Agreement(
        scorer=scorer,
        labels=len(labels),
        raters=labels["rater"].nunique(),
        answers=len(answers),
        unscored=len(every[_ANSWER].drop_duplicates()) - len(answers),
        kappa=cohen_kappa(said, truth, clusters=cases) if said else None,
        passed_wrongly=sum(j and not p for j, p in zip(said, truth, strict=True)),
        failed_wrongly=sum(p and not j for j, p in zip(said, truth, strict=True)),
        bias=float((answers["judged"] - answers["value"]).mean()) if len(answers) else None,
        among=_among(labels, threshold),
    )


def _verdicts(known: pd.DataFrame, threshold: float | None) -> tuple[list[bool], list[bool], list[str]]:
    """Pass or fail by the scorer and by a person, with the case, of each label."""
    passed = known["passed"].to_numpy(dtype=object)
    if pd.isna(passed).any():
        if not known["judged"].isin((0.0, 1.0)).all():
            return [], [], []
        passed = known["judged"].to_numpy() == 1
    truth = [_passes(value, threshold) for value in known["value"]]
    return [bool(p) for p in passed], truth, [str(case) for case in known["case_id"]]


def _passes(value: float, threshold: float | None) -> bool:
    return value > 0.5 if threshold is None else value >= threshold - 1e-12


def _among(labels: pd.DataFrame, threshold: float | None) -> Kappa | None:
    given: dict[tuple[Any, ...], dict[str, bool]] = {}
    for row in labels[[*_ANSWER, "rater", "value"]].itertuples(index=False, name=None):
        given.setdefault(row[:5], {})[row[5]] = _passes(row[6], threshold)
    shared = Counter(two for raters in given.values() for two in combinations(sorted(raters), 2))
    if not shared:
        return None
    (one, other), _ = shared.most_common(1)[0]
    rows = [(r[one], r[other], key[3]) for key, r in given.items() if one in r and other in r]
    first, second, cases = zip(*rows, strict=True)
    return cohen_kappa(first, second, clusters=cases)


def mean_as_people_see(
    scores: pd.DataFrame, labels: pd.DataFrame, clusters: Clusters | None = None
) -> AsPeopleSee:
    """The mean over cases that people would give one version on one model.

    Args:
        scores: One scorer's values of its answers.
        labels: People's values of some of these.
        clusters: Which cases belong together.
    """
    judged = scores.groupby(scores["case_id"].astype(str))["value"].mean().dropna()
    truth = labels.groupby(labels["case_id"].astype(str))["value"].mean().reindex(judged.index)
    cases = [str(case) for case in judged.index]
    return _seen(judged.to_numpy(float), truth.to_numpy(float), "score", cases, clusters)


def difference_as_people_see(
    a: tuple[pd.DataFrame, pd.DataFrame],
    b: tuple[pd.DataFrame, pd.DataFrame],
    scorer: str,
    clusters: Clusters | None = None,
) -> AsPeopleSee:
    """B − A over cases as people would see it; a case is labelled where answers of both sides are.

    Args:
        a: The baseline's scores and labels, in the form that `compare` takes.
        b: The candidate's.
        scorer: The scorer.
        clusters: Which cases belong together.
    """
    arms = match_arms(a[0], b[0], ("A", "B"))
    judged, people = (pair(one, other, arms, [scorer]) for one, other in zip(a, b, strict=True))
    given = dict(zip(people.cases, people.diff[0], strict=True))
    known = np.isfinite(judged.diff[0])
    cases = [case for case, use in zip(judged.cases, known, strict=True) if use]
    truth = np.array([given.get(case, np.nan) for case in cases], float)
    return _seen(judged.diff[0][known], truth, "difference", cases, clusters)


def _seen(
    judged: Floats, truth: Floats, kind: Any, cases: list[str], clusters: Clusters | None
) -> AsPeopleSee:
    try:
        found = corrected_mean(
            judged, truth, kind=kind, clusters=clusters.codes(cases) if clusters and cases else None
        )
    except BadInput as problem:
        return AsPeopleSee(None, f"{problem.message}; {problem.hint}." if problem.hint else problem.message)
    # Whole clusters that were drawn at random may differ by more than cases do.
    return AsPeopleSee(found, "" if clusters else _unlike(judged, np.isfinite(truth), kind))


def _unlike(judged: Floats, known: Any, kind: str) -> str:
    """Say where the labelled cases cannot be a random part, told by what the scorer says of both."""
    one, other = judged[known], judged[~known]
    variance = float(judged.var(ddof=1)) * (1 / one.size + 1 / max(other.size, 1))
    if other.size < 2 or variance <= 0:
        return ""
    t = float(one.mean() - other.mean()) / variance**0.5
    if 2 * float(special.stdtr(judged.size - 2, -abs(t))) >= UNLIKELY:
        return ""
    show = difference if kind == "difference" else amount
    said = [show(float(part.mean())) for part in (one, other)]
    return (
        f"The {count(one.size, 'labelled case')} are no random part of all, for the scorer gives them {said[0]} and "
        f"the others {said[1]}: the corrected value does not hold for all cases."
    )
