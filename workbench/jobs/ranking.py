"""Ranks the versions and models of one run."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.errors import BadInput, NotFound
from workbench.jobs.comparing_judges import side_names
from workbench.jobs.findings import found
from workbench.jobs.formulas import no_such_scorer
from workbench.jobs.outcome import Outcome, clusters_of, select
from workbench.jobs.preferences import preferences_of

if TYPE_CHECKING:
    from workbench.analysis.compare import Side
    from workbench.analysis.ranking import Ranking


def rank_outcome(outcome: Outcome, *, metric: str | None = None, margin: float | None = None) -> Ranking:
    """Rank every version on every model of a run, each with the gate's baseline (else the first) beside it.

    Args:
        outcome: The run's answers and scores.
        metric: The scorer; by default the gate's, else ``overall``, else the first.
        margin: Differences smaller than this count as none; by default the gate's, else 0.

    Raises:
        BadInput: The run holds one version and model only, or there is no such scorer.
    """
    from workbench.analysis.ranking import Ranking, rank

    names = list(side_names(outcome.plan).values())
    if outcome.sequential:
        a, b = (f"{outcome.run_id}:{name}" for name in names)
        raise BadInput(
            f"Run {outcome.run_id} was looked at after every case, which a ranking does not allow for",
            hint=f"compare its two sides: `workbench compare {a} {b}`",
        )
    if len(names) < 2:
        raise BadInput(
            f"Run {outcome.run_id} holds one version and one model, so there is nothing to rank",
            hint="name a second run to compare it with",
        )
    if not outcome.settled and outcome.scores.empty:
        raise BadInput(f"Run {outcome.run_id} has no scores yet", hint="wait until it has some")
    metric = _metric(outcome, metric)
    gate = outcome.plan.gate
    margin = (gate.margin if gate else 0.0) if margin is None else margin

    def work_out() -> Ranking:
        sides = _sides(outcome)
        return rank(
            sides,
            metric=metric,
            unit=outcome.units.get(metric, "score"),
            baseline=_baseline(outcome),
            margin=margin,
            clusters=clusters_of(outcome.plan),
        )

    ranking = found([outcome], ["ranking", metric, margin], Ranking, work_out)
    preferences = preferences_of(outcome.store, outcome.run_id, outcome.plan)
    return replace(ranking, preferences=[told.to_dict() for told in preferences])


def _sides(outcome: Outcome) -> list[Side]:
    from workbench.analysis.compare import Side

    sides = []
    for (p, m), name in side_names(outcome.plan).items():
        parts = [
            frame[(frame["prompt_index"] == p) & (frame["model_index"] == m)]
            for frame in (outcome.scores, outcome.cells)
        ]
        sides.append(Side(name, *parts))
    return sides


def _metric(outcome: Outcome, metric: str | None) -> str:
    units, gate = outcome.units, outcome.plan.gate
    if metric is None:
        chosen = gate.metric if gate and gate.metric in units else None
        return chosen or ("overall" if "overall" in units else next(iter(units)))
    if metric not in units:
        raise no_such_scorer(metric, "this run", outcome.specs, units)
    return metric


def _baseline(outcome: Outcome) -> str:
    """The gate's baseline where that is one of the sides, else the first side."""
    gate, names = outcome.plan.gate, side_names(outcome.plan)
    if gate is not None:
        with suppress(BadInput, NotFound):
            chosen = select(outcome, gate.baseline)
            return names[chosen.prompts[0], chosen.models[0]]
    return next(iter(names.values()))
