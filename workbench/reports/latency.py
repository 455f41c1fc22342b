"""Both sides' latency as rows of a table, the same in every report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from workbench.analysis.wording import seconds

QUANTILES = ("p50", "p90", "p95", "p99")


class TimedRow(NamedTuple):
    """One figure of both sides, such as ``Latency, p95``. Only the median of latency is ``paired`` over the cases."""

    title: str
    a: str
    b: str
    paired: bool = False


def latency_rows(
    latency: Mapping[str, Any], *, names: tuple[str, ...] = QUANTILES, intervals: bool = True
) -> list[TimedRow]:
    """Return the quantiles of latency, then the medians of first token and rate where answers were streamed.

    Args:
        latency: That of a comparison.
        names: Which quantiles of latency.
        intervals: Whether each figure has its 95 % interval behind it.
    """

    def row(title: str, key: str | None, name: str, show: Callable[[float | None], str]) -> TimedRow:
        sides = [latency[side] if key is None else latency[side].get(key) or {} for side in ("a", "b")]
        a, b = (_quantile(found, name, show, intervals=intervals) for found in sides)
        return TimedRow(title, a, b, paired=key is None and name == "p50")

    rows = [row(f"Latency, {name}", None, name, seconds) for name in names]
    for title, key, show in (
        ("First token, p50", "first_token", seconds),
        ("Tokens a second, p50", "rate", _per_second),
    ):
        if any(latency[side].get(key) for side in ("a", "b")):
            rows.append(row(title, key, "p50", show))
    return rows


def _quantile(
    found: Mapping[str, Any], name: str, show: Callable[[float | None], str], *, intervals: bool
) -> str:
    """A quantile with its interval; an end that the sample is too small for stays open."""
    value = show(found.get(name))
    low, high = found.get(f"{name}_ci") or (None, None)
    if not intervals or (low is None and high is None):
        return value
    if low is None or high is None:
        ends = f"up to {show(high)}" if low is None else f"{show(low)} up"
    else:
        ends = f"{show(low)} to {show(high)}"
    return f"{value} ({ends})"


def _per_second(rate: float | None) -> str:
    return "unknown" if rate is None else f"{rate:,.1f}"
