"""Judges that compare answers: asked when all answers of a case are there, and what they prefer read back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from workbench.evals.plan import Plan
from workbench.evals.scorers import Scorer
from workbench.evals.scorers.answers import Answers, Desk, Withheld, gathered
from workbench.evals.scorers.comparing import Verdict
from workbench.evals.types import Case, Score, ScoringInput
from workbench.jobs.case_scorers import CaseScorers
from workbench.store import CellRecord, Store

#: Answers are read in groups of cases, so that a large run need not fit into memory at once.
_CASES_AT_ONCE = 100
_ALL = 1_000_000


def side_names(plan: Plan) -> dict[tuple[int, int], str]:
    """Name every version on every model by their positions, no longer than tells them apart."""
    return {
        (p, m): prompt.title
        if len(plan.models) == 1
        else model.name
        if len(plan.prompts) == 1
        else f"{prompt.title} · {model.name}"
        for p, prompt in enumerate(plan.prompts)
        for m, model in enumerate(plan.models)
    }


async def compare_missing(
    store: Store,
    run_id: str,
    scoring_id: int,
    plan: Plan,
    scorers: CaseScorers,
    desk: Desk,
    *,
    concurrency: int,
    on_progress: Callable[[int, int], Any] = lambda done, total: None,
) -> int:
    """Compare the answers of each case that this scoring has not compared, and return how many could not be.

    A group of answers of which one was asked again since is compared again; what the judge said of pairs that stayed
    the same is kept and not paid again.
    """
    if not any(_is_judge(scorer) for case_id in ("", *scorers.cases) for scorer in scorers.of(case_id)):
        return 0
    names, places, left, done = side_names(plan), asyncio.Semaphore(concurrency), 0, 0
    total = len(plan.cases) * plan.repeats

    async def compare(case: Case, group: list[CellRecord], scorer: Scorer) -> None:
        nonlocal left
        async with places:
            try:
                scored, verdicts = await _compared(case, group, scorer, names, desk)
            except Withheld:
                left += len(group)
                return
        store.comparisons.replace(scoring_id, scorer.name, scored, verdicts)

    for groups in _groups(store, run_id, scoring_id, plan):
        async with asyncio.TaskGroup() as tasks:
            for group in groups:
                case = scorers.cases[group[0].cell.case_id]
                for scorer in scorers.of(case.id):
                    known = all(any(s.scorer == scorer.name for s in record.scores) for record in group)
                    if _is_judge(scorer) and not known:
                        tasks.create_task(compare(case, group, scorer))
        done += len(groups)
        on_progress(done, total)
    return left


def _is_judge(scorer: Scorer) -> bool:
    return scorer.compares and not scorer.across


def _groups(store: Store, run_id: str, scoring_id: int, plan: Plan) -> Iterator[list[list[CellRecord]]]:
    ids = [case.id for case in plan.cases]
    for start in range(0, len(ids), _CASES_AT_ONCE):
        chosen = ids[start : start + _CASES_AT_ONCE]
        _total, found = store.results.page(run_id, scoring_id, case_ids=chosen, limit=_ALL)
        found.sort(key=lambda r: (r.cell.case_id, r.cell.repeat, r.cell.prompt_index, r.cell.model_index))
        yield [list(group) for _, group in groupby(found, key=lambda r: (r.cell.case_id, r.cell.repeat))]


async def _compared(
    case: Case,
    group: Sequence[CellRecord],
    scorer: Scorer,
    names: dict[tuple[int, int], str],
    desk: Desk,
) -> tuple[list[tuple[int, Score]], list[tuple[int, int, int | None, bool, str | None]]]:
    """Return the score of every answer of a group, and what was said of each pair, by row."""
    sound = [record for record in group if record.completion.error is None]
    failed = [record for record in group if record.completion.error is not None]
    scored = [(r.id, Score(scorer.name, None, error=r.completion.error)) for r in failed]
    if len(sound) < 2:
        lonely = "there is no other answer to compare this one with"
        return [*scored, *((r.id, Score(scorer.name, None, error=lonely)) for r in sound)], []
    called = [names[record.cell.prompt_index, record.cell.model_index] for record in sound]
    repeat = sound[0].cell.repeat

    def compare(answers: Answers) -> tuple[list[Score], tuple[Verdict, ...]]:
        cells = [ScoringInput(r.completion.text, case, r.completion, answers) for r in sound]
        return scorer.compare(cells, called, repeat)

    found, verdicts = compare(await gathered(compare, desk))
    scored += [(record.id, score) for record, score in zip(sound, found, strict=True)]
    rows = [record.id for record in sound]
    return scored, [
        (rows[v.first], rows[v.second], None if v.winner is None else rows[v.winner], v.unparsable, v.error)
        for v in verdicts
    ]
