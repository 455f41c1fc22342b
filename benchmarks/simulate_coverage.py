"""Coverage of every 95 % interval of scores, at n = 20, 50, 200 and 1,000 and at rates near 0, 0.5 and 1.

    python benchmarks/simulate_coverage.py              # the table of docs/verdict.md, about four minutes
    python benchmarks/simulate_coverage.py --sims 500   # a quick look
    python benchmarks/simulate_coverage.py --sims 0     # what is exact only, half a minute

Pass/fail with one answer a case is computed exactly; what has repeats or clusters is simulated. Widths are held
against the paired score interval of Tango (Statistics in Medicine 17 (1998) 891-908), which is written here and is no
part of the product.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from workbench.analysis import paired_intervals
from workbench.analysis.clusters import Clusters, clustered, worth_at
from workbench.analysis.estimators import wilson, wilson_corrected, z_quantile
from workbench.analysis.summary import summarise

Values = NDArray[np.float64]
SIZES = (20, 50, 200, 1000)
RATES = (0.02, 0.05, 0.5, 0.95, 0.98)
#: Rates of two versions: alike and apart, near 0, one half and 1.
PAIRS = (
    (0.02, 0.02),
    (0.02, 0.05),
    (0.05, 0.1),
    (0.5, 0.5),
    (0.5, 0.6),
    (0.9, 0.95),
    (0.95, 0.98),
    (0.98, 0.98),
    (0.75, 0.95),
)
#: How much two versions' results on one case correlate.
PHIS = (0.0, 0.5)
REPEATS = 5
CLUSTER_SIZE = 5
#: How alike the cases of one cluster and the answers to one case are (intraclass correlation).
ALIKE = 0.3
_NEGLIGIBLE = 1e-10
#: Shares of cases on which two versions differ, and bands of them; the share of those that go one way.
DIFFER = (*np.arange(0.02, 0.85, 0.02), *np.arange(0.85, 1.0001, 0.01))
ONE_WAY = tuple(np.arange(0.5, 1.0001, 0.01))
BANDS = (("up to half", 0, 0.5), ("half to 85 %", 0.5, 0.85), ("85 % and more", 0.85, 1))


@dataclass(frozen=True)
class Row:
    """Least and mean coverage (shares) of one kind of interval at one size, and its mean width."""

    what: str
    n: int
    least: float
    where: str
    mean: float
    width: float
    score_width: float = math.nan
    score_least: float = math.nan


def one_rate(n: int) -> Row:
    """One version's pass rate, exactly; ``score_least`` and ``score_width`` are of Wilson without correction."""
    x = np.arange(n + 1)
    ours, plain = wilson_corrected(x, np.full(n + 1, n)), wilson(x, np.full(n + 1, n))
    found = []
    for rate in RATES:
        chance = stats.binom.pmf(x, n, rate)
        found.append((rate, *(held(chance, ends, rate) for ends in (ours, plain))))
    return _row("one version, pass/fail", n, [(f"{rate:.0%}", a, b) for rate, a, b in found])


def two_rates(n: int) -> Row:
    """The paired difference of two pass rates, exactly."""
    found = []
    for a, b in PAIRS:
        for phi in PHIS:
            win, lose = discordant(a, b, phi)
            wins, losses, chance = outcomes(n, win, lose)
            ends = np.array([_difference(w, x, n) for w, x in zip(wins, losses, strict=True)]).T
            score = tango(wins, losses, n)
            where = f"{a:.0%} and {b:.0%}, phi {phi:g}"
            found.append((where, held(chance, ends, b - a), held(chance, score, b - a)))
    return _row("two versions, pass/fail", n, found)


def _difference(wins: int, losses: int, n: int) -> tuple[float, float]:
    return paired_intervals.adjusted_wald(np.repeat([1.0, -1.0, 0.0], [wins, losses, n - wins - losses]))


@dataclass(frozen=True)
class Band:
    """Least coverage of a paired difference, exact, over all rates in a band, and widths relative to Tango's.

    Each tuple is of our interval, of Bonett and Price's bare one and of Tango's.
    """

    n: int
    differ: str
    least: tuple[float, float, float]
    width: tuple[float, float, float]


def everywhere(
    n: int, differ: Sequence[float] = DIFFER, one_way: Sequence[float] = ONE_WAY
) -> Iterator[Band]:
    """The paired difference of two pass rates at every share of cases that differ, and of those that go one way."""
    wins, losses = (grid.ravel() for grid in np.indices((n + 1, n + 1)))
    wins, losses = wins[wins + losses <= n], losses[wins + losses <= n]
    pairs = list(zip(wins.tolist(), losses.tolist(), strict=True))
    ends = (
        np.array([_difference(w, x, n) for w, x in pairs]).T,
        np.array([paired_intervals.bonett_price(w, x, n) for w, x in pairs]).T,
        np.array(tango(wins, losses, n)),
    )
    found: list[tuple[float, Values]] = []
    for share in differ:
        for way in one_way:
            win, lose = share * way, max(0.0, share * (1 - way))
            chance = trinomial(wins, losses, n, win, lose)
            found.append((share, np.array([held(chance, e, win - lose) for e in ends])))
    for name, low, high in BANDS:
        inside = np.array([f for share, f in found if low - 1e-9 < share <= high + 1e-9])
        if inside.size:
            least, width = inside[:, :, 0].min(axis=0), inside[:, :, 1].mean(axis=0)
            yield Band(n, name, tuple(least.tolist()), tuple((width / width[2]).tolist()))


