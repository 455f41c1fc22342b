"""What differs between the two sides of a comparison besides what is compared: cases, scorers, models, prices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workbench.analysis.wording import count, listed, times
from workbench.evals.plan import spec_from_dict
from workbench.evals.types import Case
from workbench.jobs.scoring import all_specs
from workbench.jobs.seen import seen_caution
from workbench.jobs.self_preference import self_preference
from workbench.llm.types import ModelSpec

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analysis.cautions import Lengths
    from workbench.analysis.results import Comparison
    from workbench.jobs.outcome import Outcome, Selection

#: Above this many answers a side, their texts are not looked at: it would take seconds.
MAX_TEXTS = 100_000
#: Costs that fit a price for input and output tokens this closely tell that price.
_FIT = 0.005
#: A price has changed if the same tokens cost more or less by this share.
_PRICE_CHANGE = 0.01
_LEAST_PRICED = 10


def cautions(a: Selection, b: Selection, comparison: Comparison) -> list[str]:
    """Return warnings about what differs between the sides, the gravest first."""
    from workbench.analysis.cautions import output_cautions

    two_runs = a.outcome.run_id != b.outcome.run_id
    said = []
    if two_runs:
        said += [*_cases(a.outcome, b.outcome), *_scorers(a.outcome, b.outcome, comparison)]
        said += [*_models(a, b), *_prices(a, b)]
    said += _snapshots(a, b)
    said += _own_judges(a, b)
    said += _seen(a, b)
    return said + output_cautions(comparison, _lengths(a, b), runs=1 + two_runs)


def flaky_words(a: Selection, b: Selection, scorer: str) -> Iterator[str]:
    """Say on how many cases answers of one side both passed and failed the scorer that the verdict rests on."""
    counted = []
    for side in (a, b):
        prompts = {(p.name, p.number) for i, p in enumerate(side.outcome.plan.prompts) if i in side.prompts}
        models = {m.name for i, m in enumerate(side.outcome.plan.models) if i in side.models}
        cases = {
            case
            for found in side.outcome.flaky()
            if found.scorer == scorer and (found.prompt, found.version) in prompts and found.model in models
            for case in found.cases
        }
        counted.append(len(cases))
    if any(counted):
        yield (
            f"Some answers to one case pass {scorer} and others fail: on {count(counted[0], 'case')} of A and "
            f"{counted[1]:,} of B."
        )


def _cases(a: Outcome, b: Outcome) -> Iterator[str]:
    if a.plan.dataset_sha256 == b.plan.dataset_sha256:
        return
    first, second = ({case.id: case for case in o.plan.cases} for o in (a, b))
    both = [case for case in first if case in second]
    changed = sum(_content(first[case]) != _content(second[case]) for case in both)
    if changed:
        yield (
            f"The cases were changed between the runs: {changed:,} of {count(len(both), 'case')} in both have "
            "other variables or another expected answer."
        )
    alone = [len(first) - len(both), len(second) - len(both)]
    if any(alone):
        yield f"The runs have different cases: {alone[0]:,} are in A alone and {alone[1]:,} in B alone."


def _content(case: Case) -> tuple[Any, Any]:
    return case.vars, case.expected


def _scorers(a: Outcome, b: Outcome, comparison: Comparison) -> Iterator[str]:
    first, second = _scorer_dicts(a), _scorer_dicts(b)
    shown = {m.scorer for m in comparison.metrics}
    changed = [n for n in first if n in second and n in shown and _rule(first[n]) != _rule(second[n])]
    if changed:
        verb = "was" if len(changed) == 1 else "were"
        yield f"The scorer {listed(changed)} {verb} changed between the runs: score one of them again."
    weights = [{n: s.get("weight") for n, s in side.items()} for side in (first, second)]
    if "overall" in shown and weights[0] != weights[1]:
        yield "The parts of overall or their weights were changed between the runs: score one of them again."


def _scorer_dicts(outcome: Outcome) -> dict[str, dict[str, Any]]:
    if outcome.scoring is not None:
        return {s["name"]: s for s in outcome.scoring.scorers}
    return {s.name: s.to_dict() for s in all_specs(outcome.plan, outcome.plan.scorers)}


def _rule(scorer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in scorer.items() if key != "weight"}


def _models(a: Selection, b: Selection) -> Iterator[str]:
    for first, second in _same_models(a, b):
        changed = [n for n in ("params", "api_base") if getattr(first, n) != getattr(second, n)]
        if changed:
            what = " and ".join({"params": "parameters", "api_base": "address"}[n] for n in changed)
            yield f"{first.name} was called with another {what} in the other run."


def _same_models(a: Selection, b: Selection) -> Iterator[tuple[ModelSpec, ModelSpec]]:
    for i in a.models:
        for j in b.models:
            first, second = a.outcome.plan.models[i], b.outcome.plan.models[j]
            if first.id == second.id and first.name == second.name and not first.recorded:
                yield first, second


def _prices(a: Selection, b: Selection) -> Iterator[str]:
    for first, _ in _same_models(a, b):
        ratio = _price_ratio(_priced(a, first.name), _priced(b, first.name))
        if ratio is not None and abs(ratio - 1) > _PRICE_CHANGE:
            yield (
                f"The price of {first.name} was changed between the runs: the same tokens cost {times(ratio)} as "
                "much in B, so the costs do not compare the versions alone."
            )


def _priced(side: Selection, model: str) -> pd.DataFrame:
    cells = side.outcome.cells
    mine = cells[cells["prompt_index"].isin(side.prompts) & (cells["model"] == model) & cells["error"].isna()]
    return mine[["cost_usd", "input_tokens", "output_tokens"]].dropna()


def _price_ratio(a: pd.DataFrame, b: pd.DataFrame) -> float | None:
    """What the same tokens cost in B over A; None where the costs do not tell a price for input and output."""
    import numpy as np

    if min(len(a), len(b)) < _LEAST_PRICED:
        return None
    tokens = [side[["input_tokens", "output_tokens"]].to_numpy(float) for side in (a, b)]
    costs = [side["cost_usd"].to_numpy(float) for side in (a, b)]
    usual = np.concatenate(tokens).mean(axis=0)
    found = []
    for used, cost in zip(tokens, costs, strict=True):
        rates, _, rank, _ = np.linalg.lstsq(used, cost, rcond=1e-6)
        if rank < 2 or cost.mean() <= 0 or np.abs(used @ rates - cost).max() > _FIT * cost.mean():
            return None
        found.append(float(usual @ rates))
    return found[1] / found[0] if found[0] > 0 else None


def _seen(a: Selection, b: Selection) -> Iterator[str]:
    """A version whose prompt contains the cases is judged by what it was told."""
    told: set[str] = set()
    for side in (a, b):
        for index in side.prompts:
            pinned = side.outcome.plan.prompts[index]
            said = None if pinned.title in told else seen_caution(pinned, side.outcome.plan.cases)
            told.add(pinned.title)
            if said:
                yield said


def _snapshots(a: Selection, b: Selection) -> Iterator[str]:
    """The provider may serve another model behind the same name."""
    if a.outcome.store is None or b.outcome.store is None:
        return
    names = [side.outcome.store.results.resolved_models(side.outcome.run_id) for side in (a, b)]
    for i in a.models:
        for j in b.models:
            spec, other = a.outcome.plan.models[i], b.outcome.plan.models[j]
            first, second = names[0].get(i, set()), names[1].get(j, set())
            if spec.id == other.id and first and second and first != second:
                answered = [listed(sorted(s)) for s in (first, second)]
                yield (
                    f"Another model answered behind {spec.name}: {answered[0]} for A and {answered[1]} for B."
                )


def _own_judges(a: Selection, b: Selection) -> Iterator[str]:
    """A judge of the family of what it judges may favour it."""
    models = [side.outcome.plan.models[index] for side in (a, b) for index in side.models]
    specs = {
        spec["name"]: spec_from_dict(spec) for side in (a, b) for spec in _scorer_dicts(side.outcome).values()
    }
    yield from self_preference(models, specs.values())


def _lengths(a: Selection, b: Selection) -> dict[str, Lengths]:
    """What both sides answered to each case that both answered; empty where that is too much to read."""
    from workbench.analysis.cautions import Lengths

    store = a.outcome.store
    if store is None or max(len(a.outcome.cells), len(b.outcome.cells)) > MAX_TEXTS:
        return {}
    found: dict[str, list[tuple[bool, int, int]]] = {}
    for one, other in _matched(a, b):
        for case, *pair in store.results.twins((a.outcome.run_id, *one), (b.outcome.run_id, *other)):
            found.setdefault(case, []).append(tuple(pair))
    return {
        case: Lengths(
            sum(p[1] for p in pairs) / len(pairs),
            sum(p[2] for p in pairs) / len(pairs),
            all(p[0] for p in pairs),
        )
        for case, pairs in found.items()
    }


def _matched(a: Selection, b: Selection) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs of (prompt, model) positions that are compared: whatever is several on a side is matched by name."""
    plans = a.outcome.plan, b.outcome.plan
    for p in a.prompts:
        for q in b.prompts:
            if len(a.prompts) > 1 and plans[0].prompts[p].title != plans[1].prompts[q].title:
                continue
            for m in a.models:
                for n in b.models:
                    if len(a.models) == 1 or plans[0].models[m].name == plans[1].models[n].name:
                        yield (p, m), (q, n)
