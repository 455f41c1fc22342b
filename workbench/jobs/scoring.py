"""Scores what was answered: beside a run, after a crash, or again with other scorers. Calls no answering model."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from workbench.evals.plan import Plan
from workbench.evals.scorers import Scorer, build_scorer, has_overall, score_completion, scorer_units
from workbench.evals.types import Score, ScorerSpec, Suite
from workbench.llm.types import Completion
from workbench.store import CellRecord, RunRecord, Store

BATCH = 200


class CaseScorers:
    """The scorers of a plan, built once, with each case's own beside them."""

    def __init__(self, plan: Plan, specs: Iterable[ScorerSpec]) -> None:
        self.cases = {case.id: case for case in plan.cases}
        specs = tuple(specs)
        self.shared = tuple(build_scorer(spec) for spec in specs)
        self._overall = has_overall(specs, plan.cases)
        self._own: dict[str, tuple[Scorer, ...]] = {}

    def score(self, case_id: str, completion: Completion) -> list[Score]:
        """Return all scores of one completion; a scorer that crashes gives an error score."""
        case = self.cases[case_id]
        if case.scorers and case_id not in self._own:
            self._own[case_id] = tuple(build_scorer(spec) for spec in case.scorers)
        scorers = (*self.shared, *self._own.get(case_id, ()))
        return score_completion(scorers, case, completion, with_overall=self._overall)


def all_specs(plan: Plan, specs: Iterable[ScorerSpec]) -> tuple[ScorerSpec, ...]:
    """Return the shared specs and those of single cases, each name once."""
    named = {spec.name: spec for case in plan.cases for spec in case.scorers}
    named.update({spec.name: spec for spec in specs})
    return tuple(named.values())


def score_missing(
    store: Store,
    run_id: str,
    scoring_id: int,
    scorers: CaseScorers,
    *,
    on_progress: Callable[[int, int], Any] = lambda done, total: None,
) -> None:
    """Score every stored cell that this scoring lacks."""
    waiting: list[CellRecord] = store.results.unscored(run_id, scoring_id)
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        store.results.add_scores(
            scoring_id, [(r.id, scorers.score(r.cell.case_id, r.completion)) for r in batch]
        )
        on_progress(min(start + BATCH, len(waiting)), len(waiting))


def rescore(
    store: Store,
    record: RunRecord,
    plan: Plan,
    suite: Suite | None,
    *,
    on_progress: Callable[[int, int], Any] = lambda done, total: None,
) -> int:
    """Score a run's outputs again with the scorers of ``suite`` (None: its own) and return the scoring's id.

    The earlier scoring stays stored and is shown until this one is complete.
    """
    specs = plan.scorers if suite is None else suite.scorers
    sha256 = plan.suite_sha256 if suite is None else suite.sha256
    scorers = CaseScorers(plan, specs)
    scoring_id = store.results.begin_scoring(record.id, sha256, [spec.to_dict() for spec in specs])
    score_missing(store, record.id, scoring_id, scorers, on_progress=on_progress)
    store.results.finish_scoring(scoring_id)
    return scoring_id


def units_of(plan: Plan, specs: Iterable[ScorerSpec]) -> dict[str, str]:
    """Return the unit of every scorer name that a scoring may show."""
    return dict(scorer_units(all_specs(plan, specs)))
