"""Judges that err: bias and coverage of what they say, and of the estimates that people's labels correct.

    python benchmarks/simulate_judges.py               # the tables of docs/verdict.md, about three minutes
    python benchmarks/simulate_judges.py --sims 300    # a quick look

Raw is the judge's mean with the interval that it would have if the judge were right (Wilson's corrected for continuity
for one version, Bonett and Price's for two).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from workbench.analysis.estimators import wilson_corrected
from workbench.analysis.judged import Corrected, corrected_difference, corrected_mean
from workbench.analysis.paired_intervals import adjusted_wald

Values = NDArray[np.float64]
Rng = np.random.Generator
RATES = (0.05, 0.5, 0.95)
#: Cases, and how many of them people have labelled.
SIZES = ((50, 20), (200, 50), (1000, 50), (1000, 200))
CLUSTER_SIZE, ALIKE = 5, 0.3


@dataclass(frozen=True)
class Judge:
    """One who passes a share of the failing answers and fails a share of the good ones.

    ``of_b`` does so on B alone and is right about A. ``blind`` says anything.
    """

    name: str
    passes_bad: float = 0.0
    fails_good: float = 0.0
    of_b: bool = False
    blind: bool = False

    def __call__(self, truth: Values, rng: Rng) -> Values:
        chance = rng.random(truth.shape)
        if self.blind:
            return (chance < 0.5).astype(float)
        wrong = chance < np.where(truth > 0, self.fails_good, self.passes_bad)
        return np.where(wrong, 1 - truth, truth)


JUDGES = (
    Judge("right throughout"),
    Judge("errs on 2 % of answers", 0.02, 0.02),
    Judge("errs on 10 % of answers", 0.1, 0.1),
    Judge("passes 5 % of failures", passes_bad=0.05),
    Judge("passes 30 % of failures", passes_bad=0.3),
    Judge("fails 20 % of good answers", fails_good=0.2),
    Judge("says anything", blind=True),
)
OF_B = (
    Judge("passes 5 % of B's failures", passes_bad=0.05, of_b=True),
    Judge("passes 30 % of B's failures", passes_bad=0.3, of_b=True),
)


@dataclass(frozen=True)
class Found:
    """One setting: biases in points, coverages in percent, and the width against that of the labels alone."""

    judge: str
    n: int
    labelled: int
    where: str
    raw_bias: float
    raw_covers: float
    bias: float
    covers: float
    width: float


def one_version(judge: Judge, rate: float, n: int, labelled: int, sims: int, rng: Rng) -> Found:
    """A pass rate."""
    seen = np.arange(n) < labelled
    rows = []
    for _ in range(sims):
        truth = (rng.random(n) < rate).astype(float)
        judged = judge(truth, rng)
        found = corrected_mean(judged, np.where(seen, truth, np.nan), kind="score")
        raw = wilson_corrected(judged.sum(), n)
        alone = wilson_corrected(truth[seen].sum(), labelled)
        rows.append((found, (float(raw[0]), float(raw[1])), float(alone[1] - alone[0])))
    return _found(judge.name, n, labelled, f"{rate:.0%}", rows, rate)


def two_versions(judge: Judge, rate: float, gain: float, n: int, labelled: int, sims: int, rng: Rng) -> Found:
    """A difference of two pass rates whose answers to one case are alike; B mends a share ``gain`` of A's failures."""
    seen = np.arange(n) < labelled
    right = Judge("right")
    rows = []
    for _ in range(sims):
        case = (rng.random(n) < rate).astype(float)
        a, b = (np.where(rng.random(n) < 0.2, rng.random(n) < rate, case) for _ in range(2))
        b = np.where((b == 0) & (rng.random(n) < gain), 1.0, b)
        judged = (right if judge.of_b else judge)(a, rng), judge(b, rng)
        known = np.where(seen, a, np.nan), np.where(seen, b, np.nan)
        alone = adjusted_wald((b - a)[seen])
        rows.append(
            (corrected_difference(*judged, *known), adjusted_wald(judged[1] - judged[0]), alone[1] - alone[0])
        )
    return _found(judge.name, n, labelled, f"{rate:.0%}, gain {gain:.0%}", rows, (1 - rate) * gain)


def graded(shift: float, n: int, labelled: int, sims: int, rng: Rng) -> Found:
    """The difference of two versions on a scale of 0 to 1 in quarters, where the judge marks B up."""
    seen = np.arange(n) < labelled
    rows = []
    for _ in range(sims):
        case = rng.normal(0.7, 0.25, n)
        a, b = (np.clip(np.round(4 * (case + rng.normal(0, 0.15, n))) / 4, 0, 1) for _ in range(2))
        judged = [
            np.clip(np.round(4 * (side + up + rng.normal(0, 0.12, n))) / 4, 0, 1)
            for side, up in ((a, 0.0), (b, shift))
        ]
        known = np.where(seen, a, np.nan), np.where(seen, b, np.nan)
        alone = adjusted_wald((b - a)[seen])
        rows.append(
            (corrected_difference(*judged, *known), adjusted_wald(judged[1] - judged[0]), alone[1] - alone[0])
        )
    name = f"grades, marks B up by {shift:g}" if shift else "grades, noise alone"
    return _found(name, n, labelled, "equal", rows, 0.0)


