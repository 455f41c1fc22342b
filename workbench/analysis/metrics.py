"""Every metric of a comparison: estimates, p values corrected over slices, verdicts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.analysis import frames, paired, paired_intervals
from workbench.analysis.clusters import Clustered, clustered, t_over_clusters, worth_at
from workbench.analysis.estimators import Floats, sample_sd, t_interval
from workbench.analysis.pairing import Paired
from workbench.analysis.relative import relative_change
from workbench.analysis.results import MetricComparison
from workbench.analysis.verdict import decide
from workbench.analysis.wording import repeats_advice

_LOWER_IS_BETTER = frozenset({"seconds", "usd", "tokens"})

Kind = Literal[
    "pass/fail",  # one answer a case on each side, every value 0 or 1
    "pass/fail, repeated",  # several answers a case (repeats or models), every value 0 or 1
    "score",  # other values within 0–1
    "score, mostly tied",  # such values where few cases differ, so that t would be too narrow
    "number",  # seconds, USD, tokens, counts
]
_METHODS: dict[Kind, str] = {
    "pass/fail": "McNemar mid-p, Bonett–Price interval",
    "pass/fail, repeated": "sign-flip permutation test, Bonett–Price interval over cases",
    "score": "sign-flip permutation test, t interval over cases",
    "score, mostly tied": "sign-flip permutation test, Bonett–Price interval over cases",
    "number": "sign-flip permutation test, t interval over cases",
}
_ADJUSTED: frozenset[Kind] = frozenset({"pass/fail", "pass/fail, repeated", "score, mostly tied"})


@dataclass(frozen=True)
class _Draft:
    """One metric on some cases: its numbers, its per-case differences, and for how many it is corrected."""

    metric: MetricComparison
    diff: Floats
    kind: Kind
    cluster: Clustered | None = None
    family: int = 1

    @property
    def exchangeable(self) -> Floats:
        """What a sign-flip test may turn: the differences, or with clusters the sum of each cluster."""
        return self.diff if self.cluster is None else self.cluster.sums


def judge_metrics(
    both: Paired,
    views: list[frames.SliceView],
    units: dict[str, str],
    primary: str,
    margin: float,
    confidence: float,
) -> list[MetricComparison]:
    """Compare every scorer over all cases and over each slice; the primary scorer comes first."""
    drafts: list[_Draft] = []
    whole = np.ones(len(both.cases), bool)
    for scorer in sorted(both.scorers, key=lambda s: s != primary):
        unit = units[scorer]
        # A margin is a number of points; only the metric decided by may give it another unit.
        own_margin = margin if unit == "score" or scorer == primary else 0.0
        parts: list[tuple[str | None, NDArray[np.bool_]]] = [(None, whole)]
        for view in views:
            parts += [(label, view.codes == code) for code, label in enumerate(view.labels)]
        s = both.scorers.index(scorer)
        drafts += [
            _estimate(both, s, label, inside, unit, own_margin, confidence)
            for label, inside in parts
            if label is None or both.pairs[s][inside].any()
        ]
    return [_with_verdict(draft, confidence) for draft in _corrected(_tested(drafts))]


def _tested(drafts: list[_Draft]) -> list[_Draft]:
    """Give each draft its p value; the permutation tests are done together, which is much faster."""
    flipped = iter(paired.sign_flips([d.exchangeable for d in drafts if d.diff.size and not _mcnemar(d)]))
    result = []
    for draft in drafts:
        if draft.diff.size:
            if _mcnemar(draft):
                p = paired.mcnemar_midp(int((draft.diff > 0).sum()), int((draft.diff < 0).sum()))
            else:
                p = float(next(flipped))
            draft = replace(draft, metric=replace(draft.metric, p=p, p_adjusted=p))
        result.append(draft)
    return result


def _mcnemar(draft: _Draft) -> bool:
    return draft.kind == "pass/fail" and draft.cluster is None


def _corrected(drafts: list[_Draft]) -> list[_Draft]:
    """Apply Holm's correction over the slices of each scorer."""
    result = list(drafts)
    for scorer in dict.fromkeys(d.metric.scorer for d in drafts):
        family = [
            i
            for i, d in enumerate(drafts)
            if d.metric.scorer == scorer and d.metric.slice is not None and d.metric.p is not None
        ]
        adjusted = paired.holm([drafts[i].metric.p or 0.0 for i in family])
        for i, p in zip(family, adjusted, strict=True):
            metric = replace(drafts[i].metric, p_adjusted=float(p))
            result[i] = replace(drafts[i], metric=metric, family=len(family))
    return result


