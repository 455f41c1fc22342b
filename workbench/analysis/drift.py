"""Has a model moved? The same frozen suite, asked again and again, against a reference that stays as it is.

Each look is held against the reference case by case, for every metric apart. If nothing moved, a case's answer of
today and that of the reference could as well have been the other way round, so the mean of their difference is 0. A
bet against that (`workbench.analysis.sequential`) gives an e-value for each look: its mean is at most 1, whatever
the scores are like. All looks share the one reference, so their evidence may not be multiplied as if it were
independent; it is added with weights that sum to 1 over all looks to come. That sum reaches ``metrics / alpha`` with
a chance of at most ``alpha / metrics`` however often one looks (Markov's inequality; Vovk and Wang, Annals of
Statistics 49 (2021) 1736-1754), so any alarm of any metric at any look has a chance of at most ``alpha``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from workbench.analysis.estimators import Floats
from workbench.analysis.sequential import log_evidence

Metric = Literal["score", "output", "length", "refusal", "embedding", "latency", "cost"]
#: What alpha is shared by, whether a look knows all of them or not.
METRICS: tuple[Metric, ...] = ("score", "output", "length", "refusal", "embedding", "latency", "cost")
#: Metrics of the distance to the reference. How far an unmoved model is from itself is learnt from the first look.
_DISTANCES = frozenset({"output", "embedding"})
#: Metrics that are compared by the logarithm of their ratio.
_RATIOS = frozenset({"length", "latency", "cost"})
#: Ratios up to this are no news: a server's speed differs from day to day.
TOLERATED: Mapping[Metric, float] = {"latency": 1.25}
ALPHA = 0.05
#: Beside each look alone, the mean of so many looks is held against the reference: it finds smaller changes that stay.
WINDOW = 7
#: One look that speaks this clearly counts when it is asked since when something moved.
_CLEAR = math.log(20)
#: The sum of 1 / (m ln² m) over all m from 2 on, rounded up, so that the weights sum to less than 1.
_ALL_WEIGHTS = 2.1098


@dataclass(frozen=True)
class Look:
    """One run of the suite: for each metric a value a case (the mean over its answers).

    ``score`` and ``refusal`` are in 0–1, ``length`` in characters, ``latency`` in seconds, ``cost`` in USD,
    ``output`` is the share of a case's answers that are another text than the reference's, ``embedding`` half the
    cosine distance to it (0–1). ``words`` is the mean length in words, for sentences. ``models`` are the names that
    the provider answered under. What is unknown is left out.
    """

    run: str
    at: str
    values: Mapping[Metric, Mapping[str, float]]
    models: frozenset[str] = frozenset()
    words: float | None = None


@dataclass(frozen=True)
class Reading:
    """One metric at one look: means over the ``n`` cases that both have, and the evidence, alone and so far.

    ``was`` is the reference's mean (for distances the first look's). Evidence is the logarithm of an e-value;
    ``moved`` tells that the evidence so far has reached ``needed``.
    """

    metric: Metric
    n: int
    was: float
    now: float
    direction: int
    evidence: float
    so_far: float
    needed: float
    moved: bool

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Moved:
    """One thing that moved: since which look (1 is the first after the reference), and whether it is so at the last."""

    what: str
    since: int
    run: str
    still: bool
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Drift:
    """The history of a watch: the readings of each look, and what moved."""

    readings: list[dict[Metric, Reading]]
    moved: list[Moved]
    alpha: float = ALPHA


def weight(number: int) -> float:
    """The share of the error that look ``number`` (from 1) may spend: 1 / (m ln² m) with m one more; they sum to 1."""
    m = number + 1
    return 1 / (m * math.log(m) ** 2) / _ALL_WEIGHTS


def differences(metric: Metric, before: Floats, after: Floats) -> Floats:
    """Per-case differences within −1 to 1 that change their sign where the two sides are exchanged."""
    if metric not in _RATIOS:
        return np.clip(after - before, -1.0, 1.0)
    added = 1.0 if metric == "length" else 0.0
    return np.clip(np.log((after + added) / (before + added)), -1.0, 1.0)


def look_evidence(metric: Metric, diff: Floats) -> float:
    """Logarithm of the e-value of one look against "nothing moved" (or by no more than is tolerated)."""
    if not diff.size:
        return 0.0
    room = math.log(TOLERATED.get(metric, 1.0))
    sides = (log_evidence(diff, room, "above"), log_evidence(diff, -room, "below"))
    return float(np.logaddexp(*sides) - math.log(2))


def judge(
    reference: Look, looks: Sequence[Look], *, metric_name: str = "the score", alpha: float = ALPHA
) -> Drift:
    """Hold every look against the frozen reference; false alarms over all looks and metrics stay within ``alpha``.

    Cases are taken as independent of each other. The distances of outputs and embeddings are held against those of
    the first look, so they can only be judged from the second on.
    """
    needed = math.log(len(METRICS) / alpha)
    so_far: dict[Metric, float] = {}
    kept: dict[Metric, list[dict[str, float]]] = {metric: [] for metric in METRICS}
    readings: list[dict[Metric, Reading]] = []
    for number, look in enumerate(looks, 1):
        row: dict[Metric, Reading] = {}
        for metric in METRICS:
            held, at = (looks[0], number - 1) if metric in _DISTANCES else (reference, number)
            cases, before, after = _both(metric, held, look)
            if not at or not cases:
                continue
            diff = differences(metric, before, after)
            kept[metric].append(dict(zip(cases, diff.tolist(), strict=True)))
            evidence = look_evidence(metric, diff)
            together = look_evidence(metric, _means(kept[metric][-WINDOW:]))
            added = math.log(weight(at) / 2) + float(np.logaddexp(evidence, together))
            so_far[metric] = float(np.logaddexp(so_far.get(metric, -math.inf), added))
            row[metric] = Reading(
                metric=metric,
                n=int(before.size),
                was=float(before.mean()),
                now=float(after.mean()),
                direction=int(np.sign(diff.mean())),
                evidence=evidence,
                so_far=so_far[metric],
                needed=needed,
                moved=so_far[metric] >= needed,
            )
        readings.append(row)
    moved = [m for metric in METRICS if (m := _moved(metric, metric_name, reference, looks, readings))]
    renamed = _renamed(reference, looks)
    return Drift(readings, [*([renamed] if renamed else []), *moved], alpha)


def _means(several: Sequence[Mapping[str, float]]) -> Floats:
    """The mean difference of each case over some looks; its mean is 0 as well if nothing moved."""
    found: dict[str, list[float]] = {}
    for one in several:
        for case, value in one.items():
            found.setdefault(case, []).append(value)
    return np.array([sum(values) / len(values) for values in found.values()], float)


def _both(metric: Metric, a: Look, b: Look) -> tuple[list[str], Floats, Floats]:
    first, second = a.values.get(metric, {}), b.values.get(metric, {})
    positive = metric in ("latency", "cost")
    cases = [c for c in first if c in second and (not positive or (first[c] > 0 and second[c] > 0))]
    return cases, np.array([first[c] for c in cases], float), np.array([second[c] for c in cases], float)


def _moved(
    metric: Metric,
    name: str,
    reference: Look,
    looks: Sequence[Look],
    readings: Sequence[Mapping[Metric, Reading]],
) -> Moved | None:
    """Say that a metric moved, since when, and whether the last look still shows it."""
    alarms = [i for i, row in enumerate(readings) if metric in row and row[metric].moved]
    if not alarms:
        return None

    def clear(i: int) -> bool:
        return metric in readings[i] and readings[i][metric].evidence >= _CLEAR

    last = len(looks) - 1
    still = clear(last)
    begin = last if still else max((i for i in range(alarms[0] + 1) if clear(i)), default=alarms[0])
    direction = readings[begin][metric].direction
    while begin > 0 and clear(begin - 1) and readings[begin - 1][metric].direction == direction:
        begin -= 1
    shown = last if still else alarms[0]
    said = _sentence(metric, name, readings[shown][metric], reference, looks[shown])
    ago = _ago(last - begin) if still else f"in run {looks[shown].run}, and not clearly so in the last run"
    return Moved(metric, begin + 1, looks[begin].run, still, f"{said}; {ago}.")


def _ago(runs: int) -> str:
    return "in this run" if not runs else f"since {runs + 1} runs, this one included"


def _sentence(metric: Metric, name: str, r: Reading, reference: Look, look: Look) -> str:
    if metric == "score":
        return f"{name} is {r.now * 100:.1f} % where it was {r.was * 100:.1f} %"
    if metric == "refusal":
        return f"The model declines {r.now * 100:.0f} % of the cases where it declined {r.was * 100:.0f} %"
    if metric == "output":
        now, was = (f"{share * 100:.0f} %" for share in (r.now, r.was))
        return f"{now} of the outputs are other than the reference's where {was} were at first"
    if metric == "embedding":
        now, was = (f"{2 * distance:.3f}" for distance in (r.now, r.was))
        return (
            f"The outputs mean something else: their distance from the reference is {now} where it was {was}"
        )
    if metric == "length":
        # A text without spaces, as in Chinese, is one word however long it is.
        if look.words and reference.words and r.was < 15 * reference.words:
            return f"The model answers {look.words:,.0f} words on average where it answered {reference.words:,.0f}"
        return f"The model answers {r.now:,.0f} characters on average where it answered {r.was:,.0f}"
    ratio = r.now / r.was
    if metric == "latency":
        return f"An answer takes {r.now:.2f} s where it took {r.was:.2f} s ({ratio:.2f} times)"
    return f"An answer costs ${r.now:.3g} where it cost ${r.was:.3g} ({ratio:.2f} times)"


def _renamed(reference: Look, looks: Sequence[Look]) -> Moved | None:
    """Say that another model answers behind the name; that is a fact and no statistic."""
    if not looks or not reference.models:
        return None
    other = [bool(look.models) and look.models != reference.models for look in looks]
    if not any(other):
        return None
    still = other[-1]
    at = len(other) - 1 if still else max(i for i, is_other in enumerate(other) if is_other)
    begin = at
    while begin > 0 and other[begin - 1]:
        begin -= 1
    names = [", ".join(sorted(side.models)) for side in (looks[at], reference)]
    ago = _ago(len(looks) - 1 - begin) if still else f"in run {looks[at].run}, and no longer in the last run"
    return Moved(
        "model", begin + 1, looks[begin].run, still, f"{names[0]} answers where {names[1]} did; {ago}."
    )
