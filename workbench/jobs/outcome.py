"""What a run's stored answers say: frames, summaries, a comparison of two sides, and the gate."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput, NotFound
from workbench.evals.baseline import Baseline, baseline_from_dict
from workbench.evals.gates import must_pass_cases
from workbench.evals.plan import PinnedPrompt, Plan
from workbench.evals.reducers import reducers_of
from workbench.jobs.findings import found
from workbench.jobs.provenance import cautions, flaky_words
from workbench.jobs.scoring import units_of
from workbench.store import Store
from workbench.store.results import Scoring

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analysis.clusters import Clusters
    from workbench.analysis.compare import Comparison, Side
    from workbench.analysis.gate import GateResult
    from workbench.analysis.repeats import Flaky
    from workbench.analysis.stopped import Looking
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


def compare_selections(
    a: Selection, b: Selection, *, metric: str | None = None, margin: float | None = None
) -> Comparison:
    """Compare side ``b`` with side ``a`` (the baseline), paired on the cases that both have.

    Args:
        metric: The scorer that the verdict rests on; by default the gate's, else ``overall``, else the first.
        margin: Differences smaller than this count as none; by default the gate's, else 0.

    Raises:
        BadInput: The sides are the same, or share no case.
    """
    from workbench.analysis.results import Comparison

    if (a.outcome.run_id, a.prompts, a.models) == (b.outcome.run_id, b.prompts, b.models):
        raise BadInput("Both sides are the same", hint="choose two versions, two models or two runs")
    gate = b.outcome.plan.gate or a.outcome.plan.gate
    units = {**a.outcome.units, **b.outcome.units}
    if metric is None:
        metric = gate.metric if gate and gate.metric in units else None
    elif metric not in units:
        raise BadInput(
            f'There is no scorer "{metric}" in these runs', hint=f"they have {', '.join(sorted(units))}"
        )
    if margin is None:
        margin = gate.margin if gate else 0.0
    question = ["comparison", a.prompts, a.models, b.prompts, b.models, metric, margin]
    return found([a.outcome, b.outcome], question, Comparison, lambda: _compare(a, b, units, metric, margin))


def _compare(
    a: Selection, b: Selection, units: dict[str, str], metric: str | None, margin: float
) -> Comparison:
    from workbench.analysis.compare import compare

    slices = {
        field: {**a.outcome.plan.slice_values().get(field, {}), **values}
        for field, values in b.outcome.plan.slice_values().items()
    }
    titles = _titles(a, b)
    sides = _side(a, titles[0], b), _side(b, titles[1], a)
    looking = None
    if a.outcome.sequential or b.outcome.sequential:
        sides, looking = _looked_at(a.outcome, b.outcome, sides)
    comparison = compare(
        *sides,
        slices=slices,
        units=units,
        metric=metric,
        margin=margin,
        clusters=None if looking else clusters_of(b.outcome.plan, a.outcome.plan),
    )
    if looking is not None:
        from workbench.analysis.stopped import as_sequential

        comparison = as_sequential(comparison, *sides, looking, slices=slices)
    said = [*cautions(a, b, comparison), *comparison.warnings, *flaky_words(a, b, comparison.primary.scorer)]
    return replace(comparison, warnings=said)


def _looked_at(a: Outcome, b: Outcome, sides: tuple[Side, Side]) -> tuple[tuple[Side, Side], Looking]:
    """Leave the cases that count where a side was looked at while it ran, and say how it was."""
    from workbench.analysis.stopped import Looking
    from workbench.jobs.until_decided import counted_cases

    looked = [o for o in {o.run_id: o for o in (a, b)}.values() if o.sequential]
    counted = set.intersection(*(set(counted_cases(o)) for o in looked))
    kept = tuple(
        replace(
            side,
            scores=side.scores[side.scores["case_id"].isin(counted)],
            cells=side.cells[side.cells["case_id"].isin(counted)],
        )
        for side in sides
    )
    full = max(o.sequential["cases"] for o in looked)
    decided = any(o.sequential["used"] is not None for o in looked)
    return kept, Looking(len(counted), full, decided)


def case_means(a: Selection, b: Selection, scorer: str) -> dict[str, tuple[float | None, float | None]]:
    """Return the mean of a scorer's values on each side by case, None without any, for the cases with an answer."""

    def work_out() -> dict[str, tuple[float | None, float | None]]:
        means = []
        for side in (a, b):
            scores = part_of(side.outcome.scores, side)
            values = (
                scores[scores["scorer"] == scorer].groupby("case_id", sort=False)["value"].mean().dropna()
            )
            means.append(values.to_dict())
        seen = [case for side in (a, b) for case in part_of(side.outcome.cells, side)["case_id"]]
        return {case: (means[0].get(case), means[1].get(case)) for case in dict.fromkeys(seen)}

    question = ["case means", a.prompts, a.models, b.prompts, b.models, scorer]
    kind = dict[str, tuple[float | None, float | None]]
    return found([a.outcome, b.outcome], question, kind, work_out)


