"""Beginning to watch a suite: which run later looks are held against."""

from __future__ import annotations

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.ui.state import faults, go, toast_later
from workbench.ui.views.common import empty_state, pick
from workbench.ui.views.numbers import ago
from workbench.ui.views.run_words import versions_of
from workbench.workspace import Workspace

MAX_RUNS = 20


def begin_watch(ws: Workspace, suite: str) -> None:
    """Say what a watch is, and let one of the suite's complete runs be its reference."""
    sides = _sides(ws, suite)
    slot = empty_state(
        "Nobody watches this suite yet",
        "A provider may change a model behind its name without a word. A watch asks this suite again and again: the "
        "same prompt, cases, scorers and settings as in one run, the reference. It tells when score, outputs, length, "
        "refusals, latency, cost or the model's name are no longer what they were, and it seldom cries wolf: without "
        "a change, at most 1 watch in 20 ever raises an alarm, however often it looks.",
        key="watch_empty",
    )
    if not sides:
        with slot:
            st.caption("It needs one complete run to begin with.")
            if st.button("Run this suite", type="primary", key="watch_run", icon=":material/play_arrow:"):
                go("runs", suite=suite)
        return
    with st.container(width=620):
        side = pick("Reference", list(sides), key="watch_reference", show=lambda s: plain_words(sides[s]))
        st.caption("Looks cost as much as this run did, and answer for one version of the prompt.")
        if st.button("Begin to watch", type="primary", key="watch_begin", icon=":material/visibility:"):
            with faults():
                ws.watching.begin(suite, side or "", reason="chosen in the app")
                toast_later(f"{suite} is watched")
                st.rerun()


def plain_words(text: str) -> str:
    """Return an option as it is shown: the select box takes no Markdown."""
    return text.replace("\n", " ")


def _sides(ws: Workspace, suite: str) -> dict[str, str]:
    """Return ``RUN:VERSION`` → words, the approved run first, then the newest complete ones."""
    found: dict[str, str] = {}
    approved = _approved(ws, suite)
    for record in ws.runs.list(suite=suite, limit=3 * MAX_RUNS):
        if record.status != "complete" or record.sequential or not record.done > record.errors:
            continue
        for version in versions_of(ws.runs.get(record.id).plan):
            side = f"{record.id}:{version}"
            mark = " · approved as baseline" if side == approved else ""
            found[side] = f"{version} in the run {record.id} ({ago(record.created_at)}){mark}"
        if len(found) >= MAX_RUNS:
            break
    if approved in found:
        return {approved: found[approved], **found}
    return found


def _approved(ws: Workspace, suite: str) -> str | None:
    try:
        kept = ws.baselines.find(suite)
    except WorkbenchError:
        return None
    return None if kept is None else f"{kept.run}:{kept.title}"
