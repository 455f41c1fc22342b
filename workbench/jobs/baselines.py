"""From a run to its baseline, and from a baseline back to one side of a comparison."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.analysis.frames import natural_key
from workbench.errors import BadInput
from workbench.evals.baseline import Baseline, check_comparable, scorer_difference
from workbench.evals.combine import OVERALL
from workbench.evals.scorers import SCORERS
from workbench.jobs import outcome as outcomes
from workbench.jobs.comparison import side_of
from workbench.jobs.formulas import no_such_scorer

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analysis.compare import Comparison, Side

#: A run that lacks more of its answers than this could never be held against.
MOST_ERRORS = 0.02


def baseline_of(chosen: outcomes.Selection, *, by: str, at: str, why: str) -> Baseline:
    """Return one version of a run as a baseline.

    Raises:
        BadInput: It is several versions, or too many of its answers are missing.
    """
    outcome = chosen.outcome
    plan, scoring = outcome.plan, outcome.scoring
    if len(chosen.prompts) != 1:
        raise BadInput(f"{chosen.title} is several versions", hint="approve one, as RUN:VERSION")
    if scoring is None:
        raise BadInput(f"Run {outcome.run_id} has no scores yet", hint="wait until it is complete")
    scores, cells = (
        frame[frame["prompt_index"].isin(chosen.prompts) & frame["model_index"].isin(chosen.models)]
        for frame in (outcome.scores, outcome.cells)
    )
    lost = float(cells["error"].notna().mean()) if len(cells) else 1.0
    if lost > MOST_ERRORS:
        raise BadInput(
            f"{lost * 100:.1f} % of the answers of {chosen.title} are missing, so no run could be held against it",
            hint=f"`workbench resume {outcome.run_id}` asks again for what failed",
        )
    pinned = plan.prompts[chosen.prompts[0]]
    types = sorted({spec["type"] for spec in scoring.scorers})
    means = scores.groupby("scorer", sort=True)["value"].mean()
    return Baseline(
        suite=plan.suite,
        suite_sha256=scoring.suite_sha256,
        dataset_sha256=plan.dataset_sha256,
        run=outcome.run_id,
        approved={"by": by, "at": at, "why": why},
        prompt={"name": pinned.name, "number": pinned.number, "sha256": pinned.prompt.sha256},
        models=[plan.models[index].to_dict() for index in chosen.models],
        scorers=list(scoring.scorers),
        scorer_types={name: SCORERS[name].version for name in types},
        units=dict(outcome.units),
        repeats=plan.repeats,
        means={str(name): _rounded(mean) for name, mean in means.items()},
        totals=_totals(cells),
        cases=_cases(scores),
    )


def _cases(scores: pd.DataFrame) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    columns = ("case_id", "model", "repeat", "scorer", "value", "passed", "error")
    ordered = scores.sort_values(["case_id", "model", "scorer", "repeat"])
    for case, model, _repeat, scorer, value, passed, error in zip(
        *(ordered[c] for c in columns), strict=True
    ):
        row = rows.setdefault((case, model), {"case": case, "model": model, "scores": {}, "passed": {}})
        row["scores"].setdefault(scorer, []).append("error" if isinstance(error, str) else _plain(value))
        row["passed"].setdefault(scorer, []).append(
            None if passed is None or passed != passed else bool(passed)
        )
    for row in rows.values():
        row["passed"] = {
            name: said for name, said in row["passed"].items() if any(p is not None for p in said)
        }
    return [rows[key] for key in sorted(rows, key=lambda key: (natural_key(key[0]), key[1]))]


def _plain(value: float) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if float(value).is_integer() else float(value)


def _rounded(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None


def _totals(cells: pd.DataFrame) -> dict[str, Any]:
    answered = cells[cells["error"].isna()]
    latency = answered["latency_s"].dropna()
    cost = answered["cost_usd"].dropna()
    models = {}
    for model, part in answered.groupby("model", sort=True):
        by_case = part.groupby("case_id")[["cost_usd", "latency_s"]].mean()
        spent, took = by_case["cost_usd"].dropna(), by_case["latency_s"].dropna()
        models[str(model)] = {
            "cases": len(by_case),
            "cost_known": len(spent),
            "cost_mean_usd": float(spent.mean()) if len(spent) else None,
            "latency_known": int((took > 0).sum()),
            "latency_geometric_mean_s": float(np.exp(np.log(took[took > 0]).mean()))
            if (took > 0).any()
            else None,
        }
    return {
        "answers": len(answered),
        "errors": len(cells) - len(answered),
        "cost_usd": float(cost.sum()) if len(cost) else None,
        "latency_n": len(latency),
        "latency_p50_s": float(latency.quantile(0.5)) if len(latency) else None,
        "latency_p95_s": float(latency.quantile(0.95)) if len(latency) else None,
        "models": models,
    }


def hold_against(
    baseline: Baseline,
    chosen: outcomes.Selection,
    *,
    metric: str | None = None,
    margin: float | None = None,
) -> tuple[Comparison, tuple[Side, Side]]:
    """Compare one version of a run with a baseline, case by case.

    Cost and latency of the baseline are known by their means only; as both sides have the same cases, their ratios
    are the same as from every answer, but have no interval. Metric and margin are by default the gate's.

    Raises:
        BadInput: They have nothing in common.
    """
    from workbench.analysis.compare import compare

    outcome = chosen.outcome
    plan, gate = outcome.plan, outcome.plan.gate
    sides = _baseline_side(baseline), side_of(chosen, chosen.title, chosen)
    if len(baseline.models) == len(chosen.models) == 1:
        for side in sides:
            side.scores["model"] = side.cells["model"] = ""
    comparison = compare(
        *sides,
        slices=plan.slice_values(),
        units={**baseline.units, **outcome.units},
        metric=metric or (gate.metric if gate else None),
        margin=margin if margin is not None else (gate.margin if gate else 0.0),
        clusters=outcomes.clusters_of(plan),
    )
    latency = {**comparison.latency, "ratio_low": None, "ratio_high": None}
    totals = baseline.totals
    latency["a"] = {
        **latency["a"],
        "p50": totals["latency_p50_s"],
        "p95": totals["latency_p95_s"],
        "n": totals["latency_n"],
    }
    cost = replace(comparison.cost, ratio_low=None, ratio_high=None)
    return replace(comparison, cost=cost, latency=latency), sides


def compare_checked(
    baseline: Baseline, chosen: outcomes.Selection, *, metric: str | None = None, margin: float | None = None
) -> Comparison:
    """Compare one version of a run with a baseline that it fits, and warn of what differs beside the metric.

    Raises:
        BaselineError: The cases, the models, or the scorer that the verdict rests on are others.
        BadInput: There is no such scorer, or they are several versions.
    """
    outcome = chosen.outcome
    if len(chosen.prompts) != 1:
        raise BadInput(f"{chosen.title} is several versions", hint="name one, as RUN:VERSION")
    if metric is not None and metric not in outcome.units:
        raise no_such_scorer(metric, f"run {outcome.run_id}", outcome.specs, outcome.units)
    gate = outcome.plan.gate
    if metric is None:
        by_gate = gate.metric if gate and gate.metric in outcome.units else None
        metric = by_gate or (OVERALL if OVERALL in outcome.units else next(iter(outcome.units)))
    models = [outcome.plan.models[index].name for index in chosen.models]
    check_comparable(baseline, outcome.plan, outcome.specs, [metric], models)
    comparison, _ = hold_against(baseline, chosen, metric=metric, margin=margin)
    shared = [spec.name for spec in outcome.specs if spec.name != metric and spec.name in baseline.means]
    said = [scorer_difference(baseline, outcome.specs, [name]) for name in shared]
    others = [f"A scorer is not the one the baseline was scored with: {words}" for words in said if words]
    return replace(comparison, warnings=[*others, *comparison.warnings])


def _baseline_side(baseline: Baseline) -> Side:
    import pandas as pd

    from workbench.analysis.compare import Side

    scores, cells = [], []
    for row in baseline.cases:
        key = {
            "prompt": baseline.prompt["name"],
            "version": baseline.prompt["number"],
            "model": row["model"],
            "case_id": row["case"],
        }
        repeats = 0
        for scorer, values in row["scores"].items():
            repeats = max(repeats, len(values))
            said = row["passed"].get(scorer) or [None] * len(values)
            for repeat, (value, passed) in enumerate(zip(values, said, strict=True)):
                failed = isinstance(value, str)
                scores.append(
                    {
                        **key,
                        "repeat": repeat,
                        "scorer": scorer,
                        "value": None if failed else value,
                        "passed": passed,
                        "error": value if failed else None,
                    }
                )
        spent = _spent(baseline.totals["models"].get(row["model"]))
        cells += [{**key, **spent, "repeat": repeat, "error": None} for repeat in range(repeats)]
    frame = pd.DataFrame(scores)
    frame["value"] = pd.to_numeric(frame["value"]).astype(float)
    model = f" on {baseline.model_names[0]}" if len(baseline.models) == 1 else ""
    return Side(f"the baseline {baseline.title}{model}", frame, pd.DataFrame(cells))


def _spent(totals: dict[str, Any] | None) -> dict[str, float | None]:
    """What each answer of a model is taken to have cost and lasted; unknown where too few are known."""
    known = totals or {"cases": 0, "cost_known": 0, "latency_known": 0}
    enough = (1 - MOST_ERRORS) * known["cases"]
    cost = known["cost_mean_usd"] if 0 < known["cost_known"] >= enough else None
    latency = known["latency_geometric_mean_s"] if 0 < known["latency_known"] >= enough else None
    return {"cost_usd": cost, "latency_s": latency}
