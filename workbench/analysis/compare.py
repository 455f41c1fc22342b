"""Two versions on the same cases: differences, intervals, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from workbench.analysis import frames
from workbench.analysis.cautions import slice_cautions
from workbench.analysis.clusters import FEW_CLUSTERS, LEAST_CLUSTERS, Clusters
from workbench.analysis.metrics import judge_metrics
from workbench.analysis.pairing import Paired, match_arms, matching_warnings, pair
from workbench.analysis.results import Comparison, CostComparison, MetricComparison, Verdict
from workbench.analysis.spending import compare_cost, compare_latency
from workbench.analysis.verdict import ERROR_SHARE_LIMIT, headline
from workbench.analysis.wording import count, listed
from workbench.errors import BadInput

__all__ = ["Comparison", "CostComparison", "MetricComparison", "Side", "Verdict", "compare"]

#: Below this many cases a careful colleague would say so.
FEW_CASES = 20


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a name for sentences and its two long frames (see `workbench.analysis`)."""

    name: str
    scores: pd.DataFrame
    cells: pd.DataFrame


def compare(
    a: Side,
    b: Side,
    *,
    slices: frames.Slices | None = None,
    units: Mapping[str, str] | None = None,
    margin: float = 0.0,
    confidence: float = 0.95,
    metric: str | None = None,
    clusters: Clusters | None = None,
) -> Comparison:
    """Hold B against the baseline A on the cases both answered.

    The unit is the case: the mean over its repeats, and over the models where a side has several (each model is
    matched with itself). Pass/fail with one answer a case is judged by McNemar's mid-p test, everything else by
    a sign-flip permutation test. The interval is Bonett and Price's for pass/fail (its form over cases for
    repeats, and for scores that are tied on most cases) and otherwise a t interval over the per-case differences.
    Slices of a scorer are corrected by Holm's method; the whole is not, as it is looked at first.

    A case that lacks an answer on either side is an error, not a zero. Above 2 % of answers lost there is no
    verdict.

    Args:
        a: The baseline.
        b: The candidate.
        slices: Field → case id → value; a case without a value falls into ``field=(none)``.
        units: Scorer → score, seconds, usd or count. Less is better for seconds and usd.
        margin: The difference that does not matter, in the unit of a score (0.01 is one point); 0 for none.
        confidence: Of the intervals; a difference is established at one minus this.
        metric: The scorer to decide by; ``overall`` where present, else the first.
        clusters: Which cases are not independent of each other; then intervals and tests are over clusters.

    Raises:
        BadInput: A side has no scores, the sides share no scorer or no model, or the metric is not among them.
    """
    _check(a, b, margin, confidence)
    arms = match_arms(a.scores, b.scores, (a.name, b.name))
    on_a, on_b = (list(dict.fromkeys(s.scores["scorer"])) for s in (a, b))
    scorers = [s for s in on_a if s in set(on_b)]
    primary = _primary(metric, scorers, a.name, b.name)
    unit_of = {s: (units or {}).get(s, "score") for s in scorers}
    both = pair(a.scores, b.scores, arms, scorers, clusters)
    views = frames.slice_views(slices, both.cases)
    metrics = judge_metrics(both, views, unit_of, primary, margin, confidence)
    chosen = next(m for m in metrics if m.scorer == primary and m.slice is None)
    cost = compare_cost(a.cells, b.cells, arms, confidence)
    diffs = _ordered_differences(both, scorers.index(primary), chosen.lower_is_better)
    only_one_side = [s for s in [*on_a, *on_b] if s not in set(scorers)]
    return Comparison(
        a=a.name,
        b=b.name,
        metrics=metrics,
        cost=cost,
        latency=compare_latency(a.cells, b.cells, arms, confidence),
        regressions=[case for case, gain in diffs if gain < 0],
        improvements=[case for case, gain in reversed(diffs) if gain > 0],
        headline=headline(a.name, b.name, chosen, cost, confidence),
        warnings=matching_warnings(arms)
        + _cluster_warnings(chosen, clusters)
        + slice_cautions(metrics, chosen)
        + _warnings(chosen, metrics, views, only_one_side),
        primary=chosen,
        margin=margin,
        confidence=confidence,
        case_differences={
            case: float(d)
            for case, d in zip(both.cases, both.diff[scorers.index(primary)], strict=True)
            if math.isfinite(d)
        },
    )


