"""From a completion to its scores, by the scorers of a suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workbench.evals.combine import OVERALL, Weighted, overall
from workbench.evals.scorers.answers import Answers
from workbench.evals.scorers.built_scorer import Scorer
from workbench.evals.scorers.derived import Derived
from workbench.evals.scorers.reading import build_scorer
from workbench.evals.types import Case, Score, ScorerSpec, ScoringInput, Unit
from workbench.llm.types import Completion


def has_overall(specs: Iterable[ScorerSpec], cases: Iterable[Case] = ()) -> bool:
    """Whether a suite's cells get an `overall`: some cell has at least two weighted scorers."""
    weighted = sum(build_scorer(spec).weight > 0 for spec in specs)
    most = max(
        (sum(build_scorer(s).weight > 0 for s in case.scorers) for case in cases if case.scorers), default=0
    )
    return weighted + most >= 2


def score_completion(
    scorers: Sequence[Scorer],
    case: Case,
    completion: Completion,
    *,
    with_overall: bool | None = None,
    answers: Answers | None = None,
) -> list[Score]:
    """Return the scores of one completion, then ``overall``.

    Never raises. A completion that failed gives scores without a value whose error is its kind.

    Args:
        scorers: The suite's and the case's own.
        with_overall: Whether to add `overall`; left out, it is added from two weighted scorers on. A suite
            whose cases have scorers of their own passes `has_overall`, so that every cell has it or none.
        answers: What models said to scorers that ask; where some are missing, they are noted there and the scores
            are to be computed once more (`workbench.evals.scorers.answers.gathered`).
    """
    # What is made of the means has no value of its own on an answer.
    # What compares answers looks at them when all are there.
    scorers = [
        s for s in scorers if not s.compares and not (isinstance(s.impl, Derived) and s.impl.over == "means")
    ]
    scorers.sort(key=lambda s: isinstance(s.impl, Derived))
    if completion.error is not None:
        found = [
            [Score(s.name, None, error=completion.error) for s in (scorer, *scorer.shown_parts())]
            for scorer in scorers
        ]
    else:
        cell = ScoringInput(completion.text, case, completion, answers)
        found = []
        for scorer in scorers:
            if isinstance(scorer.impl, Derived):
                found.append([scorer.derive([score for of_one in found for score in of_one])])
            else:
                found.append(scorer.score_all(cell))
    scores = [score for of_one in found for score in of_one]
    weighted = [
        Weighted(of_one[0], s.weight, s.unit)
        for s, of_one in zip(scorers, found, strict=True)
        if s.weight > 0
    ]
    if with_overall is None:
        with_overall = len(weighted) >= 2
    if with_overall and weighted:
        total = overall(weighted)
        if completion.error is not None:
            total = replace(total, error=completion.error)
        scores.append(total)
    return scores


def scorer_units(specs: Iterable[ScorerSpec]) -> dict[str, Unit]:
    """Return what each scorer's value is measured in, by name, ``overall`` included where there is one."""
    specs = [spec for spec in specs if spec.type != "override"]
    built = [build_scorer(spec) for spec in specs]
    units = {
        s.name: s.unit
        for scorer in built
        if not (isinstance(scorer.impl, Derived) and scorer.impl.over == "means")
        for s in (scorer, *scorer.shown_parts())
    }
    if has_overall(specs):
        units[OVERALL] = "score"
    return units
