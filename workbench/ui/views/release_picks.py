"""What is released: version, evidence, repository and path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from workbench.ui.views.common import pick
from workbench.ui.views.compare_picks import run_name

if TYPE_CHECKING:
    from workbench.store import RunRecord
    from workbench.workspace import PromptVersion


@dataclass(frozen=True)
class Chosen:
    """Where it goes, as typed; without outer spaces."""

    repo: str
    path: str


def draw_picks(
    *,
    names: Sequence[str],
    versions: Sequence[PromptVersion],
    version: PromptVersion,
    runs: Sequence[RunRecord],
    run_id: str | None,
    repo: str,
    path: str,
    set_params: Callable[..., None],
) -> Chosen:
    """Draw the choices; each goes into the address, from which the page is drawn again.

    Args:
        names: All prompts.
        versions: Those of the chosen prompt, newest first.
        version: The chosen one.
        runs: The runs that hold it, newest first.
        run_id: The run that stands as evidence, or None.
        repo: The folder to begin with.
        path: The path to begin with; empty for the usual one.
        set_params: Puts values into the address.
    """
    state = st.session_state
    first, second, third = st.columns([2, 3, 3], gap="medium")
    state["release_prompt"], state["release_version"] = version.name, version.number
    with first:
        pick(
            "Prompt",
            [*names, *([] if version.name in names else [version.name])],
            key="release_prompt",
            on_change=lambda: set_params(prompt=state["release_prompt"], run=None, path=None, repo=None),
        )
    with second:
        _version(versions, version, set_params)
    with third:
        listed = {run.id: run for run in runs}
        options = [*listed, *([run_id] if run_id and run_id not in listed else [])]
        state["release_run"] = run_id
        st.selectbox(
            "Evidence",
            options,
            index=0 if run_id else None,
            key="release_run",
            format_func=lambda key: run_name(listed[key]) if key in listed else key,
            placeholder="No complete run holds this version",
            disabled=not options,
            help="The run that stands behind the release. The newest is taken by itself.",
            on_change=lambda: set_params(run=state["release_run"]),
        )
    left, right = st.columns([5, 3], gap="medium")
    with left:
        typed = _text(
            "Repository folder",
            "release_repo",
            repo,
            lambda: set_params(repo=state["release_repo"].strip()),
            placeholder="/home/me/our-service",
            help="A git repository on this machine, or a folder inside it. It is remembered after a release.",
        )
    with right:
        place = _text(
            "Path in the repository",
            "release_path",
            path,
            lambda: set_params(path=state["release_path"].strip()),
            placeholder="prompts",
            help="A folder, or a file that ends in .yml or .yaml.",
        )
    return Chosen(typed, place)


def _version(
    versions: Sequence[PromptVersion], version: PromptVersion, set_params: Callable[..., None]
) -> None:
    by_number = {v.number: v for v in versions}

    def show(number: int) -> str:
        found = by_number[number]
        marks = f" · {', '.join(found.labels)}" if found.labels else ""
        return f"{number}{marks}{f' · {found.message[:60]}' if found.message else ''}"

    def moved() -> None:
        set_params(prompt=f"{version.name}@{st.session_state['release_version']}", run=None)

    pick("Version", list(by_number), key="release_version", show=show, on_change=moved)


def _text(label: str, key: str, value: str, moved: Callable[[], None], *, placeholder: str, help: str) -> str:
    st.session_state[key] = value
    typed = st.text_input(label, key=key, placeholder=placeholder, help=help, on_change=moved)
    return (typed or "").strip()
