"""What people say of a run's scorers, what its judges prefer, and which may favour their own, worked out once."""

from __future__ import annotations

import streamlit as st

from workbench.store import RunRecord
from workbench.ui.views.common import plain
from workbench.workspace import Workspace


def show_preferences(ws: Workspace, record: RunRecord) -> None:
    """Draw a line for each thing that is known; nothing without labels, comparing judges and judges of their own."""
    lines = _lines(str(ws.root), ws.runs.fingerprint(record.id), ws)
    if not lines:
        return
    with st.container(key="run_preferences", gap="xsmall"):
        for line in lines:
            st.caption(plain(line))


@st.cache_resource(max_entries=32, show_spinner=False)
def _lines(root: str, fingerprint: tuple, _ws: Workspace) -> list[str]:
    from workbench.reports.labels import label_lines
    from workbench.reports.preferences import preference_lines
    from workbench.workspace.reporting import judges_of

    told = judges_of(_ws, str(fingerprint[0]))
    said = [*label_lines(told["labels"]), *preference_lines(told["preferences"])]
    return [*said, *told["self_preference"]]
