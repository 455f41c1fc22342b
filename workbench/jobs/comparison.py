"""One side of a run's results against another: paired, with the cautions that belong to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.errors import BadInput
from workbench.jobs.findings import found
from workbench.jobs.formulas import no_such_scorer
from workbench.jobs.labelled import cautions_of, labels_between, matched
from workbench.jobs.outcome import Outcome, Selection, clusters_of, part_of
from workbench.jobs.preferences import preferences_between
from workbench.jobs.provenance import cautions, flaky_words
from workbench.jobs.seen import tuned_caution

if TYPE_CHECKING:
    from workbench.analysis.compare import Comparison, Side
    from workbench.analysis.stopped import Looking


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
        raise no_such_scorer(metric, "these runs", [*a.outcome.specs, *b.outcome.specs], units)
    if margin is None:
        margin = gate.margin if gate else 0.0
    question = ["comparison", a.prompts, a.models, b.prompts, b.models, metric, margin]
    comparison = found(
        [a.outcome, b.outcome], question, Comparison, lambda: _compare(a, b, units, metric, margin)
    )
    # What hangs on other runs, judges and labels is told anew each time, as those go on.
    tuned = tuned_caution(a, b)
    if tuned:
        comparison = replace(comparison, warnings=[tuned, *comparison.warnings])
    if a.outcome.sequential or b.outcome.sequential:
        return comparison  # what was looked at while it ran needs other intervals than these have
    preferences = preferences_between(a, b, (comparison.a, comparison.b))
    labels = labels_between(a, b)
    verdicts = {m.scorer: m.verdict for m in comparison.metrics if m.slice is None}
    return replace(
        comparison,
        preferences=[told.to_dict() for told in preferences],
        labels=labels,
        warnings=[*cautions_of(labels, verdicts), *comparison.warnings],
    )


def _compare(
    a: Selection, b: Selection, units: dict[str, str], metric: str | None, margin: float
) -> Comparison:
    from workbench.analysis.compare import compare

    slices = {
        field: {**a.outcome.plan.slice_values().get(field, {}), **values}
        for field, values in b.outcome.plan.slice_values().items()
    }
    titles = _titles(a, b)
    sides = side_of(a, titles[0], b), side_of(b, titles[1], a)
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


def _titles(a: Selection, b: Selection) -> tuple[str, str]:
    """Name the sides so that they can be told apart, by their runs where the rest is the same."""
    if a.title != b.title:
        return a.title, b.title
    return f"{a.title} ({a.outcome.run_id})", f"{b.title} ({b.outcome.run_id})"


def side_of(chosen: Selection, title: str, other: Selection) -> Side:
    """Return one side's frames; ``model`` there is whatever must be the same on both sides of a pair."""
    from workbench.analysis.compare import Side

    frames = []
    for frame in (chosen.outcome.scores, chosen.outcome.cells):
        frames.append(matched(part_of(frame, chosen).copy(), chosen, other))
    return Side(title, frames[0], frames[1])
