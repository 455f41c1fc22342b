"""Suites: what versions are measured with. ``?suite=`` opens one, ``&case=`` one of its cases.

``&view=proposed`` opens the cases that a model proposed for it, ``&view=watch`` its watch, and ``?view=watch`` all
watches.
"""

from __future__ import annotations

import streamlit as st

from workbench.analysis.wording import count
from workbench.errors import NotFound, WorkbenchError
from workbench.evals.proposed import proposals_in
from workbench.evals.scorers import scorer_units
from workbench.evals.suite import SuiteEntry
from workbench.evals.types import Suite
from workbench.store import RunRecord
from workbench.ui.approving import baseline_line
from workbench.ui.proposed_page import show_proposed
from workbench.ui.run_results import best, primary_scorer, run_results
from workbench.ui.state import PAGES, faults, go, page_link, param, set_params, workspace
from workbench.ui.suite_files import load_suite
from workbench.ui.suite_history import show_history
from workbench.ui.views.common import header, pager, problem_list, search_box
from workbench.ui.views.numbers import ago
from workbench.ui.views.rows import link_bar
from workbench.ui.views.run_words import best_words, headline_html, status_html
from workbench.ui.views.suite_detail import case_detail, case_rows, contents, found_cases, neighbours
from workbench.ui.views.suite_list import SuiteRow, no_suites, suite_list
from workbench.ui.views.suite_words import size_words
from workbench.ui.watch_page import show_watch, show_watches

PAGE_SIZE = 25
SEARCH_WIDTH = 420
ws = workspace()


def show_list() -> None:
    """All suites, with what cannot be read."""
    header("Suites", PAGES["suites"].purpose)
    entries, problems = ws.suites.list()
    problem_list(problems, key="suites_problems")
    if not entries and not problems:
        no_suites("evals")
        return
    with link_bar("suites_bar"):
        watched = len(ws.watching.suites())
        words = f"{count(watched, 'watched suite')}" if watched else "Watch suites for drift"
        page_link("suites", words, icon=":material/visibility:", view="watch")
    with st.container(width=SEARCH_WIDTH):
        query = search_box("suites_search", placeholder="Search suites, prompts, models, scorers")
    rows = [_row(entry) for entry in entries]
    found = [item for item in rows if item.found(query)]
    if rows and not found:
        st.caption("No suite matches.")
        return
    offset, limit = pager(len(found), size=PAGE_SIZE, key="suites_page", noun="suites")
    suite_list([_with_last_run(item) for item in found[offset : offset + limit]])


def _row(entry: SuiteEntry) -> SuiteRow:
    try:
        return SuiteRow(entry, load_suite(ws, entry.name))
    except WorkbenchError as problem:
        return SuiteRow(entry, None, str(problem))


def _with_last_run(item: SuiteRow) -> SuiteRow:
    last = _last_run(item.entry.name)
    return SuiteRow(item.entry, item.suite, item.problem, last, _headline(last))


def _last_run(suite: str) -> RunRecord | None:
    found = ws.runs.list(suite=suite, limit=1)
    return found[0] if found else None


def _headline(record: RunRecord | None) -> str | None:
    if record is None or record.status != "complete":
        return None
    results = run_results(ws, record)
    return best_words(best(results, primary_scorer(results, record.gate)), by_model=results.by_model)


def show_suite(name: str) -> None:
    """One suite, or one of its cases."""
    try:
        suite = load_suite(ws, name)
    except WorkbenchError:
        header(name, "This suite cannot be used as it is.")
        page_link("suites", "All suites", icon=":material/arrow_back:")
        raise
    case_id = param("case")
    if param("view") == "watch":
        show_watch(ws, suite.name)
    elif param("view") == "proposed":
        show_proposed(ws, suite, param("proposal"))
    elif case_id is None:
        _show_contents(suite)
    else:
        _show_case(suite, case_id)


def _show_contents(suite: Suite) -> None:
    cases = suite.dataset.cases
    action = header(suite.name, suite.description or size_words(len(cases), len(suite.scorers)))
    if action.button("Run this suite", type="primary", key="suite_run", icon=":material/play_arrow:"):
        go("runs", suite=suite.name)
    with link_bar("suite_bar"):
        page_link("suites", "All suites", icon=":material/arrow_back:")
        page_link("suites", "Watch", icon=":material/visibility:", suite=suite.name, view="watch")
        st.caption(size_words(len(cases), len(suite.scorers)), width="content")
        _last_run_link(suite)
    baseline_line(ws, suite.name)
    specs = [*suite.scorers, *(s for case in cases for s in case.scorers)]
    contents(suite, dict(scorer_units(specs)))
    show_history(ws, suite)
    st.subheader("Cases", anchor=False)
    _proposed_link(suite)
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left:
        query = search_box("cases_search", placeholder="Search ids, variables, expected, metadata")
    found = found_cases(cases, query)
    if not found:
        st.caption("No case matches.")
        return
    with right:
        offset, limit = pager(len(found), size=PAGE_SIZE, key=f"cases_page_{suite.name}", noun="cases")
    case_rows(suite.name, found[offset : offset + limit])


def _proposed_link(suite: Suite) -> None:
    """Lead to the cases that a model wrote, and to where one is asked for them."""
    if suite.folder is None:
        return
    waiting = len(proposals_in(suite.folder))
    words = f"{count(waiting, 'proposed case')} to look at" if waiting else "Let a model propose cases"
    with link_bar("suite_proposed"):
        page_link("suites", words, icon=":material/auto_awesome:", suite=suite.name, view="proposed")


def _last_run_link(suite: Suite) -> None:
    last = _last_run(suite.name)
    if last is None:
        st.caption("Never run", width="content")
        return
    page_link("runs", f"Last run {ago(last.created_at)}", icon=":material/timeline:", run=last.id)
    st.html(headline_html(last, _headline(last)) or status_html(last.status), width="content")
    page_link("runs", "All its runs", q=suite.name)


def _show_case(suite: Suite, case_id: str) -> None:
    case = next((case for case in suite.dataset.cases if case.id == case_id), None)
    header(f"Case {case_id}", f"In the suite {suite.name}")
    if case is None:
        page_link("suites", "All cases", icon=":material/arrow_back:", suite=suite.name)
        raise NotFound(
            f'{suite.name} has no case "{case_id}"',
            hint=f"it has {count(len(suite.dataset.cases), 'case')}; the file may have changed",
        )
    neighbours(suite.name, suite.dataset.cases, case_id)
    last = _last_run(suite.name)
    if last is not None:
        with link_bar("case_bar"):
            words = f"Its answers in the last run ({ago(last.created_at)})"
            page_link("runs", words, icon=":material/timeline:", run=last.id, case=case_id)
    case_detail(case)


with faults():
    name = param("suite")
    if name is None and param("view") == "watch":
        show_watches(ws)
    elif name is None:
        set_params(case=None, view=None, proposal=None)
        show_list()
    else:
        show_suite(name)
