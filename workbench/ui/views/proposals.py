"""Cases that a model proposed, drawn: a row each with a box to choose it by, and one in full to change."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from html import escape
from typing import Any

import streamlit as st

from workbench.errors import BadInput
from workbench.evals.proposed import Proposal
from workbench.evals.types import Case
from workbench.ui.state import page_link
from workbench.ui.views.common import empty_state, matches
from workbench.ui.views.rows import COLOURS, Column, Table, line, row_styles, text
from workbench.ui.views.suite_words import case_text, value_text

#: How many letters of a case stand in its row.
MAX_SHOWN = 700
#: Pixels of a box with the gap behind it.
_BOX_WIDTH = 28
TABLE = Table(
    "proposals",
    "Case",
    (
        Column("Variables", "minmax(0, 3fr)"),
        Column("Expected", "minmax(0, 1.4fr)"),
        Column("Asked before", "minmax(0, 1.1fr)"),
    ),
    link_width=150,
)


def found_proposals(proposals: Sequence[Proposal], query: str) -> list[Proposal]:
    """Return the proposals in which every word of the query stands; "like" and "same" find those that repeat."""
    if not query:
        return list(proposals)
    return [
        p
        for p in proposals
        if matches(
            query,
            p.case.id,
            case_text(p.case),
            value_text(p.case.expected),
            value_text(p.case.metadata),
            repeats_words(p),
        )
    ]


def repeats_words(proposal: Proposal) -> str:
    """Return which case a proposal repeats; empty where it is new."""
    if proposal.same:
        return f"the same as {proposal.same}"
    return f"much like {proposal.like}" if proposal.like else ""


def proposal_rows(
    suite: str,
    proposals: Sequence[Proposal],
    chosen: Collection[str],
    choose: Callable[[str, str], None],
) -> None:
    """Draw a row for each proposal; ``choose`` is called with its id and its box's key when that is clicked."""
    with st.container(key=TABLE.name, gap=None):
        st.html(row_styles(TABLE.name))
        with st.container(horizontal=True, gap="small", key=f"{TABLE.name}_titles"):
            st.html(line([Column("")], [""]), width=_BOX_WIDTH + TABLE.link_width)
            titles = [
                f'<span style="color:{COLOURS["gray"]}">{escape(c.title)}</span>' for c in TABLE.columns
            ]
            st.html(line(TABLE.columns, titles))
        for proposal in proposals:
            case = proposal.case
            key = f"proposal_box_{case.id}"
            st.session_state[key] = case.id in chosen
            with st.container(
                horizontal=True, gap="small", key=f"{TABLE.name}_row_{case.id}", vertical_alignment="center"
            ):
                st.checkbox(
                    f"Choose {case.id}",
                    key=key,
                    label_visibility="collapsed",
                    on_change=choose,
                    args=(case.id, key),
                    width="content",
                )
                page_link(
                    "suites",
                    "Read or edit",
                    icon=":material/edit:",
                    width=TABLE.link_width,
                    suite=suite,
                    view="proposed",
                    proposal=case.id,
                )
                st.html(line(TABLE.columns, _cells(proposal)))


def _cells(proposal: Proposal) -> list[str]:
    case = proposal.case
    colour = "red" if proposal.same else "orange"
    said = repeats_words(proposal)
    return [
        text(case_text(case)[:MAX_SHOWN], lines=4),
        text(value_text(case.expected)[:MAX_SHOWN], lines=3, colour=None if case.expected else "gray"),
        f'<span style="color:{COLOURS[colour]}">{"≈" if proposal.like else "="}&nbsp;{escape(said)}</span>'
        if said
        else text("new", colour="gray"),
    ]


def no_proposals() -> None:
    """Say what proposed cases are and how they come."""
    empty_state(
        "No case is proposed",
        "A model can write new cases in the form of those that the suite has. They wait here, and no run reads "
        "them, until you accept them; then they stand in the suite's own file. Say below what they are to "
        "test, such as a kind of mistake that you have seen. Read what is expected before you accept: it is the "
        "model's idea of the right answer.",
        key="proposals_empty",
    )


def edit_fields(case: Case) -> tuple[dict[str, Any], Any]:
    """Draw a case's values to be changed, and return them as texts."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        values = {name: _field(case.id, f"vars_{name}", name, value) for name, value in case.vars.items()}
    with right:
        expected = _field(case.id, "expected", "Expected", case.expected, help="Empty: nothing is expected.")
    return values, expected


def _field(case_id: str, field: str, label: str, value: Any, **options: Any) -> str:
    shown = "" if value is None else value if isinstance(value, str) else value_text(value)
    rows = min(14, max(3, len(shown) // 60 + shown.count("\n") + 1))
    return st.text_area(
        label, shown, key=f"proposal_{field}_{case_id}", height=26 * rows + 20, max_chars=200_000, **options
    )


def read_field(name: str, old: Any, text: str) -> Any:
    """Return what a person wrote in place of a value: text stays text, anything else is JSON; empty is nothing.

    Raises:
        BadInput: The value is no text, and what was written is no JSON.
    """
    if isinstance(old, str):
        return text
    if old is None:
        return text or None
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(
            f"{name} is not JSON any more", hint="it was a value other than text; keep its form"
        ) from None
