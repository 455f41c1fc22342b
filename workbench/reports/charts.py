"""Charts in Altair for the app and for reports: small inline data, n and intervals in every tooltip.

Names are data, never field names, expressions or markup, so nothing that a prompt or model is called can do
anything in a chart. Versions and models take their colours from the theme of whoever shows the chart. A verdict's
colour is fixed, of middle lightness so that it stands out on light and dark grounds alike, and is only ever a
repetition: of a shape, and of the word beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from workbench.analysis.frames import float_column, is_error
from workbench.analysis.results import Comparison
from workbench.analysis.summary import Summary
from workbench.reports.markdown import version_name
from workbench.reports.text import amount, difference, interval, one_line, p_text, seconds, short_name, usd

SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-left",
    "triangle-right",
)
VERDICT_COLOURS = {
    "better": "#1a9e77",
    "worse": "#d9534f",
    "equivalent": "#0f86c9",
    "undecided": "#8a8f98",
    "no verdict": "#b8860b",
}
VERDICT_SHAPES = {
    "better": "triangle-up",
    "worse": "triangle-down",
    "equivalent": "square",
    "undecided": "circle",
    "no verdict": "cross",
}
_ZERO_COLOUR = "#8a8f98"
ECDF_POINTS = 200
_LEGEND_CHARACTERS = 48
_ROW_HEIGHT = 30
_AXIS_HEIGHT = 66
_TITLES = {"score": "%", "seconds": "seconds", "usd": "USD", "count": "count"}


def quality_chart(summaries: Sequence[Summary], *, metric: str) -> alt.LayerChart:
    """One row a version, one mark a model: the mean with its 95 % interval.

    Args:
        summaries: What `summarise` returned; slices are left out.
        metric: The scorer to show.
    """
    chosen = [s for s in summaries if s.scorer == metric and s.slice is None and s.mean is not None]
    unit = chosen[0].unit if chosen else "score"
    rows = [
        {
            "version": short_name(version_name(s)),
            "model": short_name(s.model),
            "mean": _scaled(s.mean, unit),
            "low": _scaled(s.ci_low, unit),
            "high": _scaled(s.ci_high, unit),
            "shown": amount(s.mean, unit),
            "around": interval(s.ci_low, s.ci_high, unit),
            "n": s.n,
            "errors": s.errors,
        }
        for s in chosen
    ]
    models = list(dict.fromkeys(r["model"] for r in rows))
    versions = list(dict.fromkeys(r["version"] for r in rows))
    domain = (
        {"domain": [0, 100]}
        if unit == "score" and all(0 <= r["mean"] <= 100 for r in rows)
        else {"zero": False}
    )
    base = _chart(rows).encode(
        y=alt.Y("version:N", sort=versions, title=None, axis=alt.Axis(labelLimit=260)),
        yOffset=alt.YOffset("model:N", sort=models),
        color=_colour("model", models),
        tooltip=_tooltips(
            ("version", "Version"),
            ("model", "Model"),
            ("shown", "Mean"),
            ("around", "95 % interval"),
            ("n", "Cases"),
            ("errors", "Errors"),
        ),
    )
    title = f"{one_line(metric, 40)} ({_TITLES.get(unit, unit)}), mean and 95 % interval"
    mean = alt.X("mean:Q", title=title, scale=alt.Scale(**domain))
    return _sized(
        alt.layer(
            base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q"),
            base.mark_point(filled=True, size=80, opacity=1).encode(x=mean, shape=_shape("model", models)),
        ),
        max(1, len(versions)) * max(1, len(models)),
    )


def slices_chart(comparison: Comparison, *, metric: str | None = None) -> alt.LayerChart:
    """Forest plot: the paired difference B − A with its interval, over all cases and by slice."""
    scorer = metric or comparison.primary.scorer
    chosen = [m for m in comparison.metrics if m.scorer == scorer and m.diff is not None]
    unit = chosen[0].unit if chosen else "score"
    rows = [
        {
            "slice": name,
            "row": f"{short_name(name, 32)}: {m.verdict}",
            "diff": _scaled(m.diff, unit),
            "low": _scaled(m.ci_low, unit),
            "high": _scaled(m.ci_high, unit),
            "verdict": m.verdict,
            "shown": difference(m.diff, unit),
            "around": interval(m.ci_low, m.ci_high, unit, signs=True),
            "p": p_text(m.p_adjusted),
            "n": m.n,
            "errors": m.errors,
        }
        for m in chosen
        for name in [short_name(m.slice, 80) if m.slice is not None else "all cases"]
    ]
    order = [r["row"] for r in rows]
    verdicts = [v for v in VERDICT_COLOURS if v in {r["verdict"] for r in rows}]
    name = "points" if unit == "score" else _TITLES.get(unit, unit)
    title = f"{one_line(scorer, 40)}: {one_line(comparison.b, 40)} − {one_line(comparison.a, 40)} ({name})"
    base = _chart(rows).encode(
        y=alt.Y("row:N", sort=order, title=None, axis=alt.Axis(labelLimit=340)),
        color=alt.Color(
            "verdict:N",
            scale=alt.Scale(domain=verdicts, range=[VERDICT_COLOURS[v] for v in verdicts]),
            legend=None,
        ),
        tooltip=_tooltips(
            ("slice", "Slice"),
            ("verdict", "Verdict"),
            ("shown", "Difference"),
            ("around", "Interval"),
            ("p", "p, corrected"),
            ("n", "Cases"),
            ("errors", "Errors"),
        ),
    )
    zero = _chart([{"zero": 0}]).mark_rule(color=_ZERO_COLOUR, strokeDash=[4, 4]).encode(x="zero:Q")
    shape = alt.Shape(
        "verdict:N",
        scale=alt.Scale(domain=verdicts, range=[VERDICT_SHAPES[v] for v in verdicts]),
        legend=None,
    )
    return _sized(
        alt.layer(
            zero,
            base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q"),
            base.mark_point(filled=True, size=80, opacity=1).encode(
                x=alt.X("diff:Q", title=title), shape=shape
            ),
        ),
        len(rows),
    )


def cost_quality_chart(summaries: Sequence[Summary], cells: pd.DataFrame, *, metric: str) -> alt.LayerChart:
    """Mean cost of an answer against quality with its interval, one mark a version and model.

    Those whose cost is unknown are left out (they have no place on the axis), so say which they are beside it:
    `unpriced`.
    """
    known = cells.assign(cost_usd=float_column(cells, "cost_usd"))[~is_error(cells)].dropna(
        subset=["cost_usd"]
    )
    groups = known.groupby(["prompt", "version", "model"], dropna=False)["cost_usd"]
    costs = {key: (float(group.mean()), len(group)) for key, group in groups}
    rows = []
    for s in summaries:
        cost = costs.get((s.prompt, s.version, s.model))
        if s.scorer != metric or s.slice is not None or s.mean is None or cost is None:
            continue
        rows.append(
            {
                "version": short_name(version_name(s)),
                "model": short_name(s.model),
                "cost": cost[0] * 1000,
                "mean": _scaled(s.mean, s.unit),
                "low": _scaled(s.ci_low, s.unit),
                "high": _scaled(s.ci_high, s.unit),
                "shown": amount(s.mean, s.unit),
                "around": interval(s.ci_low, s.ci_high, s.unit),
                "price": usd(cost[0]),
                "n": s.n,
                "answers": cost[1],
            }
        )
    versions, models = (list(dict.fromkeys(r[key] for r in rows)) for key in ("version", "model"))
    unit = next((s.unit for s in summaries if s.scorer == metric), "score")
    title = f"{one_line(metric, 40)} ({_TITLES.get(unit, unit)})"
    base = _chart(rows).encode(
        x=alt.X("cost:Q", title="USD per 1,000 answers", scale=alt.Scale(zero=True)),
        color=_colour("version", versions),
        tooltip=_tooltips(
            ("version", "Version"),
            ("model", "Model"),
            ("shown", "Mean"),
            ("around", "95 % interval"),
            ("price", "Cost per answer"),
            ("n", "Cases"),
            ("answers", "Answers priced"),
        ),
    )
    chart = alt.layer(
        base.mark_rule(strokeWidth=1.5).encode(
            y=alt.Y("low:Q", title=title, scale=alt.Scale(zero=False)), y2="high:Q"
        ),
        base.mark_point(filled=True, size=110, opacity=1).encode(
            y=alt.Y("mean:Q", title=title), shape=_shape("model", models, alone=True)
        ),
    )
    return chart.properties(width="container", height=300, background="transparent")


def unpriced(summaries: Sequence[Summary], cells: pd.DataFrame) -> list[str]:
    """Name the versions and models none of whose answers has a known cost."""
    known = cells[~np.isnan(float_column(cells, "cost_usd")) & ~is_error(cells)]
    priced = set(zip(known["prompt"], known["version"], known["model"], strict=True))
    names = [
        f"{version_name(s)} on {s.model}" for s in summaries if (s.prompt, s.version, s.model) not in priced
    ]
    return list(dict.fromkeys(names))


def latency_chart(sides: Mapping[str, pd.DataFrame]) -> alt.Chart:
    """Share of answers that came within a time, one line a side; errors and unknown latencies are left out.

    At most `ECDF_POINTS` quantiles a side are drawn, whatever the number of answers.

    Args:
        sides: A name for each side, and its cells.
    """
    rows: list[dict[str, Any]] = []
    names = []
    for name, cells in sides.items():
        known = float_column(cells, "latency_s")[~is_error(cells)]
        known = np.sort(known[~np.isnan(known)])
        if not known.size:
            continue
        shown = short_name(name)
        names.append(shown)
        points = min(ECDF_POINTS, known.size)
        ranks = np.unique(np.ceil(np.linspace(1, known.size, points)).astype(int))
        rows += [
            {
                "side": shown,
                "latency": float(known[rank - 1]),
                "share": float(rank / known.size * 100),
                "shown": seconds(float(known[rank - 1])),
                "n": int(known.size),
            }
            for rank in ranks
        ]
    wide = bool(rows) and min(r["latency"] for r in rows) > 0
    wide = wide and max(r["latency"] for r in rows) > 30 * min(r["latency"] for r in rows)
    scale = alt.Scale(type="log") if wide else alt.Scale(zero=True)
    dashes = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]]
    return (
        _chart(rows)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("latency:Q", title="latency in seconds", scale=scale),
            y=alt.Y("share:Q", title="answers within that time (%)", scale=alt.Scale(domain=[0, 100])),
            color=_colour("side", names),
            strokeDash=alt.StrokeDash(
                "side:N",
                sort=names,
                legend=_legend(names),
                scale=alt.Scale(domain=names, range=[dashes[i % 4] for i in range(len(names))]),
            ),
            tooltip=_tooltips(
                ("side", "Side"), ("shown", "Latency"), ("share", "Answers within, %"), ("n", "Answers")
            ),
        )
        .properties(width="container", height=260, background="transparent")
    )


def _chart(rows: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=rows))


def _scaled(value: float | None, unit: str) -> float | None:
    """A score as a percentage; anything else as it is."""
    return value * 100 if value is not None and unit == "score" else value


def _colour(field: str, values: list[str]) -> alt.Color:
    return alt.Color(f"{field}:N", sort=values, scale=alt.Scale(domain=values), legend=_legend(values))


def _shape(field: str, values: list[str], *, alone: bool = False) -> alt.Shape:
    """Shapes for values; ``alone`` where no colour goes with them, so that the legend needs a place and one itself."""
    shapes = [SHAPES[i % len(SHAPES)] for i in range(len(values))]
    # Without a colour of its own the symbol would be black, which is lost on a dark ground.
    own = {"orient": "top", "symbolFillColor": _ZERO_COLOUR, "symbolStrokeColor": _ZERO_COLOUR}
    legend = _legend(values, **(own if alone else {}))
    scale = alt.Scale(domain=values, range=shapes)
    return alt.Shape(f"{field}:N", sort=values, scale=scale, legend=legend)


def _legend(values: list[str], **options: Any) -> alt.Legend | None:
    """A legend below the chart, one name a line where a line would be too long; none for one name."""
    if len(values) < 2:
        return None
    if sum(len(v) + 4 for v in values) > _LEGEND_CHARACTERS:
        options["columns"] = 1
    return alt.Legend(**{"title": None, "orient": "bottom", "labelLimit": 220, **options})


def _tooltips(*fields: tuple[str, str]) -> list[alt.Tooltip]:
    numbers = {"n": ",", "errors": ",", "answers": ",", "share": ".1f"}
    return [
        alt.Tooltip(f"{field}:{'Q' if field in numbers else 'N'}", title=title, **_format(numbers.get(field)))
        for field, title in fields
    ]


def _format(pattern: str | None) -> dict[str, str]:
    return {} if pattern is None else {"format": pattern}


def _sized(chart: alt.LayerChart, rows: int) -> alt.LayerChart:
    # The height holds the axis and its title too, for charts are fitted into their frame.
    return chart.properties(
        width="container", height=_AXIS_HEIGHT + rows * _ROW_HEIGHT, background="transparent"
    )
