"""One browser tab's playground: what it shows after a link or a reload, and what its buttons do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from workbench.errors import NotFound, WorkbenchError
from workbench.evals.types import Suite
from workbench.ui import trying
from workbench.ui.models import models
from workbench.ui.state import faults, param, set_params, show_fault, workspace
from workbench.ui.trying import TryForm
from workbench.ui.views.playground_form import model_key, version_key

TAB = "_playground"
PROMPT_KEY = "playground_prompt"
SUITE_KEY = "playground_suite"
CASE_KEY = "playground_case"
CASES_KEY = "playground_cases"


@dataclass
class Tab:
    """What one browser tab holds.

    ``saved`` is the form as the workspace remembers it, ``problem`` what the last run was refused for, and
    ``problem_form`` the form as it was then.
    """

    form: TryForm
    saved: dict[str, Any] = field(default_factory=dict)
    epoch: int = 0
    problem: WorkbenchError | None = None
    problem_form: dict[str, Any] = field(default_factory=dict)
    set_aside: TryForm | None = None


# -- arriving ------------------------------------------------------------------------------------------


def arrive(names: list[str], offered: list[str]) -> Tab:
    """Return the tab's form, after what the address asks for."""
    tab: Tab | None = st.session_state.get(TAB)
    wanted, session_id = param("prompt"), param("session")
    if tab is None:
        tab = Tab(_first(names, wanted, session_id, offered))
        tab.saved = tab.form.to_dict()
        st.session_state[TAB] = tab
    elif session_id and session_id != tab.form.session:
        _show_past(tab, session_id)
    elif wanted in names and wanted != tab.form.prompt:
        _replace(tab, _form_for(wanted, offered))
    elif tab.form.prompt not in names:
        _replace(tab, _form_for(names[0], offered))
    _take_from_address(tab)
    set_params(prompt=tab.form.prompt, session=tab.form.session or None)
    return tab


def _first(names: list[str], wanted: str | None, session_id: str | None, offered: list[str]) -> TryForm:
    session = workspace().playground.session(session_id) if session_id else None
    if session_id and session is None:
        show_fault(NotFound(f"There is no playground session {session_id}", hint="choose one under History"))
    if session is not None and session.prompt in names:
        kept = TryForm.from_dict(workspace().playground.form(session.prompt) or {})
        if kept is not None and kept.session == session.id:
            return kept
        return trying.form_of(session, trying.look_up(workspace(), session.prompt))
    if wanted and wanted not in names:
        show_fault(NotFound(f'There is no prompt "{wanted}"', hint="choose another one"))
    last = workspace().playground.last_prompt()
    name = next((name for name in (wanted, last) if name in names), names[0])
    form = _form_for(name, offered)
    if wanted and not session_id:
        _forget_session(form)  # a link to a prompt, not to what was asked before
    return form


def _form_for(name: str, offered: list[str]) -> TryForm:
    kept = TryForm.from_dict(workspace().playground.form(name) or {})
    return kept or trying.first_form(trying.look_up(workspace(), name), offered)


def _forget_session(form: TryForm) -> None:
    form.session = ""
    for choice in form.columns:
        choice.slot = None


def _replace(tab: Tab, form: TryForm) -> None:
    tab.form, tab.epoch, tab.problem, tab.set_aside = form, tab.epoch + 1, None, None
    tab.saved = form.to_dict()
    st.session_state[PROMPT_KEY] = form.prompt


def _show_past(tab: Tab, session_id: str) -> None:
    session = workspace().playground.session(session_id)
    if session is None:
        show_fault(NotFound(f"There is no playground session {session_id}", hint="choose one under History"))
        return
    old = tab.form
    tried = trying.look_up(workspace(), old.prompt)
    edited = trying.has_edits(
        old, tried, workspace().playground.session(old.session) if old.session else None
    )
    _replace(tab, trying.form_of(session, trying.look_up(workspace(), session.prompt)))
    tab.set_aside = old if edited else None


