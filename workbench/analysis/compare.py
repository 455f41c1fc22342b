"""Two versions on the same cases: differences, intervals, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analysis import frames, paired
from workbench.analysis.estimators import Floats, t_interval
from workbench.analysis.pairing import Paired, match_arms, matching_warnings, pair
from workbench.analysis.results import Comparison, CostComparison, MetricComparison, Verdict
from workbench.analysis.spending import compare_cost, compare_latency
from workbench.analysis.verdict import ERROR_SHARE_LIMIT, decide, headline
from workbench.analysis.wording import count, listed
from workbench.errors import BadInput

__all__ = ["Comparison", "CostComparison", "MetricComparison", "Side", "Verdict", "compare"]

#: Below this many cases a careful colleague would say so.
FEW_CASES = 20
_LOWER_IS_BETTER = frozenset({"seconds", "usd"})


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
) -> Comparison:
    """Hold B against the baseline A on the cases both answered.

    The unit is the case: the mean over its repeats, and over the models where a side has several (each model is
    matched with itself). Pass/fail with one answer a case is judged by McNemar's mid-p test and Bonett and
    Price's interval; everything else by a sign-flip permutation test and a t interval over the per-case
    differences. Slices of a scorer are corrected by Holm's method; the whole is not, as it is looked at first.

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

    Raises:
        BadInput: A side has no scores, the sides share no scorer or no model, or the metric is not among them.
    """
    _check(a, b, margin, confidence)
    arms = match_arms(a.scores, b.scores, (a.name, b.name))
    on_a, on_b = (list(dict.fromkeys(s.scores["scorer"])) for s in (a, b))
    scorers = [s for s in on_a if s in set(on_b)]
    primary = _primary(metric, scorers, a.name, b.name)
    unit_of = {s: (units or {}).get(s, "score") for s in scorers}
    both = pair(a.scores, b.scores, arms, scorers)
    views = frames.slice_views(slices, both.cases)
    metrics = _judge(both, views, unit_of, primary, margin, confidence)
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
        warnings=matching_warnings(arms) + _warnings(chosen, metrics, views, only_one_side),
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


def _judge(
    both: Paired,
    views: list[frames.SliceView],
    units: dict[str, str],
    primary: str,
    margin: float,
    confidence: float,
) -> list[MetricComparison]:
    """Every scorer's whole and slices, with p values adjusted and verdicts given."""
    order = sorted(both.scorers, key=lambda s: s != primary)
    drafts: list[tuple[MetricComparison, Floats, bool]] = []
    for scorer in order:
        # A margin is a number of points; only the metric decided by may give it another unit.
        own_margin = margin if units[scorer] == "score" or scorer == primary else 0.0
        whole = np.ones(len(both.cases), bool)
        drafts.append(_estimate(both, scorer, None, whole, units[scorer], own_margin, confidence))
        for view in views:
            for code, label in enumerate(view.labels):
                inside = view.codes == code
                if both.pairs[both.scorers.index(scorer)][inside].any():
                    unit = units[scorer]
                    drafts.append(_estimate(both, scorer, label, inside, unit, own_margin, confidence))
    flipped = iter(paired.sign_flips([diff for _, diff, binary in drafts if not binary and diff.size]))
    found = []
    for draft, diff, binary in drafts:
        if diff.size:
            p = paired.mcnemar_midp(int((diff > 0).sum()), int((diff < 0).sum())) if binary else next(flipped)
            draft = replace(draft, p=float(p), p_adjusted=float(p))
        found.append((draft, diff))
    return [_with_verdict(m, diff, family, confidence) for m, diff, family in _corrected(found)]


def _corrected(
    found: list[tuple[MetricComparison, Floats]],
) -> list[tuple[MetricComparison, Floats, int]]:
    """Apply Holm's correction over the slices of each scorer; the last item counts what was corrected for."""
    result: list[tuple[MetricComparison, Floats, int]] = [(m, diff, 1) for m, diff in found]
    for scorer in dict.fromkeys(m.scorer for m, _ in found):
        family = [
            i
            for i, (m, _) in enumerate(found)
            if m.scorer == scorer and m.slice is not None and m.p is not None
        ]
        for i, p in zip(family, paired.holm([found[i][0].p for i in family]), strict=True):
            result[i] = (replace(found[i][0], p_adjusted=float(p)), found[i][1], len(family))
    return result


