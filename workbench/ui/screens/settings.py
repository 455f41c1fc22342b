"""Settings: which models are usable and why not, what is kept, and where things are."""

from __future__ import annotations

import os
from collections.abc import Sequence

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.llm.catalogue import ModelStatus, find_models, with_own_prices
from workbench.llm.pricebook import load_prices
from workbench.ui.models import look_again, models
from workbench.ui.state import PAGES, faults, param, set_params, show_fault, toast_later, workspace
from workbench.ui.views import settings as view
from workbench.ui.views.common import header, search_box
from workbench.workspace.about import about

SEARCH, SHOWN = "settings_search", "settings_shown"

ws = workspace()


def clear_cache() -> None:
    """Forget every kept answer."""
    try:
        count = ws.store.cache.clear()
    except WorkbenchError as problem:
        st.session_state["_settings_fault"] = problem
    else:
        toast_later(f"Forgot {count:,} answers" if count != 1 else "Forgot 1 answer")


def _all_known(listed: Sequence[ModelStatus], query: str) -> list[ModelStatus]:
    """Return the models of this machine, and with words to search for all others that are known."""
    here = {model.id for model in listed}
    return [*listed, *(model for model in find_models(query) if model.id not in here)]


def draw_models() -> None:
    """Draw the models and the way to look for more."""
    st.subheader("Models", anchor=False)
    st.session_state.setdefault(SEARCH, param("q") or "")
    st.session_state.setdefault(SHOWN, param("show") if param("show") in view.SHOWN else view.SHOWN[0])
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width=340):
            query = search_box(SEARCH, placeholder="Search models, providers, reasons")
        shown = st.segmented_control(
            "Shown",
            view.SHOWN,
            key=SHOWN,
            format_func=str.capitalize,
            required=True,
            label_visibility="collapsed",
        )
        st.space("stretch")
        pressed = st.button(
            "Look for local servers",
            key="settings_check",
            icon=":material/radar:",
            help="Asks the usual ports of this machine, for a second at most. Nothing secret is sent.",
        )
    place = st.container(key="settings_models_part")
    if pressed:
        with st.spinner("Looking for local servers on this machine…"):
            found = look_again()
    else:
        found = models()
    with place:
        listed = view.found_models(_all_known(found.models, query), query, shown or view.SHOWN[0])
        if listed:
            listed = with_own_prices(listed[: view.MOST_FOUND], load_prices(ws.root))
            view.model_table(listed)
        else:
            st.caption(
                "No model has these words. Any other can be typed as provider/model where one is chosen."
            )
        view.local_result(found.models, found.looked_at)
    set_params(q=query or None, show=shown if shown != view.SHOWN[0] else None)


def draw_page() -> None:
    """Draw the page."""
    header("Settings", PAGES["settings"].purpose)
    problem = st.session_state.pop("_settings_fault", None)
    if problem is not None:
        show_fault(problem)
    with faults():
        draw_models()
    variables = st.expander(
        "Keys and addresses in the environment", icon=":material/key:", key="settings_keys", on_change="rerun"
    )
    if variables.open:
        with variables:
            st.caption("Only whether a variable is set is shown. Set one before starting the app.")
            view.variable_table(view.variable_rows(os.environ))
    st.subheader("Kept answers", anchor=False)
    with faults():
        view.cache_card(ws.store.cache.size(), on_clear=clear_cache)
    st.subheader("This workspace", anchor=False)
    with faults():
        view.about_card(about(ws))


draw_page()