def _estimate(
    both: Paired,
    s: int,
    label: str | None,
    inside: NDArray[np.bool_],
    unit: str,
    margin: float,
    confidence: float,
) -> _Draft:
    """One scorer on some cases, still without p and verdict."""
    known = inside & np.isfinite(both.diff[s])
    a, b = both.a[s][known], both.b[s][known]
    diff = np.where(np.abs(b - a) < 1e-12, 0.0, b - a)
    n = int(diff.size)
    kind = _kind(both, s, unit, diff)
    lower_is_better = unit in _LOWER_IS_BETTER
    rose, fell = int((diff > 0).sum()), int((diff < 0).sum())
    wins, losses = (fell, rose) if lower_is_better else (rose, fell)
    pairs, unknown = int(both.pairs[s][inside].sum()), int(both.unknown[s][inside].sum())
    lost = float(both.lost[s][inside].sum())
    bounds: tuple[float | None, float | None] = (None, None)
    if lost and kind != "number":
        bounds = tuple(float(side[s][inside].sum() / (pairs - unknown)) for side in (both.low, both.high))
    cluster = _clusters(both, known, diff)
    change = relative_change(
        a,
        b,
        pass_fail=kind == "pass/fail",
        clusters=both.cluster[known] if cluster is not None and both.cluster is not None else None,
        confidence=confidence,
    )
    ci_low, ci_high = _interval(diff, kind, confidence, cluster)
    ci90_low, ci90_high = _margin_interval(diff, kind, cluster)
    share = _repeat_share(both, s, known, diff, cluster)
    metric = MetricComparison(
        scorer=both.scorers[s],
        slice=label,
        n=n,
        a=float(a.mean()) if n else None,
        b=float(b.mean()) if n else None,
        diff=float(diff.mean()) if n else None,
        ci_low=ci_low,
        ci_high=ci_high,
        p=None,
        p_adjusted=None,
        verdict="undecided",
        cases_to_decide=None,
        wins=wins,
        ties=n - wins - losses,
        losses=losses,
        errors=int(both.broken[s][inside].sum()),
        method=_method(kind, cluster),
        lower_is_better=lower_is_better,
        detectable=paired.detectable_difference(_spread(diff, kind, cluster), n, 1 - confidence),
        unit=unit,
        pairs=pairs,
        error_share=lost / pairs if pairs else 0.0,
        unknown=unknown,
        bound_low=bounds[0],
        bound_high=bounds[1],
        ci90_low=ci90_low,
        ci90_high=ci90_high,
        margin=margin,
        clusters=None if cluster is None else cluster.count,
        repeat_share=share,
        advice=repeats_advice(share),
        relative=change[0],
        relative_low=change[1],
        relative_high=change[2],
    )
    return _Draft(metric, diff, kind, cluster)


def _clusters(both: Paired, known: NDArray[np.bool_], diff: Floats) -> Clustered | None:
    """What the clusters of some cases say; None where every case is its own."""
    if both.cluster is None or not diff.size:
        return None
    codes = both.cluster[known]
    if np.unique(codes).size == codes.size:
        return None
    return clustered(diff, codes, rare=float(np.count_nonzero(diff)))


def _repeat_share(
    both: Paired, s: int, known: NDArray[np.bool_], diff: Floats, cluster: Clustered | None
) -> float | None:
    """The share of the variance of the mean difference that comes from repeats (one-way random effects)."""
    if both.noise is None or diff.size < 2:
        return None
    noise = both.noise[s][known]
    noise = noise[np.isfinite(noise)]
    variance = diff.size * cluster.se**2 if cluster else float(np.var(diff, ddof=1))
    if noise.size < 2 or not variance > 1e-20:
        return None
    return float(min(1.0, noise.mean() / variance))


