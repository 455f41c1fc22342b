"""Which suites measure a prompt."""

from __future__ import annotations

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.evals.types import Suite
from workbench.prompts.selectors import parse_selector
from workbench.workspace import Workspace


def suites_of(workspace: Workspace, name: str) -> list[Suite]:
    """Return the suites that run a prompt, whichever version of it, as they were within the last minute."""
    return _suites_of(str(workspace.root), workspace, name)


@st.cache_resource(ttl=60, show_spinner=False)
def _suites_of(root: str, _workspace: Workspace, name: str) -> list[Suite]:
    found = []
    for entry in _workspace.suites.list()[0]:
        try:
            suite = _workspace.suites.load(entry.name)
            if any(parse_selector(prompt).name == name for prompt in suite.prompts):
                found.append(suite)
        except WorkbenchError:
            continue  # The page of suites says what is wrong with it.
    return found
