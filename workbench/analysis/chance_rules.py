"""The rules of a gate that are judged by chance: metrics and slices against the baseline, and floors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from workbench.analysis import paired
from workbench.analysis.floors import FloorTest, hold_to_floor
from workbench.analysis.results import Comparison, MetricComparison
from workbench.analysis.rules import ERROR_RATE, GateStatus, MoreRules, Rule, worst
from workbench.analysis.verdict import ERROR_SHARE_LIMIT, decide
from workbench.analysis.wording import amount, count, difference, interval, listed
from workbench.errors import BadInput


@dataclass(frozen=True)
class Tests:
    """All that a gate judges by chance, with what each says corrected for the others (Holm)."""

    metrics: dict[str, tuple[MetricComparison, float]]
    slices: dict[str, list[MetricComparison]]
    floors: dict[str, tuple[MetricComparison, float, FloorTest]]


def metric_named(comparison: Comparison, name: str) -> MetricComparison:
    """Return a scorer's comparison over all cases.

    Raises:
        BadInput: It is not on both sides.
    """
    found = comparison.metric(name)
    if found is None:
        there = listed(list(dict.fromkeys(m.scorer for m in comparison.metrics)), 20)
        raise BadInput(f"The gate's metric {name} is not on both sides", hint=f"there are {there}")
    return found


def all_tests(
    comparison: Comparison,
    chosen: MetricComparison,
    margin: float,
    more: MoreRules,
    candidate: pd.DataFrame | None,
    clusters: Mapping[str, Any] | None,
) -> Tests:
    """Collect all tests, each with the p of its failing corrected for the number of them."""
    metrics = {chosen.scorer: (chosen, margin)}
    metrics |= {
        n: (metric_named(comparison, n), loss) for n, loss in more.metrics.items() if n not in metrics
    }
    slices = {field: _slices(comparison, chosen.scorer, field) for field in more.slices}
    floors = {}
    for name, limit in more.floors.items() if candidate is not None else ():
        m = metric_named(comparison, name)
        floor = hold_to_floor(
            candidate,
            name,
            limit,
            lower_is_better=m.lower_is_better,
            unit=m.unit,
            clusters=clusters,
            alpha=ERROR_RATE,
        )
        floors[name] = (m, limit, floor)
    # Floors are one-sided, all others two-sided: doubled, they are corrected together.
    ps = [_p(m.p) for m, _ in metrics.values()] + [_p(m.p) for ms in slices.values() for m in ms]
    ps += [min(1.0, 2 * _p(f.p_missed)) for _, _, f in floors.values()]
    adjusted = iter(paired.holm(ps).tolist())
    return Tests(
        {n: (replace(m, p_adjusted=next(adjusted)), loss) for n, (m, loss) in metrics.items()},
        {field: [replace(m, p_adjusted=next(adjusted)) for m in ms] for field, ms in slices.items()},
        {n: (m, limit, replace(f, p_missed=next(adjusted))) for n, (m, limit, f) in floors.items()},
    )


def _p(p: float | None) -> float:
    return 1.0 if p is None else p


def _slices(comparison: Comparison, scorer: str, field: str) -> list[MetricComparison]:
    found = [m for m in comparison.metrics if m.scorer == scorer and (m.slice or "").startswith(f"{field}=")]
    if not found:
        raise BadInput(
            f"The gate looks at slices by {field}, and there are none", hint="list it under `slices:`"
        )
    return found


def chance_rules(tests: Tests, chosen: MetricComparison, more: MoreRules, confidence: float) -> list[Rule]:
    """Return metrics, floors and slices, each with its outcome."""
    rules = [
        _quality("quality" if m.scorer == chosen.scorer else f"quality {m.scorer}", m, loss, confidence)
        for m, loss in tests.metrics.values()
    ]
    rules += [_floor(*tests.floors[name]) for name in more.floors]
    return rules + [
        _slice_rule(field, found, more.slices[field], confidence) for field, found in tests.slices.items()
    ]


def _quality(name: str, m: MetricComparison, margin: float, confidence: float) -> Rule:
    status, why = _outcome(m, margin, confidence)
    return Rule(name, status, f"{m.scorer}: {why}.")


def _outcome(m: MetricComparison, margin: float, confidence: float) -> tuple[GateStatus, str]:
    """Say whether one metric on some cases is no worse by the margin, worse, or neither."""
    if m.verdict == "no verdict":
        return "undecided", f"no verdict, because {m.errors:,} of {count(m.pairs, 'pair')} miss an answer"
    found, bounded = (f"{difference(m.diff, m.unit)} ({text})" for text in _intervals(m, confidence))
    allowed = difference(margin, m.unit).lstrip("+")
    established = decide(replace(m, margin=0.0), alpha=1 - confidence)
    # Every rule must pass, so what passes needs no correction.
    if decide(replace(m, margin=0.0, p_adjusted=m.p), alpha=1 - confidence) == "better":
        return "passed", f"established as better, {found}"
    if _no_worse(m, margin):
        return "passed", f"not worse by more than {allowed}, {bounded}"
    if established == "worse":
        return "failed", f"established as worse, {found}"
    if margin == 0:
        return "undecided", f"with a margin of 0 only an established improvement passes, {bounded}"
    return "undecided", f"a loss of {allowed} or more is not ruled out, {bounded}"


def _intervals(m: MetricComparison, confidence: float) -> tuple[str, str]:
    """The interval that the verdict rests on, and the one that is held against the margin."""
    ends = ((confidence, m.ci_low, m.ci_high), (0.9, m.ci90_low, m.ci90_high))
    first, second = (
        f"{level * 100:g} % interval {interval(low, high, m.unit, signs=True)}" for level, low, high in ends
    )
    return first, second


def _no_worse(m: MetricComparison, margin: float) -> bool:
    """Non-inferiority at a one-sided 5 %: the losing end of the 90 % interval is inside the margin."""
    if m.ci90_low is None or m.ci90_high is None:
        return False
    return m.ci90_high < margin if m.lower_is_better else m.ci90_low > -margin


def _slice_rule(field: str, found: list[MetricComparison], margin: float | None, confidence: float) -> Rule:
    """Judge the slices by one field: with a margin each must be no worse by it, without one none may be worse."""
    outcomes = {}
    for m in found:
        if margin is not None:
            outcomes[str(m.slice)] = _outcome(m, margin, confidence)
            continue
        status, why = _outcome(m, 0.0, confidence)
        quiet = status == "undecided" and m.verdict != "no verdict"
        outcomes[str(m.slice)] = ("passed", "") if quiet else (status, why)
    rules = [Rule(name, status, why) for name, (status, why) in outcomes.items()]
    status = worst(rules)
    what = f"slices by {field}: "
    if status != "passed":
        told = [f"{rule.name} {rule.reason}" for rule in rules if rule.status == status]
        return Rule(f"slices {field}", status, f"{what}{listed(told, 3)} ({count(len(found), 'slice')}).")
    if margin is None:
        said = f"none of {len(found)} is established as worse"
    else:
        said = f"none of {len(found)} is worse by more than {difference(margin, found[0].unit).lstrip('+')}"
    return Rule(f"slices {field}", "passed", f"{what}{said}.")


def _floor(m: MetricComparison, limit: float, found: FloorTest) -> Rule:
    name = f"floor {m.scorer}"
    most = "most" if m.lower_is_better else "least"
    wanted = f"at {most} {amount(limit, m.unit)} is asked"
    if found.lost > ERROR_SHARE_LIMIT:
        lost = f"{found.lost * 100:.1f} % of the answers are missing"
        return Rule(name, "undecided", f"{m.scorer} by itself: {lost}; {wanted}.")
    bound = f"with 95 % confidence at {most} {amount(found.bound, m.unit)}"
    seen = f"{m.scorer} by itself: {amount(found.mean, m.unit)} ({bound}; {count(found.n, 'case')})"
    if found.p_reached is None or found.p_missed is None:
        return Rule(name, "undecided", f"{seen}, too few cases that differ to tell; {wanted}.")
    if found.p_reached <= ERROR_RATE:
        return Rule(name, "passed", f"{seen}; {wanted}.")
    if found.p_missed < ERROR_RATE:
        return Rule(name, "failed", f"{seen}, established as missed; {wanted}.")
    return Rule(name, "undecided", f"{seen}, neither established as reached nor as missed; {wanted}.")
