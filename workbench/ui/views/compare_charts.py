"""The charts of a comparison, each with a sentence where there is nothing to plot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from workbench.reports import charts
from workbench.reports.gains import differences_chart
from workbench.ui.views.common import plain
from workbench.ui.views.compare_html import draw
from workbench.ui.views.compare_verdict import metrics_table

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analysis.results import Comparison
    from workbench.analysis.summary import Summary


def draw_charts(comparison: Comparison, summaries: list[Summary], cells: Mapping[str, pd.DataFrame]) -> None:
    """Draw quality with intervals, cost against quality, and the latency distribution."""
    import pandas as pd

    metric = comparison.primary.scorer
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Quality**")
        st.altair_chart(
            charts.quality_chart(summaries, metric=metric),
            height=80 + 34 * len(summaries),
            alt=f"Mean {metric} of both sides with intervals",
        )
        st.markdown("**Cost against quality**")
        both = pd.concat(list(cells.values()))
        missing = charts.unpriced(summaries, both)
        if comparison.cost.note == "both free":
            st.caption("Both sides are free, so cost does not tell them apart.")
        elif len(missing) == len(summaries):
            st.caption(
                "The cost of no answer is known: the models have no known price, or the recording has none."
            )
        else:
            st.altair_chart(
                charts.cost_quality_chart(summaries, both, metric=metric),
                height=320,
                alt=f"Cost of an answer against {metric}",
            )
            if missing:
                st.caption(f"Without a known cost, and so not in the chart: {plain(', '.join(missing))}")
    with right:
        st.markdown("**Cases by their difference**")
        if comparison.case_differences:
            st.altair_chart(
                differences_chart(comparison),
                height=280,
                alt=f"How many cases got worse, stayed and got better on {metric}",
            )
        else:
            st.caption("No case has a score on both sides.")
        st.markdown("**Latency**")
        if any(comparison.latency[side]["p50"] is not None for side in "ab"):
            st.altair_chart(
                charts.latency_chart(cells),
                height=320,
                alt="Share of answers that came within a time, by side",
            )
        else:
            st.caption("The latency of no answer is known, as is usual for recorded outputs.")


def draw_slices(comparison: Comparison) -> None:
    """Draw the difference by slice, as a forest plot and as a table."""
    metric = comparison.primary.scorer
    found = [m for m in comparison.metrics if m.scorer == metric]
    if len(found) < 2:
        st.write(
            "This suite has no slices. Name metadata fields under `slices:` in its file to compare by them."
        )
        return
    st.altair_chart(
        charts.slices_chart(comparison, metric=metric),
        height=110 + 26 * len(found),
        alt=f"Difference in {metric} by slice with intervals",
    )
    draw(metrics_table(found, comparison, names="slice", first=True), label=f"{metric} by slice")
    st.caption(
        "The p of slices is corrected for how many were looked at (Holm), so a slice must show more than the whole."
    )