def held(chance: Values, ends: tuple[Values, Values] | Values, truth: float) -> tuple[float, float]:
    """The probability that the interval holds the truth, and its mean width."""
    low, high = np.asarray(ends[0]), np.asarray(ends[1])
    inside = (low <= truth + 1e-12) & (truth - 1e-12 <= high)
    return float(chance[inside].sum()), float((chance * (high - low)).sum())


def discordant(a: float, b: float, phi: float) -> tuple[float, float]:
    """The shares of cases that only B and only A passes, for two pass rates that correlate with ``phi``."""
    both = min(a * b + phi * math.sqrt(a * (1 - a) * b * (1 - b)), a, b)
    return b - both, a - both


def outcomes(n: int, win: float, lose: float) -> tuple[NDArray[np.int64], NDArray[np.int64], Values]:
    """Counts of wins and losses with their probability; what is next to impossible is left out."""
    spans = []
    for rate in (win, lose):
        spread = 7 * math.sqrt(n * rate * (1 - rate)) + 10
        spans.append(np.arange(max(0, int(n * rate - spread)), min(n, int(n * rate + spread)) + 1))
    wins, losses = (grid.ravel() for grid in np.meshgrid(*spans))
    wins, losses = wins[wins + losses <= n], losses[wins + losses <= n]
    chance = trinomial(wins, losses, n, win, lose)
    likely = chance > _NEGLIGIBLE
    return wins[likely], losses[likely], chance[likely]


def trinomial(wins: NDArray[np.int64], losses: NDArray[np.int64], n: int, win: float, lose: float) -> Values:
    """The probability of counts of wins and losses."""
    ties = n - wins - losses
    tied = 1 - win - lose
    ways = special.gammaln(n + 1) - sum(special.gammaln(k + 1) for k in (wins, losses, ties))
    logs = ways + special.xlogy(wins, win) + special.xlogy(losses, lose)
    return np.exp(logs + special.xlogy(ties, tied if tied > 1e-12 else 0.0))


def tango(wins: NDArray[np.int64], losses: NDArray[np.int64], n: int) -> tuple[Values, Values]:
    """Tango's score interval for a paired difference of proportions, by bisection."""
    b, c, z = wins.astype(float), losses.astype(float), z_quantile(0.95)

    def score(d: Values) -> Values:
        linear = -b - c + (2 * n - b + c) * d
        root = np.sqrt(np.maximum(0, linear**2 + 8 * n * c * d * (1 - d)))
        variance = n * ((root - linear) / (2 * n) + d * (1 - d))
        gap = b - c - n * d
        far = np.where(np.abs(gap) < 1e-12, 0.0, np.copysign(np.inf, gap))
        return np.where(variance > 1e-14, gap / np.sqrt(np.maximum(variance, 1e-300)), far)

    seen, ends = (b - c) / n, []
    for sign in (1, -1):
        inside, outside = seen.copy(), np.full(b.shape, -float(sign))
        for _ in range(50):
            middle = (inside + outside) / 2
            out = sign * score(middle) > z
            outside, inside = np.where(out, middle, outside), np.where(out, inside, middle)
        ends.append(inside)
    return ends[0], ends[1]


def chances(rng: np.random.Generator, rate: float, size: int) -> Values:
    """Chances to pass that vary about ``rate``, so that two answers at one chance correlate with `ALIKE`."""
    width = 1 / ALIKE - 1
    return rng.beta(rate * width, (1 - rate) * width, size)


def draw(
    rng: np.random.Generator, rate: float, n: int, repeats: int, size: int
) -> tuple[Values, NDArray[np.intp]]:
    """Answers (cases, repeats) and each case's cluster; cases of a cluster, else answers to a case, are alike."""
    codes = np.arange(n) // size
    own = chances(rng, rate, n) if size == 1 else chances(rng, rate, codes[-1] + 1)[codes]
    return (rng.random((n, repeats)) < own[:, None]).astype(float), codes


