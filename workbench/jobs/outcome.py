"""What a run's stored answers say: frames, summaries, a comparison of two sides, and the gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput, NotFound
from workbench.evals.plan import PinnedPrompt, Plan
from workbench.evals.reducers import reducers_of
from workbench.jobs.findings import found
from workbench.jobs.scoring import units_of
from workbench.store import Store
from workbench.store.results import Scoring

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analysis.clusters import Clusters
    from workbench.analysis.repeats import Flaky
    from workbench.analysis.summary import Summary
    from workbench.evals.types import ScorerSpec


@dataclass(frozen=True)
class Outcome:
    """A run's results under one scoring; its frames are read when they are first looked at.

    ``sequential`` is what a run until decided remembers, None for any other. ``size`` is about how many scores there
    are, and ``settled`` says that nothing of this will change.
    """

    run_id: str
    plan: Plan
    scoring: Scoring | None
    units: dict[str, str]
    store: Store = field(repr=False, compare=False)
    sequential: dict[str, Any] | None = None
    settled: bool = False
    size: int = 0
    done: int = 0
    errors: int = 0

    @property
    def fingerprint(self) -> tuple[str | int | None, ...]:
        """What changes whenever the answers or their scores do."""
        return (self.run_id, self.scoring.id if self.scoring else None, self.done, self.errors)

    @property
    def scores(self) -> pd.DataFrame:
        """One row a cell and scorer, as `workbench.analysis` reads them, in the order of the plan."""
        return self._frames[0]

    @property
    def cells(self) -> pd.DataFrame:
        """One row a cell, as `workbench.analysis` reads them, in the order of the plan."""
        return self._frames[1]

    @property
    def answer_scores(self) -> pd.DataFrame:
        """As ``scores``, of every answer: repeats are not reduced."""
        return self._frames[2]

    @cached_property
    def _frames(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        return _read_frames(self)

    @cached_property
    def specs(self) -> tuple[ScorerSpec, ...]:
        """The scorers that these results are of."""
        from workbench.evals.plan import spec_from_dict

        return tuple(spec_from_dict(d) for d in self.scoring.scorers) if self.scoring else self.plan.scorers

    def flaky(self) -> list[Flaky]:
        """Return the cases on which a version and model both passed and failed, by scorer."""
        from workbench.analysis.repeats import flaky_cases

        return flaky_cases(self._frames[2]) if self.plan.repeats > 1 else []

    def summaries(self) -> list[Summary]:
        """Return mean and interval by prompt, version, model, scorer and slice."""
        from workbench.analysis.summary import Summary

        return found([self], "summaries", list[Summary], lambda: _summarise(self))


def _summarise(outcome: Outcome) -> list[Summary]:
    from workbench.analysis.derived import derived_summaries
    from workbench.analysis.summary import summarise
    from workbench.jobs.formulas import formulas_of_means

    slices = outcome.plan.slice_values()
    direct = summarise(outcome.scores, slices, units=outcome.units, clusters=clusters_of(outcome.plan))
    formulas = formulas_of_means(outcome.specs, outcome.units)
    return direct + derived_summaries(outcome.scores, formulas, direct, slices) if formulas else direct


def clusters_of(*plans: Plan) -> Clusters | None:
    """Return which cases belong together by the field that the first of these plans names; None without one."""
    from workbench.analysis.clusters import Clusters

    field = next((plan.cluster for plan in plans if plan.cluster), None)
    if field is None:
        return None
    return Clusters(field, {case.id: case.metadata.get(field) for plan in plans for case in plan.cases})


@dataclass(frozen=True)
class Selection:
    """One side of a comparison: some prompts and models of one run."""

    outcome: Outcome
    prompts: tuple[int, ...]
    models: tuple[int, ...]
    title: str


def load_outcome(store: Store, run_id: str, plan: Plan, scoring: Scoring | None = None) -> Outcome:
    """Return a run's results, by default under its current scoring."""
    from workbench.evals.plan import spec_from_dict

    scoring = scoring or store.results.current_scoring(run_id)
    specs = [spec_from_dict(data) for data in scoring.scorers] if scoring else list(plan.scorers)
    units = units_of(plan, specs)
    record = store.runs.progress(run_id)
    return Outcome(
        run_id,
        plan,
        scoring,
        units,
        store,
        sequential=record.sequential,
        settled=scoring is not None
        and scoring.complete
        and not (record.active and record.done < record.planned),
        size=record.done * len(units),
        done=record.done,
        errors=record.errors,
    )