def in_clusters(judge: Judge, rate: float, n: int, labelled: int, sims: int, rng: Rng) -> Found:
    """A pass rate of cases in clusters of five, in each of which people, and the judge's errors, are alike."""
    codes = np.arange(n) // CLUSTER_SIZE
    rows = []
    for _ in range(sims):
        seen = rng.permutation(n) < labelled
        truth = (_alike(codes, rng) < rate).astype(float)
        chance = _alike(codes, rng)
        wrong = chance < np.where(truth > 0, judge.fails_good, judge.passes_bad)
        judged = np.where(wrong, 1 - truth, truth)
        found = corrected_mean(judged, np.where(seen, truth, np.nan), kind="score", clusters=codes)
        raw = wilson_corrected(judged.sum(), n)
        alone = wilson_corrected(truth[seen].sum(), labelled)
        rows.append((found, (float(raw[0]), float(raw[1])), float(alone[1] - alone[0])))
    return _found(f"clusters, {judge.name}", n, labelled, f"{rate:.0%}", rows, rate)


def _alike(codes: NDArray[np.intp], rng: Rng) -> Values:
    """Uniform numbers, of which those of one cluster are the same with the chance `ALIKE`'s root for each."""
    of_cluster = rng.random(codes.max() + 1)[codes]
    return np.where(rng.random(codes.size) < ALIKE**0.5, of_cluster, rng.random(codes.size))


def _found(
    name: str,
    n: int,
    labelled: int,
    where: str,
    rows: list[tuple[Corrected, tuple[float, float], float]],
    truth: float,
) -> Found:
    values = np.array([(f.raw, f.value, f.ci_low, f.ci_high) for f, _, _ in rows])
    raw = np.array([ends for _, ends, _ in rows])
    alone = float(np.mean([width for _, _, width in rows]))
    inside = (values[:, 2] <= truth + 1e-12) & (truth - 1e-12 <= values[:, 3])
    return Found(
        judge=name,
        n=n,
        labelled=labelled,
        where=where,
        raw_bias=100 * float(values[:, 0].mean() - truth),
        raw_covers=100 * float(np.mean((raw[:, 0] <= truth + 1e-12) & (truth - 1e-12 <= raw[:, 1]))),
        bias=100 * float(values[:, 1].mean() - truth),
        covers=100 * float(inside.mean()),
        width=float((values[:, 3] - values[:, 2]).mean()) / alone,
    )


def every(sims: int, rng: Rng) -> Iterator[tuple[str, Callable[[], Found]]]:
    """Yield each setting with the table that it belongs to."""
    for judge, (n, labelled), rate in product(JUDGES, SIZES, RATES):
        yield "one version", lambda j=judge, r=rate, n=n, k=labelled: one_version(j, r, n, k, sims, rng)
    for judge, (n, labelled), rate, gain in product((*JUDGES, *OF_B), SIZES, RATES, (0.0, 0.3)):
        yield (
            "two versions",
            lambda j=judge, r=rate, g=gain, n=n, k=labelled: two_versions(j, r, g, n, k, sims, rng),
        )
    for shift, (n, labelled) in product((0.0, 0.1), SIZES):
        yield "two versions", lambda s=shift, n=n, k=labelled: graded(s, n, k, sims, rng)
    for judge, (n, labelled), rate in product(JUDGES[2:5:2], SIZES[1:], RATES):
        yield "one version", lambda j=judge, r=rate, n=n, k=labelled: in_clusters(j, r, n, k, sims, rng)


def main() -> None:
    """Print a line for each judge and size: the worst over the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sims", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20_261_121)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    found = [(table, make()) for table, make in every(options.sims, rng)]
    sizes = ", ".join(f"{k} of {n:,}" for n, k in SIZES)
    print(f"Labelled cases: {sizes}; in clusters without the first.")
    for title in ("one version", "two versions"):
        print(f"\n| {title}: the judge | raw: bias | raw covers | corrected: bias | covers | width |")
        print("|---|---|---|---|---|---|")
        rows = [f for table, f in found if table == title]
        for name in dict.fromkeys(f.judge for f in rows):
            print(_line(name, [f for f in rows if f.judge == name]))
    least = min((f for _, f in found), key=lambda f: f.covers)
    print(f"\nLeast coverage: {least}")


def _line(name: str, found: list[Found]) -> str:
    """A judge's row: the largest bias, and at each size the least coverage and mean width over the rates."""
    sizes = [[f for f in found if (f.n, f.labelled) == size] for size in SIZES]
    sizes = [group for group in sizes if group]
    raw, bias = (max((getattr(f, what) for f in found), key=abs) for what in ("raw_bias", "bias"))
    columns = (
        f"{raw:+.1f}",
        ", ".join(f"{min(f.raw_covers for f in group):.0f}" for group in sizes),
        f"{bias:+.1f}",
        ", ".join(f"{min(f.covers for f in group):.1f}" for group in sizes),
        ", ".join(f"{np.mean([f.width for f in group]):.2f}" for group in sizes),
    )
    return f"| {name} | {' | '.join(columns)} |"


if __name__ == "__main__":
    main()
