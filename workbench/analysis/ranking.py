"""Several versions or models: who is best, how sure that is, and which differences are established."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np

from workbench.analysis import frames
from workbench.analysis.clusters import Clusters
from workbench.analysis.compare import Side, compare
from workbench.analysis.frontier import FrontierRow, Point, frontier
from workbench.analysis.paired import holm
from workbench.analysis.results import MetricComparison, Verdict
from workbench.analysis.summary import summarise
from workbench.analysis.verdict import decide
from workbench.analysis.wording import count, listed
from workbench.errors import BadInput

#: More than this many make thousands of pairs, of which nothing would be established.
MAX_RANKED = 50
#: Above this share of answers whose cost or latency nobody knows, its mean is unknown.
_UNKNOWN_LIMIT = 0.02


@dataclass(frozen=True)
class Ranked:
    """One version or model. ``rank`` is by the mean as seen, 1 the best, None without any score.

    The true rank lies in ``rank_low`` (best) to ``rank_high`` (worst), together for all rows with 95 % confidence.
    ``verdict``, ``diff``, its interval and ``p_adjusted`` are against the baseline, None on the baseline's row.
    ``cost_usd`` is the mean cost and ``latency_s`` the median latency of an answer.
    """

    name: str
    rank: int | None
    rank_low: int
    rank_high: int
    mean: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    errors: int
    cost_usd: float | None
    latency_s: float | None
    verdict: Verdict | None = None
    diff: float | None = None
    diff_low: float | None = None
    diff_high: float | None = None
    p_adjusted: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class PairDifference:
    """``b`` against ``a`` with its interval; ``p_adjusted`` is corrected over all pairs by Holm's method.

    ``better`` names the one that is established as better, None where neither is.
    """

    a: str
    b: str
    n: int
    diff: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None
    p_adjusted: float | None
    better: str | None

    def lead(self) -> tuple[str, float | None, float | None, float | None]:
        """Return the one that is not the better, and by how much the better one leads it, with the interval."""
        if self.better != self.a:
            return self.a, self.diff, self.ci_low, self.ci_high
        diff, low, high = (None if x is None else -x for x in (self.diff, self.ci_high, self.ci_low))
        return self.b, diff, low, high

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Ranking:
    """All rows by rank, every pair, and the frontier of quality, cost and latency.

    ``preferences`` is what comparing judges prefer, as plain data.
    """

    metric: str
    unit: str
    lower_is_better: bool
    baseline: str
    rows: list[Ranked]
    pairs: list[PairDifference]
    frontier: list[FrontierRow]
    sentence: str
    warnings: list[str]
    preferences: list[dict[str, Any]] = field(default_factory=list)

    @property
    def best(self) -> str | None:
        """The one that is established as better than every other; None where there is none."""
        first = [row.name for row in self.rows if row.rank_high == 1]
        return first[0] if first else None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of a ranking; unknown numbers are null."""
        parts = {name: [x.to_dict() for x in getattr(self, name)] for name in ("rows", "pairs", "frontier")}
        plain = {
            name: getattr(self, name) for name in ("metric", "unit", "lower_is_better", "baseline", "best")
        }
        said = {"warnings": list(self.warnings), "preferences": self.preferences}
        return {**plain, "sentence": self.sentence, **parts, **said}


