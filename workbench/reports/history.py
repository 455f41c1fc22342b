"""How the versions of a prompt did on one suite, run after run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from workbench.analysis.frames import natural_key
from workbench.analysis.summary import Summary
from workbench.analysis.wording import amount, interval
from workbench.reports.markdown import version_name
from workbench.reports.text import one_line, short_name


@dataclass(frozen=True)
class Measured:
    """One version's result in one run. ``current`` says that the suite was what it is now."""

    run: str
    day: str
    current: bool
    summary: Summary


def history_chart(measured: Sequence[Measured], *, metric: str) -> alt.LayerChart:
    """Each version's mean with its 95 % interval, a mark a run; pale where the suite was another than it is now.

    Args:
        measured: What the runs found, the newest first; slices and other scorers are left out.
        metric: The scorer to show.
    """
    rows = _rows(measured, metric)
    versions = sorted({r["version"] for r in rows}, key=natural_key)
    models = list(dict.fromkeys(r["model"] for r in rows))
    unit = next((m.summary.unit for m in measured if m.summary.scorer == metric), "score")
    title = f"{one_line(metric, 40)} ({'%' if unit == 'score' else unit})"
    whole = unit == "score" and all(r["mean"] is not None and 0 <= r["mean"] <= 100 for r in rows)
    scale = alt.Scale(domain=[0, 100]) if whole else alt.Scale(zero=False)
    places = list(range(2 * max(Counter(r["version"] for r in rows).values(), default=1) - 1))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("version:N", sort=versions, title=None, axis=alt.Axis(labelAngle=0, labelLimit=160)),
        xOffset=alt.XOffset("place:O", scale=alt.Scale(domain=places)),
        color=alt.Color("model:N", sort=models, scale=alt.Scale(domain=models), legend=_legend(models)),
        opacity=alt.Opacity(
            "suite:N", scale=alt.Scale(domain=["as it is now", "as it was then"], range=[1, 0.4]), legend=None
        ),
        tooltip=[
            alt.Tooltip(f"{field}:N", title=name)
            for field, name in (
                ("version", "Version"),
                ("model", "Model"),
                ("shown", "Mean"),
                ("around", "95 % interval"),
                ("n", "Cases"),
                ("errors", "Errors"),
                ("run", "Run"),
                ("day", "Day"),
                ("suite", "Suite"),
            )
        ],
    )
    return alt.layer(
        base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q"),
        base.mark_point(filled=True, size=70).encode(y=alt.Y("mean:Q", title=title, scale=scale)),
    ).properties(width="container", height=240, background="transparent")


def _rows(measured: Sequence[Measured], metric: str) -> list[dict[str, Any]]:
    chosen = [
        m
        for m in measured
        if m.summary.scorer == metric and m.summary.slice is None and m.summary.mean is not None
    ]
    chosen.reverse()  # the oldest stands left
    of_version = Counter(version_name(m.summary) for m in chosen)
    most = max(of_version.values(), default=0)
    seen: Counter[str] = Counter()
    rows = []
    for m in chosen:
        name = version_name(m.summary)
        # In half steps, so that the marks of each version stand about its middle.
        place = most - of_version[name] + 2 * seen[name]
        seen[name] += 1
        s = m.summary
        factor = 100 if s.unit == "score" else 1
        mean, low, high = (None if v is None else v * factor for v in (s.mean, s.ci_low, s.ci_high))
        rows.append(
            {
                "version": short_name(version_name(s)),
                "model": short_name(s.model),
                "place": place,
                "mean": mean,
                "low": low,
                "high": high,
                "shown": amount(s.mean, s.unit),
                "around": interval(s.ci_low, s.ci_high, s.unit),
                "n": f"{s.n:,}",
                "errors": f"{s.errors:,}",
                "run": m.run,
                "day": m.day,
                "suite": "as it is now" if m.current else "as it was then",
            }
        )
    return rows


def _legend(models: list[str]) -> alt.Legend | None:
    return alt.Legend(title=None, orient="bottom", labelLimit=220) if len(models) > 1 else None
