"""The cells of a run: filtered and paged in the database, with every choice in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from workbench.evals.plan import Plan
from workbench.jobs.scoring import units_of
from workbench.store import RunRecord
from workbench.store.results import CellRecord
from workbench.ui.links import follow, keep
from workbench.ui.run_results import run_results
from workbench.ui.state import param
from workbench.ui.views.common import pager, pick, search_box
from workbench.ui.views.run_cells import cell_rows, cells_table
from workbench.workspace import Workspace

PAGE_SIZE = 25
ANY = "any"
OUTCOMES = {ANY: "All", "failed": "Failed", "passed": "Passed", "errors": "Errors", "flaky": "Flaky"}


@dataclass(frozen=True)
class Filter:
    """Which cells are looked at, as the address names them. None is any."""

    q: str | None = None
    version: str | None = None
    model: str | None = None
    only: str | None = None
    scorer: str | None = None

    def params(self) -> dict[str, Any]:
        """Return the query parameters of this filter."""
        return dict(vars(self))


def filter_of_address() -> Filter:
    """Return the filter that the address holds."""
    only = param("only")
    return Filter(
        param("q"),
        param("version"),
        param("model"),
        only if only in OUTCOMES and only != ANY else None,
        param("scorer"),
    )


def page_of(
    ws: Workspace, run_id: str, plan: Plan, chosen: Filter, *, limit: int, offset: int
) -> tuple[int, list[CellRecord]]:
    """Return how many cells pass the filter, and one page of them."""
    versions, models = versions_and_models(plan)
    scoring = ws.store.results.current_scoring(run_id)
    return ws.store.results.page(
        run_id,
        scoring.id if scoring else None,
        search=chosen.q or "",
        only=chosen.only,
        scorer=chosen.scorer if chosen.only else None,
        prompt_index=versions.index(chosen.version) if chosen.version in versions else None,
        model_index=models.index(chosen.model) if chosen.model in models else None,
        limit=limit,
        offset=offset,
    )


def versions_and_models(plan: Plan) -> tuple[list[str], list[str]]:
    """Return how the versions and the models of a plan are called, in order."""
    return [prompt.title for prompt in plan.prompts], [model.name for model in plan.models]


def units(ws: Workspace, run_id: str, plan: Plan) -> dict[str, str]:
    """Return the unit of every scorer that the run's current scoring has."""
    from workbench.evals.plan import spec_from_dict

    scoring = ws.store.results.current_scoring(run_id)
    return units_of(plan, [spec_from_dict(data) for data in scoring.scorers] if scoring else plan.scorers)


def show_cells(ws: Workspace, record: RunRecord) -> None:
    """Draw the cells with search, filters and pager."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="cells_title"):
        st.subheader("Cells", anchor=False, width="content")
        if record.active:
            st.button("Show what is answered so far", key="cells_refresh", icon=":material/refresh:")
    if not record.done:
        if not record.active:
            st.caption("No answer yet.")
        return
    plan = ws.runs.plan_of(record.id)
    versions, models = versions_and_models(plan)
    known = units(ws, record.id, plan)
    bar = st.container(horizontal=True, vertical_alignment="center", gap="small", key="cells_filters")
    with bar:
        chosen = _filters(versions, models, list(known), repeats=plan.repeats > 1)
    place = f"cells_page_{record.id}"
    if st.session_state.get("_cells_filter") != (record.id, chosen):
        st.session_state["_cells_filter"] = (record.id, chosen)
        st.session_state[place] = _linked_page()
    page = int(st.session_state.get(place, 0))
    total, records = page_of(ws, record.id, plan, chosen, limit=PAGE_SIZE, offset=page * PAGE_SIZE)
    if not total:
        st.caption("No cell matches.")
        return
    with bar, st.container(width="content"):
        offset, _ = pager(total, size=PAGE_SIZE, key=place, noun="cells")
    if offset != page * PAGE_SIZE:
        _, records = page_of(ws, record.id, plan, chosen, limit=PAGE_SIZE, offset=offset)
    keep("cells_page", "p", offset // PAGE_SIZE + 1 if offset else None)
    # What nobody knows of any answer is said once, above, and not again in every row.
    results = run_results(ws, record)
    table = cells_table(
        several_models=len(models) > 1,
        repeats=plan.repeats > 1,
        timed=results.timed,
        priced=results.priced,
    )
    cell_rows(
        table,
        records,
        versions=versions,
        models=models,
        units=known,
        first=offset,
        run=record.id,
        **chosen.params(),
    )


def _linked_page() -> int:
    text = param("p") or ""
    return max(int(text) - 1, 0) if text.isdecimal() and len(text) < 9 else 0


def _filters(versions: list[str], models: list[str], scorers: list[str], *, repeats: bool) -> Filter:
    with st.container(width=300):
        follow("cells_search", "q")
        query = search_box("cells_search", placeholder="Search cases, outputs, errors")
    version = _choice("version", "Version", versions) if len(versions) > 1 else None
    model = _choice("model", "Model", models) if len(models) > 1 else None
    offered = [name for name in OUTCOMES if name != ANY and (repeats or name != "flaky")]
    only = _choice("only", "Outcome", offered, OUTCOMES)
    scorer = _choice("scorer", "Of scorer", scorers) if len(scorers) > 1 and only else None
    keep("cells_search", "q", query)
    return Filter(query or None, version, model, only, scorer)


def _choice(name: str, label: str, options: list[str], words: dict[str, str] | None = None) -> str | None:
    key = f"cells_{name}"
    follow(key, name, lambda text: text if text in options else ANY)
    shown = pick(
        label,
        [ANY, *options],
        key=key,
        show=lambda value: f"{label}: any" if value == ANY else (words or {}).get(value, value),
        label_visibility="collapsed",
        width=210,
    )
    value = None if shown in (None, ANY) else shown
    keep(key, name, value)
    return value
