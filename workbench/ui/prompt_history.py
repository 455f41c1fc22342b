"""A prompt's past: its versions, one of them, and what changed between any two."""

from __future__ import annotations

from functools import partial

import streamlit as st

from workbench.prompts.content import Prompt
from workbench.prompts.diff import diff_prompts
from workbench.ui.prompt_actions import PromptActions
from workbench.ui.prompt_suites import suites_of
from workbench.ui.state import faults, page_link, param, set_params
from workbench.ui.views import prompt_versions
from workbench.ui.views.common import pager, pick
from workbench.ui.views.prompt_diff import prompt_diff
from workbench.workspace import PromptVersion, Workspace

DRAFT = "draft"


def _chosen(versions: list[PromptVersion], name: str) -> int | None:
    text = param(name) or ""
    return next((v.number for v in versions if str(v.number) == text or text in v.labels), None)


def show_versions(actions: PromptActions, versions: list[PromptVersion]) -> None:
    """Draw the history and the version that the address names, else the newest."""
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


def next_steps(workspace: Workspace, version: PromptVersion) -> None:
    """Link to where a version is tried and measured."""
    page_link(
        "playground",
        "Try in playground",
        icon=":material/play_circle:",
        prompt=version.name,
        version=version.number,
    )
    # Beside the version that it comes from, for that is what it has to beat.
    pair = [number for number in (version.parent, version.number) if number]
    suites = suites_of(workspace, version.name)
    page_link(
        "runs",
        f"Run {' against '.join(map(str, pair[::-1]))} on a suite",
        icon=":material/timeline:",
        prompt=",".join(f"{version.name}@{number}" for number in pair),
        suite=suites[0].name if suites else None,
    )


def _version(actions: PromptActions, versions: list[PromptVersion], version: PromptVersion) -> None:
    st.subheader(f"Version {version.number}", anchor=False)
    prompt_versions.origin(version)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="prompt_next_steps"):
        next_steps(actions.workspace, version)
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
    prompt_versions.label_history(actions.workspace.prompts.label_history(actions.name))


def show_difference(actions: PromptActions, versions: list[PromptVersion]) -> None:
    """Draw what changed between the two sides that the address names: by default the last change."""
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
