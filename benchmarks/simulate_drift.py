"""False alarms and power of the drift watch, over 100 looks at a frozen suite.

python benchmarks/simulate_drift.py    # the table of docs/verdict.md, some twenty minutes
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from workbench.analysis.drift import Look, judge

LOOKS = 100


@dataclass(frozen=True)
class Change:
    """What moves at look ``at``: passes lost (share), a factor of length, latency or distance, refusals (share)."""

    name: str
    at: int = LOOKS + 1
    lost: float = 0.0
    longer: float = 1.0
    slower: float = 1.0
    refused: float = 0.0
    farther: float = 1.0


UNMOVED = Change("nothing")
CHANGES = (
    Change("5 points of the score lost", 11, lost=0.05),
    Change("10 points lost", 11, lost=0.1),
    Change("10 points lost, but from the 4th look on", 4, lost=0.1),
    Change("20 points lost", 11, lost=0.2),
    Change("30 points lost", 11, lost=0.3),
    Change("answers 15 % longer", 11, longer=1.15),
    Change("answers 30 % longer", 11, longer=1.3),
    Change("twice as slow", 11, slower=2.0),
    Change("3 % of the cases declined, where it was 1 %", 11, refused=0.02),
    Change("10 % of the cases declined", 11, refused=0.09),
    Change("outputs half as far again from the reference's in meaning", 11, farther=1.5),
)


def looks(rng: np.random.Generator, cases: int, number: int, change: Change) -> tuple[Look, list[Look]]:
    """A reference and ``number`` looks of a noisy model: scores, lengths, speed and texts vary from run to run."""
    chance, usual = rng.beta(2, 1, cases), rng.lognormal(5, 0.6, cases)
    names = [f"c{i}" for i in range(cases)]
    found = []
    for k in range(number + 1):
        moved = k >= change.at
        day = rng.lognormal(0, 0.05)
        score = rng.random(cases) < np.clip(chance - change.lost * moved, 0, 1)
        declined = rng.random(cases) < 0.01 + change.refused * moved
        length = usual * rng.lognormal(0, 0.3, cases) * (change.longer if moved else 1)
        latency = rng.lognormal(0, 0.3, cases) * day * (change.slower if moved else 1)
        other = rng.random(cases) < 0.3
        columns = {
            "score": score.astype(float),
            "refusal": declined.astype(float),
            "length": length,
            "latency": latency,
            "cost": length * 1e-6,
        }
        if k:
            columns["output"] = other.astype(float)
            distance = rng.lognormal(-3, 0.5, cases) * (change.farther if moved else 1)
            columns["embedding"] = np.minimum(other * distance, 1.0)
        values = {
            metric: dict(zip(names, map(float, column), strict=True)) for metric, column in columns.items()
        }
        found.append(Look(f"r{k}", "", values))
    return found[0], found[1:]


def first_alarm(rng: np.random.Generator, cases: int, number: int, change: Change) -> int | None:
    """The look at which anything at all is first said to have moved; None for never."""
    reference, several = looks(rng, cases, number, change)
    for k, row in enumerate(judge(reference, several).readings, 1):
        if any(reading.moved for reading in row.values()):
            return k
    return None


def main() -> None:
    """Print both tables as Markdown."""
    parser = argparse.ArgumentParser(description="False alarms and power of the drift watch")
    parser.add_argument(
        "--sims",
        type=int,
        default=200,
        help="simulations a row (200), a quarter in the second table",
    )
    sims = parser.parse_args().sims
    print("| cases | looks without any change | any alarm, % |\n|---|---|---|")
    for cases in (30, 100):
        rng = np.random.default_rng(5)
        alarms = [first_alarm(rng, cases, LOOKS, UNMOVED) for _ in range(sims)]
        print(f"| {cases} | {LOOKS} | {100 * np.mean([a is not None for a in alarms]):.1f} |", flush=True)
    print(
        "\n| 100 cases, from the 11th look on | found within 30 looks, % | looks until then, median |\n|---|---|---|"
    )
    for change in CHANGES:
        rng = np.random.default_rng(6)
        begun = change.at - 1
        alarms = [first_alarm(rng, 100, begun + 30, change) for _ in range(sims // 4)]
        found = [a - begun for a in alarms if a is not None and a > begun]
        middle = f"{np.median(found):.0f}" if found else "–"
        print(f"| {change.name} | {100 * len(found) / len(alarms):.0f} | {middle} |", flush=True)


if __name__ == "__main__":
    main()