def _check(a: Side, b: Side, margin: float, confidence: float) -> None:
    for side in (a, b):
        frames.require_columns(side.scores, frames.SCORE_COLUMNS, f"The scores of {side.name}")
        frames.require_columns(side.cells, frames.CELL_COLUMNS, f"The cells of {side.name}")
        if side.scores.empty:
            raise BadInput(
                f"{side.name} has no scores to compare", hint="run it first, or choose another run"
            )
    if not (math.isfinite(margin) and margin >= 0):
        raise BadInput(f"A margin of {margin} is not possible", hint="give 0 or more; 0.01 is one point")
    if not 0.5 < confidence < 1:
        raise BadInput(f"A confidence of {confidence} is not possible", hint="give a number such as 0.95")


def _primary(metric: str | None, scorers: list[str], a: str, b: str) -> str:
    if not scorers:
        raise BadInput(f"{a} and {b} share no scorer", hint="score both with the same suite")
    if metric is None:
        return "overall" if "overall" in scorers else scorers[0]
    if metric not in scorers:
        raise BadInput(f"There is no metric {metric} on both sides", hint=f"there are {listed(scorers, 20)}")
    return metric


def _ordered_differences(both: Paired, s: int, lower_is_better: bool) -> list[tuple[str, float]]:
    """Cases whose score changed with their gain, the worst first; equal ones in the order of their ids."""
    gain = -both.diff[s] if lower_is_better else both.diff[s]
    changed = [(case, float(g)) for case, g in zip(both.cases, gain, strict=True) if abs(g) >= 1e-12]
    losses = sorted((c for c in changed if c[1] < 0), key=lambda c: (c[1], frames.natural_key(c[0])))
    wins = sorted((c for c in changed if c[1] > 0), key=lambda c: (-c[1], frames.natural_key(c[0])))
    return losses + wins[::-1]


def _cluster_warnings(primary: MetricComparison, clusters: Clusters | None) -> list[str]:
    if clusters is None or primary.clusters is None:
        return []
    said = f"The cases are in {count(primary.clusters, 'cluster')} by {clusters.field}"
    if primary.clusters < LEAST_CLUSTERS:
        return [f"{said}: with fewer than {LEAST_CLUSTERS} nothing can be established."]
    if primary.clusters < FEW_CLUSTERS:
        return [f"{said}: a difference must be very large to be established."]
    return []


def _warnings(
    primary: MetricComparison,
    metrics: list[MetricComparison],
    views: list[frames.SliceView],
    only_one_side: list[str],
) -> list[str]:
    """What a careful colleague would say before anyone acts on the verdict."""
    said = []
    if primary.n and not primary.wins and not primary.losses:
        said.append(
            f"Both sides score exactly the same on every one of {count(primary.n, 'case')}: "
            "check that they really are different."
        )
    if primary.errors:
        share = f"{primary.error_share * 100:.1f} %"
        limit = "so there is no verdict" if primary.error_share > ERROR_SHARE_LIMIT else "they are left out"
        said.append(
            f"{count(primary.errors, 'pair')} of {primary.pairs:,} miss an answer on either side "
            f"({share} of the answers); {limit}."
        )
    if 0 < primary.n < FEW_CASES:
        said.append(f"Only {count(primary.n, 'case')}: a difference must be very large to be established.")
    if primary.verdict == "undecided" and primary.advice:
        said.append(primary.advice)
    unknown = [m for m in metrics if m.slice is None and m.unknown]
    for m in unknown:
        said.append(
            f"{m.scorer}: unknown for {m.unknown:,} of {count(m.pairs, 'pair')}, which are not in its mean."
        )
    if only_one_side:
        said.append(f"Not compared, because only one side has it: {listed(only_one_side)}.")
    for view in views:
        if view.dropped:
            said.append(
                f"{view.field} has {len(view.labels) + view.dropped:,} values; "
                f"only its {len(view.labels)} largest slices are shown and corrected for."
            )
    return said
