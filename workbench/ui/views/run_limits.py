"""How many calls of each model could be under way in a run, drawn small."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.llm.limit_history import LimitChange
from workbench.reports.text import clean

#: The newest changes that are shown.
SHOWN = 100


def draw_limits(changes: Sequence[LimitChange]) -> None:
    """Draw when the number of calls at once changed, and why; nothing where it never did."""
    if len({(change.lane, change.limit) for change in changes}) <= len({change.lane for change in changes}):
        return
    with st.expander("Calls at once", icon=":material/speed:", key="run_limits", type="compact"):
        left = len(changes) - SHOWN
        if left > 0:
            st.caption(f"The newest {SHOWN} of {len(changes):,} changes.")
        st.dataframe(
            {
                "Time (UTC)": [change.at[11:23] for change in changes[-SHOWN:]],
                "Model": [clean(change.lane) for change in changes[-SHOWN:]],
                "At once": [change.limit for change in changes[-SHOWN:]],
                "Why": [clean(change.reason) for change in changes[-SHOWN:]],
            },
            hide_index=True,
            key="run_limits_table",
        )
