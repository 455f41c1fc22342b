"""Preferences: coverage of win rates and of Bradley–Terry strengths, with ties, both orders, and judges of few cases.

    python benchmarks/simulate_preferences.py               # the table of docs/verdict.md, about four minutes
    python benchmarks/simulate_preferences.py --sims 100    # a quick look

Answers differ from case to case in how good they are (``noise`` on the scale of strengths), so what is said of one
case is not independent; a judge may favour the place that is shown first.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from workbench.analysis.preferences import Preference, bradley_terry, win_rate

Values = NDArray[np.float64]
SIZES = (20, 50, 200)


@dataclass(frozen=True)
class Setting:
    """Strengths, how much answers vary by case, the share of ties, the orders asked, the pull of the first place."""

    name: str
    strengths: tuple[float, ...]
    noise: float
    ties: float
    orders: int
    first: float = 0.0


SETTINGS = (
    Setting("three, some way apart", (0.0, 0.5, 1.0), 1.0, 0.1, 2),
    Setting("three, cases that differ much", (0.0, 0.5, 1.0), 3.0, 0.1, 2),
    Setting("three, the judge favours the first", (0.0, 0.5, 1.0), 1.0, 0.1, 2, 1.0),
    Setting("three, nearly all ties", (0.0, 0.0, 0.0), 0.5, 0.9, 2),
    Setting("three, one far ahead, one order", (0.0, 0.0, 3.0), 0.0, 0.0, 1),
    Setting("four, one far ahead", (0.0, 0.0, 0.0, 2.5), 1.0, 0.1, 2),
    Setting("six, alike", (0.0,) * 6, 1.0, 0.3, 2),
)


def judged(setting: Setting, n: int, rng: np.random.Generator) -> list[Preference]:
    """Judge every pair of answers to ``n`` cases."""
    found = []
    for case in range(n):
        level = np.array(setting.strengths) + rng.normal(0, setting.noise, len(setting.strengths))
        for i, j in combinations(range(level.size), 2):
            for first, second in ((i, j), (j, i))[: setting.orders]:
                chance = 1 / (1 + np.exp(level[second] - level[first] - setting.first))
                winner = None if rng.random() < setting.ties else first if rng.random() < chance else second
                named = None if winner is None else f"v{winner}"
                found.append(Preference(f"c{case}", f"v{first}", f"v{second}", named))
    return found


def truths(setting: Setting, rng: np.random.Generator) -> tuple[dict[str, float], float]:
    """The strengths, and the rate at which the last is preferred to the first, that endless cases would give."""
    many = judged(setting, 60_000 // len(setting.strengths), rng)
    last = f"v{len(setting.strengths) - 1}"
    return {s.name: s.strength for s in bradley_terry(many, prior=0)}, win_rate(many, "v0", last).rate


def main() -> None:
    """Print a line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sims", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20_261_121)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print(
        "| versions | win rate covers at 20, 50, 200 cases | strengths cover, mean | least of the versions |"
    )
    print("|---|---|---|---|")
    for setting in SETTINGS:
        strengths, rate = truths(setting, rng)
        last = f"v{len(setting.strengths) - 1}"
        rates, means, leasts = [], [], []
        for n in SIZES:
            held, inside = np.zeros(len(strengths)), 0
            for _ in range(options.sims):
                found = judged(setting, n, rng)
                pair = win_rate(found, "v0", last)
                inside += pair.ci_low <= rate <= pair.ci_high
                by_name = {s.name: s for s in bradley_terry(found)}
                held += [by_name[v].ci_low <= t <= by_name[v].ci_high for v, t in strengths.items()]
            rates.append(100 * inside / options.sims)
            means.append(100 * held.mean() / options.sims)
            leasts.append(100 * held.min() / options.sims)
        shown = (", ".join(f"{x:.1f}" for x in row) for row in (rates, means, leasts))
        print(f"| {setting.name} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
