"""The scorer that is a formula over the others' scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from workbench.evals.formula import Formula, FormulaError, parse_formula, variable_of
from workbench.evals.scorers.registry import Outcome, ScoringError, scorer
from workbench.evals.types import Score, ScoringInput, Unit


@scorer("derived", unit="count")
@dataclass(frozen=True)
class Derived:
    """A number that a formula makes of the other scorers' values.

    With ``over: cells`` it is computed for each answer, and then averaged and compared like any score. With
    ``over: means`` it is computed once, of the means in the summary, as F1 is of precision and recall.
    """

    formula: Annotated[
        str,
        Field(
            min_length=1, description="Arithmetic over scorers' names, with _ for what is no letter or digit"
        ),
    ]
    over: Annotated[
        Literal["cells", "means"],
        Field(description="Compute it for each answer, or of the means over all cases"),
    ] = "cells"
    unit: Annotated[
        Literal["score", "count", "seconds", "usd"],
        Field(description="What the result is: a score is from 0 to 1, of seconds and usd less is better"),
    ] = "score"

    def __post_init__(self) -> None:
        self.parsed  # noqa: B018  (refuses a formula that cannot be used while the suite is read)

    @cached_property
    def parsed(self) -> Formula:
        """The formula, checked."""
        return parse_formula(self.formula)

    @property
    def value_unit(self) -> Unit:
        """What its value is measured in."""
        return self.unit

    def score(self, cell: ScoringInput) -> Outcome:
        """Refuse to look at the output: a formula looks at scores only (`of_scores`)."""
        raise ScoringError("a formula is not computed from an answer")

    def of_scores(self, scores: Mapping[str, Score]) -> Outcome:
        """Compute it from one answer's scores, keyed as `variable_of` writes their names.

        Raises:
            ScoringError: A score that it needs is not there or could not be computed, or the formula gives no number.
        """
        values: dict[str, float] = {}
        for name in sorted(self.parsed.names):
            score = scores.get(name)
            if score is None:
                raise ScoringError(f"no scorer here is called {name}")
            if score.error is not None:
                raise ScoringError(f"{score.scorer}: {score.error}")
            if score.value is None:
                return Outcome(None, None, f"{score.scorer} is unknown")
            values[name] = score.value
        return Outcome(self.compute(values))

    def compute(self, values: Mapping[str, float]) -> float:
        """Return the formula's number for these values.

        Raises:
            ScoringError: It gives none, or one that its unit cannot have.
        """
        try:
            number = self.parsed.value(values)
        except FormulaError as problem:
            raise ScoringError(str(problem)) from None
        if self.unit == "score" and not -1e-9 <= number <= 1 + 1e-9:
            raise ScoringError(f"the formula gives {number:.4g}, which is outside 0 to 1: use unit: count")
        return min(1.0, max(0.0, number)) if self.unit == "score" else number


def by_variable(scores: list[Score]) -> dict[str, Score]:
    """Return scores by the names that formulas call them."""
    return {variable_of(score.scorer): score for score in scores}
