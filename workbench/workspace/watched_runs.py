"""What one run says of every metric of a watch."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any

from workbench.evals.plan import Plan
from workbench.jobs import outcome as outcomes
from workbench.store.watches import WatchRecord, WatchRepository

if TYPE_CHECKING:
    from workbench.analysis.drift import Look
    from workbench.workspace import Workspace

#: Model, case and repeat of an answer of the watched version.
Cell = tuple[int, str, int]


def seen(
    ws: Workspace,
    watch: WatchRecord,
    outcome: outcomes.Outcome,
    metric: str,
    reference: Mapping[Cell, str],
    far: Mapping[str, float],
) -> Look:
    """Return what a run says of every metric, a value a case; ``far`` are its cases' distances in meaning."""
    import pandas as pd

    from workbench.analysis.drift import Look
    from workbench.evals.scorers.refusals import refusal_phrase

    place = next(i for i, p in enumerate(outcome.plan.prompts) if p.title == watch.title)
    cells = outcome.cells[(outcome.cells["prompt_index"] == place) & outcome.cells["error"].isna()]
    scores = outcome.scores[(outcome.scores["prompt_index"] == place) & (outcome.scores["scorer"] == metric)]
    texts = texts_of(WatchRepository(ws.store.engine), outcome, watch)
    answers = pd.DataFrame(
        [
            {
                "case_id": key[1],
                "length": float(len(text)),
                "words": float(len(text.split())),
                "refusal": float(refusal_phrase(text) is not None),
                "output": float(text != reference[key]) if key in reference else None,
            }
            for key, text in texts.items()
        ],
        columns=["case_id", "length", "words", "refusal", "output"],
    )
    fresh = cells[~cells["cached"].astype(bool)]
    values = {
        "score": _by_case(scores, "value"),
        "output": _by_case(answers, "output"),
        "length": _by_case(answers, "length"),
        "refusal": _by_case(answers, "refusal"),
        "embedding": far,
        "latency": _by_case(fresh, "latency_s"),
        "cost": _by_case(cells, "cost_usd"),
    }
    named = ws.store.results.resolved_models(outcome.run_id)
    return Look(
        run=outcome.run_id,
        at=ws.runs.get(outcome.run_id).created_at,
        values=values,
        models=frozenset(name for names in named.values() for name in names),
        words=float(answers["words"].mean()) if len(answers) else None,
    )


def texts_of(kept: WatchRepository, outcome: outcomes.Outcome, watch: WatchRecord) -> dict[Cell, str]:
    """Return the answers of the watched version."""
    place = next(i for i, p in enumerate(outcome.plan.prompts) if p.title == watch.title)
    return {
        (model, case, repeat): text
        for prompt, model, case, repeat, text in kept.texts(outcome.run_id)
        if prompt == place
    }


def means_by_case(values: Mapping[Cell, float]) -> dict[str, float]:
    """The mean of each case over its answers."""
    found: dict[str, list[float]] = {}
    for (_, case, _), value in values.items():
        found.setdefault(case, []).append(value)
    return {case: fmean(several) for case, several in found.items()}


def _by_case(frame: Any, column: str) -> dict[str, float]:
    """The mean of a column for each case that knows it."""
    known = frame[["case_id", column]].dropna()
    return {str(case): float(value) for case, value in known.groupby("case_id")[column].mean().items()}


def watched_metric(plan: Plan, units: dict[str, str]) -> str:
    """The scorer that is watched: the gate's, else ``overall``, else the first."""
    if plan.gate is not None and plan.gate.metric in units:
        return plan.gate.metric
    return "overall" if "overall" in units else next(iter(units))
