"""How the cases of a comparison spread: how many got worse, stayed, or got better, and by how much."""

from __future__ import annotations

import altair as alt

from workbench.analysis.results import Comparison
from workbench.analysis.wording import difference, interval
from workbench.reports.charts import VERDICT_COLOURS
from workbench.reports.svg import difference_bins
from workbench.reports.text import one_line

_KINDS = {"worse": "worse", "same": "undecided", "better": "better"}


def differences_chart(comparison: Comparison) -> alt.Chart:
    """Cases by their paired difference B − A on the primary metric; the mean with its interval stands in the title."""
    m = comparison.primary
    bins, size = difference_bins(comparison)
    factor = 100 if m.unit == "score" else 1
    rows = []
    for place in sorted(bins):
        kind = "same" if place == 0 else "better" if (place > 0) != m.lower_is_better else "worse"
        ends = sorted(((place - (place > 0) + (place < 0)) * size, place * size))
        span = "no difference" if place == 0 else " to ".join(difference(e / factor, m.unit) for e in ends)
        rows.append({"at": place * size, "cases": bins[place], "kind": kind, "span": span})
    kinds = [kind for kind in _KINDS if kind in {r["kind"] for r in rows}]
    name = "points" if m.unit == "score" else m.unit
    around = interval(m.ci_low, m.ci_high, m.unit, signs=True)
    said = (
        f"{one_line(m.scorer, 40)}, B − A ({name}); mean {difference(m.diff, m.unit)} ({around}), n = {m.n:,}"
    )
    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(size=14)
        .encode(
            x=alt.X("at:Q", title=said, scale=alt.Scale(domain=[-11 * size, 11 * size], nice=False)),
            y=alt.Y("cases:Q", title="cases", axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "kind:N",
                sort=kinds,
                scale=alt.Scale(domain=kinds, range=[VERDICT_COLOURS[_KINDS[kind]] for kind in kinds]),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
            tooltip=[
                alt.Tooltip("kind:N", title="Outcome"),
                alt.Tooltip("span:N", title="Difference"),
                alt.Tooltip("cases:Q", title="Cases", format=","),
            ],
        )
        .properties(width="container", height=240, background="transparent")
    )
