"""The cases that a model proposed for a suite: ask for more, read, change, accept or reject.

``?suite=…&view=proposed`` opens the list, ``&q=`` searches it, ``&proposal=`` opens one.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.analysis.wording import count
from workbench.errors import NotFound
from workbench.evals.proposed import Proposal
from workbench.evals.types import Case, Suite
from workbench.ui.links import follow, keep
from workbench.ui.proposed_form import show_form, show_progress
from workbench.ui.state import faults, go, page_link, toast_later
from workbench.ui.views.common import header, pager, search_box
from workbench.ui.views.proposals import (
    edit_fields,
    found_proposals,
    no_proposals,
    proposal_rows,
    read_field,
)
from workbench.ui.views.rows import link_bar, mark
from workbench.ui.views.suite_detail import metadata
from workbench.workspace import Workspace
from workbench.workspace.proposals import accept_cases, edit_proposal, proposed_cases, reject_cases

PAGE_SIZE = 20


def show_proposed(ws: Workspace, suite: Suite, proposal: str | None) -> None:
    """Draw the list of proposed cases, or one of them."""
    waiting = proposed_cases(ws, suite.name)
    if proposal is None:
        _show_list(ws, suite, waiting)
    else:
        _show_one(ws, suite, waiting, proposal)


def _show_list(ws: Workspace, suite: Suite, waiting: list[Proposal]) -> None:
    header(
        f"Cases proposed for {suite.name}",
        "What a model wrote waits here, apart from the suite, until a person accepts it.",
    )
    with link_bar("proposed_bar"):
        page_link("suites", suite.name, icon=":material/arrow_back:", suite=suite.name)
        st.caption(
            f"{count(len(waiting), 'case')} wait" + ("s" if len(waiting) == 1 else ""), width="content"
        )
    show_progress(ws, suite)
    if waiting:
        _list(ws, suite, waiting)
    else:
        no_proposals()
    show_form(ws, suite)


def _list(ws: Workspace, suite: Suite, waiting: list[Proposal]) -> None:
    follow("proposals_search", "q")
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left:
        query = search_box("proposals_search", placeholder='Search; "like" and "same" find what repeats')
    keep("proposals_search", "q", st.session_state["proposals_search"])
    found = found_proposals(waiting, query)
    chosen = _chosen(suite, waiting)
    with right, st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        _choices(ws, suite, [p.case.id for p in found], [p.case.id for p in waiting if p.case.id in chosen])
    if not found:
        st.caption("No proposed case matches.")
        return
    offset, limit = pager(len(found), size=PAGE_SIZE, key=f"proposals_page_{suite.name}", noun="cases")
    proposal_rows(suite.name, found[offset : offset + limit], chosen, lambda i, key: _choose(suite, i, key))


def _chosen(suite: Suite, waiting: Sequence[Proposal]) -> set[str]:
    """Return which cases are chosen: kept apart from the boxes, which are drawn a page at a time."""
    kept: set[str] = st.session_state.setdefault(f"_proposals_chosen_{suite.name}", set())
    kept &= {p.case.id for p in waiting}
    return kept


def _choose(suite: Suite, case_id: str, key: str) -> None:
    kept: set[str] = st.session_state[f"_proposals_chosen_{suite.name}"]
    (kept.add if st.session_state[key] else kept.discard)(case_id)


def _choices(ws: Workspace, suite: Suite, found: list[str], chosen: list[str]) -> None:
    """Draw what can be done with what is chosen."""
    name = f"_proposals_chosen_{suite.name}"
    if set(found) <= set(chosen) and found:
        st.button("Choose none", key="proposals_none", on_click=lambda: st.session_state[name].clear())
    else:
        st.button(
            f"Choose all {len(found):,}",
            key="proposals_all",
            disabled=not found,
            on_click=lambda: st.session_state[name].update(found),
        )
    what = f" {len(chosen):,}" if chosen else ""
    reject = st.button(f"Reject{what}", key="proposals_reject", disabled=not chosen, icon=":material/close:")
    accept = st.button(
        f"Accept{what}", key="proposals_accept", type="primary", disabled=not chosen, icon=":material/check:"
    )
    if accept or reject:
        with faults():
            _settle(ws, suite, chosen, accept=accept)
            st.rerun()


def _settle(ws: Workspace, suite: Suite, ids: Sequence[str], *, accept: bool) -> None:
    done = (accept_cases if accept else reject_cases)(ws, suite.name, ids)
    place = f" in {suite.name}" if accept else ""
    toast_later(f"{'Accepted' if accept else 'Rejected'} {count(len(done), 'case')}{place}")


def _show_one(ws: Workspace, suite: Suite, waiting: list[Proposal], case_id: str) -> None:
    at = next((n for n, p in enumerate(waiting) if p.case.id == case_id), None)
    header(f"Proposed case {case_id}", f"For the suite {suite.name}; no run reads it until it is accepted.")
    here = {"suite": suite.name, "view": "proposed"}
    with link_bar("proposal_bar"):
        page_link("suites", "All proposed cases", icon=":material/arrow_back:", **here)
        if at is not None:
            for label, place, icon in (("Previous", at - 1, "left"), ("Next", at + 1, "right")):
                if 0 <= place < len(waiting):
                    page_link(
                        "suites",
                        label,
                        icon=f":material/chevron_{icon}:",
                        **here,
                        proposal=waiting[place].case.id,
                    )
            st.caption(f"{at + 1:,} of {count(len(waiting), 'case')}", width="content")
    if at is None:
        raise NotFound(
            f'No case "{case_id}" is proposed for {suite.name}',
            hint="it may have been accepted or rejected meanwhile",
        )
    proposal = waiting[at]
    _repeats(suite, proposal)
    values, expected = edit_fields(proposal.case)
    after = waiting[at + 1] if at + 1 < len(waiting) else waiting[at - 1] if at else None
    _actions(ws, suite, proposal.case, values, expected, after.case.id if after else None)
    st.subheader("Metadata", anchor=False)
    metadata(proposal.case)


def _repeats(suite: Suite, proposal: Proposal) -> None:
    """Say which case a proposal repeats, with a link to it."""
    other = proposal.same or proposal.like
    if other is None:
        return
    ours = any(case.id == other for case in suite.dataset.cases)
    where = {"case": other} if ours else {"view": "proposed", "proposal": other}
    with link_bar("proposal_like"):
        word, colour, sign = ("the same", "red", "=") if proposal.same else ("nearly the same", "orange", "≈")
        st.html(mark(f"This case asks {word} as", colour, sign), width="content")
        page_link("suites", other, suite=suite.name, **where)


def _actions(ws: Workspace, suite: Suite, case: Case, values: dict, expected: str, after: str | None) -> None:
    with st.container(horizontal=True, gap="small", key="proposal_actions"):
        accept = st.button("Accept", key="proposal_accept", type="primary", icon=":material/check:")
        save = st.button("Save changes", key="proposal_save", icon=":material/save:")
        reject = st.button("Reject", key="proposal_reject", icon=":material/close:")
    if not (accept or save or reject):
        return
    with faults():
        if not reject:
            _save(ws, suite, case, values, expected)
        if save:
            toast_later("Saved; it still waits to be accepted")
            st.rerun()
        _settle(ws, suite, [case.id], accept=accept)
        go("suites", suite=suite.name, view="proposed", proposal=after)


def _save(ws: Workspace, suite: Suite, case: Case, values: dict[str, str], expected: str) -> None:
    """Keep what was changed, if anything was."""
    new = {name: read_field(name, case.vars[name], text) for name, text in values.items()}
    right = read_field("What is expected", case.expected, expected) if expected else None
    if (new, right) != (case.vars, case.expected):
        edit_proposal(ws, suite.name, case.id, new, right)
