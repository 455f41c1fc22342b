"""What people and the judges of a run prefer: win rates, the effect of order, and strengths, from what was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.evals.plan import Plan
from workbench.evals.scorers import build_scorer, parse_scorer
from workbench.evals.scorers.comparing import Pairwise
from workbench.evals.types import ScorerSpec
from workbench.jobs.comparing_judges import side_names
from workbench.jobs.outcome import Outcome, Selection
from workbench.store import Store
from workbench.store.comparisons import StoredVerdict
from workbench.store.human_labels import PEOPLE

if TYPE_CHECKING:
    from workbench.analysis.agreement import Kappa
    from workbench.analysis.preferences import OrderEffect, Preference, Strength, WinRate


@dataclass(frozen=True)
class Preferences:
    """What one scorer prefers.

    ``pairs`` follow its policies, ``order`` is of what the judge said in each order. ``strengths`` are there from
    three versions or models on. ``errors`` counts verdicts that are missing, ``unparsable`` those that the policy
    made ties, ``disagreed`` the pairs of a case whose two orders said different things. ``people`` is how a judge
    agrees with each person's choice between the same two answers.
    """

    scorer: str
    policies: dict[str, str]
    pairs: tuple[WinRate, ...]
    order: OrderEffect | None
    strengths: tuple[Strength, ...]
    verdicts: int
    errors: int
    unparsable: int
    disagreed: int
    people: Kappa | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            **vars(self),
            "pairs": [pair.to_dict() for pair in self.pairs],
            "order": self.order and self.order.to_dict(),
            "strengths": [one.to_dict() for one in self.strengths],
            "people": self.people and self.people.to_dict(),
        }


def preferences_of(store: Store, run_id: str, plan: Plan) -> list[Preferences]:
    """Return what people, and every pairwise judge of a run's present scoring, prefer; nothing is asked."""
    names = side_names(plan)
    order = [names[place] for place in sorted(names)]
    people = store.human_labels.preferences(run_id)
    return [
        _preferences(rules, found, names, order, people) for rules, found in _by_judge(store, run_id, plan)
    ]


def preferences_between(a: Selection, b: Selection, titles: tuple[str, str]) -> list[Preferences]:
    """Return what people and pairwise judges say of side ``b`` against ``a``; nothing unless both are of one run.

    Each version is held against the other on the same model, each model against the other on the same version. The
    strengths are those of all versions and models of the run.

    Args:
        a: The baseline.
        b: What is held against it.
        titles: What they are called.
    """
    outcome = b.outcome
    if a.outcome.run_id != outcome.run_id:
        return []
    sides = [{(p, m) for p in side.prompts for m in side.models} for side in (a, b)]
    if sides[0] & sides[1]:
        return []
    names = {place: title for side, title in zip(sides, titles, strict=True) for place in side}
    told = []
    people = [v for v in outcome.store.human_labels.preferences(outcome.run_id) if _matched(v, sides, a, b)]
    for rules, verdicts in _by_judge(outcome.store, outcome.run_id, outcome.plan):
        chosen = [v for v in verdicts if _matched(v, sides, a, b)]
        if chosen:
            found = _preferences(rules, chosen, names, titles, people)
            told.append(replace(found, strengths=_strengths(outcome, rules, verdicts)))
    return told


def _matched(v: StoredVerdict, sides: Sequence[set[tuple[int, int]]], a: Selection, b: Selection) -> bool:
    """Whether a verdict is on one answer of each side that differ in nothing else than the sides do."""
    if not ((v.first in sides[0] and v.second in sides[1]) or (v.first in sides[1] and v.second in sides[0])):
        return False
    if a.models == b.models and v.first[1] != v.second[1]:
        return False
    return a.prompts != b.prompts or v.first[0] == v.second[0]


@dataclass(frozen=True)
class _Rules:
    """Whose verdicts these are, and what becomes of those that say nothing or contradict each other."""

    name: str
    orders: str
    on_disagreement: str
    on_unparsable: str


#: Every choice of a person counts as it is.
_PEOPLE = _Rules(PEOPLE, "as shown", "mean", "none")


def _by_judge(store: Store, run_id: str, plan: Plan) -> list[tuple[_Rules, list[StoredVerdict]]]:
    """Return the verdicts of people, and of each scorer that compares."""
    people = store.human_labels.preferences(run_id)
    found = [(_PEOPLE, people)] if people else []
    scoring = store.results.current_scoring(run_id)
    verdicts = store.comparisons.verdicts(scoring.id) if scoring else []
    if not verdicts or scoring is None:
        return found
    specs = {spec.name: spec for spec in (parse_scorer(entry) for entry in scoring.scorers)}
    specs = {**{spec.name: spec for case in plan.cases for spec in case.scorers}, **specs}
    groups = groupby(verdicts, key=lambda v: v.scorer)
    return found + [(_rules(specs[name]), list(group)) for name, group in groups if name in specs]


