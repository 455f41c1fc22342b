"""From numbers to a verdict, and from a verdict to one sentence."""

from __future__ import annotations

from workbench.analysis.results import CostComparison, MetricComparison, Verdict
from workbench.analysis.wording import count, difference, interval, p_text, times

#: Above this share of answers lost, missing ones could make or hide the difference: no verdict.
ERROR_SHARE_LIMIT = 0.02


def decide(m: MetricComparison, *, alpha: float = 0.05) -> Verdict:
    """Give the verdict on B against A.

    In this order: too many answers missing, ``no verdict``; the 90 % interval inside the margin (two one-sided
    tests at 5 %), ``equivalent``; the adjusted p below ``alpha`` *and* an interval that excludes 0 on the side
    of the difference, ``better`` or ``worse``; else ``undecided``. Where test and interval disagree, nothing is
    established.
    """
    if m.error_share > ERROR_SHARE_LIMIT or (m.n == 0 and m.errors):
        return "no verdict"
    if is_within(m.ci90_low, m.ci90_high, m.margin):
        return "equivalent"
    if m.ci_low is None or m.ci_high is None or m.p_adjusted is None or m.diff is None:
        return "undecided"
    if m.p_adjusted >= alpha:
        return "undecided"
    if m.ci_low > 0 and m.diff > 0:
        return "worse" if m.lower_is_better else "better"
    if m.ci_high < 0 and m.diff < 0:
        return "better" if m.lower_is_better else "worse"
    return "undecided"


def is_within(low: float | None, high: float | None, margin: float) -> bool:
    """Tell whether an interval lies strictly inside ±margin; False where either is unknown or margin is 0."""
    return margin > 0 and low is not None and high is not None and low > -margin and high < margin


def headline(a: str, b: str, m: MetricComparison, cost: CostComparison, confidence: float = 0.95) -> str:
    """Say the verdict in one sentence that a product manager understands."""
    if m.verdict == "no verdict":
        return _no_verdict(a, b, m)
    if m.n == 0:
        return f"Undecided on {m.scorer}: no case has a known value on both sides."
    numbers = _numbers(m, confidence)
    spent = cost_words(cost)
    if m.verdict in ("better", "worse"):
        return f"{b} is {m.verdict} than {a} on {m.scorer}: {numbers}, {spent}."
    if m.verdict == "equivalent":
        within = difference(m.margin, m.unit).lstrip("+")
        return f"{b} and {a} are equivalent on {m.scorer} within {within}: {numbers}, {spent}."
    if m.cases_to_decide:
        more = f"about {m.cases_to_decide:,} cases would decide"
    elif m.diff == 0:
        more = "no difference was seen, so no number of cases can be named that would decide"
    else:
        more = "how many cases would decide cannot be said"
    return f"Undecided between {a} and {b} on {m.scorer}: {numbers}, {spent}; {more}."


def _numbers(m: MetricComparison, confidence: float) -> str:
    level = f"{confidence * 100:g} % interval"
    if m.ci_low is None:
        around = f"{level} unknown"
    else:
        around = f"{level} {interval(m.ci_low, m.ci_high, m.unit, signs=True)}"
    return f"{difference(m.diff, m.unit)} ({around}; n = {_cases(m)}, {p_text(m.p_adjusted)})"


def _cases(m: MetricComparison) -> str:
    cases = count(m.n, "case")
    return cases if m.clusters is None else f"{cases} in {count(m.clusters, 'cluster')}"


def _no_verdict(a: str, b: str, m: MetricComparison) -> str:
    text = (
        f"No verdict between {a} and {b} on {m.scorer}: {m.errors:,} of {count(m.pairs, 'pair')} miss an answer "
        f"on either side ({m.error_share * 100:.1f} % of the answers, above {ERROR_SHARE_LIMIT * 100:g} %)"
    )
    if m.bound_low is None or m.bound_high is None:
        return f"{text}."
    bounds = interval(m.bound_low, m.bound_high, m.unit, signs=True)
    return f"{text}; had all of them gone one way or the other, the difference would be {bounds} points."


def cost_words(cost: CostComparison) -> str:
    """What the candidate costs against the baseline: ``at 3.20 times the cost``, ``both free``, ``cost unknown``."""
    if cost.ratio is None:
        return {"the baseline is free": "while the baseline is free"}.get(
            cost.note, cost.note or "cost unknown"
        )
    known = "" if not cost.unknown else f" where both are known ({cost.unknown:,} unknown)"
    if cost.ratio == 0:
        return f"at no cost{known}"
    if 0.995 <= cost.ratio < 1.005:
        return f"at the same cost{known}"
    return f"at {times(cost.ratio)} the cost{known}"
