"""What the Compare page says in words: the verdict, what it rests on, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.analysis.results import Comparison, MetricComparison
from workbench.analysis.verdict import cost_words
from workbench.analysis.wording import count, listed
from workbench.reports.text import difference, interval, p_text


@dataclass(frozen=True)
class Words:
    """The verdict as one sentence, what it rests on, where B is worse in spite of it, and what to do next.

    ``gate`` is what the run's gate says of these two sides, as status and sentence; None where it has none.
    """

    sentence: str
    numbers: str
    setbacks: tuple[str, ...]
    gate: tuple[str, str] | None
    next_step: str


def verdict_words(comparison: Comparison, suite: str, gate: Mapping[str, Any] | None = None) -> Words:
    """Say a comparison's verdict for a person who decides.

    Args:
        comparison: The comparison.
        suite: Its suite's name.
        gate: What the gate said of these two sides, as a run keeps it.
    """
    a, b, m = comparison.a, comparison.b, comparison.primary
    return Words(
        sentence=_sentence(a, b, m),
        numbers=_numbers(comparison),
        setbacks=_setbacks(comparison),
        gate=_gate(gate) if gate else None,
        next_step=_next_step(a, b, m, comparison, suite, str((gate or {}).get("status", ""))),
    )


def _gate(gate: Mapping[str, Any]) -> tuple[str, str]:
    """Say a gate's status, with the rules that decided it where it did not pass."""
    status = str(gate["status"])
    rules = [rule for rule in gate.get("rules", ()) if rule["status"] == status and status != "passed"]
    reasons = "; ".join(str(rule["reason"]).rstrip(".") for rule in rules)
    return status, f"Gate {status}{': ' if reasons else ''}{reasons}"


def _sentence(a: str, b: str, m: MetricComparison) -> str:
    if m.verdict in ("better", "worse"):
        return f"{b} is {m.verdict} than {a}"
    if m.verdict == "equivalent":
        return f"{b} and {a} are equivalent within {difference(m.margin, m.unit).lstrip('+')}"
    if m.verdict == "no verdict":
        return f"No verdict: {m.errors:,} of {count(m.pairs, 'pair')} of answers are incomplete"
    if m.n == 0:
        return "Undecided: no case has a known value on both sides"
    if m.cases_to_decide:
        return f"Undecided between {a} and {b}: about {m.cases_to_decide:,} cases would decide"
    return f"Undecided between {a} and {b}"


def _numbers(comparison: Comparison) -> str:
    m = comparison.primary
    if m.diff is None:
        return f"{m.scorer}: {count(m.n, 'case')} with a value on both sides"
    level = f"{comparison.confidence * 100:g} % interval"
    parts = [
        f"{m.scorer} {difference(m.diff, m.unit)}",
        f"{level} {interval(m.ci_low, m.ci_high, m.unit, signs=True)}",
        count(m.n, "case"),
        p_text(m.p_adjusted),
        cost_words(comparison.cost),
    ]
    return "  ·  ".join(parts)


def _setbacks(comparison: Comparison) -> tuple[str, ...]:
    """Name slices of the deciding metric, and other metrics, on which B is established as worse."""
    primary = comparison.primary
    slices = [
        m for m in comparison.metrics if m.scorer == primary.scorer and m.slice and m.verdict == "worse"
    ]
    others = [
        m for m in comparison.metrics if m.scorer != primary.scorer and not m.slice and m.verdict == "worse"
    ]
    said = []
    for found, name in ((slices, "slice"), (others, "scorer")):
        if found:
            names = [f"{getattr(m, name)} ({difference(m.diff, m.unit)})" for m in found]
            said.append(f"Worse on {listed(names)}")
    return tuple(said)


def _next_step(a: str, b: str, m: MetricComparison, comparison: Comparison, suite: str, gate: str) -> str:
    worse = len(comparison.regressions)
    if m.verdict in ("better", "equivalent") and gate == "failed":
        return (
            f"The gate of {suite} holds it back: mend that, or decide with the team that its rule is wrong."
        )
    if m.verdict in ("better", "equivalent"):
        look = f"Look at the {count(worse, 'case')} that got worse, then release it." if worse else ""
        return look or "No case got worse."
    if m.verdict == "worse":
        return f"Keep {a}; the {count(worse, 'case')} that got worse show what to mend in {b}."
    if m.verdict == "no verdict":
        return "Resume the run to ask again for what failed; above 2 % missing they could make or hide a difference."
    if m.diff == 0:
        hint = "No difference was seen."
    elif m.cases_to_decide:
        hint = (
            f"These are {m.n:,} cases; if the difference is as large as it seems, "
            f"about {max(m.cases_to_decide - m.n, 1):,} more in {suite} would show it."
        )
    else:
        hint = "How many cases would decide cannot be said."
    margin = " A margin that does not matter to you may decide it too." if m.margin == 0 else ""
    return hint + margin