def simulated(what: str, n: int, repeats: int, size: int, sims: int) -> Iterator[Row]:
    """One version and two versions with repeats, or in clusters."""
    alone, both = [], []
    for rate in RATES:
        rng = np.random.default_rng(17)
        hits = [_alone(*draw(rng, rate, n, repeats, size), rate) for _ in range(sims)]
        alone.append((f"{rate:.0%}", tuple(np.mean(hits, axis=0)), (math.nan, math.nan)))
    for a, b in PAIRS:
        rng = np.random.default_rng(18)
        hits = [_apart(rng, a, b, n, repeats, size) for _ in range(sims)]
        both.append((f"{a:.0%} and {b:.0%}", tuple(np.mean(hits, axis=0)), (math.nan, math.nan)))
    yield _row(f"one version, {what}", n, alone)
    yield _row(f"two versions, {what}", n, both)


def _alone(values: Values, codes: NDArray[np.intp], rate: float) -> tuple[float, float]:
    n, repeats = values.shape
    cases = np.repeat([f"c{i}" for i in range(n)], repeats)
    frame = pd.DataFrame(
        {"case_id": cases, "repeat": np.tile(np.arange(repeats), n), "value": values.ravel()}
    )
    frame = frame.assign(prompt="p", version=1, model="m", scorer="s", error=None)
    groups = Clusters("field", {f"c{i}": int(code) for i, code in enumerate(codes)})
    found = summarise(frame, clusters=None if codes[-1] == n - 1 else groups)[0]
    if found.ci_low is None or found.ci_high is None:
        raise ValueError("no interval")
    return float(found.ci_low <= rate <= found.ci_high), found.ci_high - found.ci_low


def _apart(
    rng: np.random.Generator, a: float, b: float, n: int, repeats: int, size: int
) -> tuple[float, float]:
    """Two versions whose cases (clusters) are hard for both: the same quantile of each side's chances."""
    codes = np.arange(n) // size
    place, width = rng.random(codes[-1] + 1)[codes], 1 / ALIKE - 1
    sides = []
    for rate in (a, b):
        own = special.betaincinv(rate * width, (1 - rate) * width, place)
        sides.append((rng.random((n, repeats)) < own[:, None]).mean(axis=1))
    diff = sides[1] - sides[0]
    if size == 1:
        low, high = paired_intervals.adjusted_wald(diff)
    else:
        found = clustered(diff, codes, rare=float(np.count_nonzero(diff)))
        square, both_ways = float(np.square(diff).mean()), bool((diff > 0).any() and (diff < 0).any())
        worth = worth_at(found, 0.95)
        low, high = paired_intervals.adjusted_wald_at(found.mean, square, worth, both_ways=both_ways)
    return float(low <= b - a <= high), high - low


def _row(what: str, n: int, found: list[tuple[str, tuple[float, float], tuple[float, float]]]) -> Row:
    covered, widths = zip(*(ours for _, ours, _ in found), strict=True)
    at = int(np.argmin(covered))
    scores, score_widths = zip(*(theirs for *_, theirs in found), strict=True)
    return Row(
        what, n, min(covered), found[at][0], float(np.mean(covered)), float(np.mean(widths)),
        float(np.mean(score_widths)), min(scores),
    )  # fmt: skip


def rows(sims: int, sizes: tuple[int, ...] = SIZES) -> Iterator[Row]:
    """Everything that is measured."""
    for n in sizes:
        yield one_rate(n)
        yield two_rates(n)
    if not sims:
        return
    for n in sizes:
        yield from simulated(f"{REPEATS} repeats", n, REPEATS, 1, sims)
    for n in sizes:
        yield from simulated(f"clusters of {CLUSTER_SIZE}", n, 1, CLUSTER_SIZE, sims)


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description="Coverage of the intervals of scores")
    parser.add_argument("--sims", type=int, default=2000, help="simulations a cell (2000)")
    sims = parser.parse_args().sims
    started = time.perf_counter()
    print(
        "| n | cases that differ | least coverage | bare Bonett and Price | Tango | width, of Tango's | bare |"
    )
    print("|---|---|---|---|---|---|---|")
    for n in SIZES:
        points = ((*DIFFER[::7], 1.0), ONE_WAY[::5]) if n > 50 else (DIFFER, ONE_WAY)
        for band in everywhere(n, *points):
            least = " | ".join(f"{100 * share:.1f}" for share in band.least)
            print(
                f"| {n:,} | {band.differ} | {least} | {band.width[0]:.3f} | {band.width[1]:.3f} |", flush=True
            )
    print()
    print("| interval | n | least coverage | at | mean | width | score interval: width | least |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows(sims):
        score = (
            "– | –"
            if math.isnan(row.score_width)
            else f"{100 * row.score_width:.1f} | {100 * row.score_least:.1f}"
        )
        print(
            f"| {row.what} | {row.n:,} | {100 * row.least:.1f} | {row.where} | {100 * row.mean:.1f} "
            f"| {100 * row.width:.1f} | {score} |",
            flush=True,
        )
    print(f"\n{sims:,} simulations a cell with repeats or clusters, {time.perf_counter() - started:,.0f} s")


if __name__ == "__main__":
    main()