def _rules(spec: ScorerSpec) -> _Rules:
    impl = build_scorer(spec).impl
    assert isinstance(impl, Pairwise)
    return _Rules(spec.name, impl.orders, impl.on_disagreement, impl.on_unparsable)


def _strengths(outcome: Outcome, rules: _Rules, verdicts: Sequence[StoredVerdict]) -> tuple[Strength, ...]:
    """Return the strengths of all versions and models of a run; none of two, whose win rate says it all."""
    names = side_names(outcome.plan)
    settled, _ = _settled(verdicts, names, rules.on_disagreement)
    return _ranked(settled)


def _preferences(
    rules: _Rules,
    verdicts: Sequence[StoredVerdict],
    names: dict[tuple[int, int], str],
    order: Sequence[str],
    people: Sequence[StoredVerdict],
) -> Preferences:
    """Tell what a judge prefers of those in ``order``, each held against those before it."""
    from workbench.analysis.preferences import Preference, order_effect, win_rate

    sound = [v for v in verdicts if v.error is None]
    said = [_preference(Preference, v, names) for v in sound]
    settled, disagreed = _settled(verdicts, names, rules.on_disagreement)
    judged = {frozenset((p.first, p.second)) for p in settled}
    first = order_effect(said) if said else None
    if rules is _PEOPLE:
        # Different people may have seen the two orders.
        disagreed, first = 0, first and replace(first, agreed=None)
    return Preferences(
        scorer=rules.name,
        policies={name: value for name, value in vars(rules).items() if name != "name"},
        pairs=tuple(
            win_rate(settled, a, b) for a, b in combinations(order, 2) if frozenset((a, b)) in judged
        ),
        order=first,
        strengths=_ranked(settled),
        verdicts=len(verdicts),
        errors=len(verdicts) - len(sound),
        unparsable=sum(v.unparsable for v in verdicts),
        disagreed=disagreed,
        people=None if rules is _PEOPLE else _with_people(verdicts, people),
    )


def _with_people(verdicts: Sequence[StoredVerdict], people: Sequence[StoredVerdict]) -> Kappa | None:
    """Return how a judge agrees with people on pairs that both judged; two orders that disagree are a tie."""
    from workbench.analysis.agreement import cohen_kappa

    said: dict[tuple[str, int, frozenset], set[tuple[int, int] | None]] = {}
    for v in verdicts:
        if v.error is None:
            said.setdefault(_pair(v), set()).add(v.winner)
    both = [(found, v) for v in people if (found := said.get(_pair(v)))]
    if not both:
        return None
    judge = [next(iter(found)) if len(found) == 1 else None for found, _ in both]
    return cohen_kappa(judge, [v.winner for _, v in both], clusters=[v.case_id for _, v in both])


def _pair(v: StoredVerdict) -> tuple[str, int, frozenset]:
    return v.case_id, v.repeat, frozenset((v.first, v.second))


def _ranked(settled: Sequence[Preference]) -> tuple[Strength, ...]:
    from workbench.analysis.preferences import bradley_terry

    if len({name for p in settled for name in (p.first, p.second)}) < 3:
        return ()
    try:
        return tuple(bradley_terry(settled))
    except BadInput:  # they fall into groups that never met
        return ()


def _preference(kind: type[Preference], v: StoredVerdict, names: dict[tuple[int, int], str]) -> Preference:
    return kind(v.case_id, names[v.first], names[v.second], None if v.winner is None else names[v.winner])


def _settled(
    verdicts: Sequence[StoredVerdict], names: dict[tuple[int, int], str], on_disagreement: str
) -> tuple[list[Preference], int]:
    """Return what each pair comes to under the policies, and on how many the two orders disagree."""
    from workbench.analysis.preferences import Preference

    pairs: dict[tuple[str, int, frozenset], list[StoredVerdict]] = {}
    for v in verdicts:
        pairs.setdefault(_pair(v), []).append(v)
    settled, disagreed = [], 0
    for found in pairs.values():
        if any(v.error is not None for v in found):
            continue
        differs = len({v.winner for v in found}) > 1
        disagreed += differs
        if not differs or on_disagreement == "mean":
            settled += [_preference(Preference, v, names) for v in found]
        elif on_disagreement == "tie":
            v = found[0]
            settled.append(Preference(v.case_id, names[v.first], names[v.second], None))
    return settled, disagreed
