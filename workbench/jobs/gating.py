"""A run's candidate held against its baseline by the rules of its suite."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.evals.baseline import Baseline, baseline_from_dict
from workbench.evals.gates import must_pass_cases
from workbench.evals.plan import Plan
from workbench.jobs.comparison import compare_selections, side_of
from workbench.jobs.findings import found
from workbench.jobs.outcome import Outcome, clusters_of, load_outcome, select
from workbench.store import Store

if TYPE_CHECKING:
    from workbench.analysis.gate import GateResult
    from workbench.analysis.rules import Rule


def judge_run(store: Store, run_id: str, plan: Plan) -> dict[str, Any] | None:
    """Return the gate's result as plain data, or None where the suite has no gate."""
    if plan.gate is None:
        return None
    outcome = load_outcome(store, run_id, plan)
    return gate_to_dict(judge_outcome(outcome), plan)


def judge_outcome(outcome: Outcome) -> GateResult:
    """Hold the candidate of the plan's gate against its baseline.

    Raises:
        BadInput: The gate names a side that this run does not have.
    """
    from workbench.analysis.gate import MoreRules, judge_gate
    from workbench.analysis.run_limits import limit_rules

    plan, gate = outcome.plan, outcome.plan.gate
    if gate is None:
        raise BadInput(f"The suite {plan.suite} has no gate", hint="add one under `gate:`")
    b = select(outcome, gate.candidate or None)
    if gate.from_file:
        from workbench.jobs.baselines import hold_against

        comparison, sides = hold_against(_baseline(plan), b)
    else:
        a = select(outcome, gate.baseline)
        comparison = compare_selections(a, b, metric=gate.metric, margin=gate.margin)
        sides = side_of(a, comparison.a, b), side_of(b, comparison.b, a)
    together = clusters_of(plan)
    return judge_gate(
        comparison,
        metric=gate.metric,
        margin=gate.margin,
        max_cost_ratio=gate.max_cost_ratio,
        max_latency_ratio=gate.max_latency_ratio,
        more=MoreRules(
            metrics=gate.metrics,
            floors=gate.floors,
            slices=gate.slices,
            must_pass=must_pass_cases(gate.must_pass, plan.cases) if gate.must_pass else None,
            max_new_failures=gate.max_new_failures,
        ),
        sides=sides,
        clusters=together.of if together else None,
        also=limit_rules(outcome.cells, gate.limits) if gate.limits else (),
    )


def limits_of(outcome: Outcome, *, missing: int = 0) -> list[Rule]:
    """Hold a run to the limits that its suite states, with a gate or without; nothing where it states none.

    Args:
        outcome: The run.
        missing: How many of its cells have no answer yet.
    """
    from workbench.analysis.rules import Rule
    from workbench.analysis.run_limits import limit_rules

    limits = outcome.plan.limits
    if not limits:
        return []
    return found(
        [outcome],
        ["limits", limits, missing],
        list[Rule],
        lambda: limit_rules(outcome.cells, limits, missing=missing),
    )


def gate_to_dict(result: GateResult, plan: Plan) -> dict[str, Any]:
    """Return a gate's result with the rule it was held to."""
    data = {**asdict(result), "rule": plan.gate.to_dict() if plan.gate else None}
    return {**data, "baseline": _baseline(plan).about()} if plan.baseline else data


def _baseline(plan: Plan) -> Baseline:
    if plan.baseline is None:
        raise BadInput(f"This run of {plan.suite} was started without a baseline", hint="run the suite again")
    return baseline_from_dict(plan.baseline)
