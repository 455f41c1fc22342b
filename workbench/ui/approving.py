"""Approving a run as the baseline of its suite, and saying what is approved."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.reports.text import clean
from workbench.store import RunRecord
from workbench.ui.state import faults, toast_later
from workbench.ui.views.common import plain
from workbench.ui.views.numbers import ago
from workbench.ui.views.run_words import versions_of
from workbench.workspace import Workspace

MAX_WHY = 500


def approve_menu(ws: Workspace, record: RunRecord, plan: dict[str, Any]) -> None:
    """Draw the button that approves a version of a complete run."""
    versions = versions_of(plan)
    with st.popover("Approve as baseline", icon=":material/verified:", key="run_approve_menu"):
        st.markdown(
            "Later runs are held against what is approved. It is written to `baseline.json` beside the suite; "
            "commit that file."
        )
        chosen = versions[0]
        if len(versions) > 1:
            chosen = st.selectbox("Version", versions, index=len(versions) - 1, key="run_approve_version")
        why = st.text_input("Why", key="run_approve_why", max_chars=MAX_WHY, placeholder="Read 50 answers")
        if st.button("Approve", key="run_approve", type="primary"):
            with faults():
                # Two versions may be one prompt's, so the title is what names one for sure.
                ws.baselines.set(f"{record.id}:{chosen}", why=why)
                toast_later(f"{chosen} is the baseline of {record.suite}")
                st.rerun()


def baseline_line(ws: Workspace, suite: str) -> None:
    """Say who approved what as a suite's baseline; nothing where it has none."""
    try:
        found = ws.baselines.find(suite)
    except WorkbenchError as problem:
        st.caption(plain(clean(f"Its baseline cannot be used. {problem}")))
        return
    if found is not None:
        st.caption(plain(clean(_words(found.about()))))


def held_against(gate: dict[str, Any]) -> None:
    """Say which approved run a gate was held against; nothing where it was held against a version."""
    if gate.get("baseline"):
        st.caption(plain(clean(f"Held against the {_words(gate['baseline'], title='baseline')}")))


def _words(about: dict[str, Any], *, title: str = "Baseline") -> str:
    approved, prompt = about["approved"], about["prompt"]
    version = f"{prompt['name']}@{prompt['number']}" if prompt["number"] else prompt["name"]
    why = f": {approved['why']}" if approved.get("why") else ""
    return f"{title} {version} of run {about['run']}, approved by {approved['by']} {ago(approved['at'])}{why}"