def _take_from_address(tab: Tab) -> None:
    """Take what a link from another page asks for once: a version, a model, a suite's case."""
    version, model, suite, case = (param(name) for name in ("version", "model", "suite", "case"))
    set_params(version=None, model=None, suite=None, case=None)
    first = tab.form.columns[0] if tab.form.columns else None
    if first is not None and (version or model):
        if version:
            first.version = int(version) if version.isdecimal() else None
        if model:
            first.model = model
        for key in (version_key(first), model_key(first)):
            st.session_state.pop(key, None)
    if suite and case:
        with faults():
            found = next((c for c in load_suite(suite).dataset.cases if c.id == case), None)
            if found is None:
                raise NotFound(
                    f'The suite {suite} has no case "{case}"', hint="choose one under Fill from a case"
                )
            trying.fill_from_case(tab.form, suite, found)
            tab.epoch += 1


# -- acting (callbacks) --------------------------------------------------------------------------------


def _tab() -> Tab:
    return st.session_state[TAB]


def read_boxes(form: TryForm) -> None:
    """Take the columns' choices from their boxes: a callback runs before the page does."""
    for choice in form.columns:
        choice.version = st.session_state.get(version_key(choice), choice.version)
        choice.model = st.session_state.get(model_key(choice), choice.model) or ""


def run() -> None:
    """Ask every column. While answers are arriving it does nothing, so that a double click pays once."""
    tab = _tab()
    if is_running(tab.form.session):
        return
    tab.problem, tab.set_aside = None, None
    try:
        read_boxes(tab.form)
        trying.ask(workspace(), trying.look_up(workspace(), tab.form.prompt), tab.form, models().spec)
    except WorkbenchError as problem:
        tab.problem, tab.problem_form = problem, tab.form.to_dict()


def run_with(name: str, text: str) -> None:
    """Ask with a text that was typed a moment ago."""
    trying.type_value(_tab().form, name, text)
    run()


def typed(name: str, epoch: int, text: str) -> None:
    """Take what was typed, unless the field was filled from elsewhere since."""
    tab = _tab()
    if tab.epoch == epoch:
        tab.problem = None
        trying.type_value(tab.form, name, text)


def stop(index: int | None = None) -> None:
    """Stop one column, or all."""
    if _tab().form.session:
        workspace().playground.stop(_tab().form.session, index)


def choose_prompt() -> None:
    """Go on with another prompt, as it was left."""
    _replace(_tab(), _form_for(st.session_state[PROMPT_KEY], models().offered))
    set_params(prompt=_tab().form.prompt, session=_tab().form.session or None)


def add_column() -> None:
    """Add a column."""
    tab = _tab()
    read_boxes(tab.form)
    trying.add_column(trying.look_up(workspace(), tab.form.prompt), tab.form, models().offered)


def remove_column(index: int) -> None:
    """Remove a column; its answer stays in the history."""
    tab = _tab()
    read_boxes(tab.form)
    del tab.form.columns[index]


def fill_in() -> None:
    """Fill the variables from the chosen case."""
    tab = _tab()
    suite, case_id = st.session_state.get(SUITE_KEY), st.session_state.get(CASE_KEY)
    try:
        case = next(case for case in load_suite(suite).dataset.cases if case.id == case_id)
    except (WorkbenchError, StopIteration):
        return
    trying.fill_from_case(tab.form, suite, case)
    tab.epoch, tab.problem = tab.epoch + 1, None
    st.session_state[CASES_KEY] = False


def back_to_mine() -> None:
    """Return to the form that was set aside for a past session."""
    tab = _tab()
    if tab.set_aside is not None:
        _replace(tab, tab.set_aside)
        set_params(prompt=tab.form.prompt, session=tab.form.session or None)


def is_running(session_id: str) -> bool:
    """Whether some column of a session is still arriving."""
    slots = workspace().playground.state(session_id) if session_id else None
    return any(slot.running for slot in slots or ())


def is_arriving(session_id: str, position: int | None) -> bool:
    """Whether one column of a session is still arriving."""
    slots = workspace().playground.state(session_id) or []
    return position is not None and position < len(slots) and slots[position].running


@st.cache_resource(max_entries=4, ttl=60, show_spinner=False)
def load_suite(name: str) -> Suite:
    """Return a suite with its cases, read at most once a minute.

    Raises:
        WorkbenchError: It cannot be used.
    """
    return workspace().suites.load(name)
