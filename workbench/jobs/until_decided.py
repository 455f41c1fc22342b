"""Runs that stop when they are decided: cases in random order, a look after each complete pair.

What such a run must remember is a plain dict (``RunRecord.sequential``): ``seed`` of the order of the cases,
``metric``, ``margin``, ``axis`` (prompt or model) with the positions ``a`` and ``b`` of the two sides, ``cases`` and
``cells`` of the full run, and once it is decided ``used`` (cases that the verdict rests on) and ``verdict``. Only cases
in the unbroken beginning of the order count, so that quick answers do not get more say than slow ones.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workbench.analysis.wording import count, usd
from workbench.errors import BadInput
from workbench.evals.plan import Plan
from workbench.evals.reducers import reducers_of
from workbench.evals.scorers import build_scorer, has_overall
from workbench.evals.types import Cell, Score
from workbench.jobs.scoring import all_specs, units_of
from workbench.llm.types import ModelSpec
from workbench.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd

    from workbench.jobs.outcome import Outcome

_HINT = "leave --until-decided away, or choose exactly two versions or two models"


def settings(plan: Plan, *, seed: int | None = None) -> dict[str, Any]:
    """Return what a run until decided must remember, before it begins.

    Raises:
        BadInput: There are not exactly two versions or two models, or the metric has no bounds.
    """
    prompts, models = len(plan.prompts), len(plan.models)
    if sorted((prompts, models)) != [1, 2]:
        raise BadInput(
            "A run until decided compares exactly two versions or two models; "
            f"this one has {count(prompts, 'version')} and {count(models, 'model')}",
            hint="choose them with --prompt or --model",
        )
    if plan.cluster:
        raise BadInput(
            f"The cases of {plan.suite} belong together by {plan.cluster}, so they cannot be judged one by one",
            hint="leave --until-decided away",
        )
    if plan.asked:
        raise BadInput(
            f"Not every case of {plan.suite} is asked of both sides, so they cannot be compared case by case",
            hint="leave --until-decided away",
        )
    gate = plan.gate
    if gate and (gate.floors or gate.must_pass or gate.max_new_failures is not None or gate.limits):
        raise BadInput(
            f"The gate of {plan.suite} has rules that need all cases (floors, must_pass, max_new_failures or limits)",
            hint="leave --until-decided away",
        )
    metric = metric_of(plan)
    if metric in reducers_of(plan.scorers) and plan.repeats > 1:
        raise BadInput(
            f"The answers to a case are not averaged on {metric}, so a run cannot stop when it is decided",
            hint="leave --until-decided away, or take `reducer: mean`",
        )
    if any(spec.name == metric and build_scorer(spec).compares for spec in all_specs(plan, plan.scorers)):
        raise BadInput(
            f"{metric} compares answers when all are there, so a run cannot stop when it is decided",
            hint="name another metric under `gate:`, or leave --until-decided away",
        )
    unit = units_of(plan, plan.scorers).get(metric, "score")
    if unit != "score":
        raise BadInput(
            f"{metric} is a number without bounds, so a run cannot stop when it is decided",
            hint="name a metric of 0 to 1 under `gate:`, or leave --until-decided away",
        )
    axis = "prompt" if prompts == 2 else "model"
    a = _baseline(plan, axis)
    return {
        "seed": secrets.randbelow(2**31) if seed is None else seed,
        "metric": metric,
        "margin": plan.gate.margin if plan.gate else 0.0,
        "axis": axis,
        "a": a,
        "b": 1 - a,
        "cases": len(plan.cases),
        "cells": len(plan),
        "used": None,
        "verdict": None,
    }


def metric_of(plan: Plan) -> str:
    """Return the scorer that a verdict on a run of this plan rests on.

    Raises:
        BadInput: The suite has no scorer.
    """
    units = units_of(plan, plan.scorers)
    if plan.gate and plan.gate.metric in (*units, "overall"):
        return plan.gate.metric
    if has_overall(plan.scorers, plan.cases):
        return "overall"
    if not units:
        raise BadInput(f"The suite {plan.suite} has no scorer to decide by", hint="add one under `scorers:`")
    return plan.scorers[0].name if plan.scorers else next(iter(units))


def _baseline(plan: Plan, axis: str) -> int:
    if plan.gate is None:
        return 0
    if axis == "model":
        names = [{m.name, m.id} for m in plan.models]
    else:
        names = [{p.selector, p.title, p.name} for p in plan.prompts]
    found = [i for i, own in enumerate(names) if plan.gate.baseline in own]
    return found[0] if len(found) == 1 else 0


def order_of(plan: Plan, seed: int) -> list[str]:
    """Return the ids of the cases in the order in which they are asked."""
    cases = [case.id for case in plan.cases]
    random.Random(seed).shuffle(cases)
    return cases


def cells_of(plan: Plan, case_id: str) -> list[Cell]:
    """Return all cells of one case, so that both sides are asked together."""
    return [
        Cell(prompt, model, case_id, repeat)
        for repeat in range(plan.repeats)
        for model in range(len(plan.models))
        for prompt in range(len(plan.prompts))
    ]


class InOrder:
    """Lets all models share one queue, so that neither side of a pair runs ahead of the other (`Pacing`)."""

    def key(self, model: ModelSpec) -> str:
        """Return what all models have in common."""
        return ""

    def wanted(self, model: ModelSpec) -> int | None:
        """Return None: only the run's concurrency limits the queue; the gateway keeps each model's own limits."""
        return None


class Looks:
    """Takes scored cells in any order and looks at each case as soon as all cases before it are complete."""

    def __init__(self, plan: Plan, remembered: dict[str, Any]) -> None:
        from workbench.analysis.sequential import Watch

        self.plan, self.settings = plan, {**remembered, "used": None, "verdict": None}
        self.order = order_of(plan, remembered["seed"])
        self.watch = Watch(margin=remembered["margin"])
        self._seen: dict[Cell, float | None] = {}
        self._missing: set[Cell] = set()
        self._looked, self._lost = 0, 0.0
        self.decided = False

    def cells(self) -> Iterator[Cell]:
        """Yield every cell, case by case in the order of asking."""
        for case_id in self.order:
            yield from cells_of(self.plan, case_id)

    def add(self, cell: Cell, scores: list[Score]) -> None:
        """Take one scored answer and look, if its case completes the beginning of the order."""
        own = next((s for s in scores if s.scorer == self.settings["metric"]), None)
        self._take(cell, own.value if own else None, own is None or own.error is not None)

    def load(self, scores: pd.DataFrame, answered: set[Cell]) -> None:
        """Take what an earlier process of this run has answered and scored."""
        own = scores[scores["scorer"] == self.settings["metric"]]
        columns = ("prompt_index", "model_index", "case_id", "repeat", "value", "error")
        found = {}
        for prompt, model, case_id, repeat, value, error in zip(*(own[c] for c in columns), strict=True):
            known = value is not None and value == value
            broken = error is not None and error == error
            found[Cell(int(prompt), int(model), case_id, int(repeat))] = (
                float(value) if known else None,
                broken,
            )
        for cell in self.cells():
            if cell in answered:
                self._take(cell, *found.get(cell, (None, True)))

    def _take(self, cell: Cell, value: float | None, missing: bool) -> None:
        self._seen[cell] = None if missing else value
        if missing:
            self._missing.add(cell)
        while not self.decided and self._looked < len(self.order):
            cells = cells_of(self.plan, self.order[self._looked])
            if any(c not in self._seen for c in cells):
                return
            self._look(cells)

    def _look(self, cells: list[Cell]) -> None:
        """Add one complete case and see what is established."""
        from workbench.analysis.verdict import ERROR_SHARE_LIMIT

        self._looked += 1
        place = 0 if self.settings["axis"] == "prompt" else 1
        means, lost = [], 0.0
        for side in (self.settings["a"], self.settings["b"]):
            own = [c for c in cells if c[place] == side]
            values = [v for c in own if (v := self._seen[c]) is not None]
            lost = max(lost, sum(c in self._missing for c in own) / len(own))
            means.append(sum(values) / len(values) if values else None)
        self._lost += lost
        before, after = means
        if before is not None and after is not None:
            self.watch.add(
                _bounded(after, self.settings["metric"]) - _bounded(before, self.settings["metric"])
            )
        if self._lost / self._looked > ERROR_SHARE_LIMIT:
            return
        established = self.watch.established()
        if established:
            self.decided = True
            verdict = {"higher": "better", "lower": "worse"}.get(established, established)
            self.settings.update(used=self._looked, verdict=verdict)

    def message(self, record: RunRecord) -> str:
        """Say for people how the run ended, and what it saved against the full one."""
        full = self.settings["cases"]
        if not self.decided:
            return f"Not decided after all {count(full, 'case')}, looking after every one"
        saved = self.settings["cells"] - record.done
        text = (
            f"Decided after {self.settings['used']:,} of {count(full, 'case')}: {self._verdict_words()}; "
            f"saved {saved:,} of {count(self.settings['cells'], 'cell')}"
        )
        if saved and record.cost_usd and record.done and not record.cost_unknown:
            text += f" and about {usd(record.cost_usd / record.done * saved)}"
        return text

    def _verdict_words(self) -> str:
        titles = (
            [p.title for p in self.plan.prompts]
            if self.settings["axis"] == "prompt"
            else [m.name for m in self.plan.models]
        )
        a, b = titles[self.settings["a"]], titles[self.settings["b"]]
        verdict, metric = self.settings["verdict"], self.settings["metric"]
        if verdict == "equivalent":
            return f"{b} and {a} are equivalent on {metric}"
        return f"{b} is {verdict} than {a} on {metric}"


def _bounded(value: float, metric: str) -> float:
    if not 0 <= value <= 1:
        raise BadInput(
            f"{metric} gave {value:g}, which is outside 0 to 1, so a run cannot stop when it is decided",
            hint=_HINT,
        )
    return value


def counted_cases(outcome: Outcome) -> list[str]:
    """Return the cases that a verdict on such a run may rest on: the decided ones, else the complete beginning."""
    remembered = outcome.sequential or {}
    order = order_of(outcome.plan, remembered["seed"])
    if remembered["used"] is not None:
        return order[: remembered["used"]]
    columns = ("prompt_index", "model_index", "case_id", "repeat")
    there = set(zip(*(outcome.cells[c] for c in columns), strict=True))
    for number, case_id in enumerate(order):
        if any(tuple(cell) not in there for cell in cells_of(outcome.plan, case_id)):
            return order[:number]
    return order
