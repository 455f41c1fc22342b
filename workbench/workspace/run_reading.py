"""Runs as a person reads them: their state, answers, scores, comparisons and rankings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import NotFound
from workbench.evals.plan import Plan
from workbench.evals.types import Cell
from workbench.jobs import outcome as outcomes
from workbench.jobs import process
from workbench.jobs.comparison import compare_selections
from workbench.llm.types import Message
from workbench.prompts.templates import render
from workbench.store import RunRecord, Store
from workbench.workspace.run_facts import run_to_dict

if TYPE_CHECKING:
    from workbench.analysis.compare import Comparison
    from workbench.analysis.ranking import Ranking
    from workbench.jobs.moved import Moved
    from workbench.llm.limit_history import LimitChange


class RunReading:
    """What is kept of a workspace's runs. Nothing here asks a model or changes a run's answers."""

    def __init__(self, state: Path, store: Store) -> None:
        self.state, self.store = state, store
        self._plan = lru_cache(maxsize=32)(self._load_plan)

    def get(self, run_id: str) -> RunRecord:
        """Return a run by its id or the beginning of it."""
        return self.store.runs.get(run_id)

    def progress(self, run_id: str) -> RunRecord:
        """Return a run without its plan, cheap enough to ask every second; notices that its process is gone."""
        record = self.store.runs.progress(run_id)
        if process.recover(self.store, self.state, record):
            record = self.store.runs.progress(run_id)
        return record

    def list(self, **filters: Any) -> list[RunRecord]:
        """Return runs without their plans, newest first; filters as of `RunRepository.list`."""
        return self.store.runs.list(**filters)

    def plan_of(self, run_id: str) -> Plan:
        """Return what a run is pinned to."""
        return self._plan(self.store.runs.get(run_id).id)

    def _load_plan(self, run_id: str) -> Plan:
        record = self.store.runs.get(run_id)
        return Plan.from_dict(record.plan, self.store.runs.cases(record.plan["dataset_sha256"]))

    def messages(self, run_id: str, cell: Cell) -> tuple[Message, ...]:
        """Return the messages of a cell as they were sent, or for a recorded model as they would be.

        Raises:
            NotFound: The run has no such cell.
            TemplateError: They cannot be rendered with the case's variables.
        """
        plan = self.plan_of(run_id)
        case = next((case for case in plan.cases if case.id == cell.case_id), None)
        if case is None or not 0 <= cell.prompt_index < len(plan.prompts):
            raise NotFound(f"Run {run_id} has no such cell")
        return render(plan.prompts[cell.prompt_index].prompt, case.vars)

    def limits(self, run_id: str) -> list[LimitChange]:
        """Return how many calls of each model could be under way in a run, when that changed, and why."""
        return self.store.limits.of(self.store.runs.get(run_id).id)

    def outcome(self, run_id: str) -> outcomes.Outcome:
        """Return a run's frames under its current scoring."""
        return outcomes.load_outcome(self.store, self.store.runs.get(run_id).id, self.plan_of(run_id))

    def report(self, run_id: str) -> dict[str, Any]:
        """Return a run as plain data: status, cells, cost, results with intervals, figures of the answers, gate."""
        from workbench.analysis.figures import figures
        from workbench.analysis.frames import plain

        record = self.store.runs.get(run_id)
        outcome = self.outcome(record.id)
        return plain(
            {
                **run_to_dict(record),
                "results": [summary.to_dict() for summary in outcome.summaries()],
                "flaky": [found.to_dict() for found in outcome.flaky()],
                "figures": [row.to_dict() for row in figures(outcome.cells)],
                "gate": record.gate,
            }
        )

    def compare(
        self, a: str, b: str, *, metric: str | None = None, margin: float | None = None
    ) -> Comparison:
        """Compare ``b`` with the baseline ``a``; each is a run, ``RUN:PROMPT-SELECTOR`` or ``RUN:MODEL``.

        Raises:
            NotFound: A run, or what is named in it, is not there.
            BadInput: A side leaves a choice open, or both are the same.
        """
        return compare_selections(*self.sides(a, b), metric=metric, margin=margin)

    def sides(self, a: str, b: str) -> tuple[outcomes.Selection, outcomes.Selection]:
        """Return the answers and scores of both sides of a comparison, named as for `compare`.

        Raises:
            NotFound: A run, or what is named in it, is not there.
            BadInput: A side leaves a choice open.
        """
        named = [text.partition(":") for text in (a, b)]
        read = {run_id: self.outcome(run_id) for run_id in dict.fromkeys(run_id for run_id, _, _ in named)}
        first, second = (outcomes.select(read[run_id], selector or None) for run_id, _, selector in named)
        return first, second

    def ranking(self, run_id: str, metric: str | None = None, *, margin: float | None = None) -> Ranking:
        """Rank every version and model of a run by one scorer, with intervals on the ranks.

        Raises:
            NotFound: There is no such run.
            BadInput: It holds one version and one model only, or there is no such scorer.
        """
        from workbench.jobs.ranking import rank_outcome

        return rank_outcome(self.outcome(run_id), metric=metric, margin=margin)

    def fingerprint(self, run_id: str) -> tuple[str | int | None, ...]:
        """Return what changes whenever a run's answers, its current scoring or people's labels do, for caches."""
        record = self.store.runs.get(run_id)
        scoring = self.store.results.current_scoring(record.id)
        labels = self.store.human_labels.mark(record.id)
        return (record.id, record.status, record.done, record.errors, scoring.id if scoring else None, labels)

    def moved(self, run_id: str) -> list[Moved]:
        """Return which scores moved between the two newest complete scorings of a run; none where there is one."""
        from workbench.jobs.moved import moved_scores

        record = self.store.runs.get(run_id)
        complete = [scoring.id for scoring in self.store.results.scorings(record.id) if scoring.complete]
        return moved_scores(self.store, record.id, *complete[-2:]) if len(complete) > 1 else []
