"""The comparison of a run that was looked at after every case: the same tables, by methods that allow for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.analysis import frames, paired, sequential
from workbench.analysis.compare import Comparison, Side
from workbench.analysis.estimators import Floats
from workbench.analysis.pairing import Paired, match_arms, pair
from workbench.analysis.results import MetricComparison
from workbench.analysis.verdict import decide, headline
from workbench.analysis.wording import count

METHOD = "always-valid: e-process and confidence sequence by betting"
UNBOUNDED = "none: numbers without bounds have no always-valid interval"


@dataclass(frozen=True)
class Looking:
    """How a run was looked at: decided after ``used`` of ``planned`` cases, or not at all."""

    used: int
    planned: int
    decided: bool

    def sentence(self) -> str:
        """Say it for people."""
        how = "decided after" if self.decided else "not decided after"
        return (
            f"Looked at after every case, {how} {self.used:,} of {count(self.planned, 'case')}: "
            "interval and p are always-valid, whenever one stops."
        )


@dataclass(frozen=True)
class SequentialComparison(Comparison):
    """A comparison whose intervals and p values hold at any stopping time."""

    looking: Looking = Looking(0, 0, False)

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON, with ``sequential`` beside what every comparison has."""
        return {**super().to_dict(), "sequential": {**vars(self.looking), "method": METHOD}}


def as_sequential(
    fixed: Comparison, a: Side, b: Side, looking: Looking, *, slices: frames.Slices | None = None
) -> SequentialComparison:
    """Judge a comparison's metrics again by methods that hold at any stopping time.

    Args:
        fixed: `compare` of the same two sides with the same slices.
        a: The baseline.
        b: The candidate.
        looking: What to say about the looks.
        slices: As given to `compare`.
    """
    scorers = list(dict.fromkeys(m.scorer for m in fixed.metrics))
    both = pair(a.scores, b.scores, match_arms(a.scores, b.scores, (a.name, b.name)), scorers)
    inside = _parts(both, slices)
    drafts = [_estimate(m, both, inside[m.slice], fixed.confidence) for m in fixed.metrics]
    metrics = [_with_verdict(m, d, fixed.confidence) for m, d in _corrected(drafts)]
    primary = next(m for m in metrics if m.scorer == fixed.primary.scorer and m.slice is None)
    said = headline(fixed.a, fixed.b, primary, fixed.cost, fixed.confidence)
    own = {
        **vars(fixed),
        "metrics": metrics,
        "primary": primary,
        "headline": f"{said.replace(' % interval', ' % always-valid interval')} {looking.sentence()}",
        "warnings": [
            *(w for w in fixed.warnings if w != fixed.primary.advice),
            "The intervals of cost and latency are those of a fixed number of cases.",
        ],
    }
    return SequentialComparison(**own, looking=looking)


def _parts(both: Paired, slices: frames.Slices | None) -> dict[str | None, NDArray[np.bool_]]:
    parts: dict[str | None, NDArray[np.bool_]] = {None: np.ones(len(both.cases), bool)}
    for view in frames.slice_views(slices, both.cases):
        parts.update({label: view.codes == code for code, label in enumerate(view.labels)})
    return parts


def _estimate(
    m: MetricComparison, both: Paired, inside: NDArray[np.bool_], confidence: float
) -> tuple[MetricComparison, Floats]:
    """One metric with its always-valid numbers, still without verdict, and its per-case differences."""
    diff = both.diff[both.scorers.index(m.scorer)][inside]
    diff = diff[np.isfinite(diff)]
    blank = replace(
        m,
        p=None,
        p_adjusted=None,
        ci_low=None,
        ci_high=None,
        ci90_low=None,
        ci90_high=None,
        detectable=None,
        relative_low=None,
        relative_high=None,
        advice="",
        method=UNBOUNDED,
    )
    if m.unit != "score" or not both.bounded[both.scorers.index(m.scorer)] or not diff.size:
        return blank, np.zeros(0)
    low, high = sequential.confidence_sequence(diff, confidence)
    low90, high90 = sequential.confidence_sequence(diff, 0.9)
    p = sequential.always_valid_p(diff)
    judged = replace(blank, p=p, p_adjusted=p, ci_low=low, ci_high=high, method=METHOD)
    return replace(judged, ci90_low=low90, ci90_high=high90), diff


def _corrected(drafts: Sequence[tuple[MetricComparison, Floats]]) -> list[tuple[MetricComparison, Floats]]:
    """Apply Holm's correction over the slices of each scorer, as for any comparison."""
    result = list(drafts)
    for scorer in dict.fromkeys(m.scorer for m, _ in drafts):
        family = [
            i
            for i, (m, _) in enumerate(drafts)
            if m.scorer == scorer and m.slice is not None and m.p is not None
        ]
        adjusted = paired.holm([drafts[i][0].p or 0.0 for i in family])
        for i, p in zip(family, adjusted, strict=True):
            result[i] = (replace(drafts[i][0], p_adjusted=float(p)), drafts[i][1])
    return result


def _with_verdict(m: MetricComparison, diff: Floats, confidence: float) -> MetricComparison:
    verdict = decide(m, alpha=1 - confidence)
    needed = None
    if verdict == "undecided" and diff.size and math.isfinite(m.margin):
        needed = sequential.cases_to_decide(diff, margin=m.margin, alpha=1 - confidence)
    return replace(m, verdict=verdict, cases_to_decide=needed)
