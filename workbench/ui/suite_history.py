"""How the versions did on a suite so far, drawn on the suite's page."""

from __future__ import annotations

import streamlit as st

from workbench.evals.types import Suite
from workbench.reports.history import Measured, history_chart
from workbench.ui.run_results import primary_scorer, run_results
from workbench.ui.views.common import plain
from workbench.workspace import Workspace

#: The newest runs that are drawn; more would be a wood of marks.
MAX_RUNS = 20


def show_history(ws: Workspace, suite: Suite) -> None:
    """Draw each version's mean with its interval over the suite's newest complete runs; nothing below two results."""
    records = [r for r in ws.runs.list(suite=suite.name, limit=3 * MAX_RUNS) if r.status == "complete"]
    found = [(record, run_results(ws, record)) for record in records[:MAX_RUNS]]
    metric = next(
        (m for record, results in found if (m := primary_scorer(results, suite.gate or record.gate))), None
    )
    if metric is None:
        return
    measured = [
        Measured(record.id, record.created_at[:10], results.scoring_suite_sha256 == suite.sha256, summary)
        for record, results in found
        for summary in results.whole(metric)
        if summary.mean is not None
    ]
    if len(measured) < 2:
        return
    st.subheader("History", anchor=False)
    chart = history_chart(measured, metric=metric)
    st.altair_chart(
        chart, alt=f"Mean {metric} of each version with intervals, run by run", key="suite_history"
    )
    said = f"{metric} of each version in the newest {len(found)} complete runs, with 95 % intervals."
    if not all(m.current for m in measured):
        said += " Pale: the suite was another then, so do not compare across."
    st.caption(plain(said))
