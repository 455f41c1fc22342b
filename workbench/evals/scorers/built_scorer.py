"""A scorer ready to use: what it says of one answer, of several, and of the scores of others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workbench.evals.extract import Extractor
from workbench.evals.scorers.comparing import Verdict
from workbench.evals.scorers.counterfactual import Member
from workbench.evals.scorers.derived import by_variable
from workbench.evals.scorers.groups import Group
from workbench.evals.scorers.judging import CountedAsFailure
from workbench.evals.scorers.registry import Outcome, ScorerImpl, ScoringError
from workbench.evals.types import Score, ScorerSpec, ScoringInput, Unit

MAX_REASON = 500
_DOWN: frozenset[Unit] = frozenset({"seconds", "usd", "tokens"})


def lower_is_better(unit: Unit) -> bool:
    """Whether a smaller value of this unit is the better one (seconds, USD and tokens; scores are better high)."""
    return unit in _DOWN


@dataclass(frozen=True)
class Scorer:
    """A scorer ready to use: extract, score, threshold, negate, and every crash turned into an error.

    A negated scorer passes where the plain one would fail, and a score of 0–1 becomes ``1 - value``.
    """

    spec: ScorerSpec
    unit: Unit
    impl: ScorerImpl
    extractor: Extractor
    limited: bool
    shown: bool = True  # a part of a group is shown by itself only where it was given a name

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.spec.name

    @property
    def weight(self) -> float:
        """Its weight in `overall`; 0 for a measure that neither passes nor fails."""
        if self.compares:
            return 0.0
        return self.spec.weight if self.unit == "score" or self.limited else 0.0

    def score(self, cell: ScoringInput) -> Score:
        """Score a cell whose ``output`` is the whole text of the completion. Never raises."""
        return self.score_all(cell)[0]

    def score_all(self, cell: ScoringInput) -> list[Score]:
        """Return the score, and behind it those of a group's parts that have names of their own. Never raises."""
        shown: list[Score] = []
        return [self._guarded(cell, shown), *shown]

    def _guarded(self, cell: ScoringInput, shown: list[Score]) -> Score:
        try:
            output = self.extractor(cell.output)
            cell = cell if output is cell.output else replace(cell, output=output)
            outcome = (
                self._group_outcome(cell, shown) if isinstance(self.impl, Group) else self.impl.score(cell)
            )
        except ScoringError as problem:
            return Score(self.name, None, error=str(problem)[:MAX_REASON])
        except CountedAsFailure as problem:
            return Score(self.name, 0.0, False, str(problem)[:MAX_REASON])
        except TimeoutError:
            return Score(self.name, None, error="the regular expression took too long on this output")
        except Exception as problem:  # a scorer's crash is this cell's error, never the run's end
            return Score(self.name, None, error=f"{type(problem).__name__}: {problem}"[:MAX_REASON])
        return self._judge(outcome)

    def _group_outcome(self, cell: ScoringInput, shown: list[Score]) -> Outcome:
        found = [(part, part.score_all(cell)) for part in self.impl.parts]
        for part, scores in found:
            shown.extend(scores if part.shown else scores[1:])
        return self.impl.combine([scores[0] for _, scores in found])

    @property
    def compares(self) -> bool:
        """Whether it looks at all answers to a case together, or to several cases, and at none by itself."""
        return getattr(self.impl, "compares", False)

    @property
    def across(self) -> bool:
        """Whether it looks at the answers to several cases together."""
        return getattr(self.impl, "across", False)

    def compare(
        self, cells: Sequence[ScoringInput], names: Sequence[str], repeat: int
    ) -> tuple[list[Score], tuple[Verdict, ...]]:
        """Return the scores of a case's answers held against each other, and what was said of each pair. Never raises.

        Args:
            cells: At least two answers, each with its whole text, in the order of the plan.
            names: The version and model of each.
            repeat: Which of the repeats they are of.
        """
        try:
            cells = [replace(cell, output=self.extractor(cell.output)) for cell in cells]
            found = self.impl.compare(cells, names, repeat)
        except Exception as problem:  # a scorer's crash is these cells' error, never the run's end
            said = (
                str(problem) if isinstance(problem, ScoringError) else f"{type(problem).__name__}: {problem}"
            )
            return [Score(self.name, None, error=said[:MAX_REASON]) for _ in cells], ()
        scores = [
            Score(self.name, None, error=one[:MAX_REASON]) if isinstance(one, str) else self._judge(one)
            for one in found.outcomes
        ]
        return scores, found.verdicts

    def compare_cases(self, members: Sequence[Member]) -> Score:
        """Return the one score of the answers to a group of cases, each with its whole text. Never raises."""
        try:
            cut = [replace(m, cell=replace(m.cell, output=self.extractor(m.cell.output))) for m in members]
            return self._judge(self.impl.compare_cases(cut))
        except Exception as problem:  # a scorer's crash is this group's error, never the run's end
            said = (
                str(problem) if isinstance(problem, ScoringError) else f"{type(problem).__name__}: {problem}"
            )
            return Score(self.name, None, error=said[:MAX_REASON])

    def derive(self, scores: list[Score]) -> Score:
        """Return a formula's score from the others of the same answer. Never raises."""
        try:
            return self._judge(self.impl.of_scores(by_variable(scores)))
        except ScoringError as problem:
            return Score(self.name, None, error=str(problem)[:MAX_REASON])

    def shown_parts(self) -> Iterator[Scorer]:
        """Yield the parts of a group that have scores of their own, at any depth."""
        for part in self.impl.parts if isinstance(self.impl, Group) else ():
            if part.shown:
                yield part
            yield from part.shown_parts()

    @property
    def asks(self) -> bool:
        """Whether it, or a part of it, needs answers of a model."""
        parts = getattr(self.impl, "parts", ())
        return getattr(self.impl, "asks", False) or any(part.asks for part in parts)

    def _judge(self, outcome: Outcome) -> Score:
        value, passed, reason = outcome.value, outcome.passed, outcome.reason
        if value is not None and self.spec.threshold is not None:
            limit, down = self.spec.threshold, lower_is_better(self.unit)
            passed = value <= limit if down else value >= limit
            if not passed:
                reason = reason or f"{value:.3g} is {'over' if down else 'under'} {limit:g}"
        if self.spec.negate:
            passed = None if passed is None else not passed
            value = 1.0 - value if value is not None and self.unit == "score" else value
        if self.spec.negate and passed is False and not reason:
            reason = "it must not"
        return Score(self.name, value, passed, reason[:MAX_REASON])
