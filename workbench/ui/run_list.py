"""The list of runs, which renews itself while one of them goes on."""

from __future__ import annotations

import streamlit as st

from workbench.store import RunRecord
from workbench.ui.links import follow, keep
from workbench.ui.run_results import best, primary_scorer, run_results
from workbench.ui.state import PAGES, go
from workbench.ui.views.common import header, pager, search_box
from workbench.ui.views.run_list import RunRow, no_runs, run_list
from workbench.ui.views.run_words import best_words, models_of, versions_of
from workbench.workspace import Workspace

PAGE_SIZE = 25
#: How many of the newest runs the list looks through.
LIMIT = 1000
RENEW_S = 2.0
SEARCH_WIDTH = 420


def show_list(ws: Workspace) -> None:
    """Draw all runs, newest first."""
    action = header("Runs", PAGES["runs"].purpose)
    ws.runs.recover()
    records = ws.runs.list(limit=LIMIT)
    if not records:
        if no_runs().button(
            "Start the first run", type="primary", key="run_new", icon=":material/play_arrow:"
        ):
            go("runs", new=1)
        return
    if action.button("New run", type="primary", key="run_new", icon=":material/play_arrow:"):
        go("runs", new=1)
    active = any(record.active for record in records)
    st.fragment(_rows, run_every=RENEW_S if active else None)(ws, active)


def _rows(ws: Workspace, active: bool) -> None:
    records = ws.runs.list(limit=LIMIT)
    if active:
        ws.runs.recover()
        if not any(record.active for record in records):
            st.rerun()
    with st.container(width=SEARCH_WIDTH):
        follow("runs_search", "q")
        query = search_box("runs_search", placeholder="Search suites, versions, models, status, author")
        keep("runs_search", "q", query)
    found = [item for item in (_row(ws, record) for record in records) if item.found(query)]
    if not found:
        st.caption("No run matches.")
        return
    offset, limit = pager(len(found), size=PAGE_SIZE, key="runs_page", noun="runs")
    run_list([_with_result(ws, item) for item in found[offset : offset + limit]])
    if len(records) == LIMIT:
        st.caption(f"These are the newest {LIMIT:,} runs.")


def _row(ws: Workspace, record: RunRecord) -> RunRow:
    versions, models = _named(str(ws.root), record.id, ws)
    return RunRow(record, versions, models)


@st.cache_resource(max_entries=5000, show_spinner=False)
def _named(root: str, run_id: str, _ws: Workspace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a run's versions and models, which never change."""
    plan = _ws.runs.get(run_id).plan
    return tuple(versions_of(plan)), tuple(models_of(plan))


def _with_result(ws: Workspace, item: RunRow) -> RunRow:
    if item.record.status != "complete":
        return item
    results = run_results(ws, item.record)
    words = best_words(best(results, primary_scorer(results, item.record.gate)), by_model=results.by_model)
    return RunRow(item.record, item.versions, item.models, words)
