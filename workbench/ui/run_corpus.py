"""What a run's answers have together: BLEU, chrF, TER, WER and the like, worked out when somebody looks."""

from __future__ import annotations

import streamlit as st

from workbench.evals.scorers.corpus import CorpusRow
from workbench.jobs.corpus import corpus_rows, has_corpus_values
from workbench.store import RunRecord
from workbench.ui.views import run_results as drawn
from workbench.workspace import Workspace


def show_corpus(ws: Workspace, record: RunRecord) -> None:
    """Draw the part with the metrics of all answers together, where the run has such."""
    state = ws.runs.fingerprint(record.id)
    if not _has_any(str(ws.root), state, ws):
        return
    part = st.expander("Over all answers", key="run_corpus", on_change="rerun", type="compact")
    if part.open:
        with part:
            drawn.corpus(_rows(str(ws.root), state, ws))


@st.cache_data(max_entries=256, show_spinner=False)
def _has_any(root: str, state: tuple[str, ...], _ws: Workspace) -> bool:
    return has_corpus_values(_ws.runs.outcome(state[0]))


@st.cache_resource(max_entries=32, show_spinner="Adding up all answers…")
def _rows(root: str, state: tuple[str, ...], _ws: Workspace) -> list[CorpusRow]:
    return corpus_rows(_ws.runs.outcome(state[0]))
