"""Which of a run's versions and models is the best, worked out once for each state of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.store import RunRecord
from workbench.ui.run_results import RunResults
from workbench.ui.views.common import plain
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.analysis.ranking import Ranking

#: From so many on, a ranking is what a person came for: two are better compared.
OPEN_FROM = 3


def show_ranking(ws: Workspace, record: RunRecord, results: RunResults, scorer: str) -> None:
    """Draw the ranking of a run that holds several versions or models; nothing for one."""
    sides = len(results.spending)
    if sides < 2 or record.sequential:
        return
    part = st.expander(
        "Ranking and frontier",
        key="run_ranking",
        icon=":material/leaderboard:",
        expanded=sides >= OPEN_FROM,
        on_change="rerun",
        type="compact",
    )
    if not part.open:
        return
    with part:
        ranking = _ranking(str(ws.root), ws.runs.fingerprint(record.id), scorer, ws)
        if isinstance(ranking, str):
            st.caption(plain(ranking))
            return
        from workbench.ui.views.ranking import draw_ranking

        draw_ranking(ranking)


@st.cache_resource(max_entries=32, show_spinner="Comparing all of them with each other…")
def _ranking(root: str, fingerprint: tuple, scorer: str, _ws: Workspace) -> Ranking | str:
    """Return the ranking, or in a sentence why there is none."""
    try:
        return _ws.runs.ranking(str(fingerprint[0]), scorer)
    except WorkbenchError as problem:
        return str(problem)
