"""Short ways to score one output in tests."""

from __future__ import annotations

from typing import Any

from workbench.evals.scorers import build_scorer, parse_scorer, score_completion
from workbench.evals.types import Case, Score, ScoringInput
from workbench.llm.types import Completion


def case(expected: Any = None, **fields: Any) -> Case:
    """Return a case that expects this."""
    return Case("one", expected=expected, **fields)


def score(entry: Any, output: str, expected: Any = None, *, vars: Any = None, **completion: Any) -> Score:
    """Score an output with one entry of a suite."""
    scorer = build_scorer(parse_scorer(entry))
    return scorer.score(
        ScoringInput(output, case(expected, vars=vars or {}), Completion(output, **completion))
    )


def scores(entries: list[Any], one: Case, completion: Completion) -> dict[str, Score]:
    """Score a completion with several entries, by name, as a run does."""
    taken: set[str] = set()
    scorers = [build_scorer(parse_scorer(entry, taken=taken)) for entry in entries]
    return {found.scorer: found for found in score_completion(scorers, one, completion)}
