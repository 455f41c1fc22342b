"""Going on with a run: what is left to ask, and the field for a higher cap where it met one."""

from __future__ import annotations

import math

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.store import RunRecord
from workbench.ui.run_cost import room_words
from workbench.ui.state import show_fault
from workbench.ui.views.common import plain
from workbench.ui.views.numbers import money
from workbench.ui.views.run_words import left_words
from workbench.workspace import Workspace


def resume_action(ws: Workspace, record: RunRecord, *, primary: bool) -> None:
    """Draw the button that resumes a run; where it met its own cap, it leads to the field for the new one."""
    from workbench.jobs.caps import met_its_cap

    kind = "primary" if primary else "secondary"
    if met_its_cap(record):
        with st.popover(
            "Raise the cap and resume", key="run_raise", type=kind, icon=":material/resume:", width="content"
        ):
            _raise(ws, record)
        return
    label = "Resume" if record.status != "complete" else f"Ask {record.errors:,} again"
    if st.button(label, key="run_resume", type=kind, icon=":material/resume:", help=left_words(record)):
        _resume(ws, record, None)


def _raise(ws: Workspace, record: RunRecord) -> None:
    from workbench.jobs.caps import needed_cap, paid

    needed = needed_cap(record)
    st.markdown(
        plain(
            f"It has cost {money(paid(record))} of {money(record.max_cost_usd)}. "
            f"Left: {left_words(record) or 'what its judges have to say'}."
        )
    )
    if needed is not None:
        st.caption(plain(f"At the mean of its calls so far it would need about {money(needed)} in all."))
    step = _step(record.max_cost_usd or 1.0)
    with st.form("run_raise_form", border=False):
        cap = st.number_input(
            "New cap in all, USD",
            min_value=0.0,
            value=suggested(record, needed),
            step=step,
            format="%g",
            key=f"run_new_cap_{record.id}",
            help="It counts all that the run costs, what is paid already included.",
        )
        if st.form_submit_button("Resume", key="run_raise_resume", type="primary"):
            _resume(ws, record, cap)


def suggested(record: RunRecord, needed: float | None) -> float:
    """Return the cap to offer: a fifth more than the run needs, or twice the old one where that is unknown."""
    wish = needed * 1.2 if needed is not None else 0.0
    old = record.max_cost_usd or 0.0
    return _rounded_up(wish) if wish > old else _rounded_up(2 * old)


def _rounded_up(usd: float) -> float:
    """Return the next amount with two digits."""
    if usd <= 0:
        return 1.0
    unit = 10.0 ** (math.floor(math.log10(usd)) - 1)
    return float(f"{math.ceil(usd / unit - 1e-9) * unit:.6g}")


def _step(usd: float) -> float:
    return float(f"{10.0 ** math.floor(math.log10(usd)):g}") if usd > 0 else 1.0


def left_to_ask(ws: Workspace, record: RunRecord) -> None:
    """Say what resuming would ask, and what the caps of the day leave for it."""
    from workbench.jobs.caps import DAY_VARIABLE, PERSON_VARIABLE, room_today

    st.markdown(plain(f"Left to ask: {left_words(record)}. Resuming asks for nothing else."))
    try:
        rooms = room_today(ws.store, record.author)
    except WorkbenchError as problem:
        show_fault(problem)
        return
    for room in rooms:
        raised = PERSON_VARIABLE if room.person else DAY_VARIABLE
        more = (
            f". Raise {raised} where the app is started, or resume tomorrow (UTC)"
            if not room.left_usd
            else ""
        )
        st.caption(plain(room_words(room) + more))


def _resume(ws: Workspace, record: RunRecord, cap: float | None) -> None:
    try:
        ws.runs.resume(record.id, max_cost_usd=cap)
    except WorkbenchError as problem:
        show_fault(problem)
    else:
        st.rerun()
