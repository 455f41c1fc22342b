"""How often the verdict, its intervals and the gate are right, where the truth is known.

    python benchmarks/simulate_statistics.py            # the tables of docs/verdict.md, about ten minutes
    python benchmarks/simulate_statistics.py --sims 200 # a quick look

Pass/fail with one answer a case is computed exactly, by adding up the probability of every possible outcome.
Everything else is simulated: each time new cases and new answers are drawn and judged as a comparison judges
them, from the scores of each case on. A rate near 95 % out of 1,000 simulations is uncertain by 1.4 points.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from workbench.analysis import paired, paired_intervals
from workbench.analysis.clusters import clustered, t_over_clusters
from workbench.analysis.estimators import t_interval
from workbench.analysis.frames import slice_views
from workbench.analysis.gate import judge_gate
from workbench.analysis.metrics import judge_metrics
from workbench.analysis.pairing import Paired
from workbench.analysis.results import Comparison, CostComparison
from workbench.analysis.summary import summarise

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], tuple[Values, Values]]

#: Shares of cases on which two versions differ, and the share of those that go one way.
DIFFER = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95, 1.0)
ONE_WAY = (0.5, 0.6, 0.75, 0.9, 1.0)


@dataclass(frozen=True)
class Exact:
    """Error rates of pass/fail verdicts with ``n`` cases over all of `DIFFER` and `ONE_WAY`, without chance."""

    n: int
    coverage: float
    least_coverage: float
    false_alarm: float
    false_pass: float
    false_equivalent: float


def exact_pass_fail(n: int) -> Exact:
    """Add up the probability of every outcome that is judged wrongly; the worst over the rates is kept."""
    wins, losses = (grid.ravel() for grid in np.indices((n + 1, n + 1)))
    wins, losses = wins[wins + losses <= n], losses[wins + losses <= n]
    low, high = np.array(
        [paired_intervals.adjusted_wald(outcome(w, x, n)) for w, x in zip(wins, losses, strict=True)]
    ).T
    p = np.array([paired.mcnemar_midp(w, x) for w, x in zip(wins, losses, strict=True)])
    near, far = np.array(
        [paired_intervals.margin_interval(outcome(w, x, n)) for w, x in zip(wins, losses, strict=True)]
    ).T
    better, worse = (p < 0.05) & (low > 0), (p < 0.05) & (high < 0)
    covered, alarms, passes, equals = [], [0.0], [0.0], [0.0]
    for differ in DIFFER:
        for share in ONE_WAY:
            truth = differ * (2 * share - 1)
            chance = probability(wins, losses, n, differ * share, differ * (1 - share))
            covered.append(chance[(low <= truth) & (truth <= high)].sum())
            worsened = probability(wins, losses, n, differ * (1 - share), differ * share)
            passes.append(worsened[better | (near > -truth)].sum())
            if truth > 0:
                equals.append(worsened[(near > -truth) & (far < truth)].sum())
            else:
                alarms.append(chance[better | worse].sum())
    return Exact(n, float(np.mean(covered)), min(covered), max(alarms), max(passes), max(equals))


def outcome(wins: int, losses: int, n: int) -> Values:
    """Per-case differences with that many wins and losses."""
    return np.concatenate([np.ones(wins), -np.ones(losses), np.zeros(n - wins - losses)])


def probability(wins: NDArray, losses: NDArray, n: int, win: float, lose: float) -> Values:
    """Trinomial probability of each count of wins and losses."""
    ties = n - wins - losses
    ways = gammaln(n + 1) - gammaln(wins + 1) - gammaln(losses + 1) - gammaln(ties + 1)
    return np.exp(ways + xlogy(wins, win) + xlogy(losses, lose) + xlogy(ties, 1 - win - lose))


def power_at_suggestion(win: float, lose: float, margin: float = 0.0) -> tuple[int, float]:
    """How many cases would decide at these rates, and how likely the right verdict then is."""
    diff = win - lose
    n = paired.cases_to_decide(diff, math.sqrt(win + lose - diff**2), 10, margin=margin, reach=1.0)
    if n is None:
        raise ValueError("these rates need too many cases")
    decided = 0.0
    spread = 6 * math.sqrt(n * max(win, lose)) + 6
    near = [np.arange(max(0, int(n * r - spread)), min(n, int(n * r + spread)) + 1) for r in (win, lose)]
    wins, losses = (grid.ravel() for grid in np.meshgrid(*near))
    for w, x, chance in zip(wins, losses, probability(wins, losses, n, win, lose), strict=True):
        if w + x > n or chance < 1e-9:
            continue
        low, high = paired_intervals.adjusted_wald(outcome(w, x, n))
        right = low > 0 if diff > 0 else high < 0 if diff < 0 else False
        found = paired.mcnemar_midp(w, x) < 0.05 and right
        if not found and margin:
            low, high = paired_intervals.margin_interval(outcome(w, x, n))
            found = low > -margin and high < margin
        decided += chance * found
    return n, decided


@dataclass(frozen=True)
class Scenario:
    """Two versions whose true difference is known; ``draw`` gives values of shape (cases, repeats) a side."""

    name: str
    draw: Draw
    truth: float
    cases: int
    slices: int = 0


@dataclass(frozen=True)
class Measured:
    """Shares of the simulations. ``slice_alarm``: any slice was called better or worse."""

    coverage: float
    t_coverage: float
    established: float
    gate_passed: float
    slice_alarm: float
    width: float


def measure(scenario: Scenario, sims: int, seed: int = 1) -> Measured:
    """Judge ``sims`` draws; the gate's margin is the true loss, so every pass of it is false."""
    rng = np.random.default_rng(seed)
    counts, width = np.zeros(5), 0.0
    for _ in range(sims):
        a, b = scenario.draw(rng, scenario.cases)
        found = judged(a, b, scenario.slices)
        m = found.primary
        low, high = t_of(b.mean(axis=1) - a.mean(axis=1))
        parts = (part.verdict in ("better", "worse") for part in found.metrics if part.slice)
        counts += [
            m.ci_low <= scenario.truth <= m.ci_high,
            low <= scenario.truth <= high,
            m.verdict in ("better", "worse"),
            judge_gate(found, margin=max(0.0, -scenario.truth)).passed,
            any(parts),
        ]
        width += m.ci_high - m.ci_low
    return Measured(*(counts / sims), width / sims)


