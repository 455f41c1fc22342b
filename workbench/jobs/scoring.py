"""Scores what was answered: beside a run, after a crash, or again with other scorers. Calls no answering model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from workbench.errors import BadInput
from workbench.evals.plan import Plan, pin_recordings
from workbench.evals.scorers import scorer_units
from workbench.evals.scorers.answers import Desk, Withheld
from workbench.evals.types import ScorerSpec, Suite
from workbench.jobs.case_scorers import CaseScorers
from workbench.jobs.comparing_cases import compare_groups
from workbench.jobs.parallel_scoring import scored
from workbench.store import CellRecord, RunRecord, Store


def all_specs(plan: Plan, specs: Iterable[ScorerSpec]) -> tuple[ScorerSpec, ...]:
    """Return the shared specs and those of single cases, each name once."""
    named = {spec.name: spec for case in plan.cases for spec in case.scorers}
    named.update({spec.name: spec for spec in specs})
    return tuple(named.values())


def pin_recorded_judges(plan: Plan, root: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of recorded outputs that a plan's judges read, by its path.

    Raises:
        DatasetError: One of them is missing or cannot be read.
    """
    prompts = plan.judging.prompts.values() if plan.judging else ()
    models = tuple(CaseScorers(plan, plan.scorers).models)
    return pin_recordings(models, [prompt["name"] for prompt in prompts], root / (plan.folder or "."))


def score_missing(
    store: Store,
    run_id: str,
    scoring_id: int,
    scorers: CaseScorers,
    *,
    on_progress: Callable[[int, int], Any] = lambda done, total: None,
    stopping: Callable[[], bool] = lambda: False,
) -> bool:
    """Score every stored cell that this scoring lacks, in processes of their own where that pays.

    Each batch is committed in the order of answering; a few batches are in memory at a time. Returns whether nothing
    is left: ``stopping`` is asked after each batch, and what was scored until then is kept.
    """
    total, done = store.results.unscored_count(run_id, scoring_id), 0
    with closing(scored(scorers, store.results.each_unscored(run_id, scoring_id), total)) as batches:
        for records, found in batches:
            store.results.add_scores(
                scoring_id, [(record.id, scores) for record, scores in zip(records, found, strict=True)]
            )
            done += len(records)
            on_progress(done, total)
            if done < total and stopping():
                return False
    return True


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
    total = store.results.unscored_count(run_id, scoring_id)
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
            on_progress(done, total)

    for batch in store.results.each_unscored(run_id, scoring_id):
        async with asyncio.TaskGroup() as group:
            for record in batch:
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
    compare_groups(store, record.id, scoring_id, plan, scorers)
    store.results.finish_scoring(scoring_id)
    return scoring_id


def units_of(plan: Plan, specs: Iterable[ScorerSpec]) -> dict[str, str]:
    """Return the unit of every scorer name that a scoring may show."""
    return dict(scorer_units(all_specs(plan, specs)))
