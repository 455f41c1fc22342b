"""Stopping a run that goes on."""

from __future__ import annotations

import streamlit as st

from workbench.store import RunRecord
from workbench.workspace import Workspace


def stop_action(ws: Workspace, record: RunRecord, *, key: str) -> None:
    """Draw the button that cancels a run, or what becomes of one that was cancelled."""
    if record.cancel_requested:
        st.caption("Stopping. Answers on their way are paid for, so they are waited for and kept.")
    elif st.button("Cancel", key=key, icon=":material/stop:"):
        ws.runs.cancel(record.id)
        st.rerun()
