"""Putting two sides together: which answers belong to the same case, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analysis import frames
from workbench.analysis.clusters import Clusters
from workbench.analysis.estimators import Floats
from workbench.analysis.wording import count, listed
from workbench.errors import BadInput

Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Arms:
    """What is matched besides the case: nothing, or the models (prompts, versions) that vary within a side.

    ``columns`` are what tells arms apart, ``keys`` the arms that both sides have.
    """

    columns: tuple[str, ...]
    keys: list[tuple[Any, ...]]
    left_out: list[str]

    def codes(self, frame: pd.DataFrame) -> Ints:
        """Return each row's arm, or −1 for one that the other side does not have."""
        if not self.columns:
            return np.zeros(len(frame), np.intp)
        codes, distinct = frames.codes_of([frame[c] for c in self.columns])
        position = {key: i for i, key in enumerate(self.keys)}
        lookup = np.array([position.get(key, -1) for key in _keys(distinct)], dtype=np.intp)
        return lookup[codes] if len(frame) else np.zeros(0, np.intp)


def match_arms(a: pd.DataFrame, b: pd.DataFrame, names: tuple[str, str]) -> Arms:
    """Decide what to match besides the case.

    A column counts only if it varies within a side: one version against another is not matched by version, and
    with several models on a side each model is compared with itself.

    Raises:
        BadInput: The sides have several models (or prompts), and none in common.
    """
    columns = tuple(c for c in ("prompt", "version", "model") if _varies(a, c) or _varies(b, c))
    if not columns:
        return Arms((), [()], [])
    sides = [_keys(frames.codes_of([side[c] for c in columns])[1]) for side in (a, b)]
    common = [key for key in sides[0] if key in set(sides[1])]
    if not common:
        shown = [listed([_name(k) for k in side]) for side in sides]
        raise BadInput(
            f"{names[0]} ({shown[0]}) and {names[1]} ({shown[1]}) have nothing in common to match",
            hint="compare one model or prompt of each side",
        )
    left_out = [_name(k) for side in sides for k in side if k not in set(common)]
    return Arms(columns, common, list(dict.fromkeys(left_out)))


def _varies(frame: pd.DataFrame, column: str) -> bool:
    if column == "version":
        pairs = frame[["prompt", "version"]].drop_duplicates()
        return len(pairs) > pairs["prompt"].nunique(dropna=False)
    return frame[column].nunique(dropna=False) > 1


def _keys(distinct: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(frames.plain(v) for v in row) for row in distinct.itertuples(index=False, name=None)]


def _name(key: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in key)


@dataclass(frozen=True)
class Tally:
    """One side's answers added up; every array has the shape (scorers, arms, cases)."""

    total: Floats
    valid: Floats
    errors: Floats
    unknown: Floats
    rows: Floats
    squares: Floats


@dataclass(frozen=True)
class Paired:
    """Both sides on the same cases; every array has the shape (scorers, cases).

    ``a`` and ``b`` are means over the models that have a value on both sides, NaN where there is none.
    ``pairs`` counts the (model, case) pairs that the scorer applies to, ``broken`` those that miss at least one
    answer on either side, ``lost`` the share of answers missing added up over the pairs, and ``unknown`` the
    pairs without a value that lack no answer. ``low`` and ``high`` are the sums over the pairs of B − A if every
    missing answer had scored 0 or 1 to B's loss or gain. For each scorer, ``pass_fail`` says that all values are 0
    or 1, ``single`` that no case has more than one answer a side, ``bounded`` that all values lie in 0–1.
    ``noise`` is the variance that repeats alone give to B − A (NaN for a case with one answer), and ``cluster``
    numbers the clusters of the cases.
    """

    cases: list[str]
    scorers: list[str]
    a: Floats
    b: Floats
    pairs: Floats
    broken: Floats
    lost: Floats
    unknown: Floats
    low: Floats
    high: Floats
    pass_fail: NDArray[np.bool_]
    single: NDArray[np.bool_]
    bounded: NDArray[np.bool_]
    noise: Floats | None = None
    cluster: Ints | None = None

    @property
    def diff(self) -> Floats:
        """B − A for each case."""
        return self.b - self.a


