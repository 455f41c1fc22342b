"""Scores what was answered: beside a run, after a crash, or again with other scorers. Calls no answering model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from workbench.errors import BadInput
from workbench.evals.combine import OVERALL
from workbench.evals.judge_setting import JudgeSetting, judge_models
from workbench.evals.plan import Plan
from workbench.evals.scorers import Scorer, build_scorer, has_overall, score_completion, scorer_units
from workbench.evals.scorers.answers import Answers, Desk, Withheld, gathered
from workbench.evals.scorers.override import overall_threshold, overridden, overrides_of, own_specs
from workbench.evals.types import Case, Score, ScorerSpec, Suite
from workbench.llm.types import Completion, ModelSpec
from workbench.store import CellRecord, RunRecord, Store

BATCH = 200


class CaseScorers:
    """The scorers of a plan, built once, with each case's own beside them."""

    def __init__(self, plan: Plan, specs: Iterable[ScorerSpec]) -> None:
        self.cases = {case.id: case for case in plan.cases}
        specs = tuple(specs)
        self._setting = plan.judging or JudgeSetting()
        self.specs = specs
        self.shared = tuple(build_scorer(spec) for spec in specs)
        self._overall = has_overall(specs, plan.cases)
        self._own: dict[str, tuple[Scorer, ...]] = {}

    @property
    def asks(self) -> bool:
        """Whether some scorer asks a model."""
        return any(scorer.asks for case_id in ("", *self.cases) for scorer in self.of(case_id))

    @property
    def models(self) -> list[ModelSpec]:
        """The models that the scorers ask."""
        own = [self._setting.completed(spec) for case in self.cases.values() for spec in case.scorers]
        return judge_models([*self.specs, *own])

    def of(self, case_id: str) -> tuple[Scorer, ...]:
        """Return the scorers of a case: the shared ones, then its own; "" is no case."""
        case = self.cases.get(case_id)
        if case is None or not case.scorers:
            return self.shared
        if case_id not in self._own:
            completed = (self._setting.completed(spec) for spec in own_specs(case))
            shared = overridden(self.shared, overrides_of(case))
            self._own[case_id] = (*shared, *(build_scorer(spec) for spec in completed))
        return self._own[case_id]

    def score(self, case_id: str, completion: Completion, answers: Answers | None = None) -> list[Score]:
        """Return all scores of one completion; a scorer that crashes gives an error score."""
        case = self.cases[case_id]
        scores = score_completion(
            self.of(case_id), case, completion, with_overall=self._overall, answers=answers
        )
        limit = overall_threshold(case) if case.scorers else None
        if limit is None:
            return scores
        return [
            replace(s, passed=s.value >= limit) if s.scorer == OVERALL and s.value is not None else s
            for s in scores
        ]

    async def answers_for(self, case_id: str, completion: Completion, desk: Desk) -> Answers | None:
        """Ask what the scorers of a completion need to know, and return what came.

        Raises:
            Withheld: Something was not asked, so that this completion cannot be scored now.
        """
        asking = [scorer for scorer in self.of(case_id) if scorer.asks]
        if not asking or completion.error is not None:
            return None
        case: Case = self.cases[case_id]
        return await gathered(
            lambda answers: score_completion(asking, case, completion, with_overall=False, answers=answers),
            desk,
        )


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


async def judge_missing(
    store: Store,
    run_id: str,
    scoring_id: int,
    scorers: CaseScorers,
    desk: Desk,
    *,
    concurrency: int,
    on_progress: Callable[[int, int], Any] = lambda done, total: None,
) -> int:
    """Score every stored cell that this scoring lacks, asking models, and return how many could not be asked about.

    Each cell's scores are stored as soon as they are there.
    """
    waiting = store.results.unscored(run_id, scoring_id)
    places, done, left = asyncio.Semaphore(concurrency), 0, 0

    async def judge(record: CellRecord) -> None:
        nonlocal done, left
        async with places:
            try:
                answers = await scorers.answers_for(record.cell.case_id, record.completion, desk)
            except Withheld:
                left += 1
                return
            scores = scorers.score(record.cell.case_id, record.completion, answers)
            store.results.add_scores(scoring_id, [(record.id, scores)])
            done += 1
            on_progress(done, len(waiting))

    for start in range(0, len(waiting), BATCH):
        async with asyncio.TaskGroup() as group:
            for record in waiting[start : start + BATCH]:
                group.create_task(judge(record))
    return left


def rescore(
    store: Store,
    record: RunRecord,
    plan: Plan,
    suite: Suite | None,
    *,
    on_progress: Callable[[int, int], Any] = lambda done, total: None,
    judge: Callable[[CaseScorers, int], int] | None = None,
) -> int:
    """Score a run's outputs again with the scorers of ``suite`` (None: its own) and return the scoring's id.

    The earlier scoring stays stored and is shown until this one is complete.

    Args:
        judge: Scores what is missing by asking models, and returns how many cells could not be asked about; it is
            called, with the scoring's id, where some scorer asks.

    Raises:
        BadInput: A cost cap left no room for the judges; what they said is kept.
    """
    specs = plan.scorers if suite is None else suite.scorers
    sha256 = plan.suite_sha256 if suite is None else suite.sha256
    scorers = CaseScorers(plan, specs)
    scoring_id = store.results.begin_scoring(record.id, sha256, [spec.to_dict() for spec in specs])
    if judge is not None and scorers.asks:
        left = judge(scorers, scoring_id)
        if left:
            raise BadInput(
                f"The cost cap leaves no room to judge {left:,} more answers of run {record.id}",
                hint="what was judged is kept; score it again with a higher cap",
            )
    else:
        score_missing(store, record.id, scoring_id, scorers, on_progress=on_progress)
    store.results.finish_scoring(scoring_id)
    return scoring_id


def units_of(plan: Plan, specs: Iterable[ScorerSpec]) -> dict[str, str]:
    """Return the unit of every scorer name that a scoring may show."""
    return dict(scorer_units(all_specs(plan, specs)))
