"""Every metric of a comparison: estimates, p values corrected over slices, verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.analysis import frames, paired
from workbench.analysis.estimators import Floats, t_interval
from workbench.analysis.pairing import Paired
from workbench.analysis.results import MetricComparison
from workbench.analysis.verdict import decide

_LOWER_IS_BETTER = frozenset({"seconds", "usd"})

Kind = Literal[
    "pass/fail",  # one answer a case on each side, every value 0 or 1
    "pass/fail, repeated",  # several answers a case (repeats or models), every value 0 or 1
    "score",  # other values within 0–1
    "score, mostly tied",  # such values where few cases differ, so that t would be too narrow
    "number",  # seconds, USD, counts
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
    family: int = 1


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
    flipped = iter(paired.sign_flips([d.diff for d in drafts if d.diff.size and d.kind != "pass/fail"]))
    result = []
    for draft in drafts:
        if draft.diff.size:
            if draft.kind == "pass/fail":
                p = paired.mcnemar_midp(int((draft.diff > 0).sum()), int((draft.diff < 0).sum()))
            else:
                p = float(next(flipped))
            draft = replace(draft, metric=replace(draft.metric, p=p, p_adjusted=p))
        result.append(draft)
    return result


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
    ci_low, ci_high = _interval(diff, kind, confidence)
    ci90_low, ci90_high = _margin_interval(diff, kind)
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
        method=_METHODS[kind],
        lower_is_better=lower_is_better,
        detectable=paired.detectable_difference(_spread(diff, kind), n, 1 - confidence),
        unit=unit,
        pairs=pairs,
        error_share=lost / pairs if pairs else 0.0,
        unknown=unknown,
        bound_low=bounds[0],
        bound_high=bounds[1],
        ci90_low=ci90_low,
        ci90_high=ci90_high,
        margin=margin,
    )
    return _Draft(metric, diff, kind)


def _kind(both: Paired, s: int, unit: str, diff: Floats) -> Kind:
    if unit != "score" or not both.bounded[s]:
        return "number"
    if not both.pass_fail[s]:
        return "score, mostly tied" if paired.mostly_tied(diff) else "score"
    return "pass/fail" if both.single[s] else "pass/fail, repeated"


def _interval(diff: Floats, kind: Kind, confidence: float) -> tuple[float | None, float | None]:
    if not diff.size:
        return None, None
    if kind in _ADJUSTED:
        return paired.adjusted_wald(diff, confidence)
    bounds = (-1.0, 1.0) if kind == "score" else None
    low, high = t_interval(diff.mean(), paired.sample_sd(diff), diff.size, confidence, bounds=bounds)
    return frames.number(low), frames.number(high)


def _margin_interval(diff: Floats, kind: Kind) -> tuple[float | None, float | None]:
    """The 90 % interval that is held against a margin."""
    if not diff.size:
        return None, None
    if kind in _ADJUSTED:
        return paired.margin_interval(diff)
    low, high = paired.margin_interval_t(diff, bounds=(-1.0, 1.0) if kind == "score" else None)
    return frames.number(low), frames.number(high)


def _spread(diff: Floats, kind: Kind) -> float:
    """Standard deviation of a case's difference; with the added cases of the adjusted interval never 0."""
    return paired.adjusted_sd(diff) if kind in _ADJUSTED else paired.sample_sd(diff)


def _with_verdict(draft: _Draft, confidence: float) -> MetricComparison:
    m = draft.metric
    verdict = decide(m, alpha=1 - confidence)
    needed = None
    if verdict == "undecided" and m.diff is not None:
        alpha = (1 - confidence) / draft.family
        spread = _spread(draft.diff, draft.kind)
        needed = paired.cases_to_decide(m.diff, spread, m.n, margin=m.margin, alpha=alpha)
    return replace(m, verdict=verdict, cases_to_decide=needed)
