"""The gate: may this candidate ship? Passed, failed, or undecided with the reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from workbench.analysis.results import Comparison, MetricComparison
from workbench.analysis.wording import count, difference, interval, listed, times
from workbench.errors import BadInput

GateStatus = Literal["passed", "failed", "undecided"]
_WORST_FIRST: tuple[GateStatus, ...] = ("failed", "undecided", "passed")
#: Up to this share of pairs may lack a cost or latency before its rule cannot be evaluated.
UNKNOWN_SHARE_LIMIT = 0.02


@dataclass(frozen=True)
class Rule:
    """One rule of a gate with its own outcome and the reason in a sentence."""

    name: str
    status: GateStatus
    reason: str


@dataclass(frozen=True)
class GateResult:
    """What a gate says. ``reasons`` has one sentence a rule; ``sentence`` is the whole with its error rate."""

    status: GateStatus
    reasons: list[str]
    sentence: str
    metric: str = ""
    margin: float = 0.0
    rules: list[Rule] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the candidate may ship."""
        return self.status == "passed"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "status": self.status,
            "passed": self.passed,
            "metric": self.metric,
            "margin": self.margin,
            "reasons": list(self.reasons),
            "rules": [dict(r.__dict__) for r in self.rules],
            "sentence": self.sentence,
        }


def judge_gate(
    comparison: Comparison,
    *,
    metric: str | None = None,
    margin: float = 0.0,
    max_cost_ratio: float | None = None,
    max_latency_ratio: float | None = None,
) -> GateResult:
    """Hold the candidate (B) of a comparison to the gate's rules.

    - Quality passes if the candidate is established as better, or as no worse than the baseline by the margin
      or more: the bound of the 90 % interval on the losing side is within the margin (one-sided 5 %). It fails
      if the candidate is established as worse. Anything else, and a comparison without a verdict, is undecided.
    - Cost and latency fail where their ratio (as seen, not its interval) is above its maximum. Where more than
      2 % of the pairs have no known value, the rule cannot be evaluated and is undecided.

    One failed rule fails the gate; else one undecided rule leaves it undecided. So a candidate that is truly
    worse by the margin or more passes at most 5 times in 100.

    Args:
        comparison: Baseline A against candidate B.
        metric: The scorer to judge by; the comparison's primary metric where None.
        margin: What may be lost, in the metric's unit (0.01 is one point).
        max_cost_ratio: The most that the candidate's cost may be, as a multiple of the baseline's.
        max_latency_ratio: The same for latency (the geometric mean of the ratios on the same cases).

    Raises:
        BadInput: The comparison has no such metric, or a number is impossible.
    """
    for name, value in (
        ("margin", margin),
        ("max_cost_ratio", max_cost_ratio),
        ("max_latency_ratio", max_latency_ratio),
    ):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise BadInput(f"The gate's {name} of {value} is not possible", hint="give 0 or more")
    chosen = comparison.primary if metric is None else comparison.metric(metric)
    if chosen is None:
        there = listed(list(dict.fromkeys(m.scorer for m in comparison.metrics)), 20)
        raise BadInput(f"The gate's metric {metric} is not on both sides", hint=f"there are {there}")
    rules = [_quality(chosen, margin, comparison.confidence)]
    if max_cost_ratio is not None:
        rules.append(_cost(comparison, max_cost_ratio))
    if max_latency_ratio is not None:
        rules.append(_latency(comparison, max_latency_ratio))
    status = next(s for s in _WORST_FIRST if any(r.status == s for r in rules))
    return GateResult(
        status=status,
        reasons=[r.reason for r in rules],
        sentence=_sentence(comparison, status, rules, chosen, margin),
        metric=chosen.scorer,
        margin=margin,
        rules=rules,
    )


def _quality(m: MetricComparison, margin: float, confidence: float) -> Rule:
    rule = f"{m.scorer}: "
    if m.verdict == "no verdict":
        lost = f"{m.errors:,} of {count(m.pairs, 'pair')} miss an answer"
        return Rule("quality", "undecided", f"{rule}no verdict, because {lost}.")
    found, bounded = (f"{difference(m.diff, m.unit)} ({text})" for text in _intervals(m, confidence))
    allowed = difference(margin, m.unit).lstrip("+")
    if m.verdict == "better":
        return Rule("quality", "passed", f"{rule}established as better, {found}.")
    if _no_worse(m, margin):
        return Rule("quality", "passed", f"{rule}not worse by more than {allowed}, {bounded}.")
    if m.verdict == "worse":
        return Rule("quality", "failed", f"{rule}established as worse, {found}.")
    if margin == 0:
        why = "with a margin of 0 only an established improvement passes"
    else:
        why = f"a loss of {allowed} or more is not ruled out"
    return Rule("quality", "undecided", f"{rule}{why}, {bounded}.")


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


def _cost(comparison: Comparison, most: float) -> Rule:
    cost = comparison.cost
    limit = f"{times(most)} the baseline's"
    known = cost.n + cost.unknown
    if not cost.n or cost.unknown > UNKNOWN_SHARE_LIMIT * known:
        unknown = f"unknown for {cost.unknown:,} of {count(known, 'pair')}" if known else "unknown"
        return Rule("cost", "undecided", f"cost: {unknown}, so it cannot be held to {limit}.")
    if cost.note == "both free":
        return Rule("cost", "passed", "cost: both are free.")
    if cost.ratio is None:
        return Rule("cost", "failed", f"cost: the baseline is free and the candidate is not, above {limit}.")
    if cost.ratio > most:
        return Rule("cost", "failed", f"cost: {times(cost.ratio)} the baseline's, above {limit}.")
    return Rule("cost", "passed", f"cost: {times(cost.ratio)} the baseline's, at most {limit} allowed.")


def _latency(comparison: Comparison, most: float) -> Rule:
    latency = comparison.latency
    ratio, known = latency["ratio"], latency["n"] + latency["unknown"]
    limit = f"{times(most)} the baseline's"
    if ratio is None or latency["unknown"] > UNKNOWN_SHARE_LIMIT * known:
        unknown = f"unknown for {latency['unknown']:,} of {count(known, 'pair')}" if known else "unknown"
        return Rule("latency", "undecided", f"latency: {unknown}, so it cannot be held to {limit}.")
    if ratio > most:
        return Rule("latency", "failed", f"latency: {times(ratio)} the baseline's, above {limit}.")
    return Rule("latency", "passed", f"latency: {times(ratio)} the baseline's, at most {limit} allowed.")


def _sentence(
    comparison: Comparison, status: GateStatus, rules: list[Rule], m: MetricComparison, margin: float
) -> str:
    deciding = [r.reason.rstrip(".") for r in rules if r.status == status]
    subject = f"{comparison.b} against {comparison.a}"
    if margin > 0:
        loss = f"worse by {difference(margin, m.unit).lstrip('+')} or more"
    else:
        loss = "no better"
    rate = f"a candidate that is truly {loss} on {m.scorer} passes at most 5 times in 100"
    return f"Gate {status} for {subject}: {'; '.join(deciding)} ({rate})."
