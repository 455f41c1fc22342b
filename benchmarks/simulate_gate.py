"""How often a whole gate passes what breaks one of its rules, and fails what breaks none.

    python benchmarks/simulate_gate.py              # the table of docs/verdict.md (--gates 3000), about four minutes
    python benchmarks/simulate_gate.py --gates 200  # a quick look

Each gate judges 160 new cases by pass rates whose truth is known: a candidate exactly at a margin or a floor should not
pass, and one as good as the baseline should not fail.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from workbench.analysis.compare import Side, compare
from workbench.analysis.gate import GateResult, MoreRules, judge_gate

CASES = 160
MARGIN = 0.1
SLICES = {"lang": {f"c{i}": f"l{i % 4}" for i in range(CASES)}}
Rates = Mapping[str, float]
#: What the candidate truly breaks: the true rates of both sides, and the floor of accuracy.
BROKEN: dict[str, tuple[Rates, Rates, float]] = {
    "the margin of the first metric": (
        {"accuracy": 0.9, "brief": 0.9},
        {"accuracy": 0.8, "brief": 0.95},
        0.7,
    ),
    "the margin of the second metric": (
        {"accuracy": 0.8, "brief": 0.9},
        {"accuracy": 0.9, "brief": 0.8},
        0.7,
    ),
    "a floor of 85 %": ({"accuracy": 0.85, "brief": 0.9}, {"accuracy": 0.85, "brief": 0.9}, 0.85),
    "a floor of 97 %": ({"accuracy": 0.97, "brief": 0.9}, {"accuracy": 0.97, "brief": 0.9}, 0.97),
}


def drawn(rng: np.random.Generator, rates_a: Rates, rates_b: Rates) -> tuple[Side, Side]:
    """Two sides of pass/fail scorers; how hard a case is, is mostly shared, so the sides are paired."""
    luck = {name: rng.random(CASES) for name in rates_a}
    sides = []
    for title, rates in (("A", rates_a), ("B", rates_b)):
        parts = []
        for name, rate in rates.items():
            own = np.where(rng.random(CASES) < 0.15, rng.random(CASES), luck[name])
            parts.append(_frame().assign(scorer=name, value=(own < rate).astype(float), passed=None))
        cells = _frame().assign(cost_usd=0.001, latency_s=1.0, ttft_s=None, input_tokens=10, output_tokens=5)
        sides.append(Side(title, pd.concat(parts, ignore_index=True), cells.assign(cached=False)))
    return sides[0], sides[1]


def _frame() -> pd.DataFrame:
    cases = [f"c{i}" for i in range(CASES)]
    return pd.DataFrame({"case_id": cases}).assign(prompt="p", version=1, model="m", repeat=0, error=None)


def breaking(rng: np.random.Generator, what: str) -> GateResult:
    """Judge a candidate that is exactly at one limit; to pass it is an error."""
    rates_a, rates_b, floor = BROKEN[what]
    a, b = drawn(rng, rates_a, rates_b)
    comparison = compare(a, b, margin=MARGIN, metric="accuracy")
    more = MoreRules(metrics={"brief": MARGIN}, floors={"accuracy": floor})
    return judge_gate(comparison, margin=MARGIN, more=more, sides=(a, b))


def sound(rng: np.random.Generator) -> GateResult:
    """Judge a candidate as good as its baseline by three metrics, a floor and four slices; to fail it is an error."""
    rates = {"accuracy": 0.8, "brief": 0.7, "polite": 0.9}
    a, b = drawn(rng, rates, rates)
    comparison = compare(a, b, slices=SLICES, margin=0.001, metric="accuracy")
    more = MoreRules(
        metrics={"brief": 0.001, "polite": 0.001}, floors={"accuracy": 0.8}, slices={"lang": None}
    )
    return judge_gate(comparison, margin=0.001, more=more, sides=(a, b))


def share(judge: Callable[[np.random.Generator], GateResult], status: str, gates: int) -> float:
    """Return the share of simulated gates that end with a status."""
    rng = np.random.default_rng(20)
    return sum(judge(rng).status == status for _ in range(gates)) / gates


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description="Error rates of a whole gate")
    parser.add_argument("--gates", type=int, default=1000, help="gates a row (1000)")
    gates = parser.parse_args().gates
    started = time.perf_counter()
    print("| the candidate is exactly at | passes |\n|---|---|")
    for what in BROKEN:
        passed = share(lambda rng, what=what: breaking(rng, what), "passed", gates)
        print(f"| {what} | {100 * passed:.1f} % |", flush=True)
    print(f"\nA candidate that breaks nothing fails: {100 * share(sound, 'failed', gates):.1f} %")
    print(f"\n{gates:,} gates a row, {time.perf_counter() - started:,.0f} s")


if __name__ == "__main__":
    main()