def pair(
    a: pd.DataFrame, b: pd.DataFrame, arms: Arms, scorers: list[str], clusters: Clusters | None = None
) -> Paired:
    """Match two long frames of scores by arm and case. Cases are sorted by id."""
    cases = sorted({str(c) for c in pd.concat([a["case_id"], b["case_id"]]).unique()})
    tallies = [tally(side, arms, scorers, cases) for side in (a, b)]
    ta, tb = tallies
    applies = (ta.rows.sum(axis=1) + tb.rows.sum(axis=1)) > 0
    wanted = np.repeat(applies[:, None, :], len(arms.keys), axis=1)
    lost_a, lost_b = _lost(ta), _lost(tb)
    lost = np.where(wanted, np.maximum(lost_a, lost_b), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_a, mean_b = ta.total / ta.valid, tb.total / tb.valid
    both = wanted & (ta.valid > 0) & (tb.valid > 0)
    used = both.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        case_a = np.where(both, mean_a, 0.0).sum(axis=1) / used
        case_b = np.where(both, mean_b, 0.0).sum(axis=1) / used
    low_a, high_a = _extremes(ta)
    low_b, high_b = _extremes(tb)
    known = wanted & (both | (lost > 0))
    return Paired(
        cases=cases,
        scorers=scorers,
        a=case_a,
        b=case_b,
        pairs=wanted.sum(axis=1).astype(float),
        broken=(lost > 0).sum(axis=1).astype(float),
        lost=lost.sum(axis=1),
        unknown=(wanted & ~both & (lost == 0)).sum(axis=1).astype(float),
        low=np.where(known, low_b - high_a, 0.0).sum(axis=1),
        high=np.where(known, high_b - low_a, 0.0).sum(axis=1),
        pass_fail=_all_values(a, b, scorers, lambda v: (v == 0) | (v == 1)),
        single=_single(tallies, len(arms.keys)),
        bounded=_all_values(a, b, scorers, lambda v: (v >= 0) & (v <= 1)),
        noise=_noise(ta, tb, both),
        cluster=clusters.codes(cases) if clusters else None,
    )


def _noise(a: Tally, b: Tally, both: NDArray[np.bool_]) -> Floats:
    """Variance of a case's difference that comes from its repeats; NaN where some side has a single answer."""
    total = np.zeros(both.shape)
    for side in (a, b):
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.maximum(side.squares - side.total**2 / side.valid, 0.0) / (side.valid - 1)
            total += np.where(side.valid > 1, spread / side.valid, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(both, total, 0.0).sum(axis=1) / both.sum(axis=1) ** 2


def tally(frame: pd.DataFrame, arms: Arms, scorers: list[str], cases: list[str]) -> Tally:
    """Add up one side's rows by scorer, arm and case."""
    shape = (len(scorers), len(arms.keys), len(cases))
    scorer = _positions(frame["scorer"], scorers)
    case = _positions(frame["case_id"].astype(str), cases)
    arm = arms.codes(frame)
    inside = (scorer >= 0) & (arm >= 0) & (case >= 0)
    flat = ((scorer * shape[1] + arm) * shape[2] + case)[inside]
    value = frames.float_column(frame, "value")[inside]
    error = frames.is_error(frame)[inside]
    valid = ~error & ~np.isnan(value)

    def total(weights: NDArray[Any]) -> Floats:
        return np.bincount(flat, weights, int(np.prod(shape))).reshape(shape)

    return Tally(
        total=total(np.where(valid, value, 0.0)),
        valid=total(valid),
        errors=total(error),
        unknown=total(~error & ~valid),
        rows=total(np.ones(len(flat))),
        squares=total(np.where(valid, value**2, 0.0)),
    )


def _positions(column: pd.Series, values: list[str]) -> Ints:
    return pd.Index(values, dtype=object).get_indexer(np.asarray(column, dtype=object))


def _repeats(side: Tally) -> Floats:
    """How many answers each case should have: as many as the case that has most, by scorer."""
    return np.maximum(side.rows.max(axis=(1, 2), initial=0), 1)[:, None, None]


def _lost(side: Tally) -> Floats:
    """The share of a pair's answers that this side lacks: errors, and rows that are not there."""
    repeats = _repeats(side)
    return np.clip(1 - (side.valid + side.unknown) / repeats, 0, 1)


def _extremes(side: Tally) -> tuple[Floats, Floats]:
    """Means with every missing answer counted as 0, and as 1."""
    repeats = _repeats(side)
    return side.total / repeats, (side.total + repeats - side.valid) / repeats


def _single(tallies: list[Tally], arms: int) -> NDArray[np.bool_]:
    most = np.maximum(*(t.rows.max(axis=(1, 2), initial=0) for t in tallies))
    return (most <= 1) & (arms == 1)


def _all_values(
    a: pd.DataFrame, b: pd.DataFrame, scorers: list[str], fits: Callable[[Floats], NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """For each scorer, whether every value on both sides fits; errors and unknown values do not speak."""
    broken = np.zeros(len(scorers))
    for side in (a, b):
        value = frames.float_column(side, "value")
        wrong = ~(np.isnan(value) | frames.is_error(side) | fits(value))
        position = _positions(side["scorer"], scorers)
        broken += np.bincount(position[position >= 0], wrong[position >= 0], len(scorers))
    return broken == 0


def matching_warnings(arms: Arms) -> list[str]:
    """What a reader must know about what was matched."""
    if not arms.left_out:
        return []
    return [
        f"Only what both sides have is compared; left out: {listed(arms.left_out)} "
        f"({count(len(arms.keys), 'match', 'matches')} remain)."
    ]
