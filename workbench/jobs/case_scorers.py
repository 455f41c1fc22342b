"""The scorers of a plan, with each case's own beside them. Knows nothing of the store, so that helpers start fast."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

from workbench.evals.combine import OVERALL
from workbench.evals.judge_setting import JudgeSetting, judge_models
from workbench.evals.plan import Plan
from workbench.evals.scorers import Scorer, build_scorer, has_overall, score_completion
from workbench.evals.scorers.answers import Answers, Desk, gathered
from workbench.evals.scorers.override import overall_threshold, overridden, overrides_of, own_specs
from workbench.evals.types import Case, Score, ScorerSpec
from workbench.llm.types import Completion, ModelSpec

#: Scorers of single cases that are held built; the answers to a case come close together.
MAX_BUILT = 512


class SuiteScorers:
    """The scorers of a suite, built once.

    Args:
        specs: The suite's own.
        setting: What judges get where a case's scorer leaves it out.
        with_overall: Whether every cell gets an `overall`.
    """

    def __init__(
        self, specs: Iterable[ScorerSpec], setting: JudgeSetting | None, *, with_overall: bool
    ) -> None:
        self.specs = tuple(specs)
        self.setting = setting or JudgeSetting()
        self.with_overall = with_overall
        self.shared = tuple(build_scorer(spec) for spec in self.specs)
        self._own: dict[str, tuple[Scorer, ...]] = {}

    def of_case(self, case: Case) -> tuple[Scorer, ...]:
        """Return the scorers of a case: the shared ones, then its own."""
        if not case.scorers:
            return self.shared
        built = self._own.get(case.id)
        if built is None:
            completed = (self.setting.completed(spec) for spec in own_specs(case))
            shared = overridden(self.shared, overrides_of(case))
            built = (*shared, *(build_scorer(spec) for spec in completed))
            if len(self._own) >= MAX_BUILT:
                self._own.clear()
            self._own[case.id] = built
        return built

    def score_case(self, case: Case, completion: Completion, answers: Answers | None = None) -> list[Score]:
        """Return all scores of one completion; a scorer that crashes gives an error score."""
        scores = score_completion(
            self.of_case(case), case, completion, with_overall=self.with_overall, answers=answers
        )
        limit = overall_threshold(case) if case.scorers else None
        if limit is None:
            return scores
        return [
            replace(s, passed=s.value >= limit) if s.scorer == OVERALL and s.value is not None else s
            for s in scores
        ]


class CaseScorers(SuiteScorers):
    """The scorers of a plan, whose cases are known by their ids."""

    def __init__(self, plan: Plan, specs: Iterable[ScorerSpec]) -> None:
        specs = tuple(specs)
        super().__init__(specs, plan.judging, with_overall=has_overall(specs, plan.cases))
        self.cases = {case.id: case for case in plan.cases}

    @cached_property
    def asks(self) -> bool:
        """Whether some scorer asks a model."""
        return any(scorer.asks for case_id in ("", *self.cases) for scorer in self.of(case_id))

    @property
    def models(self) -> list[ModelSpec]:
        """The models that the scorers ask."""
        own = [self.setting.completed(spec) for case in self.cases.values() for spec in case.scorers]
        return judge_models([*self.specs, *own])

    def of(self, case_id: str) -> tuple[Scorer, ...]:
        """Return the scorers of a case; "" is no case."""
        case = self.cases.get(case_id)
        return self.shared if case is None else self.of_case(case)

    def score(self, case_id: str, completion: Completion, answers: Answers | None = None) -> list[Score]:
        """Return all scores of one completion, as `score_case` does."""
        return self.score_case(self.cases[case_id], completion, answers)

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
