"""Pairwise preferences of judges or people: win rate with ties, the effect of order, and Bradley–Terry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.analysis.estimators import Floats
from workbench.analysis.paired import sign_flip
from workbench.analysis.paired_intervals import adjusted_wald
from workbench.errors import BadInput

#: Draws of the bootstrap, and its seed: the same data give the same interval.
DRAWS = 1000
_SEED = 20_240_303
_STEPS = 10_000


@dataclass(frozen=True)
class Preference:
    """One judgement: which of two was preferred on a case. ``winner`` is None for a tie; ``first`` was shown first."""

    case: str
    first: str
    second: str
    winner: str | None


@dataclass(frozen=True)
class WinRate:
    """How often B was preferred to A, a tie counting half, over ``n`` cases with a 95 % interval.

    ``p`` tests a rate of one half. ``wins``, ``ties`` and ``losses`` count judgements.
    """

    a: str
    b: str
    rate: float
    ci_low: float
    ci_high: float
    p: float
    n: int
    wins: int
    ties: int
    losses: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class OrderEffect:
    """How often the one shown first was preferred, a tie counting half; one half is no effect.

    ``agreed`` is the share of the ``both_orders`` pairs of a case, judged in both orders, on which the same one won;
    None where there are none.
    """

    rate: float
    ci_low: float
    ci_high: float
    p: float
    n: int
    both_orders: int
    agreed: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Strength:
    """One player's Bradley–Terry strength on the logarithmic scale; all strengths sum to 0."""

    name: str
    strength: float
    ci_low: float
    ci_high: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


def win_rate(preferences: Sequence[Preference], a: str, b: str, confidence: float = 0.95) -> WinRate:
    """Return how often ``b`` is preferred to ``a``; the unit is the case, the mean over its judgements.

    The interval is Bonett and Price's over cases, turned from −1…1 to 0…1, and p is by sign flips.

    Raises:
        BadInput: Nobody judged these two, or a winner is neither of them.
    """
    _check(preferences)
    chosen = [p for p in preferences if {p.first, p.second} == {a, b} and a != b]
    if not chosen:
        raise BadInput(f"Nobody has judged {a} against {b}")
    gains = _by_case(chosen, [_gain(p.winner, b) for p in chosen])
    low, high = adjusted_wald(gains, confidence)
    wins, losses = (sum(p.winner == name for p in chosen) for name in (b, a))
    return WinRate(
        a=a,
        b=b,
        rate=_as_rate(float(gains.mean())),
        ci_low=_as_rate(low),
        ci_high=_as_rate(high),
        p=sign_flip(gains),
        n=gains.size,
        wins=wins,
        ties=len(chosen) - wins - losses,
        losses=losses,
    )


def order_effect(preferences: Sequence[Preference], confidence: float = 0.95) -> OrderEffect:
    """Return how often the first shown wins, over all pairs; where both orders were asked it is free of quality.

    Raises:
        BadInput: There are no judgements, or a winner is neither of the two.
    """
    _check(preferences)
    if not preferences:
        raise BadInput("There are no judgements")
    gains = _by_case(preferences, [_gain(p.winner, p.first) for p in preferences])
    low, high = adjusted_wald(gains, confidence)
    winners: dict[tuple[str, frozenset[str]], dict[str, set[str | None]]] = {}
    for p in preferences:
        pair = winners.setdefault((p.case, frozenset((p.first, p.second))), {})
        pair.setdefault(p.first, set()).add(p.winner)
    both = [list(orders.values()) for orders in winners.values() if len(orders) == 2]
    agreed = sum(one == other and len(one) == 1 for one, other in both)
    return OrderEffect(
        rate=_as_rate(float(gains.mean())),
        ci_low=_as_rate(low),
        ci_high=_as_rate(high),
        p=sign_flip(gains),
        n=gains.size,
        both_orders=len(both),
        agreed=agreed / len(both) if both else None,
    )


