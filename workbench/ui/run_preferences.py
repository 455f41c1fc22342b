"""What a run's judges prefer, and which of them may favour their own, worked out once for each state of the run."""

from __future__ import annotations

import streamlit as st

from workbench.store import RunRecord
from workbench.ui.views.common import plain
from workbench.workspace import Workspace


def show_preferences(ws: Workspace, record: RunRecord) -> None:
    """Draw a line for each thing that is known; nothing where no judge compared and none judges its own family."""
    lines = _lines(str(ws.root), ws.runs.fingerprint(record.id), ws)
    if not lines:
        return
    with st.container(key="run_preferences", gap="xsmall"):
        for line in lines:
            st.caption(plain(line))


@st.cache_resource(max_entries=32, show_spinner=False)
def _lines(root: str, fingerprint: tuple, _ws: Workspace) -> list[str]:
    from workbench.reports.preferences import preference_lines
    from workbench.workspace.reporting import judges_of

    told = judges_of(_ws, str(fingerprint[0]))
    return [*preference_lines(told["preferences"]), *told["self_preference"]]