def judged(a: Values, b: Values, slices: int = 0, clusters: NDArray[np.intp] | None = None) -> Comparison:
    """Judge scores of shape (cases, repeats) as `compare` does once it has put the sides together."""
    cases = [f"c{i}" for i in range(len(a))]
    every = np.concatenate([a.ravel(), b.ravel()])
    none = np.zeros((1, len(cases)))
    both = Paired(
        cases=cases,
        scorers=["quality"],
        a=a.mean(axis=1)[None],
        b=b.mean(axis=1)[None],
        pairs=none + 1,
        broken=none,
        lost=none,
        unknown=none,
        low=none,
        high=none,
        pass_fail=np.array([np.isin(every, (0, 1)).all()]),
        single=np.array([a.shape[1] == 1]),
        bounded=np.array([True]),
        cluster=clusters,
    )
    fields = {"part": {case: i % slices for i, case in enumerate(cases)}} if slices else None
    metrics = judge_metrics(both, slice_views(fields, cases), {"quality": "score"}, "quality", 0.0, 0.95)
    unknown = CostComparison(None, None, None, None, None, 0)
    return Comparison("a", "b", metrics, unknown, {}, [], [], "", [], metrics[0])


def t_of(differences: Values) -> tuple[float, float]:
    """The plain t interval, which many tools would give."""
    n = differences.size
    low, high = t_interval(differences.mean(), differences.std(ddof=1), n)
    return (float(low), float(high)) if np.isfinite(low) else (float(differences.mean()),) * 2


def frame(values: Values) -> pd.DataFrame:
    """Scores of one version from values of shape (cases, repeats)."""
    cases, repeats = values.shape
    keys = {"prompt": "p", "version": 1, "model": "m", "scorer": "quality", "error": None}
    names, numbers = np.repeat([f"c{i}" for i in range(cases)], repeats), np.tile(np.arange(repeats), cases)
    return pd.DataFrame({"case_id": names, "repeat": numbers, "value": values.ravel()}).assign(**keys)


def answers(rng: np.random.Generator, rates: Values, repeats: int) -> Values:
    """Pass/fail answers of cases with these pass rates."""
    return (rng.random((rates.size, repeats)) < rates[:, None]).astype(float)


def repeated(centre: float, spread: float, shift: float, own: float, repeats: int) -> Draw:
    """Pass/fail answers: cases differ in difficulty, B is better by ``shift`` on average and ``± own`` by case."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Values, Values]:
        a = rng.uniform(centre - spread, centre + spread, n)
        b = a + shift + own * rng.choice([-1.0, 1.0], n)
        return answers(rng, a, repeats), answers(rng, b, repeats)

    return draw


def smooth(shift: float, sd: float) -> Draw:
    """Scores such as ROUGE, that differ a little on every case."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Values, Values]:
        a = rng.uniform(0.3, 0.7, (n, 1))
        return a, a + shift + np.clip(rng.normal(0, sd, (n, 1)), -0.25, 0.25)

    return draw


