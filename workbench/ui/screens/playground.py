"""Playground: one prompt, up to four columns of version and model, side by side on one input."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from workbench.ui import playground_tab as act
from workbench.ui import trying
from workbench.ui.components.answer import answer
from workbench.ui.models import ModelList, models
from workbench.ui.playground_tab import Tab
from workbench.ui.state import PAGES, faults, page_link, param, set_params, show_fault, workspace
from workbench.ui.trying import LETTERS, Tried
from workbench.ui.views import playground_form as view
from workbench.ui.views.common import empty_state, header, pick, plain
from workbench.ui.views.numbers import ago
from workbench.ui.views.playground_answer import answer_data
from workbench.ui.views.playground_sent import sent_messages
from workbench.workspace.playground import MAX_SLOTS, Session

TICK_S = 0.2

ws = workspace()


def draw_actions(tab: Tab, running: bool) -> None:
    """Draw what stands in the header: past sessions, and the one button."""
    past = st.popover("History", icon=":material/history:", key="playground_history", on_change="rerun")
    if past.open:
        with past, faults():
            view.history(ws.playground.recent(), tab.form.session)
    if running:
        st.button("Stop", key="playground_stop", icon=":material/stop:", on_click=act.stop)
    else:
        st.button(
            "Run",
            key="playground_run",
            type="primary",
            icon=":material/play_arrow:",
            shortcut="Ctrl+Enter",
            on_click=act.run,
        )


def draw_inputs(tab: Tab, tried: Tried, names: list[str]) -> None:
    """Draw the choice of the prompt and the variables."""
    form = tab.form
    left, right = st.columns([1, 3], gap="medium")
    with left:
        st.session_state.setdefault(act.PROMPT_KEY, form.prompt)
        pick("Prompt", names, key=act.PROMPT_KEY, on_change=act.choose_prompt)
        _draw_cases(tab)
        form.use_cache = st.toggle(
            "Reuse paid answers",
            value=form.use_cache,
            key=f"playground_cache_{tab.epoch}",
            help="On: a question that was asked and paid for before shows that answer again, marked as cached. "
            "Off: every run asks anew.",
        )
    with right:
        variables = trying.variables_in(tried, form)
        if not variables:
            st.caption("This prompt has no variables: it can be run as it is.")
        for variable, users in variables:
            view.variable_field(
                variable,
                form.values.get(variable.name, ""),
                users=users,
                lines=3 if len(variables) == 1 else 2,
                epoch=f"{tab.epoch}",
                slot=f"try:{form.prompt}:{variable.name}",
                on_text=partial(act.typed, variable.name, tab.epoch),
                on_run=partial(act.run_with, variable.name),
            )
        if form.case:
            expects = f", which expects: {form.expected[:300]}" if form.expected else ""
            st.caption(plain(f"From the case {form.case}{expects}"))


def _draw_cases(tab: Tab) -> None:
    box = st.popover(
        "Fill from a case",
        icon=":material/checklist:",
        key=act.CASES_KEY,
        on_change="rerun",
        width="stretch",
    )
    if not box.open:
        return
    with box, faults():
        entries, _ = ws.suites.list()
        suites = [entry.name for entry in entries]
        if not suites:
            st.caption("There is no suite yet, so there are no cases to fill in.")
            page_link("suites", "Open Suites")
            return
        st.session_state.setdefault(
            act.SUITE_KEY, next((name for name in suites if name == tab.form.prompt), suites[0])
        )
        chosen = st.session_state[act.SUITE_KEY]
        cases = act.load_suite(chosen if chosen in suites else suites[0]).dataset.cases
        view.case_choice(suites, cases, suite_key=act.SUITE_KEY, case_key=act.CASE_KEY)
        st.button("Fill in", key="playground_fill", on_click=act.fill_in, disabled=not cases)


def draw_columns(tab: Tab, tried: Tried, found: ModelList) -> list[Any]:
    """Draw the columns' heads and return the place for each one's answer."""
    form = tab.form
    places = []
    # On a narrow screen four columns become two rows of two, not three and a lonely one.
    least = 300 if len(form.columns) == MAX_SLOTS else 260
    with st.grid(len(form.columns), min_column_width=least, gap="small", key="playground_columns") as grid:
        for index, choice in enumerate(form.columns):
            with grid.cell():
                removable = partial(act.remove_column, index) if len(form.columns) > 1 else None
                view.column_head(
                    index,
                    choice,
                    tried,
                    found.offered,
                    note=view.model_note(choice.model, found.status(choice.model)),
                    on_remove=removable,
                )
                places.append(st.container(key=f"playground_answer_{LETTERS[index].lower()}"))
    act.read_boxes(form)  # a version that is gone has left its box
    return places


def draw_toolbar(tab: Tab, session: Session | None) -> str | None:
    """Draw the line above the columns and return the letter whose output the others are held against."""
    form = tab.form
    base = None
    with st.container(horizontal=True, vertical_alignment="center", key="playground_toolbar"):
        if len(form.columns) < MAX_SLOTS:
            st.button("Add a column", key="playground_add", icon=":material/add:", on_click=act.add_column)
        answered = [LETTERS[i] for i, choice in enumerate(form.columns) if choice.slot is not None]
        if session is not None and len(answered) > 1:
            kept = param("diff")
            key = "playground_diff"
            if key not in st.session_state or st.session_state[key] not in (None, *answered):
                st.session_state[key] = kept if kept in answered else None
            st.caption("Show differences from", width="content")
            base = st.segmented_control("Differences from", answered, key=key, label_visibility="collapsed")
            set_params(diff=base)
        if session is not None:
            st.space("stretch")
            st.caption(f"Asked {ago(session.created_at)}", width="content")
    return base


def draw_answers(tab: Tab, places: list[Any], base: str | None, running: bool) -> None:
    """Draw the answers, and again five times a second until the last one has ended.

    Each is a fragment of its own inside its place: one fragment that writes into many places outside of it can meet
    a page that is drawn anew at that moment, and then the browser has no place for what it sends.
    """
    session_id = tab.form.session
    chosen = [choice.slot for choice in tab.form.columns]
    base_slot = chosen[LETTERS.index(base)] if base else None

    def draw(index: int, position: int | None) -> None:
        now = ws.playground.state(session_id) or []
        if position is None or position >= len(now):
            st.caption("Not asked yet.")
        else:
            against = now[base_slot] if base_slot is not None and base_slot < len(now) else None
            apart = against is not None and position != base_slot and not against.running
            answer(
                answer_data(
                    now[position],
                    session=session_id,
                    against=against.text if against is not None and apart else None,
                    base_title=base or "",
                ),
                key=f"playground_text_{LETTERS[index].lower()}",
                on_stop=partial(act.stop, position),
            )

    def wait() -> None:
        if not act.is_running(session_id):
            st.rerun()

    for index, (place, position) in enumerate(zip(places, chosen, strict=True)):
        with place:
            moves = running and (base_slot is not None or act.is_arriving(session_id, position))
            st.fragment(draw, run_every=TICK_S if moves else None)(index, position)
    if running:
        st.fragment(wait, run_every=TICK_S)()


def draw_notes(tab: Tab, tried: Tried, session: Session | None) -> None:
    """Say where form and outputs have parted."""
    if tab.problem is not None and tab.problem_form == tab.form.to_dict():
        show_fault(tab.problem)
    if tab.set_aside is not None:
        with st.container(horizontal=True, vertical_alignment="center", key="playground_aside"):
            st.caption(
                "These are the inputs of that session; what you were typing is set aside.", width="content"
            )
            st.button("Back to mine", key="playground_back", type="tertiary", on_click=act.back_to_mine)
    if session is None:
        return
    known = {variable.name for variable, _ in trying.variables_in(tried, tab.form)}
    changed = [LETTERS[i] for i, c in enumerate(tab.form.columns) if trying.column_differs(c, tried, session)]
    if trying.inputs_differ(tab.form, session, known):
        st.caption("The outputs are those of other inputs than the ones above. Run to ask with these.")
    elif changed:
        names = " and ".join(changed)
        st.caption(
            f"{names} shows what was asked before the choice was changed. Run to ask with the new one."
        )


def draw_sent(session: Session) -> None:
    """Draw, on demand, the messages that were sent."""
    box = st.expander("Messages sent", icon=":material/outbox:", key="playground_sent", on_change="rerun")
    if box.open:
        with box, faults():
            sent_messages(session)


def draw_page() -> None:
    """Draw the page."""
    top = header("Playground", PAGES["playground"].purpose)
    with faults():
        names = trying.prompt_names(ws)
        if not names:
            with empty_state("There is no prompt to try yet", "Write one under Prompts; then run it here."):
                page_link("prompts", "Go to Prompts", icon=":material/edit_note:")
            return
        found = models()
        tab = act.arrive(names, found.offered)
        act.read_boxes(tab.form)
        tried = trying.look_up(ws, tab.form.prompt)
        session = ws.playground.session(tab.form.session) if tab.form.session else None
        running = act.is_running(tab.form.session)
        with top:
            draw_actions(tab, running)
        draw_inputs(tab, tried, names)
        draw_notes(tab, tried, session)
        base = draw_toolbar(tab, session)
        places = draw_columns(tab, tried, found)
        if session is None:
            st.caption("Run, or Ctrl+Enter, shows the outputs side by side here.")
        else:
            draw_answers(tab, places, base, running)
            draw_sent(session)
        if tab.form.to_dict() != tab.saved:
            ws.playground.remember_form(tab.form.prompt, tab.form.to_dict())
            tab.saved = tab.form.to_dict()


draw_page()
