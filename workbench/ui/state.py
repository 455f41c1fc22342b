"""What every screen stands on: the workspace, the address, and the one place that shows faults."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.workspace import Workspace

ROOT_VARIABLE = "WORKBENCH_ROOT"


@dataclass(frozen=True)
class PageInfo:
    """How a page is called, and what it is for."""

    title: str
    icon: str
    purpose: str


PAGES: dict[str, PageInfo] = {
    "prompts": PageInfo(
        "Prompts", ":material/edit_note:", "Write prompts, save them as versions, and see what changed."
    ),
    "playground": PageInfo(
        "Playground", ":material/play_circle:", "Try versions and models side by side on one input."
    ),
    "suites": PageInfo(
        "Suites", ":material/checklist:", "The cases and scorers that versions are measured with."
    ),
    "runs": PageInfo("Runs", ":material/timeline:", "Run a suite, follow it, and read what came out."),
    "compare": PageInfo(
        "Compare", ":material/balance:", "Is one version better than another, and how sure are we?"
    ),
    "release": PageInfo(
        "Release", ":material/rocket_launch:", "Deliver a version to a git repository with its evidence."
    ),
    "settings": PageInfo("Settings", ":material/settings:", "Which models are usable, and where things are."),
}


def screen(name: str) -> str:
    """Return a page's file, as ``st.Page`` and ``st.page_link`` name it."""
    return f"screens/{name}.py"


def root() -> Path:
    """Return the workspace folder that this server serves."""
    return Path(os.environ.get(ROOT_VARIABLE) or ".").expanduser().resolve()


@st.cache_resource(show_spinner=False)
def _open(path: str) -> Workspace:
    return Workspace.open(path)


def workspace() -> Workspace:
    """Return the workspace, one for the whole server. Ends the page with one sentence where it cannot be opened."""
    try:
        return _open(str(root()))
    except WorkbenchError as problem:
        show_fault(problem)
        st.stop()


def show_fault(problem: WorkbenchError) -> None:
    """Show an error as its one sentence. The only place that does."""
    from workbench.ui.views.common import plain

    st.error(plain(str(problem)), icon=":material/error:")


@contextmanager
def faults() -> Iterator[None]:
    """Show a `WorkbenchError` as one sentence and leave out the rest of this part of the page."""
    try:
        yield
    except WorkbenchError as problem:
        show_fault(problem)


def param(name: str) -> str | None:
    """Return a query parameter of the address, or None where it is absent or empty."""
    return st.query_params.get(name) or None


def set_params(**values: Any) -> None:
    """Set query parameters; None removes one. The others stay, and nothing happens when all are so already.

    All are set as one step, which the browser's way back undoes as one.
    """
    before = {name: st.query_params.get_all(name) for name in st.query_params}
    after = dict(before)
    for name, value in values.items():
        if value is None or value == "":
            after.pop(name, None)
        else:
            after[name] = [str(value)]
    if after == before:
        return
    if after:
        st.query_params.from_dict(after)
    else:
        st.query_params.clear()


def page_link(
    page: str,
    label: str,
    *,
    icon: str | None = None,
    help: str | None = None,
    width: Any = "content",
    **params: Any,
) -> None:
    """Draw a link to a page. ``label`` is shown as it is; a query parameter that is None is left out."""
    from workbench.ui.views.common import plain

    given = {name: str(value) for name, value in params.items() if value is not None}
    st.page_link(
        screen(page), label=plain(label), icon=icon, help=help or " ", width=width, query_params=given
    )


def go(page: str, **params: Any) -> NoReturn:
    """Open a page, with query parameters. Does not return."""
    given = {name: str(value) for name, value in params.items() if value is not None}
    st.switch_page(screen(page), query_params=given)


def toast_later(text: str, *, icon: str = ":material/check:") -> None:
    """Say something short on the next page or after the next rerun."""
    st.session_state["_toast"] = (text, icon)


def show_toast() -> None:
    """Say what `toast_later` left."""
    from workbench.ui.views.common import plain

    if "_toast" in st.session_state:
        text, icon = st.session_state.pop("_toast")
        st.toast(plain(text), icon=icon)


def warm() -> None:
    """Import what the pages need, so that the first one opens quickly."""
    import altair
    import pandas

    import workbench.analysis.compare
    import workbench.workspace

    _ = altair, pandas, workbench


@st.cache_resource(show_spinner=False)
def _settle_once() -> None:
    # What is imported by now stays: keeping it out of garbage collections makes every rerun cheaper.
    gc.collect()
    gc.freeze()


def settle() -> None:
    """Do what each rerun begins with."""
    _settle_once()
    _keep_address()
    show_toast()


def _keep_address() -> None:
    """Let the browser's address follow a link to the page itself, which Streamlit reruns without writing it."""
    now = st.query_params.to_dict()
    if st.session_state.get("_address", now) != now:
        st.query_params.update()
    st.session_state["_address"] = now
