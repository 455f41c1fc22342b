"""One prompt: its title with what saves it, conflicts, and its three views."""

from __future__ import annotations

import streamlit as st

from workbench.errors import BadInput, NotFound
from workbench.ui.components.save_key import save_key
from workbench.ui.editing import Form, copy_prompt
from workbench.ui.prompt_actions import PromptActions
from workbench.ui.prompt_editor import show_editor
from workbench.ui.prompt_history import DRAFT, next_steps, show_difference, show_versions
from workbench.ui.state import faults, go, page_link, param, set_params, show_fault
from workbench.ui.views.common import badge_text, labels_text, plain, problem_list
from workbench.ui.views.numbers import ago
from workbench.workspace import PromptVersion, Workspace

TABS = {"edit": "Editor", "versions": "Versions", "diff": "What changed"}


def name_form(workspace: Workspace, key: str, verb: str, form: Form, message: str) -> None:
    """Ask for a new prompt's name and open its editor."""
    with st.form(key, border=False):
        name = st.text_input(
            "Name", placeholder="support-triage", key=f"{key}_name", help="Also its file's name"
        )
        if st.form_submit_button(verb, type="primary" if verb == "Create" else "secondary", key=f"{key}_go"):
            with faults():
                copy_prompt(workspace, form, name.strip(), message=message)
                go("prompts", prompt=name.strip())


def show_prompt(ws: Workspace, name: str) -> None:
    """Draw one prompt."""
    try:
        versions = ws.prompts.versions(name)
    except NotFound:
        versions = []
    if not versions and ws.store.drafts.get(name) is None:
        _gone(name)
        return
    actions = PromptActions(ws, name)
    try:
        actions.begin(versions[0] if versions else None)
    except BadInput as problem:
        show_fault(problem)
        st.button("Discard the draft", key="prompt_drop_draft", on_click=ws.store.drafts.delete, args=(name,))
        return
    tabs = [tab for tab in TABS if versions or tab == "edit"]
    tab = param("tab") if param("tab") in tabs else "edit"
    _title(actions, versions, saves=tab == "edit")
    problem_list(p for p in ws.prompts.problems if name in str(p))
    if fault := actions.fault():
        show_fault(fault)
    _conflicts(actions, versions)
    st.session_state["prompt_tab"] = tab
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.segmented_control(
            "View",
            tabs,
            format_func=TABS.get,
            key="prompt_tab",
            required=True,
            label_visibility="collapsed",
            on_change=_turn_to_tab,
        )
        if versions and tab != "versions":
            with st.container(horizontal=True, gap="small", width="content", key="prompt_onward"):
                next_steps(ws, versions[0])
    if tab == "edit":
        show_editor(actions)
    elif tab == "versions":
        show_versions(actions, versions)
    else:
        show_difference(actions, versions)
    if tab == "edit" or actions.editing.revision:
        save_key(key="prompt_save_key", on_save=actions.save)


def _turn_to_tab() -> None:
    tab = st.session_state["prompt_tab"]
    set_params(tab=None if tab == "edit" else tab)


def _gone(name: str) -> None:
    show_fault(NotFound(f'There is no prompt "{name}"', hint="its file may have been renamed or removed"))
    page_link("prompts", "All prompts", icon=":material/arrow_back:")


def _title(actions: PromptActions, versions: list[PromptVersion], *, saves: bool) -> None:
    newest = versions[0] if versions else None
    with st.container(key="back"):
        page_link("prompts", "All prompts", icon=":material/arrow_back:")
    left, right = st.columns([3, 3.4], vertical_alignment="bottom")
    with left, st.container(gap=None):
        st.header(plain(actions.name), anchor=False)
        st.markdown(_standing(actions, newest))
    if not (saves or actions.editing.revision or actions.editing.touched):
        return
    with (
        right,
        st.container(horizontal=True, gap="small", vertical_alignment="bottom", horizontal_alignment="right"),
    ):
        _saving(actions, newest)


def _saving(actions: PromptActions, newest: PromptVersion | None) -> None:
    editing = actions.editing
    key = actions.key(f"prompt_why_{editing.base}")
    if key not in st.session_state:
        st.session_state[key] = editing.form.message
    st.text_input(
        "Why",
        key=key,
        placeholder="What changed, and why",
        label_visibility="collapsed",
        live=True,
        on_change=actions.take,
        args=("message", key),
    )
    number = (newest.number if newest else 0) + 1
    st.button(
        f"Save version {number}", type="primary", key="prompt_save", help="Ctrl+S", on_click=actions.save
    )
    with st.popover("More", key="prompt_more_actions"):
        source = f"{actions.name}@{editing.base}" if editing.base else actions.name
        st.caption("Begin another prompt with what stands here")
        name_form(actions.workspace, "prompt_copy", "Save as new", editing.form, f"Copied from {source}")
        st.button(
            "Discard the unsaved edits" if newest else "Discard this prompt",
            icon=":material/undo:",
            key="prompt_discard",
            disabled=not editing.revision,
            on_click=actions.discard,
        )


def _standing(actions: PromptActions, newest: PromptVersion | None) -> str:
    """What is newest and whether there are edits, in one line that is always there."""
    editing = actions.editing
    parts = []
    if newest:
        parts.append(f":gray[Version {newest.number} by {plain(newest.author)}, {ago(newest.created_at)}]")
        if newest.labels:
            parts.append(labels_text(newest.labels))
    else:
        parts.append(":gray[Not saved yet]")
    if editing.revision:
        kept = f"unsaved edits, kept {ago(editing.kept_at)}" if editing.kept_at else "unsaved edits, kept"
        parts.append(badge_text(kept, colour="orange"))
    return " ".join(parts)


def _conflicts(actions: PromptActions, versions: list[PromptVersion]) -> None:
    editing = actions.editing
    if editing.conflict:
        with st.container(border=True, key="prompt_conflict_draft"):
            st.markdown(
                ":orange[:material/warning:] **Another tab has changed these edits, too.** "
                "Yours stand below and are not kept yet."
            )
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.button("Take the other tab's", key="prompt_take_theirs", on_click=actions.take_theirs)
                st.button("Keep mine instead", key="prompt_keep_mine", on_click=actions.keep_mine)
    newest = versions[0] if versions else None
    if newest and newest.number != editing.base and (editing.revision or editing.touched):
        began = f"your edits began from version {editing.base}" if editing.base else "you began a new prompt"
        with st.container(border=True, key="prompt_conflict_version"):
            st.markdown(
                f":orange[:material/warning:] **Version {newest.number} was saved by "
                f"{plain(newest.author)} {ago(newest.created_at)}, and {began}.** {plain(newest.message)}"
            )
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                if editing.base:
                    page_link(
                        "prompts",
                        f"See what changed in {newest.number}",
                        icon=":material/difference:",
                        prompt=actions.name,
                        tab="diff",
                        a=editing.base,
                        b=newest.number,
                    )
                page_link(
                    "prompts",
                    "Compare with my edits",
                    icon=":material/difference:",
                    prompt=actions.name,
                    tab="diff",
                    a=newest.number,
                    b=DRAFT,
                )
                st.button(
                    f"Put my edits on top of {newest.number}",
                    key="prompt_rebase",
                    on_click=actions.rebase,
                    args=(newest.number,),
                )
                st.button("Discard my edits", key="prompt_conflict_discard", on_click=actions.discard)
