"""What the judges of a run prefer: win rates, the effect of order, and strengths, from the verdicts that were kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput
from workbench.evals.plan import Plan
from workbench.evals.scorers import build_scorer, parse_scorer
from workbench.evals.scorers.comparing import Pairwise
from workbench.evals.types import ScorerSpec
from workbench.jobs.comparing_judges import side_names
from workbench.store import Store
from workbench.store.comparisons import StoredVerdict

if TYPE_CHECKING:
    from workbench.analysis.preferences import OrderEffect, Preference, Strength, WinRate


@dataclass(frozen=True)
class Preferences:
    """What one scorer prefers.

    ``pairs`` follow its policies, ``order`` is of what the judge said in each order. ``strengths`` are there from
    three versions or models on. ``errors`` counts verdicts that are missing, ``unparsable`` those that the policy
    made ties, ``disagreed`` the pairs of a case whose two orders said different things.
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

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            **vars(self),
            "pairs": [pair.to_dict() for pair in self.pairs],
            "order": self.order and self.order.to_dict(),
            "strengths": [one.to_dict() for one in self.strengths],
        }


def preferences_of(store: Store, run_id: str, plan: Plan) -> list[Preferences]:
    """Return what every pairwise judge of a run's present scoring prefers; nothing is asked."""
    scoring = store.results.current_scoring(run_id)
    verdicts = store.comparisons.verdicts(scoring.id) if scoring else []
    if not verdicts or scoring is None:
        return []
    specs = {spec.name: spec for spec in (parse_scorer(entry) for entry in scoring.scorers)}
    specs = {**{spec.name: spec for case in plan.cases for spec in case.scorers}, **specs}
    names = side_names(plan)
    return [
        _preferences(specs[name], list(found), names)
        for name, found in groupby(verdicts, key=lambda v: v.scorer)
        if name in specs
    ]


def _preferences(
    spec: ScorerSpec, verdicts: Sequence[StoredVerdict], names: dict[tuple[int, int], str]
) -> Preferences:
    from workbench.analysis.preferences import Preference, bradley_terry, order_effect, win_rate

    impl = build_scorer(spec).impl
    assert isinstance(impl, Pairwise)
    sound = [v for v in verdicts if v.error is None]
    said = [_preference(Preference, v, names) for v in sound]
    settled, disagreed = _settled(verdicts, names, impl.on_disagreement)
    judged = {frozenset((p.first, p.second)) for p in settled}
    order = [names[place] for place in sorted(names)]
    pairs = tuple(win_rate(settled, a, b) for a, b in combinations(order, 2) if frozenset((a, b)) in judged)
    strengths: Iterable[Strength] = ()
    if len({name for pair in judged for name in pair}) > 2:
        try:
            strengths = bradley_terry(settled)
        except BadInput:  # they fall into groups that never met
            strengths = ()
    return Preferences(
        scorer=spec.name,
        policies={
            "orders": impl.orders,
            "on_disagreement": impl.on_disagreement,
            "on_unparsable": impl.on_unparsable,
        },
        pairs=pairs,
        order=order_effect(said) if said else None,
        strengths=tuple(strengths),
        verdicts=len(verdicts),
        errors=len(verdicts) - len(sound),
        unparsable=sum(v.unparsable for v in verdicts),
        disagreed=disagreed,
    )


def _preference(kind: type[Preference], v: StoredVerdict, names: dict[tuple[int, int], str]) -> Preference:
    return kind(v.case_id, names[v.first], names[v.second], None if v.winner is None else names[v.winner])


def _settled(
    verdicts: Sequence[StoredVerdict], names: dict[tuple[int, int], str], on_disagreement: str
) -> tuple[list[Preference], int]:
    """Return what each pair comes to under the policies, and on how many the two orders disagree."""
    from workbench.analysis.preferences import Preference

    pairs: dict[tuple[str, int, frozenset], list[StoredVerdict]] = {}
    for v in verdicts:
        pairs.setdefault((v.case_id, v.repeat, frozenset((v.first, v.second))), []).append(v)
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
