"""One version's scores: mean, interval and n for every prompt version, model, scorer and slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analysis import frames
from workbench.analysis.estimators import Floats, mostly_equal, t_interval, wilson, wilson_clustered


@dataclass(frozen=True)
class Summary:
    """What one scorer says of one version and model, over all cases (``slice`` None) or one slice.

    ``n`` counts cases with a value, ``answers`` their answers (more than n with repeats), ``errors`` the
    answers that failed or could not be scored, and ``unknown`` those whose quantity nobody knows, such as an
    unpriced cost; neither of these two is in the mean. Intervals are None where they cannot be known (one
    case). ``unit`` is score, seconds, usd or count.
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


def summarise(
    scores: pd.DataFrame,
    slices: frames.Slices | None = None,
    *,
    units: Mapping[str, str] | None = None,
    confidence: float = 0.95,
) -> list[Summary]:
    """Summarise a long frame of scores; the unit of every interval is the case.

    Pass/fail gets Wilson's interval, with repeats that of the effective number of answers
    (`wilson_clustered`), and so do scores of which most are 0 or 1; everything else a t interval over the
    per-case means. All are clustered by case. Where all cases have the same value, a score's interval says what n
    equal cases can say (`constant_interval`) and other units have none.

    Args:
        scores: The long frame that `workbench.analysis` describes.
        slices: Field → case id → value.
        units: Scorer → score, seconds, usd or count; ``score`` where not given.
        confidence: Two-sided confidence of the intervals.

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
            _table(rows, codes, len(view.labels) if view else 1, (proportion, single, bounded), confidence),
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
                        method=_method(bool(proportion[g]), bool(single[g]), bool(numbers["equal"])),
                    )
                )
    return result


def _method(proportion: bool, single: bool, equal: bool) -> str:
    if proportion and single:
        return "Wilson"
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
    return _Cases(
        group=(key // cases).astype(np.intp),
        case=(key % cases).astype(np.intp),
        mean=mean,
        answers=answers.astype(np.intp),
        errors=np.bincount(where, error, size).astype(np.intp),
        unknown=np.bincount(where, ~error & ~valid, size).astype(np.intp),
    )


def _all(group: NDArray[np.intp], holds: NDArray[np.bool_], groups: int) -> NDArray[np.bool_]:
    return np.bincount(group, ~holds, groups) == 0


def _table(
    rows: _Cases,
    codes: NDArray[np.intp],
    slices: int,
    kinds: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
    confidence: float,
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
    once = wilson(np.round(np.nan_to_num(mean) * n), n, confidence)
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
    }
    return {name: column.reshape(groups, slices) for name, column in columns.items()}
