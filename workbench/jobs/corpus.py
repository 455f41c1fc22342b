"""A run's corpus values: BLEU, chrF, TER, WER and others of all its answers together."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.evals.scorers import Scorer, build_scorer
from workbench.evals.scorers.corpus import CorpusRow, CorpusTotals, has_corpus_value
from workbench.jobs.findings import found
from workbench.jobs.outcome import Outcome


def has_corpus_values(outcome: Outcome) -> bool:
    """Whether some scorer of a run has a value of all answers together; reads no answer."""
    return any(map(has_corpus_value, _scorers(outcome)))


def corpus_rows(outcome: Outcome) -> list[CorpusRow]:
    """Return a run's corpus values under its current scoring, by version and model in the order of the plan.

    The answers are read from the store one batch at a time, and only where some scorer has such a value.
    """
    if not has_corpus_values(outcome):
        return []
    return found([outcome], "corpus", list[CorpusRow], lambda: _added_up(outcome))


def _scorers(outcome: Outcome) -> Iterator[Scorer]:
    yield from map(build_scorer, outcome.specs)
    for case in outcome.plan.cases:
        yield from map(build_scorer, case.scorers)


def _added_up(outcome: Outcome) -> list[CorpusRow]:
    plan, totals = outcome.plan, CorpusTotals()
    shared = [scorer for scorer in map(build_scorer, outcome.specs) if has_corpus_value(scorer)]
    own = {case.id: [build_scorer(spec) for spec in case.scorers] for case in plan.cases if case.scorers}
    cases = {case.id: case for case in plan.cases}
    for record in outcome.store.results.each_answer(outcome.run_id):
        cell = record.cell
        both = (*shared, *own.get(cell.case_id, ()))
        totals.add((cell.prompt_index, cell.model_index), both, cases[cell.case_id], record.completion)
    return [
        CorpusRow(
            plan.prompts[one.group[0]].title,
            plan.models[one.group[1]].name,
            one.scorer,
            one.value,
            one.n,
            one.missing,
            one.lower_is_better,
        )
        for one in sorted(totals.values(), key=lambda one: one.group)
    ]
