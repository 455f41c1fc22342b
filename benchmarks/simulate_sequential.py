"""False alarms, power and savings of runs that stop when they are decided.

    python benchmarks/simulate_sequential.py    # the tables of docs/verdict.md, about two minutes

Simulated cases first, then the recorded answers of bbh and gsm8k (where they lie beside the checkout), replayed in
random order: the share of cases used, and how often the verdict differs from that of the full run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np

from workbench.analysis.estimators import Floats
from workbench.analysis.paired import mcnemar_midp
from workbench.analysis.paired_intervals import adjusted_wald, margin_interval
from workbench.analysis.sequential import first_decision

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SIMULATIONS = 2_000
ORDERS = 200
Draw = Callable[[np.random.Generator], Floats]


def pass_fail(better: float, worse: float, n: int) -> Draw:
    """Differences of pass/fail cases, of which only B passes ``better`` and only A ``worse``."""
    return lambda rng: rng.choice([1.0, -1.0, 0.0], n, p=[better, worse, 1 - better - worse])


def rates(a: float, b: float, n: int, phi: float = 0.5) -> Draw:
    """Differences of two pass rates whose results correlate with ``phi``."""
    both = a * b + phi * np.sqrt(a * (1 - a) * b * (1 - b))
    return pass_fail(b - both, a - both, n)


SIMULATED: list[tuple[str, Draw, float]] = [
    ("70 % against 70 %, 300 cases", rates(0.7, 0.7, 300), 0.0),
    ("80 % against 80 %, 300 cases", rates(0.8, 0.8, 300), 0.0),
    ("1 % better, 1 % worse, 2,000 cases", pass_fail(0.01, 0.01, 2000), 0.0),
    ("30 % better, 30 % worse, 2,000 cases", pass_fail(0.3, 0.3, 2000), 0.0),
    ("smooth scores, equal, 500 cases", lambda rng: rng.normal(0, 0.2, 500).clip(-1, 1), 0.0),
    ("skewed scores, equal, 500 cases", lambda rng: rng.choice([0.1, -0.9], 500, p=[0.9, 0.1]), 0.0),
    ("70 % against 80 %, 300 cases", rates(0.7, 0.8, 300), 0.0),
    ("60 % against 80 %, 300 cases", rates(0.6, 0.8, 300), 0.0),
    ("50 % against 80 %, 300 cases", rates(0.5, 0.8, 300), 0.0),
    ("smooth scores, 3 points better, 500 cases", lambda rng: rng.normal(0.03, 0.2, 500).clip(-1, 1), 0.0),
    ("5 points worse, margin 5, 1,000 cases", pass_fail(0.05, 0.10, 1000), 0.05),
    ("only losses, 5 points, margin 5, 1,000 cases", pass_fail(0.0, 0.05, 1000), 0.05),
    ("80 % against 80 %, margin 5, 1,000 cases", rates(0.8, 0.8, 1000), 0.05),
    ("2 % differ, margin 5, 1,000 cases", pass_fail(0.01, 0.01, 1000), 0.05),
    ("no case differs, margin 5, 1,000 cases", pass_fail(0.0, 0.0, 1000), 0.05),
]


def simulate() -> None:
    """Print how often each verdict was reached, and after how many cases."""
    print(f"| {SIMULATIONS:,} simulations each | better | worse | equivalent | undecided | cases, mean |")
    print("|---|---|---|---|---|---|")
    for name, draw, margin in SIMULATED:
        rng = np.random.default_rng(11)
        ends = [first_decision(draw(rng), margin=margin) for _ in range(SIMULATIONS)]
        print(
            f"| {name} | {_shares(Counter(what for what, _ in ends))} | {np.mean([n for _, n in ends]):.0f} |"
        )


def _shares(count: Counter[str | None]) -> str:
    total = count.total()
    return " | ".join(f"{100 * count[what] / total:.1f}" for what in ("higher", "lower", "equivalent", None))


def full_verdict(differences: Floats, margin: float) -> str | None:
    """The verdict of a run with a fixed number of cases, all of them."""
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    low, high = margin_interval(differences)
    if margin and -margin < low and high < margin:
        return "equivalent"
    low, high = adjusted_wald(differences)
    if mcnemar_midp(wins, losses) >= 0.05 or low <= 0 <= high:
        return None
    return "higher" if low > 0 else "lower"


def recorded() -> Iterator[tuple[str, Floats]]:
    """Yield the per-case differences of bbh's tasks and of each two systems of gsm8k."""
    if (DATA / "bbh").is_dir():
        sides = [_bbh(variant) for variant in ("direct", "cot")]
        tasks = sorted({task for task, _ in sides[0]})
        for task in (None, *tasks):
            keys = [key for key in sides[0] if task in (None, key[0])]
            yield f"bbh {task or 'as a whole'}", np.array([sides[1][k] - sides[0][k] for k in keys], float)
    if (DATA / "gsm8k").is_dir():
        lines = (DATA / "gsm8k" / "model_solutions.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        systems = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")
        for a, b in combinations(systems, 2):
            right = [np.array([bool(row[f"{name}_is_correct"]) for row in rows], float) for name in (a, b)]
            yield f"gsm8k {b} against {a}", right[1] - right[0]


def _bbh(variant: str) -> dict[tuple[str, int], bool]:
    lines = (DATA / "bbh" / f"outputs_{variant}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {(row["task"], row["i"]): _answer(row["prediction"]) == row["target"].strip() for row in rows}


def _answer(text: str) -> str:
    return text.split("the answer is ")[-1].strip().removesuffix(".")


def replay(margin: float) -> list[tuple[str, int, str | None, float, float, float]]:
    """Replay each comparison in random order: name, cases, full verdict, share used, other verdict, opposite one."""
    table = []
    for name, differences in recorded():
        rng = np.random.default_rng(12)
        ends = [first_decision(rng.permutation(differences), margin=margin) for _ in range(ORDERS)]
        full = full_verdict(differences, margin)
        used = float(np.mean([n for _, n in ends])) / differences.size
        other = float(np.mean([what != full for what, _ in ends]))
        opposite = float(np.mean([{what, full} == {"higher", "lower"} for what, _ in ends]))
        table.append((name, differences.size, full, used, other, opposite))
    return table


def main() -> None:
    """Print all tables."""
    simulate()
    for margin in (0.0, 0.05):
        print(f"\nReplayed in {ORDERS} random orders, margin {100 * margin:g} points\n")
        print("| recorded answers | cases | full run | used, % | other verdict, % | opposite, % |")
        print("|---|---|---|---|---|---|")
        for name, n, full, used, other, opposite in replay(margin):
            word = {"higher": "better", "lower": "worse", None: "undecided"}.get(full, full)
            print(
                f"| {name} | {n:,} | {word} | {100 * used:.0f} | {100 * other:.1f} | {100 * opposite:.1f} |"
            )


if __name__ == "__main__":
    main()
