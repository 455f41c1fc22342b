"""What a careful colleague would say of a verdict before anyone acts on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from workbench.analysis.estimators import Floats
from workbench.analysis.results import Comparison, MetricComparison
from workbench.analysis.wording import count, difference, interval, times

#: A slice carries the whole effect with this share of it, if it has at most `_SMALL_SLICE` of the cases.
_CARRIES = 0.8
_SMALL_SLICE = 0.5
#: Answers whose geometric mean length grew by less than this are about as long.
_LONGER = 1.1
#: With fewer cases a regression on length says nothing.
_LEAST_CASES = 20


@dataclass(frozen=True)
class Lengths:
    """Answers of both sides to one case: their lengths in characters, and whether all are the same text."""

    a: float
    b: float
    same: bool


def slice_cautions(metrics: Sequence[MetricComparison], primary: MetricComparison) -> list[str]:
    """Name the slice that carries (nearly) the whole of an established difference, one a field."""
    if primary.verdict not in ("better", "worse") or not primary.diff or not primary.n:
        return []
    total = primary.diff * primary.n
    said = []
    parts = [m for m in metrics if m.scorer == primary.scorer and m.slice is not None and m.n]
    for field in dict.fromkeys((m.slice or "").partition("=")[0] for m in parts):
        own = [m for m in parts if (m.slice or "").partition("=")[0] == field]
        largest = max(own, key=lambda m: (m.diff or 0.0) * m.n / total)
        share = (largest.diff or 0.0) * largest.n / total
        rest = primary.n - largest.n
        if len(own) < 2 or share < _CARRIES or largest.n > _SMALL_SLICE * primary.n:
            continue
        without = (total - (largest.diff or 0.0) * largest.n) / rest
        said.append(
            f"{largest.slice} carries the effect: on the other {count(rest, 'case')} the difference is "
            f"{difference(without, primary.unit)}."
        )
    return said


def output_cautions(comparison: Comparison, lengths: Mapping[str, Lengths], *, runs: int) -> list[str]:
    """Say that both sides gave the same texts, or that the score may only have grown with their length.

    Args:
        comparison: What was found.
        lengths: Case id → what both sides answered to it; cases without an answer on either side are left out.
        runs: How many runs the sides are from, 1 or 2.
    """
    if not lengths:
        return []
    same = sum(pair.same for pair in lengths.values())
    if same == len(lengths):
        whose = "The two runs share all outputs" if runs == 2 else "Both sides gave the same outputs"
        return [f"{whose}, on every one of {count(same, 'case')}: nothing that differs was measured."]
    said = length_caution(comparison, lengths)
    return [said] if said else []


def length_caution(comparison: Comparison, lengths: Mapping[str, Lengths]) -> str | None:
    """Say that a better score may come from longer answers alone; None where it does not look so.

    Each case's difference is regressed on the logarithm of the ratio of its lengths. Where cases gained more the
    longer their answer became, and the difference at equal length is not established, length may be all there is
    (after Dubois et al. 2024, arXiv:2404.04475). Length is not chosen at random, so this is a hint and no proof.
    """
    m = comparison.primary
    if m.verdict != "better" or m.unit != "score":
        return None
    cases = [c for c in comparison.case_differences if c in lengths and lengths[c].a > 0 and lengths[c].b > 0]
    if len(cases) < _LEAST_CASES:
        return None
    grown = np.array([math.log(lengths[c].b / lengths[c].a) for c in cases])
    gained = np.array([comparison.case_differences[c] for c in cases])
    if float(grown.mean()) < math.log(_LONGER):
        return None
    line = regression(grown, gained, comparison.confidence)
    if line is None or line.slope_low <= 0 or line.level_low > 0:
        return None
    return (
        f"The score may have grown with length alone: the answers of {comparison.b} are "
        f"{times(math.exp(float(grown.mean())))} as long, cases gained more the longer their answer became, and at "
        f"equal length the difference would be {difference(line.level, m.unit)} "
        f"({interval(line.level_low, line.level_high, m.unit, signs=True)})."
    )


@dataclass(frozen=True)
class Line:
    """A straight line through points: its level at x = 0 with an interval, and the low end of its slope's."""

    level: float
    level_low: float
    level_high: float
    slope: float
    slope_low: float


def regression(x: Floats, y: Floats, confidence: float = 0.95) -> Line | None:
    """Least squares with t intervals; None where x does not vary or y lies on the line."""
    n, centre = x.size, float(x.mean())
    spread = float(np.square(x - centre).sum())
    if n < 3 or spread < 1e-12:
        return None
    slope = float(((x - centre) * y).sum()) / spread
    level = float(y.mean()) - slope * centre
    variance = float(np.square(y - level - slope * x).sum()) / (n - 2)
    if variance < 1e-20:
        return None
    t = float(special.stdtrit(n - 2, 0.5 + confidence / 2))
    half = t * math.sqrt(variance * (1 / n + centre**2 / spread))
    return Line(level, level - half, level + half, slope, slope - t * math.sqrt(variance / spread))
