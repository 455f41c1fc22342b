"""Prompts: the list, and one prompt with its editor, its versions and what changed between them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from workbench.errors import BadInput, NotFound, TemplateError, WorkbenchError
from workbench.prompts.content import Prompt
from workbench.prompts.diff import diff_prompts
from workbench.prompts.lint import lint
from workbench.prompts.templates import placeholders, render, variables_of
from workbench.ui.components.save_key import save_key
from workbench.ui.editing import Form, copy_prompt, parse_value
from workbench.ui.prompt_actions import PromptActions
from workbench.ui.state import faults, go, page_link, param, set_params, show_fault, workspace
from workbench.ui.views import prompt_preview, prompt_versions
from workbench.ui.views.common import (
    badge_text,
    empty_state,
    header,
    labels_text,
    pager,
    pick,
    plain,
    problem_list,
    search_box,
)
from workbench.ui.views.numbers import ago
from workbench.ui.views.prompt_diff import prompt_diff
from workbench.ui.views.prompt_form import prompt_form
from workbench.ui.views.prompt_list import PromptRow, prompt_list
from workbench.workspace import PromptVersion
from workbench.workspace.samples import add_samples

TABS = {"edit": "Editor", "versions": "Versions", "diff": "What changed"}
DRAFT = "draft"
PAGE_SIZE = 50

ws = workspace()


# -- the list ------------------------------------------------------------------------------------------


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
        _name_form("prompts_new_form", "Create", Form(), "")


def _name_form(key: str, verb: str, form: Form, message: str) -> None:
    """Ask for a new prompt's name and open its editor."""
    with st.form(key, border=False):
        name = st.text_input(
            "Name", placeholder="support-triage", key=f"{key}_name", help="Also its file's name"
        )
        if st.form_submit_button(verb, type="primary", key=f"{key}_go"):
            with faults():
                copy_prompt(ws, form, name.strip(), message=message)
                go("prompts", prompt=name.strip())


# -- one prompt ----------------------------------------------------------------------------------------


def show_prompt(name: str) -> None:
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
    _title(actions, versions)
    problem_list(p for p in ws.prompts.problems if name in str(p))
    if fault := actions.fault():
        show_fault(fault)
    _conflicts(actions, versions)
    tabs = [tab for tab in TABS if versions or tab == "edit"]
    st.session_state["prompt_tab"] = param("tab") if param("tab") in tabs else "edit"
    st.segmented_control(
        "View",
        tabs,
        format_func=TABS.get,
        key="prompt_tab",
        required=True,
        label_visibility="collapsed",
        on_change=_turn_to_tab,
    )
    tab = st.session_state["prompt_tab"]
    if tab == "edit":
        _editor(actions)
    elif tab == "versions":
        _versions(actions, versions)
    else:
        _difference(actions, versions)


def _turn_to_tab() -> None:
    tab = st.session_state["prompt_tab"]
    set_params(tab=None if tab == "edit" else tab)


def _gone(name: str) -> None:
    show_fault(NotFound(f'There is no prompt "{name}"', hint="its file may have been renamed or removed"))
    page_link("prompts", "All prompts", icon=":material/arrow_back:")


def _title(actions: PromptActions, versions: list[PromptVersion]) -> None:
    newest = versions[0] if versions else None
    editing = actions.editing
    page_link("prompts", "All prompts", icon=":material/arrow_back:")
    left, right = st.columns([3, 3.4], vertical_alignment="bottom")
    with left, st.container(gap=None):
        st.header(plain(actions.name), anchor=False)
        st.markdown(_standing(actions, newest))
    with (
        right,
        st.container(horizontal=True, gap="small", vertical_alignment="bottom", horizontal_alignment="right"),
    ):
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
        with st.popover("", icon=":material/more_vert:", key="prompt_more_actions", help="Copy, discard"):
            st.caption("Save these messages and settings as a prompt of its own")
            source = f"{actions.name}@{editing.base}" if editing.base else actions.name
            _name_form("prompt_copy", "Save as new", editing.form, f"Copied from {source}")
            st.button(
                "Discard the edits" if newest else "Discard this prompt",
                icon=":material/undo:",
                key="prompt_discard",
                disabled=not editing.revision,
                on_click=actions.discard,
            )
    save_key(key="prompt_save_key", on_save=actions.save)


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
            with st.container(horizontal=True, gap="small"):
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
            with st.container(horizontal=True, gap="small"):
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


# -- the editor ----------------------------------------------------------------------------------------


def _editor(actions: PromptActions) -> None:
    prompt: Prompt | None = None
    problem: WorkbenchError | None = None
    used: tuple[str, ...] = ()
    try:
        prompt = actions.form.to_prompt(actions.name)
        used = placeholders(prompt)
    except WorkbenchError as fault:
        problem = fault
    left, right = st.columns([3, 2], gap="large")
    with left:
        prompt_form(actions, used=used, models=_models())
    with right, st.container(key="prompt_side"):
        st.subheader("Remarks", anchor=False)
        if problem is not None and not isinstance(problem, TemplateError):
            show_fault(problem)
        if prompt is not None:
            prompt_preview.findings(lint(prompt))
            if not isinstance(problem, TemplateError):
                _preview(actions, prompt)


