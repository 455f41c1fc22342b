"""What a run's answers add up to, worked out once for each state of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.evals.scorers.built_scorer import lower_is_better
from workbench.store import RunRecord
from workbench.workspace import Workspace

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from workbench.analysis.summary import Summary
    from workbench.jobs.outcome import Outcome

OVERALL = "overall"


@dataclass(frozen=True)
class Spending:
    """What one version's answers by one model cost and took. Money in USD, times in seconds; None is unknown."""

    version: str
    model: str
    answers: int
    errors: int
    cached: int
    cost: float | None
    cost_mean: float | None
    cost_unknown: int
    p50: float | None
    p95: float | None
    ttft_p50: float | None
    input_tokens: float | None
    output_tokens: float | None


@dataclass(frozen=True)
class RunResults:
    """Means and intervals, spending, and the unit of every scorer. ``latency`` is a chart, drawn once."""

    summaries: tuple[Summary, ...]
    spending: tuple[Spending, ...]
    units: dict[str, str]
    scoring_suite_sha256: str | None
    latency: alt.Chart | None

    @property
    def scorers(self) -> list[str]:
        """The scorers' names in order, `overall` first where there is one."""
        names = list(dict.fromkeys(s.scorer for s in self.summaries))
        return sorted(names, key=lambda name: name != OVERALL)

    @property
    def by_model(self) -> bool:
        """Whether there is one version only, so that models are what differs."""
        return len({s.version for s in self.spending}) == 1 < len(self.spending)

    @property
    def timed(self) -> bool:
        """Whether the latency of some answer is known."""
        return any(s.p50 is not None for s in self.spending)

    @property
    def priced(self) -> bool:
        """Whether the cost of some answer is known."""
        return any(s.cost is not None for s in self.spending)

    def whole(self, scorer: str | None = None) -> list[Summary]:
        """Return the summaries over all cases, of one scorer or of all."""
        return [s for s in self.summaries if s.slice is None and scorer in (None, s.scorer)]


def run_results(ws: Workspace, record: RunRecord) -> RunResults:
    """Return what a run's answers so far say, under its current scoring."""
    scoring = ws.store.results.current_scoring(record.id)
    state = (scoring.id, scoring.complete) if scoring else None
    return _results(str(ws.root), record.id, state, record.status, record.done, record.errors, ws)


def primary_scorer(results: RunResults, gate: Any) -> str | None:
    """Return the scorer that a run is read by: the gate's, else `overall`, else the first."""
    names = results.scorers
    metric = gate.get("metric") if isinstance(gate, dict) else getattr(gate, "metric", None)
    return metric if metric in names else names[0] if names else None


def best(results: RunResults, scorer: str | None) -> Summary | None:
    """Return the summary with the best mean of a scorer."""
    known = [s for s in results.whole(scorer) if s.mean is not None] if scorer else []
    lower = lower_is_better(results.units.get(scorer or "", "score"))  # type: ignore[arg-type]
    return min(known, key=lambda s: s.mean if lower else -s.mean, default=None)  # type: ignore[operator,arg-type]


@st.cache_resource(max_entries=64, show_spinner=False)
def _results(
    root: str, run_id: str, scoring: object, status: str, done: int, errors: int, _ws: Workspace
) -> RunResults:
    import altair as alt

    from workbench.jobs.findings import found

    outcome = _ws.runs.outcome(run_id)
    spending = found([outcome], "spending", list[Spending], lambda: _spendings(outcome))
    latency = found([outcome], "latency", dict[str, Any], lambda: _latency(outcome))
    return RunResults(
        summaries=tuple(outcome.summaries()),
        spending=tuple(spending),
        units=outcome.units,
        scoring_suite_sha256=outcome.scoring.suite_sha256 if outcome.scoring else None,
        latency=alt.Chart.from_dict(latency) if latency else None,
    )


def _spendings(outcome: Outcome) -> list[Spending]:
    return [_spending(*side, part) for side, part in _sides(outcome)]


def _latency(outcome: Outcome) -> dict[str, Any]:
    """Return the chart of latencies as plain data; nothing where no latency is known."""
    from workbench.reports.charts import latency_chart

    cells, models = outcome.cells, outcome.plan.models
    if cells.empty or not cells["latency_s"].notna().any():
        return {}
    named = {
        f"{version} · {model}" if len(models) > 1 else version: part
        for (version, model), part in _sides(outcome)
    }
    return latency_chart(named).to_dict()


def _sides(outcome: Outcome) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Yield each version and model that answered, with its cells."""
    prompts, models = outcome.plan.prompts, outcome.plan.models
    for (prompt, model), part in outcome.cells.groupby(["prompt_index", "model_index"], sort=True):
        yield (prompts[prompt].title, models[model].name), part


def _spending(version: str, model: str, cells: pd.DataFrame) -> Spending:
    answered = cells[cells["error"].isna()]
    cost = answered["cost_usd"].dropna()
    latency = answered["latency_s"].dropna()
    return Spending(
        version=version,
        model=model,
        answers=len(answered),
        errors=len(cells) - len(answered),
        cached=int(answered["cached"].sum()),
        cost=float(cost.sum()) if len(cost) else None,
        cost_mean=float(cost.mean()) if len(cost) else None,
        cost_unknown=len(answered) - len(cost),
        p50=_quantile(latency, 0.5),
        p95=_quantile(latency, 0.95),
        ttft_p50=_quantile(answered["ttft_s"].dropna(), 0.5),
        input_tokens=_mean(answered["input_tokens"]),
        output_tokens=_mean(answered["output_tokens"]),
    )


def _quantile(values: pd.Series, share: float) -> float | None:
    return float(values.quantile(share)) if len(values) else None


def _mean(values: pd.Series) -> float | None:
    known = values.dropna()
    return float(known.mean()) if len(known) else None
