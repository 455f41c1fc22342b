"""What people's labels say of a run's scorers, and of the versions and comparisons that these were used for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workbench.evals.reducers import reducers_of
from workbench.jobs.outcome import Outcome, Selection, clusters_of, part_of

if TYPE_CHECKING:
    import pandas as pd

_REDUCED = "Its repeats are reduced to one value a case, which labels of single answers cannot correct."

_LOOKED_AT = "Its run was looked at after every case, which these intervals do not allow for."


def labels_of(outcome: Outcome) -> pd.DataFrame | None:
    """Return people's labels of a run's answers in the form of its scores, with ``rater``; None without any."""
    import pandas as pd

    found = outcome.store.human_labels.of_run(outcome.run_id)
    if not found:
        return None
    frame = pd.DataFrame(
        [(*label.cell, label.scorer, label.rater, label.value, None) for label in found],
        columns=["prompt_index", "model_index", "case_id", "repeat", "scorer", "rater", "value", "error"],
    )
    prompts, models = outcome.plan.prompts, outcome.plan.models
    return frame.assign(
        prompt=[prompts[i].name for i in frame["prompt_index"]],
        version=[prompts[i].number for i in frame["prompt_index"]],
        model=[models[i].name for i in frame["model_index"]],
    )


def labels_report(outcome: Outcome) -> list[dict[str, Any]]:
    """Return, by labelled scorer, how it agrees with people and each version's mean as these would see it."""
    from workbench.analysis.people import AsPeopleSee, agreement, mean_as_people_see

    labels = labels_of(outcome)
    if labels is None:
        return []
    told, clusters = [], clusters_of(outcome.plan)
    for scorer in _scorers(outcome, labels):
        scores = _of(outcome.answer_scores, scorer)
        people = _of(labels, scorer)
        versions = []
        for (p, m), part in people.groupby(["prompt_index", "model_index"], sort=True):
            place = Selection(outcome, (p,), (m,), "")
            if scorer in _reduced(outcome) or outcome.sequential:
                seen = AsPeopleSee(None, _LOOKED_AT if outcome.sequential else _REDUCED)
            else:
                seen = mean_as_people_see(part_of(scores, place), part, clusters)
            prompt, model = outcome.plan.prompts[p], outcome.plan.models[m]
            where = {"prompt": prompt.name, "version": prompt.number or None, "model": model.name}
            versions.append({**where, **seen.to_dict()})
        found = agreement(scores, people, scorer, _threshold(outcome, scorer))
        told.append({"scorer": scorer, "agreement": found.to_dict(), "versions": versions})
    return told


def labels_between(a: Selection, b: Selection) -> list[dict[str, Any]]:
    """Return, by scorer with labels on both sides, what people would say of ``b`` against ``a``."""
    import pandas as pd

    from workbench.analysis.people import AsPeopleSee, agreement, difference_as_people_see, mean_as_people_see

    labels = [labels_of(side.outcome) for side in (a, b)]
    if labels[0] is None or labels[1] is None:
        return []
    people = [part_of(frame, side) for frame, side in zip(labels, (a, b), strict=True) if frame is not None]
    shared = [s for s in _scorers(b.outcome, people[1]) if s in set(people[0]["scorer"])]
    clusters, told = clusters_of(b.outcome.plan, a.outcome.plan), []
    for scorer in shared:
        scores = [part_of(_of(side.outcome.answer_scores, scorer), side) for side in (a, b)]
        given = [_of(frame, scorer) for frame in people]
        if scorer in _reduced(a.outcome) | _reduced(b.outcome):
            seen = dict.fromkeys(("a", "b", "difference"), AsPeopleSee(None, _REDUCED))
        else:
            one, two = ((matched(s, x, y), matched(g, x, y)) for s, g, x, y in zip(
                scores, given, (a, b), (b, a), strict=True))  # fmt: skip
            seen = {
                "a": mean_as_people_see(scores[0], given[0], clusters),
                "b": mean_as_people_see(scores[1], given[1], clusters),
                "difference": difference_as_people_see(one, two, scorer, clusters),
            }
        # One run's answers to several cases, or two runs' to the same: an answer is named by its side, too.
        both = [
            pd.concat([f.assign(model=f"{n} " + f["model"]) for n, f in enumerate(two)])
            for two in (scores, given)
        ]
        found = agreement(both[0], both[1], scorer, _threshold(b.outcome, scorer))
        told.append(
            {"scorer": scorer, "agreement": found.to_dict(), **{k: v.to_dict() for k, v in seen.items()}}
        )
    return told


def matched(frame: pd.DataFrame, chosen: Selection, other: Selection) -> pd.DataFrame:
    """Return a side's rows with ``model`` as what must be the same on both sides of a pair."""
    if len(chosen.prompts) > 1:
        return frame.assign(model=frame["prompt"] + "@" + frame["version"].astype(str))
    if len(chosen.models) == len(other.models) == 1 == len(other.prompts):
        return frame.assign(model="")
    return frame


def cautions_of(told: Iterable[dict[str, Any]], verdicts: dict[str, str]) -> list[str]:
    """Say where people would not give the verdict that a scorer's values gave.

    Args:
        told: What `labels_between` returned.
        verdicts: The verdicts over all cases, by scorer.
    """
    from workbench.analysis.wording import difference, interval

    said = []
    for one in told:
        found, verdict = one["difference"]["corrected"], verdicts.get(one["scorer"])
        if not found or verdict not in ("better", "worse"):
            continue
        seen = verdict_of(found)
        if seen != verdict:
            around = interval(found["ci_low"], found["ci_high"], signs=True)
            said.append(
                f"{one['scorer']} says {verdict}, and people would not be known to: corrected by their labels the "
                f"difference is {difference(found['value'])} (95 % interval {around}), {seen}."
            )
    return said


def verdict_of(corrected: dict[str, Any]) -> str:
    """Return better, worse or undecided by a corrected difference."""
    if corrected["ci_low"] > 0:
        return "better"
    return "worse" if corrected["ci_high"] < 0 else "undecided"


def _scorers(outcome: Outcome, labels: pd.DataFrame) -> list[str]:
    given = set(labels["scorer"])
    return [name for name in outcome.units if name in given]


def _of(frame: pd.DataFrame, scorer: str) -> pd.DataFrame:
    return frame[frame["scorer"] == scorer]


def _reduced(outcome: Outcome) -> set[str]:
    return set(reducers_of(outcome.specs)) if outcome.plan.repeats > 1 else set()


def _threshold(outcome: Outcome, scorer: str) -> float | None:
    return next((spec.threshold for spec in outcome.specs if spec.name == scorer), None)
