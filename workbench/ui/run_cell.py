"""One cell of a run in full: what was sent, what came back, and what every scorer says of it."""

from __future__ import annotations

import streamlit as st

from workbench.analysis.wording import count
from workbench.errors import NotFound
from workbench.evals.plan import Plan
from workbench.store import RunRecord
from workbench.store.results import CellRecord
from workbench.ui.run_cells import filter_of_address, page_of, units, versions_and_models
from workbench.ui.state import faults, page_link, param
from workbench.ui.views import run_cells as drawn
from workbench.ui.views.common import header, plain
from workbench.ui.views.rows import link_bar
from workbench.workspace import Workspace
from workbench.workspace.new_cases import add_from_run

SIBLINGS = 60


def show_cell(ws: Workspace, run_id: str) -> None:
    """Draw the cell of ``?cell=``, or the first one of ``?case=``."""
    run = ws.runs.get(run_id)
    plan = ws.runs.plan_of(run.id)
    record = _find(ws, run)
    versions, models = versions_and_models(plan)
    cell = record.cell
    case = next((case for case in plan.cases if case.id == cell.case_id), None)
    about = f"{versions[cell.prompt_index]} · "
    header(
        f"Case {cell.case_id}",
        about + drawn.case_line(case, models[cell.model_index], cell.repeat, plan.repeats),
    )
    _way(ws, run, plan, record)
    known = units(ws, run.id, plan)
    left, right = st.columns(2, gap="large")
    with right:
        st.subheader("Output", anchor=False)
        drawn.answer(record)
        drawn.figures(record)
        st.subheader("Scores", anchor=False)
        drawn.score_list(record, known)
        drawn.expected(case)
        _add_to_suite(ws, run, record)
    with left:
        _messages(ws, run, plan, record)
    _siblings(ws, run, plan, record, known)


def _add_to_suite(ws: Workspace, run: RunRecord, record: CellRecord) -> None:
    """Offer to make a case of the suite from this answer: a regression test where it failed."""
    failed = any(score.passed is False for score in record.scores)
    chosen = st.button(
        "Add as regression test" if failed else "Add as new case",
        key="add_case",
        icon=":material/add_task:",
        help=f"Writes it into the cases of {run.suite}; a regression test keeps this answer in its metadata.",
    )
    if chosen:
        with faults():
            added = add_from_run(ws, run.id, record, regression=failed)
            st.toast(plain(f"Added {added.case.id} to {added.file.name}"), icon=":material/check:")


def _find(ws: Workspace, run: RunRecord) -> CellRecord:
    scoring = ws.store.results.current_scoring(run.id)
    scoring_id = scoring.id if scoring else None
    text, case = param("cell") or "", param("case")
    found = None
    if text.isdecimal() and len(text) < 16:
        found = ws.store.results.cell(run.id, scoring_id, int(text))
    elif case:
        _, records = ws.store.results.page(run.id, scoring_id, case_ids=[case], limit=1)
        found = records[0] if records else None
    if found is None:
        with link_bar("cell_bar"):
            page_link("runs", "Back to the run", icon=":material/arrow_back:", run=run.id)
        raise NotFound(
            f"Run {run.id} has no answer to what the link names",
            hint="open the run and choose one of its cells",
        )
    return found


def _way(ws: Workspace, run: RunRecord, plan: Plan, record: CellRecord) -> None:
    """Draw the links back to the list, and to the cells before and after in it."""
    chosen = filter_of_address()
    place = param("at") or ""
    at = int(place) if place.isdecimal() and len(place) < 9 else None
    page = None if at is None or at < 25 else at // 25 + 1
    with link_bar("cell_bar"):
        page_link(
            "runs", "Back to the run", icon=":material/arrow_back:", run=run.id, p=page, **chosen.params()
        )
        if at is not None:
            _neighbours(ws, run, plan, record, at)
        page_link(
            "suites", "The case", icon=":material/checklist:", suite=run.suite, case=record.cell.case_id
        )


def _neighbours(ws: Workspace, run: RunRecord, plan: Plan, record: CellRecord, at: int) -> None:
    chosen = filter_of_address()
    first = max(at - 1, 0)
    total, around = page_of(ws, run.id, plan, chosen, limit=at - first + 2, offset=first)
    here = at - first
    if here >= len(around) or around[here].id != record.id:
        return
    for step, label, icon in ((-1, "Previous", "chevron_left"), (1, "Next", "chevron_right")):
        if 0 <= here + step < len(around):
            other = around[here + step]
            page_link(
                "runs",
                label,
                icon=f":material/{icon}:",
                run=run.id,
                cell=other.id,
                at=at + step,
                **chosen.params(),
            )
    st.caption(f"{at + 1:,} of {count(total, 'cell')}", width="content")


def _messages(ws: Workspace, run: RunRecord, plan: Plan, record: CellRecord) -> None:
    st.subheader("Messages", anchor=False)
    model = plan.models[record.cell.model_index]
    if model.recorded:
        st.caption("The answer was recorded elsewhere. This is what the prompt comes to for this case.")
    with faults():
        drawn.messages(ws.runs.messages(run.id, record.cell))


def _siblings(ws: Workspace, run: RunRecord, plan: Plan, record: CellRecord, known: dict[str, str]) -> None:
    scoring = ws.store.results.current_scoring(run.id)
    case_id = record.cell.case_id
    total, records = ws.store.results.page(
        run.id, scoring.id if scoring else None, case_ids=[case_id], limit=SIBLINGS
    )
    if total < 2:
        return
    st.subheader("All answers to this case", anchor=False)
    versions, models = versions_and_models(plan)
    drawn.answer_rows(records, here=record.id, versions=versions, models=models, units=known, run=run.id)
