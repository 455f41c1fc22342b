"""One signal of a watch over its looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

#: The newest looks that are drawn; more would be a wood of marks.
MAX_POINTS = 100
_STEADY, _MOVED = "as before", "moved"
_COLOURS = {_STEADY: "#6f8fb0", _MOVED: "#d9534f"}


@dataclass(frozen=True)
class Point:
    """One look's value in the unit of the axis, with its 95 % interval if it has one; look 0 is the reference."""

    look: int
    value: float
    low: float | None
    high: float | None
    shown: str
    around: str
    run: str
    at: str
    moved: bool = False


def signal_chart(points: Sequence[Point], *, looks: int, before: float | None, title: str) -> alt.LayerChart:
    """A mark a look with its interval, and a dashed line at what it was before.

    Args:
        points: In the order of the looks.
        looks: How many there are, so that all signals have one axis.
        before: The mean before a change, or of all runs before the newest.
        title: The unit, for the axis.
    """
    shown = list(range(max(0, looks - MAX_POINTS + 1), looks + 1))
    drawn = [p for p in points if p.look >= shown[0]]
    rows = [
        {
            **vars(p),
            "state": _MOVED if p.moved else _STEADY,
            "low": _or(p.low, p.value),
            "high": _or(p.high, p.value),
        }
        for p in drawn
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "look:O",
            title=None,
            scale=alt.Scale(domain=shown),
            axis=alt.Axis(labelAngle=0, labelOverlap="greedy", ticks=False, labelSeparation=12),
        ),
        color=alt.Color(
            "state:N", scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())), legend=None
        ),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=name)
            for field, name in (
                ("look", "Look"),
                ("shown", "Mean"),
                ("around", "95 % interval"),
                ("state", "State"),
                ("at", "When"),
                ("run", "Run"),
            )
        ],
    )
    axis = alt.Axis(tickCount=4, titleFontWeight="normal")
    # Every layer has the scale, or the axis would begin at 0 and small moves would be lost.
    scale = alt.Scale(domain=_domain(drawn, before), nice=False)
    layers = [
        base.mark_rule(strokeWidth=2, opacity=0.6).encode(
            y=alt.Y("low:Q", title=title, scale=scale, axis=axis), y2="high:Q"
        ),
        base.mark_point(filled=True, size=55, opacity=1).encode(
            y=alt.Y("value:Q", title=title, scale=scale, axis=axis),
            shape=alt.Shape(
                "state:N", scale=alt.Scale(domain=list(_COLOURS), range=["circle", "diamond"]), legend=None
            ),
        ),
    ]
    if before is not None:
        line = alt.Chart(alt.InlineData(values=[{"before": before}]))
        layers.insert(
            0,
            line.mark_rule(strokeDash=[4, 4], color="#8a8f98").encode(
                y=alt.Y("before:Q", title=title, scale=scale, axis=axis)
            ),
        )
    return alt.layer(*layers).properties(width="container", height=150, background="transparent")


def _domain(points: Sequence[Point], before: float | None) -> list[float]:
    """What is drawn with a little air; a signal that never varies stands in the middle."""
    values = [v for p in points for v in (p.value, p.low, p.high) if v is not None]
    values += [before] if before is not None else []
    low, high = min(values, default=0.0), max(values, default=1.0)
    air = 0.08 * (high - low)
    if high - low <= 0.01 * max(abs(low), abs(high)):
        air = 0.1 * max(abs(low), abs(high)) or 1.0
    return [low - air if low < 0 or low > air else 0.0, high + air]


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
