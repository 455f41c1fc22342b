"""What broke: the cases by how they changed, searchable and paged, and one case with both answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from workbench.reports.text import amount, one_line
from workbench.ui.views.common import matches, pager, plain, search_box

if TYPE_CHECKING:
    import pandas as pd

SHOW = ("worse", "better", "same", "missing", "all")
PAGE = 20
_WORDS = {"worse": "Worse", "better": "Better", "same": "Same", "missing": "Missing", "all": "All"}
_SIGNS = {
    "worse": ":red[▼]",
    "better": ":green[▲]",
    "same": ":gray[＝]",
    "missing": ":orange[–]",
}


def filter_row(
    cases: pd.DataFrame,
    labels: list[str],
    *,
    on_show: Callable[[], None],
    on_slice: Callable[[], None],
) -> pd.DataFrame:
    """Draw filter, slice and search, and return the cases that are left, the worst first where they got worse.

    What is chosen stands in the session under ``compare_show`` and ``compare_slice``.
    """
    left, middle, right = st.columns([5, 2, 3], vertical_alignment="bottom")
    with right:
        query = search_box("compare_search", placeholder="Search cases: id, variables, expected")
    with middle:
        options = ["", *labels]
        if st.session_state.get("compare_slice") not in options:
            st.session_state["compare_slice"] = ""
        chosen = st.selectbox(
            "Slice",
            options,
            key="compare_slice",
            format_func=lambda label: label or "All slices",
            label_visibility="collapsed",
            on_change=on_slice,
        )
    if chosen:
        cases = cases[[chosen in slices for slices in cases["slices"]]]
    if query:
        cases = cases[[matches(query, text) for text in cases["text"]]]
    counts = cases["outcome"].value_counts()
    with left:
        show = st.segmented_control(
            "Cases",
            SHOW,
            key="compare_show",
            required=True,
            format_func=lambda name: (
                f"{_WORDS[name]} {len(cases) if name == 'all' else counts.get(name, 0):,}"
            ),
            label_visibility="collapsed",
            on_change=on_show,
        )
    if show == "all":
        return cases
    found = cases[cases["outcome"] == show]
    return found.sort_values("gain", ascending=show == "worse", kind="stable") if show != "missing" else found


def case_list(
    cases: pd.DataFrame, chosen: str | None, unit: str, *, on_choose: Callable[[], None]
) -> str | None:
    """Draw one page of cases to choose from, and return the chosen one: ``chosen`` where listed, else the first.

    Args:
        cases: Those that the filters left.
        chosen: The case that the address names.
        unit: The metric's unit.
        on_choose: Called when another one is chosen, which then stands in the session under ``compare_case``.
    """
    ids = list(cases["case"])
    if not ids:
        return chosen
    if chosen in ids and st.session_state.get("compare_listed") != (chosen, len(ids)):
        # A link to a case, or a changed filter, opens the page of the list that has it.
        st.session_state["compare_page"] = ids.index(chosen) // PAGE
    st.session_state["compare_listed"] = (chosen, len(ids))
    # The list comes before its pager on the page, but must know the place.
    listed = st.container(key="compare_list")
    offset, limit = pager(len(ids), size=PAGE, key="compare_page", noun="cases")
    part = cases.iloc[offset : offset + limit]
    here = list(part["case"])
    labels = {
        row.case: f"{_SIGNS[row.outcome]} {plain(one_line(row.case, 60))}"
        f"  :gray[{plain(_change(row.a, row.b, unit))}]"
        for row in part.itertuples()
    }
    st.session_state["compare_case"] = chosen if chosen in here else here[0]
    with listed:
        st.radio(
            "Cases",
            here,
            key="compare_case",
            format_func=labels.__getitem__,
            label_visibility="collapsed",
            on_change=on_choose,
        )
    return st.session_state["compare_case"]


def _change(a: float, b: float, unit: str) -> str:
    return f"{short(a, unit)} → {short(b, unit)}"


def short(value: float | None, unit: str) -> str:
    """A score as short as it can be: 0, 1, 0.67; anything else in its unit; a dash where there is none."""
    if value is None or value != value:
        return "–"
    return f"{value:.2f}".rstrip("0").rstrip(".") if unit == "score" else amount(value, unit)
