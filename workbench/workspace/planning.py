"""What a suite can find before it is run, from what its earlier runs showed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput, TemplateError, WorkbenchError
from workbench.evals.plan import Plan
from workbench.evals.types import Suite, Unit
from workbench.llm.pricebook import PriceBook, load_prices
from workbench.llm.types import ModelSpec, Usage
from workbench.prompts.templates import Renderer
from workbench.workspace.runs import Runs

if TYPE_CHECKING:
    from workbench.analysis.planning import Spread

#: How many earlier runs of a suite are looked through.
LOOKED_THROUGH = 20
#: Where nothing was answered yet: the length of an answer, and characters to a token.
ASSUMED_OUTPUT_TOKENS, CHARACTERS_A_TOKEN = 250, 4
_RENDERED = 20


@dataclass(frozen=True)
class Foresight:
    """What a suite's cases can find, and what a wanted difference needs.

    ``effect``, ``detectable`` and ``margin`` are in the unit of the ``metric`` (0.05 is five points of a score);
    ``usd_a_case`` is what one case costs with all sides of the plan, None where it is unknown; ``rests_on`` says in
    sentences what was known and what was assumed.
    """

    suite: str
    metric: str
    unit: Unit
    cases: int
    cells_a_case: int
    power: float
    effect: float
    needed: int
    detectable: float | None
    margin: float
    needed_equivalent: int | None
    usd_a_case: float | None
    rests_on: tuple[str, ...]

    def usd(self, cases: int) -> float | None:
        """What so many cases cost."""
        return None if self.usd_a_case is None else self.usd_a_case * cases

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            **vars(self),
            "rests_on": list(self.rests_on),
            "usd": self.usd(self.cases),
            "needed_cells": self.needed * self.cells_a_case,
            "needed_usd": self.usd(self.needed),
        }


def foresee(
    runs: Runs,
    suite: Suite,
    *,
    effect: float = 0.05,
    power: float = 0.8,
    prompts: Sequence[str] = (),
    models: Sequence[str | ModelSpec] = (),
    repeats: int | None = None,
) -> Foresight:
    """Say what a run of a suite would find, and what it takes to find ``effect``.

    The spread of the differences comes from the newest finished run of this suite with two versions or models (or
    from two runs of one each); without one 20 % of the cases are assumed to differ.

    Raises:
        BadInput: The suite cannot be run so, effect or power are impossible, or nothing is known of a metric without
            bounds.
    """
    from workbench.analysis.planning import cases_for_equivalence, cases_needed, detectable_effect
    from workbench.jobs.until_decided import metric_of

    plan = runs.plan(suite, prompts=prompts, models=models, repeats=repeats)
    metric = metric_of(plan)
    spread, rests_on = _spread(runs, plan, metric)
    usd_a_case, cost_rests_on = _usd_a_case(runs, plan)
    margin = plan.gate.margin if plan.gate and plan.gate.metric == metric else 0.0
    return Foresight(
        suite=suite.name,
        metric=metric,
        unit=_unit(plan, metric),
        cases=len(plan.cases),
        cells_a_case=len(plan) // len(plan.cases),
        power=power,
        effect=effect,
        needed=cases_needed(effect, spread, power=power),
        detectable=detectable_effect(len(plan.cases), spread, power=power),
        margin=margin,
        needed_equivalent=cases_for_equivalence(margin, spread, power=power) if margin else None,
        usd_a_case=usd_a_case,
        rests_on=(rests_on, *cost_rests_on),
    )


def _unit(plan: Plan, metric: str) -> Unit:
    from workbench.jobs.scoring import units_of

    return units_of(plan, plan.scorers).get(metric, "score")


def _spread(runs: Runs, plan: Plan, metric: str) -> tuple[Spread, str]:
    """How much two sides of this suite differed from case to case, and where that is known from."""
    from workbench.analysis.planning import ASSUMED_SQUARE, Spread

    for a, b in _earlier_sides(runs, plan.suite):
        with suppress(WorkbenchError):
            comparison = runs.compare(a, b, metric=metric)
            found = _spread_of(comparison)
            if found:
                return found, _seen_words(comparison, found, a)
    if _unit(plan, metric) != "score":
        raise BadInput(
            f"Nothing is known yet of how much {metric} differs between two sides of {plan.suite}",
            hint="run it once with two versions or two models",
        )
    assumed = f"{ASSUMED_SQUARE * 100:g} % of the cases"
    return Spread(), f"Assumed, as no finished run of {plan.suite} holds two sides: they differ on {assumed}."


def _earlier_sides(runs: Runs, suite: str):
    """Yield pairs of sides that earlier runs of a suite hold, the newest first."""
    single: list[str] = []
    for record in runs.list(suite=suite, limit=LOOKED_THROUGH):
        if record.status != "complete":
            continue
        plan = runs.plan_of(record.id)
        if plan.gate:
            yield f"{record.id}:{plan.gate.baseline}", f"{record.id}:{plan.gate.candidate}"
        if len(plan.prompts) > 1:
            yield tuple(f"{record.id}:{p.title}" for p in plan.prompts[:2])
        elif len(plan.models) > 1:
            yield tuple(f"{record.id}:{m.name}" for m in plan.models[:2])
        else:
            single.append(record.id)
    if len(single) > 1:
        yield single[1], single[0]


def _spread_of(comparison) -> Spread | None:
    import numpy as np

    from workbench.analysis.estimators import sample_sd
    from workbench.analysis.paired_intervals import adjusted_sd
    from workbench.analysis.planning import Spread

    m = comparison.primary
    differences = np.array(list(comparison.case_differences.values()))
    if differences.size < 2 or m.error_share > 0.5:
        return None
    inflation = 1.0
    if m.unit == "score" and set(np.round(np.abs(differences), 9)) <= {0.0, 1.0}:
        if m.clusters is not None and m.detectable is not None:
            # What clusters take away, as the comparison of then measured it.
            inflation = max(1.0, (m.detectable / (2.8 * adjusted_sd(differences))) ** 2 * differences.size)
        centre = differences.sum() / (differences.size + 2)
        return Spread(inflation * (adjusted_sd(differences) ** 2 + centre**2))
    variance = sample_sd(differences) ** 2
    return Spread(variance, fixed=True) if variance > 0 else None


def _seen_words(comparison, spread: Spread, run: str) -> str:
    m = comparison.primary
    if spread.fixed:
        how = f"differed from case to case with a standard deviation of {spread.square**0.5:.3g}"
    else:
        how = f"differed on {100 * (m.wins + m.losses) / m.n:.1f} % of the cases"
    return f"From run {run.partition(':')[0]}: {comparison.a} and {comparison.b} {how} (n = {m.n:,})."


def _usd_a_case(runs: Runs, plan: Plan) -> tuple[float | None, list[str]]:
    """What one case costs with all sides and judges, from what was paid, else from prices and assumed lengths."""
    paid = _paid(runs, plan)
    total, said = 0.0, []
    for index, model in enumerate(plan.models):
        usd = paid.get(model.name)
        if usd is None:
            usd = _estimated(plan, index, load_prices(runs.root))
            if usd is None:
                return None, [f"The cost of {model.name} is unknown."]
            if usd:
                said.append(
                    f"The cost of {model.name} is assumed: list price, answers of {ASSUMED_OUTPUT_TOKENS} tokens."
                )
        total += usd * len(plan.prompts) * plan.repeats
    judging = runs.estimate(plan, use_cache=False).judging if plan.judging else None
    if judging is None:
        return total, said
    if judging.expected is None or judging.unknown:
        return None, [*said, "What judging costs is unknown."]
    said.append("What judging costs is estimated by what the judges will be asked.")
    return total + judging.expected / len(plan.cases), said


def _paid(runs: Runs, plan: Plan) -> dict[str, float]:
    """USD an answer by model, from the newest finished run of the suite that knows it."""
    found: dict[str, float] = {}
    wanted = {model.name for model in plan.models}
    for record in runs.list(suite=plan.suite, limit=LOOKED_THROUGH):
        if record.status != "complete" or record.cost_usd is None or wanted <= found.keys():
            continue
        cells = runs.outcome(record.id).cells
        means = cells[cells["error"].isna()].groupby("model")["cost_usd"].mean()
        for name, usd in means.items():
            if usd == usd:
                found.setdefault(str(name), float(usd))
    return found


def _estimated(plan: Plan, model_index: int, prices: PriceBook) -> float | None:
    """USD an answer by list price, with the length of some rendered cases; None where the price is unknown."""
    model = plan.models[model_index]
    if model.recorded:
        return 0.0
    cases = {case.id: case for case in plan.cases}
    lengths = []
    with Renderer() as renderer:
        for cell in islice((c for c in plan.cells() if c.model_index == model_index), _RENDERED):
            with suppress(TemplateError):
                messages = plan.request(cell, cases[cell.case_id], renderer).messages
                lengths.append(sum(len(str(m)) for m in messages) / CHARACTERS_A_TOKEN)
    tokens = int(sum(lengths) / len(lengths)) if lengths else 0
    return prices.cost(model.id, Usage(input=tokens, output=ASSUMED_OUTPUT_TOKENS))
