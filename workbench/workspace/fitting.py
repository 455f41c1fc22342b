"""What a person asked of a run, made to fit: models by name, a gate that can be held to it, limits that can hold."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.evals.baseline import BaselineError
from workbench.evals.plan import Plan
from workbench.evals.types import Suite
from workbench.jobs.caps import daily_caps
from workbench.llm.pricebook import PriceBook
from workbench.llm.types import ModelSpec, Usage
from workbench.workspace.judging import asked_models

if TYPE_CHECKING:
    from workbench.workspace.library import PromptLibrary

MAX_CONCURRENCY = 500


def model_named(suite: Suite, name: str) -> ModelSpec:
    """Return the suite's own entry for a model that it knows by this name or id, else the model alone."""
    for model in suite.models:
        if name in (model.name, model.id):
            return model
    return ModelSpec(name)


def judged_by(suite: Suite, name: str | None) -> Suite:
    """Return the suite with another judge for the scorers that name none; None keeps the suite's own."""
    return suite if name is None else replace(suite, judge=model_named(suite, name))


def with_gate(plan: Plan, suite: Suite, library: PromptLibrary, *, strict: bool = False) -> Plan:
    """Return the plan with a gate that it can be held to, or with none."""
    from workbench.workspace.baselines import with_baseline

    if plan.gate is None or not plan.gate.from_file:
        return replace(plan, gate=_fitting_gate(plan), baseline=None)
    try:
        return with_baseline(plan, suite.folder, plan.scorers, library)
    except BaselineError:
        if strict:
            raise
        return replace(plan, gate=None, baseline=None)


def _fitting_gate(plan: Plan) -> Any:
    """Return the gate with sides that this run has.

    Where a person chose two other versions, the first is held as the baseline of the second.
    """
    if plan.gate is None:
        return None
    sides = {name for p in plan.prompts for name in (p.selector, p.title, p.name)}
    sides |= {name for m in plan.models for name in (m.name, m.id)}
    if {plan.gate.baseline, plan.gate.candidate} <= sides and _distinct(plan):
        return plan.gate
    if len(plan.prompts) == 2:
        return replace(plan.gate, baseline=plan.prompts[0].title, candidate=plan.prompts[1].title)
    return None


def _distinct(plan: Plan) -> bool:
    """Whether each side of the gate names one thing of the plan."""

    def matches(name: str) -> int:
        exact = sum(name in (p.selector, p.title) for p in plan.prompts)
        return (
            exact
            or sum(name == p.name for p in plan.prompts)
            or sum(name in (m.name, m.id) for m in plan.models)
        )

    return matches(plan.gate.baseline) == 1 == matches(plan.gate.candidate)


def check_limits(plan: Plan, concurrency: int, max_cost_usd: float | None, prices: PriceBook) -> None:
    """Refuse a number of calls at once that cannot be used, and a cap that cannot be kept.

    Raises:
        BadInput: With what to change.
    """
    if not 1 <= concurrency <= MAX_CONCURRENCY:
        raise BadInput(f"A concurrency of {concurrency} cannot be used", hint=f"give 1 to {MAX_CONCURRENCY}")
    if max_cost_usd is None and not daily_caps(os.environ):
        return
    if max_cost_usd is not None and not max_cost_usd > 0:
        raise BadInput("The cost cap must be more than 0 USD")
    for model in asked_models(plan):
        if prices.cost(model.id, Usage(input=1, output=1)) is None:
            raise BadInput(
                f"The price of {model.name} is unknown, so a cost cap cannot be kept",
                hint="leave the cap away, give its price in prices.yaml, or use another model",
            )