def _method(kind: Kind, cluster: Clustered | None) -> str:
    if cluster is None:
        return _METHODS[kind]
    ends = "Bonett–Price interval for clusters" if kind in _ADJUSTED else "t interval over clusters"
    return f"sign-flip permutation test over clusters, {ends}"


def _kind(both: Paired, s: int, unit: str, diff: Floats) -> Kind:
    if unit != "score" or not both.bounded[s]:
        return "number"
    if not both.pass_fail[s]:
        return "score, mostly tied" if paired_intervals.mostly_tied(diff) else "score"
    return "pass/fail" if both.single[s] else "pass/fail, repeated"


def _interval(
    diff: Floats, kind: Kind, confidence: float, cluster: Clustered | None
) -> tuple[float | None, float | None]:
    if not diff.size or (cluster and cluster.count < 2):
        return None, None
    bounds = (-1.0, 1.0) if kind == "score" else None
    if cluster is not None and kind in _ADJUSTED:
        squares = float(np.square(diff).mean())
        both_ways = bool((diff > 0).any() and (diff < 0).any())
        worth = worth_at(cluster, confidence)
        return paired_intervals.adjusted_wald_at(
            cluster.mean, squares, worth, confidence, both_ways=both_ways
        )
    if cluster is not None:
        low, high = t_over_clusters(cluster, confidence, bounds=bounds)
        return frames.number(low), frames.number(high)
    if kind in _ADJUSTED:
        return paired_intervals.adjusted_wald(diff, confidence)
    low, high = t_interval(diff.mean(), sample_sd(diff), diff.size, confidence, bounds=bounds)
    return frames.number(low), frames.number(high)


def _margin_interval(
    diff: Floats, kind: Kind, cluster: Clustered | None
) -> tuple[float | None, float | None]:
    """The 90 % interval that is held against a margin."""
    if not diff.size or (cluster and cluster.count < 2):
        return None, None
    bounds = (-1.0, 1.0) if kind == "score" else None
    if cluster is not None and kind in _ADJUSTED:
        squares = float(np.square(diff).mean())
        return paired_intervals.margin_interval_at(cluster.mean, squares, cluster.worth, cluster.count - 1)
    if cluster is not None:
        low, high = t_over_clusters(cluster, 0.9, bounds=bounds)
        farthest = float(np.abs(cluster.sums).max()) / diff.size
        least, most = bounds or (-math.inf, math.inf)
        return frames.number(max(least, low - farthest)), frames.number(min(most, high + farthest))
    if kind in _ADJUSTED:
        return paired_intervals.margin_interval(diff)
    low, high = paired_intervals.margin_interval_t(diff, bounds=bounds)
    return frames.number(low), frames.number(high)


def _spread(diff: Floats, kind: Kind, cluster: Clustered | None) -> float:
    """Standard deviation of a case's difference; with the added cases of the adjusted interval never 0.

    With clusters it is that of independent cases whose mean would be as uncertain.
    """
    if cluster is not None:
        alike = math.sqrt(cluster.effect) * paired_intervals.adjusted_sd(diff)
        return alike if kind in _ADJUSTED else cluster.se * math.sqrt(diff.size)
    return paired_intervals.adjusted_sd(diff) if kind in _ADJUSTED else sample_sd(diff)


def _reach(diff: Floats, kind: Kind, cluster: Clustered | None) -> float:
    """How far the one case (or cluster) more lies that speaks against a claim of equivalence."""
    if cluster is not None:
        return cluster.effect if kind in _ADJUSTED else float(np.abs(cluster.sums).max())
    return 1.0 if kind in _ADJUSTED else float(np.abs(diff).max())


def _with_verdict(draft: _Draft, confidence: float) -> MetricComparison:
    m = draft.metric
    verdict = decide(m, alpha=1 - confidence)
    needed = None
    if verdict == "undecided" and m.diff is not None:
        alpha = (1 - confidence) / draft.family
        spread = _spread(draft.diff, draft.kind, draft.cluster)
        reach = _reach(draft.diff, draft.kind, draft.cluster)
        needed = paired.cases_to_decide(m.diff, spread, m.n, margin=m.margin, alpha=alpha, reach=reach)
    return replace(m, verdict=verdict, cases_to_decide=needed)