def _preview(actions: PromptActions, prompt: Prompt) -> None:
    st.subheader("Preview", anchor=False)
    variables = variables_of(prompt)
    given: dict[str, str] = st.session_state.setdefault(f"_values:{actions.name}", {})
    if variables:
        prompt_preview.values(
            variables,
            given,
            slot=f"value:{ws.root}:{actions.name}",
            key=actions.key,
            on_value=given.__setitem__,
        )
    try:
        values = {v.name: parse_value(v.name, v.type, given.get(v.name, "")) for v in variables}
        for variable in variables:
            if values[variable.name] is None and variable.default is None and variable.type == "string":
                values[variable.name] = f"{{{{{variable.name}}}}}" if variable.required else None
        messages = render(prompt, {name: value for name, value in values.items() if value is not None})
    except WorkbenchError as problem:
        show_fault(problem)
        return
    prompt_preview.rendered(messages)


def _models() -> list[str]:
    """Return the models to offer: those that the library's prompts name, and the offline one."""
    named = {versions[0].prompt.model for versions in ws.prompts.overview()}
    return sorted({model for model in named if model} | {"offline/rules"})


# -- versions ------------------------------------------------------------------------------------------


def _chosen(versions: list[PromptVersion], name: str) -> int | None:
    text = param(name) or ""
    return next((v.number for v in versions if str(v.number) == text or text in v.labels), None)


def _versions(actions: PromptActions, versions: list[PromptVersion]) -> None:
    number = _chosen(versions, "version") or versions[0].number
    version = next(v for v in versions if v.number == number)
    left, right = st.columns([1.1, 2.6], gap="medium")
    with left:
        offset, limit = pager(len(versions), size=20, key="prompt_history_page", noun="versions")
        prompt_versions.history(
            versions[offset : offset + limit], number, on_choose=lambda n: set_params(version=n)
        )
    with right:
        _version(actions, versions, version)


def _version(actions: PromptActions, versions: list[PromptVersion], version: PromptVersion) -> None:
    st.subheader(f"Version {version.number}", anchor=False)
    prompt_versions.origin(version)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="prompt_next_steps"):
        page_link("playground", "Try in playground", icon=":material/play_circle:", prompt=version.title)
        page_link("runs", "Run on a suite", icon=":material/timeline:", prompt=version.title)
        page_link("release", "Release", icon=":material/rocket_launch:", prompt=version.title)
        st.button(
            "Restore into the editor",
            icon=":material/history:",
            key="prompt_restore",
            disabled=version.number == versions[0].number and not actions.editing.revision,
            on_click=actions.restore,
            args=(version.prompt, version.number),
        )
    known = sorted({label for v in versions for label in v.labels})
    prompt_versions.label_controls(version, known, on_set=actions.set_label)
    parent = next((v for v in versions if v.number == version.parent), None)
    options = ["text"] if parent is None else ["changes", "text"]
    st.session_state["prompt_show"] = param("show") if param("show") in options else options[0]
    st.segmented_control(
        "Show",
        options,
        format_func={
            "text": "Its text",
            "changes": f"What changed since version {parent.number}" if parent else "",
        }.get,
        key="prompt_show",
        required=True,
        label_visibility="collapsed",
        on_change=lambda: set_params(show=st.session_state["prompt_show"]),
    )
    if parent is not None and st.session_state["prompt_show"] == "changes":
        prompt_diff(diff_prompts(parent.prompt, version.prompt))
    else:
        prompt_versions.whole(version.prompt)
    prompt_versions.label_history(ws.prompts.label_history(actions.name))


def _difference(actions: PromptActions, versions: list[PromptVersion]) -> None:
    sides = [str(v.number) for v in versions]
    draft: Prompt | None = None
    if actions.editing.revision or actions.editing.touched:
        with faults():
            draft = actions.form.to_prompt(actions.name)
            sides = [DRAFT, *sides]
    newest = versions[0]
    b = (
        DRAFT
        if draft is not None and param("b") in (DRAFT, None)
        else str(_chosen(versions, "b") or newest.number)
    )
    before = newest.number if b == DRAFT else next(v for v in versions if str(v.number) == b).parent
    a = DRAFT if draft is not None and param("a") == DRAFT else str(_chosen(versions, "a") or before or b)
    st.session_state["prompt_diff_a"], st.session_state["prompt_diff_b"] = a, b
    by_number = {str(v.number): v for v in versions}

    def show(side: str) -> str:
        if side == DRAFT:
            return "the unsaved edits"
        version = by_number[side]
        marks = f" · {', '.join(version.labels)}" if version.labels else ""
        return f"version {side}{marks} · {version.message[:50]}"

    def turn(swap: bool = False) -> None:
        pair = st.session_state["prompt_diff_a"], st.session_state["prompt_diff_b"]
        set_params(**dict(zip("ab", pair[::-1] if swap else pair, strict=True)))

    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="prompt_diff_sides"):
        pick("From", sides, key="prompt_diff_a", show=show, on_change=turn, width=380)
        st.button(
            "",
            icon=":material/swap_horiz:",
            help="Swap the two",
            key="prompt_diff_swap",
            on_click=partial(turn, True),
        )
        pick("To", sides, key="prompt_diff_b", show=show, on_change=turn, width=380)
    texts = {side: draft if side == DRAFT else by_number[side].prompt for side in sides}
    prompt_diff(diff_prompts(texts[a], texts[b]))


# -- the page ------------------------------------------------------------------------------------------

with faults():
    asked = param("prompt")
    if asked and "@" in asked:
        found = ws.prompts.get(asked)
        set_params(prompt=found.name, version=found.number, tab=param("tab") or "versions")
        asked = found.name
    if asked:
        show_prompt(asked)
    else:
        show_list()
