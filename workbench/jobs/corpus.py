"""A run's corpus values: BLEU, chrF, TER, WER and others of all its answers together."""

from __future__ import annotations

from workbench.evals.plan import Plan
from workbench.evals.scorers import build_scorer, parse_scorer
from workbench.evals.scorers.corpus import CorpusTotals, CorpusValue, has_corpus_value
from workbench.store import Store


def corpus_values(store: Store, run_id: str, plan: Plan) -> list[CorpusValue]:
    """Return the corpus values of a run's present scorers, by ``(prompt, model)`` as positions in the plan.

    The answers are read from the store one batch at a time, and only where some scorer has such a value.
    """
    scoring = store.results.current_scoring(run_id)
    specs = plan.scorers if scoring is None else [parse_scorer(entry) for entry in scoring.scorers]
    scorers = [scorer for scorer in map(build_scorer, specs) if has_corpus_value(scorer)]
    own = {case.id: [build_scorer(spec) for spec in case.scorers] for case in plan.cases if case.scorers}
    if not scorers and not any(has_corpus_value(scorer) for of_case in own.values() for scorer in of_case):
        return []
    cases, totals = {case.id: case for case in plan.cases}, CorpusTotals()
    for record in store.results.each_answer(run_id):
        cell = record.cell
        both = (*scorers, *own.get(cell.case_id, ()))
        totals.add((cell.prompt_index, cell.model_index), both, cases[cell.case_id], record.completion)
    return totals.values()