def partial(differ: float, gain: float) -> Draw:
    """Scores such as fields of JSON: mostly full marks, some cases lose a part; a share ``gain`` wins instead."""

    def draw(rng: np.random.Generator, n: int) -> tuple[Values, Values]:
        part = np.where(rng.random(n) < differ, rng.uniform(0, 1, n), 0.0)
        wins = rng.random(n) < gain
        return (1 - part * wins)[:, None], (1 - part * ~wins)[:, None]

    return draw


def scenarios() -> Iterator[Scenario]:
    """Everything that is simulated rather than computed."""
    for n in (30, 100, 300):
        yield Scenario("pass/fail, equal", repeated(0.7, 0.2, 0, 0.1, 1), 0.0, n)
        yield Scenario("pass/fail, 10 points worse", repeated(0.6, 0.2, -0.1, 0.1, 1), -0.1, n)
    for n in (20, 50, 200):
        yield Scenario("pass/fail, 5 repeats, equal", repeated(0.5, 0.3, 0, 0.2, 5), 0.0, n)
        yield Scenario("pass/fail, 5 repeats, 5 points worse", repeated(0.9, 0.02, -0.05, 0.03, 5), -0.05, n)
    for n in (20, 50, 200):
        yield Scenario("smooth scores, equal", smooth(0, 0.1), 0.0, n)
        yield Scenario("smooth scores, 2 points worse", smooth(-0.02, 0.1), -0.02, n)
    for n in (20, 50, 200):
        yield Scenario("partial scores, 10 % differ, equal", partial(0.1, 0.5), 0.0, n)
        yield Scenario("partial scores, 10 % worse by half", partial(0.1, 0.0), -0.05, n)
        yield Scenario("partial scores, 40 % worse by half", partial(0.4, 0.0), -0.2, n)
    for n, slices in ((100, 5), (300, 10)):
        yield Scenario(f"pass/fail, equal, {slices} slices", repeated(0.7, 0.2, 0, 0.1, 1), 0.0, n, slices)


@dataclass(frozen=True)
class Alone:
    """One version: values of shape (cases, repeats) with a known mean."""

    name: str
    draw: Callable[[np.random.Generator, int], Values]
    truth: float
    cases: int


def alone() -> Iterator[Alone]:
    """Means of one version, which a run's table shows."""
    for n in (20, 50, 200):
        for rate in (0.5, 0.95):
            yield Alone(f"pass rate {rate:.0%}", lambda r, k, p=rate: answers(r, np.full(k, p), 1), rate, n)
        yield Alone(
            "pass rate 95 %, 5 repeats",
            lambda r, k: answers(r, np.where(r.random(k) < 0.1, 0.5, 1.0), 5),
            0.95,
            n,
        )
        yield Alone(
            "partial scores, mean 95 %",
            lambda r, k: np.where(r.random((k, 1)) < 0.1, r.random((k, 1)), 1.0),
            0.95,
            n,
        )


def measure_alone(scenario: Alone, sims: int, seed: int = 1) -> tuple[float, float]:
    """Return the share of intervals that hold the true mean: ours, and the plain t interval's."""
    rng = np.random.default_rng(seed)
    hits = np.zeros(2)
    for _ in range(sims):
        values = scenario.draw(rng, scenario.cases)
        ours = summarise(frame(values))[0]
        low, high = t_of(values.mean(axis=1))
        hits += [ours.ci_low <= scenario.truth <= ours.ci_high, low <= scenario.truth <= high]
    return hits[0] / sims, hits[1] / sims


@dataclass(frozen=True)
class InClusters:
    """Pass/fail cases in clusters: B wins and loses these shares, more alike within a cluster with ``alike``."""

    clusters: int
    size: int
    uneven: bool
    win: float
    lose: float
    alike: float


def in_clusters() -> Iterator[InClusters]:
    """Few and many clusters, even and uneven ones, common and rare differences."""
    for clusters in (10, 20, 50):
        yield InClusters(clusters, 20, False, 0.1, 0.1, 0.2)
        yield InClusters(clusters, 10, True, 0.15, 0.05, 0.05)
        yield InClusters(clusters, 5, False, 0.0, 0.05, 0.3)


