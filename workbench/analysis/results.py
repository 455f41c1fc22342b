"""What a comparison says: one object for headline, metrics, cost and latency, and its JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal[
    "better",  # established: B is better than A
    "worse",  # established: B is worse than A
    "equivalent",  # established: the difference lies within the margin
    "undecided",  # more cases are needed
    "no verdict",  # too many answers are missing to judge at all
]


@dataclass(frozen=True)
class MetricComparison:
    """One scorer on the same cases of both sides, over all cases (``slice`` None) or one slice.

    ``a``, ``b`` and ``diff`` (B − A) are means over ``n`` cases in the scorer's ``unit``; ``ci_low`` and
    ``ci_high`` bound the difference. ``ci90_low`` and ``ci90_high`` are the 90 % interval that equivalence and
    the gate hold against a margin (for pass/fail a little wider, `paired_intervals.margin_interval`). ``p_adjusted`` is
    corrected for the number of slices looked at. ``wins`` are cases on which B is better. ``pairs`` counts
    (model, case) pairs, ``errors`` those that miss an answer on either side, ``error_share`` the share of
    answers lost (0–1), ``bound_low`` and ``bound_high`` the difference if all of these had gone against B or for
    it, ``unknown`` the pairs whose quantity nobody knows. ``clusters`` counts the clusters that the cases are in,
    None where each case is its own. ``repeat_share`` is the share (0–1) of the variance of ``diff`` that comes from
    the answers to one case differing; None without repeats. ``advice`` says what would help, more cases or more
    repeats; empty where nothing is known. ``cases_to_decide`` and ``detectable`` are explained in
    `workbench.analysis.paired`. ``relative`` is b / a − 1 with its interval (`workbench.analysis.relative`). None is
    unknown.
    """

    scorer: str
    slice: str | None
    n: int
    a: float | None
    b: float | None
    diff: float | None
    ci_low: float | None
    ci_high: float | None
    p: float | None
    p_adjusted: float | None
    verdict: Verdict
    cases_to_decide: int | None
    wins: int
    ties: int
    losses: int
    errors: int
    method: str
    lower_is_better: bool
    detectable: float | None
    unit: str = "score"
    pairs: int = 0
    error_share: float = 0.0
    unknown: int = 0
    bound_low: float | None = None
    bound_high: float | None = None
    ci90_low: float | None = None
    ci90_high: float | None = None
    margin: float = 0.0
    clusters: int | None = None
    repeat_share: float | None = None
    advice: str = ""
    relative: float | None = None
    relative_low: float | None = None
    relative_high: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class CostComparison:
    """Cost in USD over the ``n`` pairs for which both sides' cost is known; ``unknown`` counts the others.

    ``a`` and ``b`` are totals, ``mean_a`` and ``mean_b`` the cost of one answer, ``ratio`` is mean_b / mean_a
    with a 95 % interval. The ratio is None where it is unknown or the baseline costs nothing; ``note`` says which.
    Errored answers are left out; an answer from the cache counts with what it cost the first time.
    """

    a: float | None
    b: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    unknown: int
    mean_a: float | None = None
    mean_b: float | None = None
    n: int = 0
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Comparison:
    """B against the baseline A. ``metrics`` holds each scorer's whole before its slices.

    ``latency`` is ``{"a": {"p50", "p95", "n"}, "b": …, "ratio", "ratio_low", "ratio_high", "unknown"}`` in
    seconds; its ratio is the geometric mean of B's over A's latency on the same case. ``regressions`` and
    ``improvements`` are ids of the cases on which the primary metric got worse and better, the largest first.
    ``preferences`` is what each judge that compares says of B against A, and ``labels`` what people's labels say of
    each labelled scorer and of what it found, both as plain data.
    """

    a: str
    b: str
    metrics: list[MetricComparison]
    cost: CostComparison
    latency: dict[str, Any]
    regressions: list[str]
    improvements: list[str]
    headline: str
    warnings: list[str]
    primary: MetricComparison
    margin: float = 0.0
    confidence: float = 0.95
    case_differences: dict[str, float] = field(default_factory=dict)
    preferences: list[dict[str, Any]] = field(default_factory=list)
    labels: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The primary metric's verdict over all cases."""
        return self.primary.verdict

    def metric(self, scorer: str, slice: str | None = None) -> MetricComparison | None:
        """Return one scorer's comparison over all cases or one slice; None where there is none."""
        return next((m for m in self.metrics if m.scorer == scorer and m.slice == slice), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of a comparison; unknown numbers are null, never NaN."""
        return {
            "a": self.a,
            "b": self.b,
            "verdict": self.verdict,
            "headline": self.headline,
            "primary": self.primary.scorer,
            "margin": self.margin,
            "confidence": self.confidence,
            "metrics": [m.to_dict() for m in self.metrics],
            "cost": self.cost.to_dict(),
            "latency": self.latency,
            "regressions": list(self.regressions),
            "improvements": list(self.improvements),
            "preferences": self.preferences,
            "labels": self.labels,
            "warnings": list(self.warnings),
        }
