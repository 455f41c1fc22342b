"""The frontier of quality against cost or latency, as a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from workbench.reports.text import amount, interval, one_line, seconds, short_name, usd

if TYPE_CHECKING:
    import altair as alt

    from workbench.analysis.ranking import Ranked, Ranking

Axis = Literal["cost", "latency"]
#: Legible on light and dark alike.
_COLOUR, _QUIET = "#4c86c6", "#808a87"
_TITLES: dict[Axis, str] = {"cost": "USD per 1,000 answers", "latency": "median latency in seconds"}


def told_apart(ranking: Ranking) -> list[Axis]:
    """Return what tells the rows apart beside quality: cost, latency, both or nothing."""
    found: list[Axis] = []
    for axis in ("cost", "latency"):
        known = {value for row in ranking.rows if (value := _value(row, axis)) is not None}
        if len(known) > 1:
            found.append(axis)
    return found


def frontier_chart(ranking: Ranking, axis: Axis) -> alt.LayerChart:
    """Draw each version or model: quality with its interval against cost or latency.

    What another one dominates in quality, cost and latency is drawn hollow.
    """
    import altair as alt

    beaten = {row.name: row.dominated_by for row in ranking.frontier}
    scale = 100 if ranking.unit == "score" else 1
    rows: list[dict[str, Any]] = [
        {
            "name": short_name(row.name),
            "x": _value(row, axis),
            "mean": row.mean * scale,
            "low": None if row.ci_low is None else row.ci_low * scale,
            "high": None if row.ci_high is None else row.ci_high * scale,
            "shown": amount(row.mean, ranking.unit),
            "around": interval(row.ci_low, row.ci_high, ranking.unit),
            "cost": usd(row.cost_usd),
            "latency": seconds(row.latency_s),
            "state": "dominated" if beaten.get(row.name) else "on the frontier",
        }
        for row in ranking.rows
        if row.mean is not None and _value(row, axis) is not None
    ]
    # Names stand to the right of their points, and the last one needs room for that.
    reach = 1.12 * max((row["x"] for row in rows), default=1) or 1
    title = f"{one_line(ranking.metric, 40)}{' (%)' if ranking.unit == 'score' else ''}"
    filling = alt.condition("datum.state == 'dominated'", alt.value(0), alt.value(1))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("x:Q", title=_TITLES[axis], scale=alt.Scale(domain=[0, reach])),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=name)
            for field, name in (
                ("name", "Version"),
                ("shown", "Mean"),
                ("around", "95 % interval"),
                ("cost", "Cost per answer"),
                ("latency", "Median latency"),
                ("state", "It is"),
            )
        ],
    )
    names = base.mark_text(align="left", dx=10, dy=-8, color=_QUIET, limit=220).encode(
        y=alt.Y("mean:Q"), text="name:N"
    )
    chart = alt.layer(
        base.mark_rule(strokeWidth=1.5, color=_COLOUR).encode(
            y=alt.Y("low:Q", title=title, scale=alt.Scale(zero=False)), y2="high:Q"
        ),
        base.mark_point(filled=True, size=110, fill=_COLOUR, stroke=_COLOUR, strokeWidth=2, opacity=1).encode(
            y=alt.Y("mean:Q", title=title), fillOpacity=filling
        ),
        names,
    )
    return chart.properties(width="container", height=300, background="transparent")


def _value(row: Ranked, axis: Axis) -> float | None:
    if axis == "latency":
        return row.latency_s
    return None if row.cost_usd is None else row.cost_usd * 1000
