"""Prompts: the list, and one prompt with its editor, its versions and what changed between them."""

from __future__ import annotations

import streamlit as st

from workbench.ui.editing import Form
from workbench.ui.prompt_page import name_form, show_prompt
from workbench.ui.state import faults, param, set_params, workspace
from workbench.ui.views.common import (
    empty_state,
    header,
    pager,
    plain,
    problem_list,
    search_box,
)
from workbench.ui.views.prompt_list import PromptRow, prompt_list
from workbench.workspace.samples import add_samples

PAGE_SIZE = 50

ws = workspace()


def show_list() -> None:
    """Draw all prompts."""
    library = ws.prompts.overview()
    drafts = ws.store.drafts.names()
    rows = [PromptRow(versions[0].name, versions, versions[0].name in drafts) for versions in library]
    saved = {row.name for row in rows}
    rows = [*(PromptRow(name, (), True) for name in sorted(drafts - saved)), *rows]
    with header("Prompts", "Every prompt of this workspace with its newest version."):
        _new_prompt()
    problem_list(ws.prompts.problems)
    if not rows:
        _nothing_yet()
        return
    query = search_box("prompts_search", placeholder="Search names, labels, authors, messages")
    found = [row for row in rows if row.found(query)]
    if not found:
        st.caption(plain(f'No prompt has "{query}" in its name, description, labels, author or message.'))
        return
    offset, limit = pager(len(found), size=PAGE_SIZE, key="prompts_page", noun="prompts")
    prompt_list(found[offset : offset + limit])


def _nothing_yet() -> None:
    with empty_state(
        "No prompts yet",
        "A prompt is a list of messages with variables in double braces. Each time you save one it becomes a "
        "version that never changes, so that versions can be run, compared and shipped. Make the first with "
        "New prompt, or look at three finished ones with suites to run them on.",
    ):
        if st.button("Add the samples", icon=":material/library_add:", key="prompts_samples"):
            with faults():
                add_samples(ws.root)
                st.rerun()


def _new_prompt() -> None:
    with st.popover("New prompt", icon=":material/add:", type="primary", key="prompts_new"):
        name_form(ws, "prompts_new_form", "Create", Form(), "")


with faults():
    asked = param("prompt")
    if asked and "@" in asked:
        found = ws.prompts.get(asked)
        set_params(prompt=found.name, version=found.number, tab=param("tab") or "versions")
        asked = found.name
    if asked:
        show_prompt(ws, asked)
    else:
        show_list()
