"""Asking the same frozen suite again and again, and saying when the model behind it has moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput, NotFound
from workbench.evals.plan import Plan
from workbench.jobs import outcome as outcomes
from workbench.store import RunRecord
from workbench.store.watches import WatchRecord, WatchRepository
from workbench.workspace.library import current_author

if TYPE_CHECKING:
    from workbench.analysis.drift import Drift, Look
    from workbench.workspace import Workspace


@dataclass(frozen=True)
class Watched:
    """A watch with what its looks found. ``skipped`` are looks that did not end complete; they count for nothing."""

    watch: WatchRecord
    metric: str
    reference: Look
    looks: list[Look]
    drift: Drift
    skipped: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "suite": self.watch.suite,
            "version": self.watch.title,
            "reference": {
                "run": self.watch.reference_run,
                "by": self.watch.author,
                "at": self.watch.created_at,
                "why": self.watch.reason,
            },
            "metric": self.metric,
            "alpha": self.drift.alpha,
            "looks": [
                {
                    "run": look.run,
                    "at": look.at,
                    "models": sorted(look.models),
                    "metrics": {name: reading.to_dict() for name, reading in row.items()},
                }
                for look, row in zip(self.looks, self.drift.readings, strict=True)
            ],
            "skipped": list(self.skipped),
            "moved": [moved.to_dict() for moved in self.drift.moved],
        }


class Watching:
    """The watches of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self._kept = WatchRepository(workspace.store.engine)

    def current(self, suite: str) -> WatchRecord | None:
        """Return the watch in force of a suite, or None where it has none."""
        return next(iter(self._kept.of(suite)), None)

    def history(self, suite: str) -> list[WatchRecord]:
        """Return all watches of a suite, the newest first."""
        return self._kept.of(suite)

    def begin(self, suite: str, side: str, *, reason: str) -> WatchRecord:
        """Hold later looks against one version of a complete run (``RUN`` or ``RUN:VERSION``).

        Raises:
            NotFound: There is no such run or version.
            BadInput: It is not complete, of another suite, or leaves open which version is meant.
        """
        run_id, _, selector = side.partition(":")
        record = self._ws.runs.get(run_id)
        if record.suite != suite:
            raise BadInput(f"Run {record.id} is of the suite {record.suite}, not of {suite}")
        if record.status != "complete" or record.sequential:
            what = "stopped early" if record.sequential else record.status
            raise BadInput(f"Run {record.id} is {what}, and only a complete run can be a reference")
        chosen = outcomes.select(self._ws.runs.outcome(record.id), selector or None)
        if len(chosen.prompts) != 1:
            raise BadInput(f"{chosen.title} is several versions", hint="name one, as RUN:VERSION")
        title = chosen.outcome.plan.prompts[chosen.prompts[0]].title
        self._kept.begin(suite, record.id, title, author=current_author(), reason=reason.strip())
        return self._need(suite)

    def accept(self, suite: str, *, reason: str) -> WatchRecord:
        """Take the newest complete look as the new reference, because what moved is accepted.

        Raises:
            NotFound: The suite is not watched, or was not looked at since.
            BadInput: There is no reason.
        """
        if not reason.strip():
            raise BadInput(
                "A change is accepted for a reason", hint='say it, as --accept "the new model is better"'
            )
        watch = self._need(suite)
        done = [run for run in watch.looks if self._ws.runs.get(run).status == "complete"]
        if not done:
            raise NotFound(
                f"{suite} was not looked at since {watch.reference_run}, so there is nothing to accept"
            )
        return self.begin(suite, done[-1], reason=reason)

    def look(
        self, suite: str, *, concurrency: int | None = None, max_cost_usd: float | None = None
    ) -> RunRecord:
        """Start one more look: the reference's very prompt, models, cases and scorers, without the cache.

        Raises:
            NotFound: The suite is not watched.
            BadInput: A cost cap cannot be kept.
        """
        watch = self._need(suite)
        record = self._ws.runs.start_plan(
            self._plan(watch),
            concurrency=concurrency or self._ws.runs.get(watch.reference_run).concurrency,
            max_cost_usd=max_cost_usd,
            use_cache=False,
        )
        self._kept.add_look(watch.id, record.id)
        return record

    def judge(self, suite: str) -> Watched:
        """Hold every look so far against the reference.

        Raises:
            NotFound: The suite is not watched.
        """
        from workbench.analysis.drift import judge

        watch = self._need(suite)
        first = self._ws.runs.outcome(watch.reference_run)
        metric = _metric(first.plan, first.units)
        texts = _texts(self._kept, first, watch.title)
        reference = self._seen(watch, first, metric, texts)
        looks, skipped = [], []
        for run in watch.looks:
            if self._ws.runs.get(run).status == "complete":
                looks.append(self._seen(watch, self._ws.runs.outcome(run), metric, texts))
            else:
                skipped.append(run)
        shares = {v for look in (reference, *looks) for v in look.values.get("score", {}).values()}
        drift = judge(
            reference,
            looks,
            metric_name=metric,
            percent=first.units.get(metric, "score") == "score" and all(0 <= v <= 1 for v in shares),
            clusters=outcomes.clusters_of(first.plan),
        )
        return Watched(watch, metric, reference, looks, drift, tuple(skipped))

    def _need(self, suite: str) -> WatchRecord:
        found = self.current(suite)
        if found is None:
            raise NotFound(
                f"{suite} is not watched yet",
                hint=f"`workbench watch {suite}` begins it with a run of its own",
            )
        return found

    def _plan(self, watch: WatchRecord) -> Plan:
        plan = self._ws.runs.plan_of(watch.reference_run)
        chosen = tuple(p for p in plan.prompts if p.title == watch.title)
        return replace(plan, prompts=chosen, gate=None, baseline=None)

    def _seen(
        self, watch: WatchRecord, outcome: outcomes.Outcome, metric: str, reference: dict[_Cell, str]
    ) -> Look:
        """Return what a run says of every metric, a value a case."""
        import pandas as pd

        from workbench.analysis.drift import Look
        from workbench.evals.scorers.refusals import refusal_phrase

        place = next(i for i, p in enumerate(outcome.plan.prompts) if p.title == watch.title)
        cells = outcome.cells[(outcome.cells["prompt_index"] == place) & outcome.cells["error"].isna()]
        scores = outcome.scores[
            (outcome.scores["prompt_index"] == place) & (outcome.scores["scorer"] == metric)
        ]
        texts = _texts(self._kept, outcome, watch.title)
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
            "latency": _by_case(fresh, "latency_s"),
            "cost": _by_case(cells, "cost_usd"),
        }
        named = self._ws.store.results.resolved_models(outcome.run_id)
        return Look(
            run=outcome.run_id,
            at=self._ws.runs.get(outcome.run_id).created_at,
            values=values,
            models=frozenset(name for names in named.values() for name in names),
            words=float(answers["words"].mean()) if len(answers) else None,
        )


_Cell = tuple[int, str, int]


def _texts(kept: WatchRepository, outcome: outcomes.Outcome, title: str) -> dict[_Cell, str]:
    """The answers of the watched version by model, case and repeat."""
    place = next(i for i, p in enumerate(outcome.plan.prompts) if p.title == title)
    return {
        (model, case, repeat): text
        for prompt, model, case, repeat, text in kept.texts(outcome.run_id)
        if prompt == place
    }


def _by_case(frame: Any, column: str) -> dict[str, float]:
    """The mean of a column for each case that knows it."""
    known = frame[["case_id", column]].dropna()
    return {str(case): float(value) for case, value in known.groupby("case_id")[column].mean().items()}


def _metric(plan: Plan, units: dict[str, str]) -> str:
    """The scorer that is watched: the gate's, else ``overall``, else the first."""
    if plan.gate is not None and plan.gate.metric in units:
        return plan.gate.metric
    return "overall" if "overall" in units else next(iter(units))