def measure_clusters(scenario: InClusters, sims: int, seed: int = 1) -> tuple[float, ...]:
    """Return shares: coverage, better or worse, gate passed; coverage as if independent, and of t over clusters."""
    rng = np.random.default_rng(seed)
    truth = scenario.win - scenario.lose
    counts = np.zeros(5)
    for _ in range(sims):
        a, b, codes = _draw_clusters(scenario, rng)
        found = judged(a[:, None], b[:, None], clusters=codes)
        m, diff = found.primary, b - a
        naive = paired_intervals.adjusted_wald(diff)
        t = t_over_clusters(clustered(diff, codes, rare=diff.size), 0.95)
        counts += [
            m.ci_low <= truth <= m.ci_high,
            m.verdict in ("better", "worse"),
            judge_gate(found, margin=max(0.0, -truth)).passed,
            naive[0] <= truth <= naive[1],
            bool(t[0] <= truth <= t[1]),
        ]
    return tuple(float(c) for c in counts / sims)


def _draw_clusters(s: InClusters, rng: np.random.Generator) -> tuple[Values, Values, NDArray[np.intp]]:
    sizes = np.full(s.clusters, s.size)
    if s.uneven:
        sizes = 1 + rng.poisson((s.size - 1) * rng.gamma(1.5, 1 / 1.5, s.clusters))
    codes = np.repeat(np.arange(s.clusters), sizes)
    width = 1 / s.alike - 1
    win, lose = (
        rng.beta(rate * width, (1 - rate) * width, s.clusters) if rate else np.zeros(s.clusters)
        for rate in (s.win, s.lose)
    )
    chance = rng.random(codes.size)
    wins, losses = chance < win[codes], chance > 1 - np.minimum(lose, 1 - win)[codes]
    tied = (rng.random(codes.size) < 0.7).astype(float)
    return (
        np.where(wins, 0.0, np.where(losses, 1.0, tied)),
        np.where(wins, 1.0, np.where(losses, 0.0, tied)),
        codes,
    )


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(description="Error rates of verdicts, intervals and gate")
    parser.add_argument("--sims", type=int, default=1000, help="simulations a row (1000)")
    sims = parser.parse_args().sims
    started = time.perf_counter()
    print("| n | coverage, mean | least | false alarms | gate: false passes | false equivalence |")
    print("|---|---|---|---|---|---|")
    for n in (10, 20, 50, 100, 200, 400):
        e = exact_pass_fail(n)
        rates = (e.coverage, e.least_coverage, e.false_alarm, e.false_pass, e.false_equivalent)
        print(f"| {n} | {' | '.join(percent(r) for r in rates)} |", flush=True)
    print("\n| only B passes / only A passes / margin | cases suggested | decided |\n|---|---|---|")
    for win, lose, margin in (
        (0.2, 0.1, 0),
        (0.1, 0.05, 0),
        (0.06, 0.01, 0),
        (0.1, 0.1, 0.1),
        (0.1, 0.1, 0.05),
        (0.05, 0.05, 0.05),
        (0.02, 0.02, 0.02),
        (0.3, 0.3, 0.1),
    ):
        n, decided = power_at_suggestion(win, lose, margin)
        print(f"| {win:g} / {lose:g} / {margin:g} | {n} | {percent(decided)} |", flush=True)
    print("\n| scenario | n | coverage | of t | better or worse | gate passed | any slice | width |")
    print("|---|---|---|---|---|---|---|---|")
    for s in scenarios():
        m = measure(s, sims)
        rates = (m.coverage, m.t_coverage, m.established, m.gate_passed)
        part = percent(m.slice_alarm) if s.slices else ""
        cells = f"{' | '.join(percent(r) for r in rates)} | {part} | {m.width * 100:.1f}"
        print(f"| {s.name} | {s.cases} | {cells} |", flush=True)
    print(
        "\n| clusters | cases in each | only B / only A passes | coverage | better or worse | gate |", end=""
    )
    print(" as if independent | t covers |\n|---|---|---|---|---|---|---|---|")
    for c in in_clusters():
        size = f"about {c.size}" if c.uneven else f"{c.size}"
        cells = " | ".join(percent(r) for r in measure_clusters(c, sims))
        print(f"| {c.clusters} | {size} | {c.win:g} / {c.lose:g} | {cells} |", flush=True)
    print("\n| one version | n | coverage | of t |\n|---|---|---|---|")
    for one in alone():
        ours, plain = measure_alone(one, sims)
        print(f"| {one.name} | {one.cases} | {percent(ours)} | {percent(plain)} |", flush=True)
    print(f"\n{sims:,} simulations a row, {time.perf_counter() - started:,.0f} s")


def percent(rate: float) -> str:
    """A rate as a percentage with one digit."""
    return f"{rate * 100:.1f}"


if __name__ == "__main__":
    main()