def bradley_terry(
    preferences: Sequence[Preference], *, prior: float = 0.5, confidence: float = 0.95, draws: int = DRAWS
) -> list[Strength]:
    """Return the strength of each, the strongest first; a difference of 1 is odds of e to 1.

    Fitted by Hunter's MM algorithm, a tie counting as half a win for each; intervals are percentiles of a bootstrap
    over cases. ``prior`` adds that many wins each way to every pair that was judged, so that one who never lost has a
    finite strength; 0 gives the maximum likelihood.

    Source: Hunter, Annals of Statistics 32 (2004) 384-406.

    Raises:
        BadInput: Fewer than two were judged, they fall into groups that never met, or without a prior some never won.
    """
    _check(preferences)
    names = list(dict.fromkeys(name for p in preferences for name in (p.first, p.second)))
    if len(names) < 2:
        raise BadInput("Fewer than two were judged, so nothing can be ranked")
    position = {name: i for i, name in enumerate(names)}
    cases = {case: i for i, case in enumerate(dict.fromkeys(p.case for p in preferences))}
    wins = np.zeros((len(cases), len(names), len(names)))
    for p in preferences:
        i, j = position[p.first], position[p.second]
        share = 0.5 if p.winner is None else float(p.winner == p.first)
        wins[cases[p.case], i, j] += share
        wins[cases[p.case], j, i] += 1 - share
    total = wins.sum(axis=0)
    met = (total + total.T) > 0
    added = prior * met
    if not _connected(met if prior else total > 0):
        raise BadInput(
            "Some of these never met, or never won, so they cannot be put on one scale",
            hint="judge more pairs, or use a prior",
        )
    strengths = _fit(total + added)
    rng = np.random.default_rng(_SEED)
    flat = wins.reshape(len(cases), -1)
    again = []
    for _ in range(draws):
        times = rng.multinomial(len(cases), np.full(len(cases), 1 / len(cases)))
        # The half win keeps a draw in which one never won, or two never met, on the scale.
        again.append(_fit((times @ flat).reshape(total.shape) + np.maximum(added, 1e-2 * met)))
    tail = (1 - confidence) / 2
    low, high = np.quantile(again, [tail, 1 - tail], axis=0)
    found = [Strength(n, *map(float, v)) for n, *v in zip(names, strengths, low, high, strict=True)]
    return sorted(found, key=lambda s: -s.strength)


def _fit(wins: Floats) -> Floats:
    games = wins + wins.T
    won = wins.sum(axis=1)
    level = np.ones(len(wins))
    for _ in range(_STEPS):
        after = won / (games / (level[:, None] + level[None, :])).sum(axis=1)
        after /= math.exp(float(np.log(after).mean()))
        if np.abs(np.log(after / level)).max() < 1e-8:
            break
        level = after
    return np.log(after)


def _connected(edges: NDArray[np.bool_]) -> bool:
    """Whether every one can be reached from every other along the edges."""
    reach = edges | np.eye(len(edges), dtype=bool)
    for _ in range(max(1, math.ceil(math.log2(len(edges))))):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return bool(reach.all())


def _check(preferences: Sequence[Preference]) -> None:
    for p in preferences:
        if p.first == p.second or p.winner not in (None, p.first, p.second):
            raise BadInput(f"The judgement on case {p.case} names {p.winner} of {p.first} and {p.second}")


def _gain(winner: str | None, hero: str) -> float:
    return 0.0 if winner is None else 1.0 if winner == hero else -1.0


def _by_case(preferences: Sequence[Preference], gains: list[float]) -> Floats:
    """Mean over the judgements of each case."""
    found: dict[str, list[float]] = {}
    for p, gain in zip(preferences, gains, strict=True):
        found.setdefault(p.case, []).append(gain)
    return np.array([sum(g) / len(g) for g in found.values()])


def _as_rate(mean: float) -> float:
    return (1 + mean) / 2
