"""The gate: may this candidate ship? Passed, failed, or undecided with the reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.analysis import case_rules
from workbench.analysis.chance_rules import all_tests, chance_rules, metric_named
from workbench.analysis.results import Comparison, MetricComparison
from workbench.analysis.rules import GateStatus, MoreRules, Rule, worst
from workbench.analysis.wording import count, difference, times
from workbench.errors import BadInput

if TYPE_CHECKING:
    from workbench.analysis.compare import Side

__all__ = ["GateResult", "GateStatus", "MoreRules", "Rule", "judge_gate"]

#: Up to this share of pairs may lack a cost or latency before its rule cannot be evaluated.
UNKNOWN_SHARE_LIMIT = 0.02


@dataclass(frozen=True)
class GateResult:
    """What a gate says. ``reasons`` has one sentence a rule; ``sentence`` is the whole with its error rate."""

    status: GateStatus
    reasons: list[str]
    sentence: str
    metric: str = ""
    margin: float = 0.0
    rules: list[Rule] = field(default_factory=list)
    error_rate: str = ""

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
            "error_rate": self.error_rate,
        }


def judge_gate(
    comparison: Comparison,
    *,
    metric: str | None = None,
    margin: float = 0.0,
    max_cost_ratio: float | None = None,
    max_latency_ratio: float | None = None,
    more: MoreRules | None = None,
    sides: tuple[Side, Side] | None = None,
    clusters: Mapping[str, Any] | None = None,
    also: Sequence[Rule] = (),
) -> GateResult:
    """Hold the candidate (B) of a comparison to the gate's rules.

    - Quality, for each metric, passes if the candidate is established as better, or as no worse than the baseline
      by the margin or more: the bound of the 90 % interval on the losing side is within the margin (one-sided
      5 %). It fails if the candidate is established as worse. Anything else, and a metric without a verdict, is
      undecided. So do slices that have a margin; slices without one only fail where one is established as worse.
    - A floor passes where the end of the one-sided 95 % interval has reached it, and fails where it is
      established that it is missed.
    - Cost and latency fail where their ratio (as seen, not its interval) is above its maximum. Where more than
      2 % of the pairs have no known value, the rule cannot be evaluated and is undecided.
    - Cases that must pass, and new failures, are counted.

    One failed rule fails the gate; else one undecided rule leaves it undecided. As every rule must pass, a
    candidate that truly breaks one of metrics, floors and slices with a margin passes at most 5 times in 100,
    without any correction (an intersection-union test: Berger, Technometrics 24 (1982) 295-300). That one which
    breaks nothing fails by chance is held to 5 in 100 by Holm's correction over everything that can fail so.

    Args:
        comparison: Baseline A against candidate B.
        metric: The scorer to judge by; the comparison's primary metric where None.
        margin: What may be lost, in the metric's unit (0.01 is one point).
        max_cost_ratio: The most that the candidate's cost may be, as a multiple of the baseline's.
        max_latency_ratio: The same for latency (the geometric mean of the ratios on the same cases).
        more: Further rules.
        sides: Baseline and candidate as they were compared; floors and rules about cases need them.
        clusters: Case id → value that marks cases which belong together, for floors.
        also: Rules that were judged already, such as those of `workbench.analysis.run_limits`.

    Raises:
        BadInput: The comparison has no such metric or slice, or a number is impossible.
    """
    more = more or MoreRules()
    if sides is None and (more.floors or more.must_pass is not None or more.max_new_failures is not None):
        raise BadInput("Floors and rules about cases need the scores of both sides")
    for name, value in (
        ("margin", margin),
        ("max_cost_ratio", max_cost_ratio),
        ("max_latency_ratio", max_latency_ratio),
        ("max_new_failures", more.max_new_failures),
        *((f"margin of {name}", loss) for name, loss in {**more.metrics, **more.slices}.items()),
    ):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise BadInput(f"The gate's {name} of {value} is not possible", hint="give 0 or more")
    chosen = comparison.primary if metric is None else metric_named(comparison, metric)
    tests = all_tests(comparison, chosen, margin, more, sides[1].scores if sides else None, clusters)
    rules = chance_rules(tests, chosen, more, comparison.confidence)
    names = [chosen.scorer, *(name for name in more.metrics if name != chosen.scorer)]
    if sides is not None and more.must_pass is not None:
        rules.append(case_rules.must_pass(sides[1].scores, names, more.must_pass))
    if sides is not None and more.max_new_failures is not None:
        before, after = sides[0].scores, sides[1].scores
        rules.append(case_rules.new_failures(before, after, chosen.scorer, more.max_new_failures))
    if max_cost_ratio is not None:
        rules.append(_cost(comparison, max_cost_ratio))
    if max_latency_ratio is not None:
        rules.append(_latency(comparison, max_latency_ratio))
    rules.extend(also)
    rate = _error_rate(chosen, margin, more)
    return GateResult(
        status=worst(rules),
        reasons=[r.reason for r in rules],
        sentence=_sentence(comparison, rules, rate),
        metric=chosen.scorer,
        margin=margin,
        rules=rules,
        error_rate=rate,
    )


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


# -- in words ------------------------------------------------------------------------------------------


def _error_rate(m: MetricComparison, margin: float, more: MoreRules) -> str:
    """Say how often the gate errs."""
    loss = f"worse by {difference(margin, m.unit).lstrip('+')} or more" if margin > 0 else "no better"
    shown = [margin for margin in more.slices.values() if margin is not None]
    if not (more.metrics or more.floors or shown):
        rate = f"a candidate that is truly {loss} on {m.scorer} passes at most 5 times in 100"
    else:
        kinds = ["a margin", *(["a floor"] if more.floors else [])]
        rate = (
            f"a candidate that truly breaks {' or '.join(kinds)} of this gate passes at most 5 times in 100"
        )
    if more:
        rate += ", and one that breaks nothing fails by chance at most 5 times in 100 over all rules"
        counted = more.must_pass is not None or more.max_new_failures is not None
        rate += "; cases, cost and latency count as seen" if counted else ""
    return rate


def _sentence(comparison: Comparison, rules: list[Rule], rate: str) -> str:
    status = worst(rules)
    deciding = [r.reason.rstrip(".") for r in rules if r.status == status]
    subject = f"{comparison.b} against {comparison.a}"
    return f"Gate {status} for {subject}: {'; '.join(deciding)} ({rate})."
