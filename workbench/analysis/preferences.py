"""Pairwise preferences of judges or people: win rate with ties, the effect of order, and Bradley–Terry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from workbench.analysis.estimators import Floats
from workbench.analysis.paired import sign_flip
from workbench.analysis.paired_intervals import adjusted_wald
from workbench.errors import BadInput

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
    preferences: Sequence[Preference], *, prior: float = 0.25, confidence: float = 0.95
) -> list[Strength]:
    """Return the strength of each, the strongest first; a difference of 1 is odds of e to 1.

    Fitted by Hunter's MM algorithm, a tie counting as half a win for each. The variance is the sandwich over cases, so
    that judgements of one case need not be independent, with n / (n − 1) and Student's t for n cases
    (``benchmarks/simulate_preferences.py``; percentiles of a bootstrap would cover 92 % with 20 or 50 cases). ``prior``
    adds so many cases won each way to every pair that was judged: one who never lost then has a finite strength, and
    an interval. 0 gives the maximum likelihood.

    Source: Hunter, Annals of Statistics 32 (2004) 384-406. Liang, Zeger, Biometrika 73 (1986) 13-22.

    Raises:
        BadInput: Fewer than two were judged, they fall into groups that never met, or without a prior some never won.
    """
    _check(preferences)
    names = list(dict.fromkeys(name for p in preferences for name in (p.first, p.second)))
    if len(names) < 2:
        raise BadInput("Fewer than two were judged, so nothing can be ranked")
    wins = _wins(preferences, names)
    games = wins + wins.transpose(0, 2, 1)
    met = games.sum(axis=0) > 0
    if not _connected(met if prior else wins.sum(axis=0) > 0):
        raise BadInput(
            "Some of these never met, or never won, so they cannot be put on one scale",
            hint="judge more pairs, or use a prior",
        )
    # How often a pair is judged in a case that it is judged in.
    often = games.sum(axis=0) / np.maximum((games > 0).sum(axis=0), 1)
    added = _added_cases(prior * often)
    every = np.concatenate([wins, added])
    strengths = _fit(every.sum(axis=0))
    n = len(wins)
    half = special.stdtrit(max(n - 1, 1), 0.5 + confidence / 2) * _errors(every, strengths, n)
    found = zip(names, strengths, strengths - half, strengths + half, strict=True)
    return sorted((Strength(n, *map(float, v)) for n, *v in found), key=lambda s: -s.strength)


def _wins(preferences: Sequence[Preference], names: Sequence[str]) -> Floats:
    """How often each one won against each other one, by case."""
    position = {name: i for i, name in enumerate(names)}
    cases = {case: i for i, case in enumerate(dict.fromkeys(p.case for p in preferences))}
    wins = np.zeros((len(cases), len(names), len(names)))
    for p in preferences:
        i, j = position[p.first], position[p.second]
        share = 0.5 if p.winner is None else float(p.winner == p.first)
        wins[cases[p.case], i, j] += share
        wins[cases[p.case], j, i] += 1 - share
    return wins


def _added_cases(weights: Floats) -> Floats:
    """One case for each pair and direction, of which nothing else is known."""
    places = np.argwhere(weights > 0)
    added = np.zeros((len(places), *weights.shape))
    for number, (i, j) in enumerate(places):
        added[number, i, j] = weights[i, j]
    return added


def _errors(wins: Floats, strengths: Floats, n: int) -> Floats:
    """Standard errors of strengths by the sandwich over cases, ``n`` of them seen."""
    games = wins + wins.transpose(0, 2, 1)
    expected = special.expit(strengths[:, None] - strengths[None, :])
    pulls = (wins - games * expected).sum(axis=2)
    known = games.sum(axis=0) * expected * (1 - expected)
    inverse = np.linalg.pinv(np.diag(known.sum(axis=1)) - known)
    variance = inverse @ (pulls.T @ pulls) @ inverse * n / max(n - 1, 1)
    return np.sqrt(np.maximum(np.diag(variance), 0.0))


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