def _estimate(
    both: Paired,
    scorer: str,
    label: str | None,
    inside: NDArray[np.bool_],
    unit: str,
    margin: float,
    confidence: float,
) -> tuple[MetricComparison, Floats, bool]:
    """One scorer on some cases, still without p and verdict; its differences; whether it is pass/fail."""
    s = both.scorers.index(scorer)
    known = inside & np.isfinite(both.diff[s])
    a, b = both.a[s][known], both.b[s][known]
    diff = b - a
    diff = np.where(np.abs(diff) < 1e-12, 0.0, diff)
    binary = bool(both.proportion[s]) and unit == "score"
    bounded = bool(both.bounded[s]) and unit == "score"
    lower_is_better = unit in _LOWER_IS_BETTER
    wins = int((diff < 0).sum()) if lower_is_better else int((diff > 0).sum())
    losses = int(np.count_nonzero(diff)) - wins
    pairs = int(both.pairs[s][inside].sum())
    lost = float(both.lost[s][inside].sum())
    answered = pairs - float(both.unknown[s][inside].sum())
    wide, narrow = (_interval(diff, binary, bounded, c) for c in (confidence, 0.9))
    metric = MetricComparison(
        scorer=scorer,
        slice=label,
        n=int(diff.size),
        a=float(a.mean()) if a.size else None,
        b=float(b.mean()) if b.size else None,
        diff=float(diff.mean()) if diff.size else None,
        ci_low=wide[0],
        ci_high=wide[1],
        p=None,
        p_adjusted=None,
        verdict="undecided",
        cases_to_decide=None,
        wins=wins,
        ties=int(diff.size) - wins - losses,
        losses=losses,
        errors=int(both.broken[s][inside].sum()),
        method="McNemar mid-p, Bonett–Price interval" if binary else "sign-flip permutation test, t interval",
        lower_is_better=lower_is_better,
        detectable=paired.detectable_difference(_spread(diff, binary), int(diff.size), 1 - confidence),
        unit=unit,
        pairs=pairs,
        error_share=lost / pairs if pairs else 0.0,
        unknown=int(both.unknown[s][inside].sum()),
        bound_low=float(both.low[s][inside].sum() / answered) if bounded and lost and answered else None,
        bound_high=float(both.high[s][inside].sum() / answered) if bounded and lost and answered else None,
        ci90_low=narrow[0],
        ci90_high=narrow[1],
        margin=margin,
    )
    return metric, diff, binary


def _interval(
    diff: Floats, binary: bool, bounded: bool, confidence: float
) -> tuple[float | None, float | None]:
    if not diff.size:
        return None, None
    if binary:
        return paired.bonett_price(int((diff > 0).sum()), int((diff < 0).sum()), diff.size, confidence)
    bounds = (-1.0, 1.0) if bounded else None
    low, high = t_interval(diff.mean(), paired.sample_sd(diff), diff.size, confidence, bounds=bounds)
    return frames.number(low), frames.number(high)


def _spread(diff: Floats, binary: bool) -> float:
    """Standard deviation of a case's difference; for pass/fail with the added pairs, so that it is never 0."""
    if binary and diff.size:
        return paired.bonett_price_moments(int((diff > 0).sum()), int((diff < 0).sum()), diff.size)[1]
    return paired.sample_sd(diff)


def _with_verdict(m: MetricComparison, diff: Floats, family: int, confidence: float) -> MetricComparison:
    verdict = decide(m, alpha=1 - confidence)
    needed = None
    if verdict == "undecided" and m.diff is not None:
        binary = m.method.startswith("McNemar")
        alpha = (1 - confidence) / family
        needed = paired.cases_to_decide(m.diff, _spread(diff, binary), m.n, margin=m.margin, alpha=alpha)
    return replace(m, verdict=verdict, cases_to_decide=needed)


def _ordered_differences(both: Paired, s: int, lower_is_better: bool) -> list[tuple[str, float]]:
    """Cases whose score changed with their gain, the worst first; equal ones in the order of their ids."""
    gain = -both.diff[s] if lower_is_better else both.diff[s]
    changed = [(case, float(g)) for case, g in zip(both.cases, gain, strict=True) if abs(g) >= 1e-12]
    losses = sorted((c for c in changed if c[1] < 0), key=lambda c: (c[1], frames.natural_key(c[0])))
    wins = sorted((c for c in changed if c[1] > 0), key=lambda c: (-c[1], frames.natural_key(c[0])))
    return losses + wins[::-1]


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