def rank(
    sides: Sequence[Side],
    *,
    metric: str,
    unit: str = "score",
    baseline: str | None = None,
    margin: float = 0.0,
    confidence: float = 0.95,
    clusters: Clusters | None = None,
) -> Ranking:
    """Rank versions or models by one scorer.

    Every pair is compared as `compare` does. Two families are corrected by Holm's method: all pairs, from which
    the ranks and the established differences follow, and the pairs with the baseline. A rank interval counts the
    ones established as better and as worse; as all those statements hold together with the confidence given, so do
    all rank intervals (Mogstad, Romano, Shaikh, Wilhelm, Review of Economic Studies 91 (2024) 476-518).

    Args:
        sides: Two or more, each with a name of its own.
        metric: The scorer.
        unit: Its unit: score, seconds, usd or count.
        baseline: The name of the one to hold all others against; the first by default.
        margin: The difference that does not matter, for the verdicts against the baseline.
        confidence: Of every interval.
        clusters: Which cases are not independent of each other.

    Raises:
        BadInput: Fewer than two sides, too many, two of one name, or no such baseline or metric.
    """
    names = [side.name for side in sides]
    baseline = baseline or (names[0] if names else "")
    _check(names, baseline)
    only = [_only(side, metric) for side in sides]
    found = {
        (i, j): compare(
            only[i],
            only[j],
            units={metric: unit},
            margin=margin,
            confidence=confidence,
            metric=metric,
            clusters=clusters,
        ).primary
        for i, j in combinations(range(len(only)), 2)
    }
    pairs = _pairs(found, names, 1 - confidence)
    lower_is_better = next(iter(found.values())).lower_is_better
    rows = _rows(only, pairs, unit, lower_is_better, confidence, clusters)
    against = _against(found, names, names.index(baseline), lower_is_better, 1 - confidence)
    rows = [replace(row, **against.get(row.name, {})) for row in rows]
    points = [
        Point(r.name, r.mean if r.mean is None or not lower_is_better else -r.mean, r.cost_usd, r.latency_s)
        for r in rows
    ]
    better = [(p.better, p.a if p.better == p.b else p.b) for p in pairs if p.better]
    return Ranking(
        metric=metric,
        unit=unit,
        lower_is_better=lower_is_better,
        baseline=baseline,
        rows=rows,
        pairs=pairs,
        frontier=frontier(points, better),
        sentence=_sentence(rows, metric),
        warnings=_warnings(rows, found),
    )


def _check(names: list[str], baseline: str) -> None:
    if len(names) < 2:
        raise BadInput("There is one version only, so nothing to rank", hint="name what to compare it with")
    if len(names) > MAX_RANKED:
        raise BadInput(
            f"{len(names)} versions and models are too many to rank", hint=f"choose at most {MAX_RANKED}"
        )
    if len(set(names)) < len(names):
        raise BadInput("Two of what is ranked have one name")
    if baseline not in names:
        raise BadInput(f"There is no {baseline} to rank against", hint=f"there are {listed(names, 20)}")


def _only(side: Side, metric: str) -> Side:
    """Return a side with the scores of one scorer; every side must have some."""
    scores = side.scores[side.scores["scorer"] == metric]
    if scores.empty:
        raise BadInput(
            f"{side.name} has no scores for {metric}", hint="wait until the run is scored, or choose a metric"
        )
    return Side(side.name, scores, side.cells)


def _pairs(
    found: Mapping[tuple[int, int], MetricComparison], names: list[str], alpha: float
) -> list[PairDifference]:
    pairs = []
    for ((i, j), m), p in zip(found.items(), _adjusted(list(found.values())), strict=True):
        verdict = decide(replace(m, p_adjusted=p, margin=0.0), alpha=alpha)
        better = {"better": names[j], "worse": names[i]}.get(verdict)
        pairs.append(PairDifference(names[i], names[j], m.n, m.diff, m.ci_low, m.ci_high, m.p, p, better))
    return pairs


def _adjusted(metrics: list[MetricComparison]) -> list[float | None]:
    """Holm over those that have a p."""
    known = [m.p for m in metrics if m.p is not None]
    adjusted = iter(holm(known))
    return [None if m.p is None else float(next(adjusted)) for m in metrics]


def _against(
    found: Mapping[tuple[int, int], MetricComparison],
    names: list[str],
    base: int,
    lower_is_better: bool,
    alpha: float,
) -> dict[str, dict[str, Any]]:
    """Each one against the baseline, corrected over those pairs alone."""
    turned = {}
    for (i, j), m in found.items():
        if base == i:
            turned[names[j]] = m
        elif base == j:
            turned[names[i]] = _turned(m)
    result = {}
    for (name, m), p in zip(turned.items(), _adjusted(list(turned.values())), strict=True):
        verdict = decide(replace(m, p_adjusted=p), alpha=alpha)
        result[name] = {
            "verdict": verdict,
            "diff": m.diff,
            "diff_low": m.ci_low,
            "diff_high": m.ci_high,
            "p_adjusted": p,
        }
    return result