def _read_frames(outcome: Outcome) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return scores with repeats reduced, cells, and the scores of all answers."""
    plan, scoring = outcome.plan, outcome.scoring
    scores, cells = outcome.store.results.frames(outcome.run_id, scoring.id if scoring else None)
    for frame in (scores, cells):
        titles = [prompt.name for prompt in plan.prompts]
        numbers = [prompt.number for prompt in plan.prompts]
        models = [model.name for model in plan.models]
        frame["prompt"] = frame["prompt_index"].map(dict(enumerate(titles))).astype(object)
        frame["version"] = frame["prompt_index"].map(dict(enumerate(numbers)))
        frame["model"] = frame["model_index"].map(dict(enumerate(models))).astype(object)
    # Answers arrive in any order; tables and JSON have that of the plan.
    place = {name: number for number, name in enumerate(outcome.units)}
    scores = scores.assign(place=scores["scorer"].map(place).fillna(len(place)))
    order = ["prompt_index", "model_index", "case_id", "repeat"]
    scores = scores.sort_values([*order[:2], "place", *order[2:]], ignore_index=True).drop(columns="place")
    answers = scores
    wanted = reducers_of(outcome.specs) if plan.repeats > 1 else {}
    if wanted:
        from workbench.analysis.repeats import Reducer, reduce_repeats

        scores = reduce_repeats(scores, {name: Reducer(kind, k) for name, (kind, k) in wanted.items()})
        scores = scores.assign(place=scores["scorer"].map(place).fillna(len(place)))
        scores = scores.sort_values([*order[:2], "place", *order[2:]], ignore_index=True).drop(
            columns="place"
        )
    return scores, cells.sort_values(order, ignore_index=True), answers


def select(outcome: Outcome, selector: str | None) -> Selection:
    """Return the part of a run that ``selector`` names: a prompt, a model, or None where there is one prompt only.

    Raises:
        NotFound: Nothing in the run is called so.
        BadInput: Several things are, or there is a choice to make.
    """
    plan = outcome.plan
    every_prompt, every_model = tuple(range(len(plan.prompts))), tuple(range(len(plan.models)))
    if selector is None:
        if len(plan.prompts) == 1:
            return Selection(outcome, every_prompt, every_model, plan.prompts[0].title)
        raise BadInput(
            f"Run {outcome.run_id} holds several prompts",
            hint=f"say which, as {outcome.run_id}:{_choices(plan)}",
        )
    prompts = tuple(i for i in every_prompt if selector in (plan.prompts[i].selector, plan.prompts[i].title))
    prompts = prompts or tuple(i for i in every_prompt if _names_prompt(plan.prompts[i], selector))
    if len(prompts) > 1:
        raise BadInput(
            f'"{selector}" names {len(prompts)} versions in run {outcome.run_id}',
            hint=f"say which: {_choices(plan)}",
        )
    if prompts:
        return Selection(outcome, prompts, every_model, plan.prompts[prompts[0]].title)
    models = tuple(i for i in every_model if selector in (plan.models[i].name, plan.models[i].id))
    if len(models) > 1:
        raise BadInput(
            f'"{selector}" names several models in run {outcome.run_id}', hint="use the model's label"
        )
    if models:
        return Selection(outcome, every_prompt, models, plan.models[models[0]].name)
    raise NotFound(
        f'Run {outcome.run_id} has no prompt or model "{selector}"', hint=f"it has {_choices(plan)}"
    )


def _names_prompt(pinned: PinnedPrompt, selector: str) -> bool:
    if selector == pinned.name:
        return True
    name, _, sha = selector.partition("@sha:")
    return name == pinned.name and len(sha) >= 4 and pinned.prompt.sha256.startswith(sha)


def _choices(plan: Plan) -> str:
    names = [prompt.title for prompt in plan.prompts]
    if len(plan.models) > 1:
        names += [model.name for model in plan.models]
    return ", ".join(names)


def part_of(frame: pd.DataFrame, side: Selection) -> pd.DataFrame:
    """Return a side's rows of its run's scores or cells."""
    return frame[frame["prompt_index"].isin(side.prompts) & frame["model_index"].isin(side.models)]