def part_of(frame: pd.DataFrame, side: Selection) -> pd.DataFrame:
    """Return a side's rows of its run's scores or cells."""
    return frame[frame["prompt_index"].isin(side.prompts) & frame["model_index"].isin(side.models)]


def _titles(a: Selection, b: Selection) -> tuple[str, str]:
    """Name the sides so that they can be told apart, by their runs where the rest is the same."""
    if a.title != b.title:
        return a.title, b.title
    return f"{a.title} ({a.outcome.run_id})", f"{b.title} ({b.outcome.run_id})"


def _side(chosen: Selection, title: str, other: Selection) -> Side:
    """Return one side's frames; ``model`` there is whatever must be the same on both sides of a pair."""
    from workbench.analysis.compare import Side

    frames = []
    for frame in (chosen.outcome.scores, chosen.outcome.cells):
        part = part_of(frame, chosen).copy()
        if len(chosen.prompts) > 1:
            part["model"] = part["prompt"] + "@" + part["version"].astype(str)
        elif len(chosen.models) == len(other.models) == 1 == len(other.prompts):
            part["model"] = ""
        frames.append(part)
    return Side(title, frames[0], frames[1])


def judge_run(store: Store, run_id: str, plan: Plan) -> dict[str, Any] | None:
    """Return the gate's result as plain data, or None where the suite has no gate."""
    if plan.gate is None:
        return None
    outcome = load_outcome(store, run_id, plan)
    return gate_to_dict(judge_outcome(outcome), plan)


def judge_outcome(outcome: Outcome) -> GateResult:
    """Hold the candidate of the plan's gate against its baseline.

    Raises:
        BadInput: The gate names a side that this run does not have.
    """
    from workbench.analysis.gate import MoreRules, judge_gate
    from workbench.analysis.run_limits import limit_rules

    plan, gate = outcome.plan, outcome.plan.gate
    if gate is None:
        raise BadInput(f"The suite {plan.suite} has no gate", hint="add one under `gate:`")
    b = select(outcome, gate.candidate or None)
    if gate.from_file:
        from workbench.jobs.baselines import hold_against

        comparison, sides = hold_against(_baseline(plan), b)
    else:
        a = select(outcome, gate.baseline)
        comparison = compare_selections(a, b, metric=gate.metric, margin=gate.margin)
        sides = _side(a, comparison.a, b), _side(b, comparison.b, a)
    together = clusters_of(plan)
    return judge_gate(
        comparison,
        metric=gate.metric,
        margin=gate.margin,
        max_cost_ratio=gate.max_cost_ratio,
        max_latency_ratio=gate.max_latency_ratio,
        more=MoreRules(
            metrics=gate.metrics,
            floors=gate.floors,
            slices=gate.slices,
            must_pass=must_pass_cases(gate.must_pass, plan.cases) if gate.must_pass else None,
            max_new_failures=gate.max_new_failures,
        ),
        sides=sides,
        clusters=together.of if together else None,
        also=limit_rules(outcome.cells, gate.limits) if gate.limits else (),
    )


def gate_to_dict(result: GateResult, plan: Plan) -> dict[str, Any]:
    """Return a gate's result with the rule it was held to."""
    data = {**asdict(result), "rule": plan.gate.to_dict() if plan.gate else None}
    return {**data, "baseline": _baseline(plan).about()} if plan.baseline else data


def _baseline(plan: Plan) -> Baseline:
    if plan.baseline is None:
        raise BadInput(f"This run of {plan.suite} was started without a baseline", hint="run the suite again")
    return baseline_from_dict(plan.baseline)
