"""Scorers of groups of cases, such as counterfactual ones: scored when all answers are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from workbench.evals.plan import Plan
from workbench.evals.scorers import Scorer
from workbench.evals.scorers.counterfactual import Counterfactual, Member
from workbench.evals.types import Case, Score, ScoringInput
from workbench.jobs.case_scorers import CaseScorers
from workbench.store import CellRecord, Store

#: Answers are read in so many cases at a time, whole groups of them.
_CASES_AT_ONCE = 100
_ALL = 1_000_000


def compare_groups(store: Store, run_id: str, scoring_id: int, plan: Plan, scorers: CaseScorers) -> None:
    """Score every group of cases of a scoring, at the group's first case; what was stored of it before is replaced.

    It is called when all that will be answered is there: a group that lacks an answer then has an error.
    """
    for scorer in scorers.shared:
        if scorer.across:
            for groups in _chunks(_groups(scorer, plan, scorers)):
                found = list(_scored(store, run_id, scoring_id, plan, scorer, groups))
                if found:
                    store.comparisons.replace(scoring_id, scorer.name, found, ())


def _groups(scorer: Scorer, plan: Plan, scorers: CaseScorers) -> list[list[Case]]:
    """Return the groups of at least two cases, in the order of the plan; a case may have switched the scorer off."""
    found: dict[str, list[Case]] = {}
    impl = scorer.impl
    assert isinstance(impl, Counterfactual)
    for case in plan.cases:
        group = impl.group_of(case)
        if group is not None and any(one.name == scorer.name for one in scorers.of(case.id)):
            found.setdefault(group, []).append(case)
    return [cases for cases in found.values() if len(cases) > 1]


def _chunks(groups: Sequence[list[Case]]) -> Iterator[list[list[Case]]]:
    chunk: list[list[Case]] = []
    for group in groups:
        if chunk and sum(map(len, chunk)) + len(group) > _CASES_AT_ONCE:
            yield chunk
            chunk = []
        chunk.append(group)
    if chunk:
        yield chunk


def _scored(
    store: Store, run_id: str, scoring_id: int, plan: Plan, scorer: Scorer, groups: Sequence[list[Case]]
) -> Iterator[tuple[int, Score]]:
    number = {case.id: n for n, group in enumerate(groups) for case in group}
    cases = {case.id: case for group in groups for case in group}
    order = {case_id: place for place, case_id in enumerate(cases)}
    _total, found = store.results.page(run_id, scoring_id, case_ids=list(cases), limit=_ALL)

    def place(record: CellRecord) -> tuple[int, int, int, int]:
        cell = record.cell
        return number[cell.case_id], cell.prompt_index, cell.model_index, cell.repeat

    found.sort(key=lambda record: (place(record), order[record.cell.case_id]))
    for (group, prompt, model, _repeat), together in groupby(found, key=place):
        records = list(together)
        asked = sum(plan.asks(case, prompt, model) for case in groups[group])
        if asked < 2:
            continue
        if len(records) < asked:
            yield records[0].id, Score(scorer.name, None, error="an answer of the group is missing")
            continue
        members = [_member(record, cases[record.cell.case_id], scorer) for record in records]
        yield records[0].id, scorer.compare_cases(members)


def _member(record: CellRecord, case: Case, scorer: Scorer) -> Member:
    wanted = getattr(scorer.impl, "of", None)
    score = next((one for one in record.scores if one.scorer == wanted), None)
    return Member(ScoringInput(record.completion.text, case, record.completion), score)
