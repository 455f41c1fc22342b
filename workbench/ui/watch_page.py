"""Watching a suite in the app: all watched suites (``?view=watch``), or one of them (``&suite=``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.analysis.wording import count
from workbench.errors import WorkbenchError
from workbench.store.watches import WatchRecord
from workbench.ui.run_stop import stop_action
from workbench.ui.state import faults, page_link, toast_later
from workbench.ui.views import run_numbers, watch
from workbench.ui.views.common import badge, empty_state, header, pager, plain, search_box
from workbench.ui.views.numbers import ago, money
from workbench.ui.views.rows import link_bar
from workbench.ui.views.watch import WatchRow
from workbench.ui.views.watch_words import SCHEDULES, cron_line
from workbench.ui.watch_begin import begin_watch
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.workspace.watching import Watched

PURPOSE = "Frozen suites asked again on a schedule: has the model behind the name moved?"
FOLLOW_S = 1.0
PAGE_SIZE = 25
SEARCH_WIDTH = 420
MAX_WHY = 500
#: The look that this session started: its outputs are embedded when it has ended.
_MINE = "watch_started"


@st.cache_resource(show_spinner=False, max_entries=100)
def _judged(_ws: Workspace, suite: str, state: tuple[object, ...]) -> Watched:
    return _ws.watching.judge(suite)


def judged(ws: Workspace, suite: str) -> Watched:
    """Return what a watch has found, worked out once for each state of its runs."""
    return _judged(ws, suite, (str(ws.root), *ws.watching.fingerprint(suite)))


def show_watches(ws: Workspace) -> None:
    """All watched suites, those that moved first."""
    header("Watch", PURPOSE)
    with link_bar("watches_bar"):
        page_link("suites", "All suites", icon=":material/arrow_back:")
    names = ws.watching.suites()
    if not names:
        slot = empty_state(
            "No suite is watched yet",
            "A provider may change a model behind its name without a word. A watch asks one suite again and again, "
            "always the same prompt, cases and settings, and tells you when the answers are others than before. "
            "Open a suite and choose Watch.",
            key="watches_empty",
        )
        with slot:
            page_link("suites", "Choose a suite", icon=":material/checklist:")
        return
    with st.container(width=SEARCH_WIDTH):
        query = search_box("watches_search", placeholder="Search suites, versions, what moved")
    with st.spinner("Comparing looks…"):
        rows = sorted((_row(ws, name) for name in names), key=lambda item: not item.moved)
    found = [item for item in rows if item.matches(query)]
    if not found:
        st.caption("No watch matches.")
        return
    offset, limit = pager(len(found), size=PAGE_SIZE, key="watches_page", noun="suites")
    watch.watch_list(found[offset : offset + limit])


def _row(ws: Workspace, suite: str) -> WatchRow:
    try:
        return WatchRow(suite, judged(ws, suite))
    except WorkbenchError as problem:
        return WatchRow(suite, None, str(problem))


def show_watch(ws: Workspace, suite: str) -> None:
    """One suite's watch: what moved, its signals, and its looks; how to begin where it has none."""
    record = ws.watching.current(suite)
    if record is None:
        header(f"Watch {suite}", PURPOSE)
        with link_bar("watch_bar"):
            page_link("suites", "The suite", icon=":material/arrow_back:", suite=suite)
            page_link("suites", "All watches", icon=":material/visibility:", view="watch")
        begin_watch(ws, suite)
        return
    running = next((run for run in record.looks[-1:] if ws.runs.progress(run).active), None)
    _embed_mine(ws, suite, running)
    with st.spinner("Comparing looks…"):
        found = judged(ws, suite)
    action = header(f"Watch {suite}", f"Every look is held against all before it, from {record.title} on")
    with action:
        _schedule(ws, suite)
        _meaning(ws, found)
        if found.looks and found.drift.moved:
            _accept(ws, suite)
        if st.button(
            "Watch now", key="watch_now", type="primary", icon=":material/visibility:", disabled=bool(running)
        ):
            _look(ws, suite)
    _facts(ws, suite, record)
    if running:
        st.fragment(_follow, run_every=FOLLOW_S)(ws, running)
    watch.what_moved(found)
    _unembedded(ws, suite, found)
    watch.signals(found)
    watch.models_line(found)
    if found.looks:
        st.caption(
            "Dots are means of the cases, bars 95 % intervals of one look alone; the dashed line is the mean before. "
            "An alarm needs more: all looks and signals together raise one without a change in at most 1 of 20 watches."
        )
        st.subheader("Looks", anchor=False)
    if found.looks or found.skipped:
        watch.looks_table(found)