def _turned(m: MetricComparison) -> MetricComparison:
    """The same comparison with its sides changed."""

    def negative(value: float | None) -> float | None:
        return None if value is None else -value

    return replace(
        m,
        diff=negative(m.diff),
        ci_low=negative(m.ci_high),
        ci_high=negative(m.ci_low),
        ci90_low=negative(m.ci90_high),
        ci90_high=negative(m.ci90_low),
    )


def _rows(
    sides: Sequence[Side],
    pairs: list[PairDifference],
    unit: str,
    lower_is_better: bool,
    confidence: float,
    clusters: Clusters | None,
) -> list[Ranked]:
    rows = []
    for side in sides:
        whole = side.scores.assign(prompt="", version=0, model="")
        s = summarise(
            whole,
            units=dict.fromkeys(whole["scorer"].unique(), unit),
            confidence=confidence,
            clusters=clusters,
        )[0]
        better = sum(p.better not in (None, side.name) for p in pairs if side.name in (p.a, p.b))
        worse = sum(p.better == side.name for p in pairs)
        cost, latency = _typical(side)
        rows.append(
            Ranked(
                name=side.name,
                rank=None,
                rank_low=1 + better,
                rank_high=len(sides) - worse,
                mean=s.mean,
                ci_low=s.ci_low,
                ci_high=s.ci_high,
                n=s.n,
                errors=s.errors,
                cost_usd=cost,
                latency_s=latency,
            )
        )
    means = [r.mean for r in rows if r.mean is not None]
    ranked = []
    for row in rows:
        if row.mean is not None:
            ahead = sum(m < row.mean - 1e-12 if lower_is_better else m > row.mean + 1e-12 for m in means)
            row = replace(row, rank=1 + ahead)
        ranked.append(row)
    return sorted(ranked, key=lambda r: (r.rank is None, r.rank or 0))


def _typical(side: Side) -> tuple[float | None, float | None]:
    """Mean cost and median latency of an answer; None where too many are unknown."""
    answered = side.cells[~frames.is_error(side.cells)]
    result = []
    for column, typical in (("cost_usd", np.mean), ("latency_s", np.median)):
        values = frames.float_column(answered, column)
        known = values[~np.isnan(values)]
        enough = known.size and known.size >= (1 - _UNKNOWN_LIMIT) * values.size
        result.append(float(typical(known)) if enough else None)
    return result[0], result[1]


def _sentence(rows: list[Ranked], metric: str) -> str:
    first = [r.name for r in rows if r.rank_low == 1]
    if len(first) == 1 and rows[0].name == first[0] and rows[0].rank_high == 1:
        others = "the other" if len(rows) == 2 else f"each of the {len(rows) - 1} others"
        return f"{first[0]} is the best on {metric}: established as better than {others}."
    if len(first) == len(rows):
        return f"Undecided on {metric}: any of the {len(rows)} may be the best."
    out = [r.name for r in rows if r.rank_low > 1]
    return f"Undecided which is the best on {metric}: {listed(first)} may be, {listed(out)} not."


def _warnings(rows: list[Ranked], found: Mapping[tuple[int, int], MetricComparison]) -> list[str]:
    said = []
    silent = sum(m.verdict == "no verdict" for m in found.values())
    if silent:
        said.append(f"{count(silent, 'pair')} of {len(found):,} miss too many answers for a verdict.")
    unpriced = [r.name for r in rows if r.cost_usd is None]
    if 0 < len(unpriced) < len(rows):
        said.append(f"The cost of {listed(unpriced)} is unknown, so nothing is said about what dominates it.")
    least = min(m.n for m in found.values())
    if least < 20:
        said.append(
            f"Only {count(least, 'case')} in common: differences must be very large to be established."
        )
    return said
