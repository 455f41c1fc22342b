"""One version's scores: mean, interval and n for every prompt version, model, scorer and slice."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analysis import frames
from workbench.analysis.clusters import Clusters, clustered, t_over_clusters, worth_at
from workbench.analysis.estimators import (
    Floats,
    mostly_equal,
    t_interval,
    wilson,
    wilson_clustered,
    wilson_corrected,
)
from workbench.analysis.wording import repeats_advice


@dataclass(frozen=True)
class Summary:
    """What one scorer says of one version and model, over all cases (``slice`` None) or one slice.

    ``n`` counts cases with a value, ``answers`` their answers (more than n with repeats), ``errors`` the
    answers that failed or could not be scored, and ``unknown`` those whose quantity nobody knows, such as an
    unpriced cost; neither of these two is in the mean. Intervals are None where they cannot be known (one
    case). ``unit`` is score, seconds, usd or count. ``clusters`` counts the clusters that the cases are in, None
    where each is its own; ``repeat_share`` is the share (0–1) of the variance of ``mean`` that comes from the answers
    to one case differing, None without repeats, and ``advice`` what follows from it.
    """

    prompt: str
    version: int | None
    model: str
    scorer: str
    slice: str | None
    n: int
    errors: int
    mean: float | None
    ci_low: float | None
    ci_high: float | None
    unit: str = "score"
    answers: int = 0
    unknown: int = 0
    method: str = ""
    clusters: int | None = None
    repeat_share: float | None = None
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class _Cases:
    """One row a (group, case): the mean over its repeats, and what is missing."""

    group: NDArray[np.intp]
    case: NDArray[np.intp]
    mean: Floats  # NaN where no repeat has a value
    answers: NDArray[np.intp]
    errors: NDArray[np.intp]
    unknown: NDArray[np.intp]
    noise: Floats  # variance of the mean that comes from the repeats; NaN where there is one answer


def summarise(
    scores: pd.DataFrame,
    slices: frames.Slices | None = None,
    *,
    units: Mapping[str, str] | None = None,
    confidence: float = 0.95,
    clusters: Clusters | None = None,
) -> list[Summary]:
    """Summarise a long frame of scores; the unit of every interval is the case.

    Pass/fail gets Wilson's interval (`wilson_corrected`), with repeats that of the effective number of answers
    (`wilson_clustered`), and so do scores of which most are 0 or 1; everything else a t interval over the
    per-case means. All are clustered by case. Where all cases have the same value, a score's interval says what n
    equal cases can say (`constant_interval`) and other units have none.

    Args:
        scores: The long frame that `workbench.analysis` describes.
        slices: Field → case id → value.
        units: Scorer → score, seconds, usd or count; ``score`` where not given.
        confidence: Two-sided confidence of the intervals.
        clusters: Which cases are not independent of each other; then intervals are over clusters.

    Returns:
        For each version, model and scorer in order of appearance, all cases first, then its slices.

    Raises:
        BadInput: The frame lacks a column.
    """
    frames.require_columns(scores, frames.SCORE_COLUMNS, "The scores")
    if scores.empty:
        return []
    group, keys = frames.codes_of([scores[c] for c in ("prompt", "version", "model", "scorer")])
    case, cases = frames.codes_of([scores["case_id"]])
    value = frames.float_column(scores, "value")
    rows = _by_case(group, case, value, frames.is_error(scores), len(cases))
    names = [(units or {}).get(s, "score") for s in keys[3]]
    score = np.array([n == "score" for n in names])
    proportion = score & _all(group, np.isnan(value) | (value == 0) | (value == 1), len(keys))
    single = _all(rows.group, rows.answers <= 1, len(keys))
    bounded = score & _all(group, np.isnan(value) | ((value >= 0) & (value <= 1)), len(keys))

    views = [(None, np.zeros(len(cases), np.intp))]
    for view in frames.slice_views(slices, list(cases[0])):
        views.append((view, view.codes))
    tables = [
        (
            view,
            _table(
                rows,
                codes,
                len(view.labels) if view else 1,
                (proportion, single, bounded),
                confidence,
                clusters.codes(list(cases[0])) if clusters else None,
            ),
        )
        for view, codes in views
    ]
    result = []
    for g in range(len(keys)):
        prompt, version, model, scorer = (frames.plain(keys[c][g]) for c in range(4))
        for view, table in tables:
            for k in range(table["n"].shape[1]):
                numbers = {name: column[g, k] for name, column in table.items()}
                if view is not None and not (numbers["n"] or numbers["errors"] or numbers["unknown"]):
                    continue
                share = frames.number(numbers["repeat_share"])
                clustered_by = clusters.field if clusters and numbers["clusters"] < numbers["n"] else None
                result.append(
                    Summary(
                        prompt=prompt,
                        version=version,
                        model=model,
                        scorer=scorer,
                        slice=view.labels[k] if view else None,
                        n=int(numbers["n"]),
                        errors=int(numbers["errors"]),
                        mean=frames.number(numbers["mean"]),
                        ci_low=frames.number(numbers["low"]),
                        ci_high=frames.number(numbers["high"]),
                        unit=names[g],
                        answers=int(numbers["answers"]),
                        unknown=int(numbers["unknown"]),
                        method=_method(
                            bool(proportion[g]), bool(single[g]), bool(numbers["equal"]), clustered_by
                        ),
                        clusters=int(numbers["clusters"]) if clustered_by else None,
                        repeat_share=share,
                        advice=repeats_advice(share),
                    )
                )
    return result


def _method(proportion: bool, single: bool, equal: bool, field: str | None) -> str:
    if field is not None:
        return f"{'Wilson' if proportion or equal else 't'}, clustered by {field}"
    if proportion and single:
        return "Wilson, corrected for continuity"
    return "Wilson, clustered by case" if proportion or equal else "t, clustered by case"


def _by_case(
    group: NDArray[np.intp], case: NDArray[np.intp], value: Floats, error: NDArray[np.bool_], cases: int
) -> _Cases:
    key, where = np.unique(group.astype(np.int64) * cases + case, return_inverse=True)
    size = len(key)
    valid = ~error & ~np.isnan(value)
    answers = np.bincount(where, valid, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(where, np.where(valid, value, 0.0), size) / answers
        squares = np.bincount(where, np.where(valid, (value - mean[where]) ** 2, 0.0), size)
        noise = np.where(answers > 1, squares / (answers - 1) / answers, np.nan)
    return _Cases(
        group=(key // cases).astype(np.intp),
        case=(key % cases).astype(np.intp),
        mean=mean,
        answers=answers.astype(np.intp),
        errors=np.bincount(where, error, size).astype(np.intp),
        unknown=np.bincount(where, ~error & ~valid, size).astype(np.intp),
        noise=noise,
    )


def _all(group: NDArray[np.intp], holds: NDArray[np.bool_], groups: int) -> NDArray[np.bool_]:
    return np.bincount(group, ~holds, groups) == 0


def _table(
    rows: _Cases,
    codes: NDArray[np.intp],
    slices: int,
    kinds: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
    confidence: float,
    clusters: NDArray[np.intp] | None,
) -> dict[str, NDArray[Any]]:
    """Columns of numbers, each of shape (groups, slices); ``kinds`` says how to estimate each group."""
    groups = len(kinds[0])
    is_proportion, is_single, is_bounded = (np.repeat(kind, slices) for kind in kinds)
    part = codes[rows.case]
    inside = part >= 0
    cell = (rows.group * slices + part)[inside]
    mean_of_case = rows.mean[inside]
    known = ~np.isnan(mean_of_case)
    filled = np.where(known, mean_of_case, 0.0)

    def total(weights: NDArray[Any]) -> Floats:
        return np.bincount(cell, weights, groups * slices)

    n = total(known)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total(filled) / n
        squares = total(np.where(known, (filled - np.nan_to_num(mean)[cell]) ** 2, 0.0))
        sd = np.sqrt(squares / (n - 1))
    answers = total(rows.answers[inside])
    equal = is_bounded & mostly_equal(
        np.maximum(total(known & (filled == 0)), total(known & (filled == 1))), n
    )
    once = wilson_corrected(np.round(np.nan_to_num(mean) * n), n, confidence)
    repeated = wilson_clustered(mean, sd, n, np.where(is_proportion, answers, np.inf), confidence)
    free = t_interval(mean, sd, n, confidence)
    within = t_interval(mean, sd, n, confidence, bounds=(0.0, 1.0))
    which = [is_proportion & is_single, is_proportion | equal, is_bounded]
    columns = {
        "n": n,
        "mean": mean,
        "low": np.select(which, [once[0], repeated[0], within[0]], free[0]),
        "high": np.select(which, [once[1], repeated[1], within[1]], free[1]),
        "answers": answers,
        "errors": total(rows.errors[inside]),
        "unknown": total(rows.unknown[inside]),
        "equal": equal,
        "clusters": n.copy(),
        "repeat_share": _repeat_share(total, rows.noise[inside], known, sd),
    }
    if clusters is not None:
        wilsons = is_proportion | equal
        for at in np.flatnonzero(n):
            here = known & (cell == at)
            codes_here = clusters[rows.case[inside][here]]
            _cluster(columns, at, filled[here], codes_here, (wilsons[at], is_bounded[at]), confidence)
    return {name: column.reshape(groups, slices) for name, column in columns.items()}


def _repeat_share(
    total: Callable[[NDArray[Any]], Floats], noise: Floats, known: NDArray[np.bool_], sd: Floats
) -> Floats:
    """The share of the variance over cases that comes from repeats; NaN where nothing is repeated."""
    repeated = known & np.isfinite(noise)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = total(np.where(repeated, noise, 0.0)) / total(repeated) / sd**2
    return np.where((total(repeated) >= 2) & (sd > 1e-10), np.minimum(share, 1.0), np.nan)


def _cluster(
    columns: dict[str, NDArray[Any]],
    at: int,
    values: Floats,
    codes: NDArray[np.intp],
    kind: tuple[bool, bool],
    confidence: float,
) -> None:
    """Put the interval over clusters in the place of that over cases, where some cases share one."""
    wilsons, bounded = kind
    mean = float(values.mean())
    rare = min(mean, 1 - mean) * values.size if bounded else math.inf
    found = clustered(values, codes, rare=rare)
    columns["clusters"][at] = found.count
    if found.count == values.size:
        return
    if found.count < 2:
        low, high = math.nan, math.nan
    elif wilsons:
        worth = worth_at(found, confidence)
        low, high = wilson(mean * worth, worth, confidence)
    else:
        low, high = t_over_clusters(found, confidence, bounds=(0.0, 1.0) if bounded else None)
    columns["low"][at], columns["high"][at] = low, high
    if found.se > 0:
        variance = float(values.var(ddof=1)) / values.size
        columns["repeat_share"][at] *= min(1.0, variance / found.se**2)