def _facts(ws: Workspace, suite: str, record: WatchRecord) -> None:
    reference = ws.runs.get(record.reference_run)
    with link_bar("watch_bar"):
        page_link("suites", "The suite", icon=":material/arrow_back:", suite=suite)
        page_link("suites", "All watches", icon=":material/visibility:", view="watch")
        page_link(
            "runs", f"Reference run {ago(reference.created_at)}", icon=":material/timeline:", run=reference.id
        )
        why = f": {record.reason}" if record.reason else ""
        since = f"Since {ago(record.created_at)}, by {record.author}{why}"
        cells = reference.done // max(1, len(reference.plan.get("prompts", [1])))
        cost = f", about {money(reference.spent_usd)} as the reference run" if reference.spent_usd else ""
        st.caption(plain(f"{since} · a look asks {count(cells, 'cell')}{cost}"), width="content")


def _look(ws: Workspace, suite: str) -> None:
    with faults():
        st.session_state[_MINE] = ws.watching.look(suite).id
        st.rerun()


def _follow(ws: Workspace, run_id: str) -> None:
    with faults():
        record = ws.runs.progress(run_id)
        if not record.active:
            st.rerun()
        with st.container(border=True, key="watch_progress"):
            with link_bar("watch_progress_bar"):
                badge(record.status)
                page_link("runs", "This look's run", run=run_id)
            run_numbers.progress(record)
            stop_action(ws, record, key="watch_cancel")


def _schedule(ws: Workspace, suite: str) -> None:
    with st.popover("Schedule", icon=":material/schedule:", key="watch_schedule"):
        st.markdown(
            "Put this line into the crontab of a machine that has the workspace and the models' keys "
            "(`crontab -e`). You get a mail when something moved or no look could be made."
        )
        often = st.selectbox("How often", list(SCHEDULES), key="watch_often")
        st.code(cron_line(ws.root, suite, often), language="bash", wrap_lines=True)


def _accept(ws: Workspace, suite: str) -> None:
    with st.popover("Accept", icon=":material/done_all:", key="watch_accept_menu"):
        st.markdown("The newest look becomes the reference, and what moved until then is said no longer.")
        why = st.text_input("Why", key="watch_why", max_chars=MAX_WHY, placeholder="The new model is as good")
        if st.button("Accept what moved", key="watch_accept", type="primary"):
            with faults():
                ws.watching.accept(suite, reason=why)
                toast_later("The newest look is the reference now")
                st.rerun()


def _meaning(ws: Workspace, found: Watched) -> None:
    with st.popover("Meaning", icon=":material/scatter_plot:", key="watch_meaning_menu"):
        st.markdown(
            "An embedding model turns outputs into vectors, so that other words for the same are told from another "
            "meaning. Each output is bought once. Nothing is embedded where no model is named."
        )
        name = st.text_input(
            "Embedding model",
            value=found.embedder or "",
            key=f"watch_embedder_{found.watch.id[:8]}_{found.embedder}",
            placeholder="openai/text-embedding-3-small, ollama/nomic-embed-text or local/models/…",
            max_chars=300,
        )
        if st.button("Save", key="watch_embedder_save"):
            with faults():
                ws.watching.name_embedder(found.watch.suite, name.strip() or "none")
                st.rerun()


def _unembedded(ws: Workspace, suite: str, found: Watched) -> None:
    """Offer to get the vectors that are missing; only this asks, never the page by itself."""
    if not found.unembedded:
        return
    with link_bar("watch_unembedded"):
        looks = count(len(found.unembedded), "look")
        st.caption(plain(f"{looks} not yet compared by meaning."), width="content")
        if st.button(f"Ask {plain(found.embedder)}", key="watch_embed", icon=":material/scatter_plot:"):
            _embed(ws, suite)
            st.rerun()


def _embed_mine(ws: Workspace, suite: str, running: str | None) -> None:
    """When the look that this session began has ended, get the vectors of its outputs, once."""
    mine = st.session_state.get(_MINE)
    if mine is None or mine == running:
        return
    del st.session_state[_MINE]
    if ws.runs.get(mine).suite == suite:
        _embed(ws, suite)


def _embed(ws: Workspace, suite: str) -> None:
    with faults(), st.spinner("Comparing outputs by meaning…"):
        ws.watching.embed(suite)
