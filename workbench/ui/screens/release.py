"""Release: a version into a git repository, with its evidence; the diff first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.errors import NotFound, WorkbenchError
from workbench.ui import releasing
from workbench.ui.comparing import gate_about
from workbench.ui.state import PAGES, faults, page_link, param, set_params, show_fault, toast_later, workspace
from workbench.ui.views import release_picks, release_views
from workbench.ui.views.common import empty_state, header

if TYPE_CHECKING:
    from workbench.delivery.evidence import Evidence
    from workbench.delivery.git import ReleasePlan
    from workbench.workspace import PromptVersion, Workspace


def show_page() -> None:
    """Draw the page."""
    ws = workspace()
    header(PAGES["release"].title, PAGES["release"].purpose, key="release_header")
    with faults():
        if not ws.prompts.names():
            box = empty_state(
                "Nothing to release yet",
                "A release delivers a saved version of a prompt to a git repository. Write a prompt first.",
                key="release_empty",
            )
            with box:
                page_link("prompts", "Write a prompt", icon=":material/edit_note:")
            return
        version = _version(ws)
        runs = releasing.runs_with(ws, version)
        run_id = param("run") or (runs[0].id if runs else None)
        chosen = release_picks.draw_picks(
            names=ws.prompts.names(),
            versions=ws.prompts.versions(version.name),
            version=version,
            runs=runs,
            run_id=run_id,
            repo=param("repo") or releasing.remembered_repo(ws, version.name),
            path=param("path") or "",
            set_params=set_params,
        )
        with faults():
            # Without its evidence a release would say something else than what was asked for: none is offered.
            evidence = releasing.evidence(ws, version, run_id)
            _release(ws, version, evidence, chosen.repo, chosen.path)
        release_views.draw_past(ws.releases.list())


def _version(ws: Workspace) -> PromptVersion:
    try:
        version = releasing.version_of(ws, param("prompt"))
        if version.number:
            return version
        raise NotFound(f"{version.name} is a file outside the library", hint="choose a saved version")
    except WorkbenchError as problem:
        show_fault(problem)
        return releasing.version_of(ws, None)


def _release(ws: Workspace, version: PromptVersion, evidence: Evidence, repo: str, path: str) -> None:
    plan, problem = None, None
    if repo:
        try:
            plan = ws.releases.plan(version.title, repo, target_path=path or None, evidence=evidence)
        except WorkbenchError as fault:
            problem = fault
    left, right = st.columns([5, 3], gap="medium")
    with left:
        if problem is not None:
            show_fault(problem)
        elif plan is not None:
            release_views.draw_change(plan)
        else:
            with empty_state(
                "Which repository?",
                "Name the folder of a git repository on this machine, and what would be committed stands here. "
                "Nothing is changed before you say so, and never in your working tree.",
                key="release_no_repo",
            ):
                pass
    with right:
        _reasons(ws, version, evidence)
        if plan is not None:
            _act(ws, version, evidence, plan, repo)


def _reasons(ws: Workspace, version: PromptVersion, evidence: Evidence) -> None:
    run = ws.runs.get(evidence.run_id) if evidence.run_id else None
    gate = gate_about(run, candidate=version.title, baseline=evidence.baseline) if run else None
    with st.container(border=True, key="release_evidence"):
        release_views.draw_evidence(evidence, gate)
        with st.container(horizontal=True):
            if evidence.run_id is None:
                page_link("suites", "Run a suite on it", icon=":material/play_arrow:")
            elif evidence.baseline:
                page_link(
                    "compare",
                    "Open the comparison",
                    icon=":material/balance:",
                    a=f"{evidence.run_id}:{evidence.baseline}",
                    b=f"{evidence.run_id}:{version.title}",
                )
            else:
                page_link("runs", "Open the run", icon=":material/timeline:", run=evidence.run_id)


def _act(ws: Workspace, version: PromptVersion, evidence: Evidence, plan: ReleasePlan, repo: str) -> None:
    with st.container(border=True, key="release_effect"):
        if plan.already:
            release_views.draw_delivered(plan)
            return
        release_views.draw_effect(plan)
        pressed = st.button(
            "Make the release", type="primary", key="release_make", icon=":material/rocket_launch:"
        )
        if pressed:
            with faults():
                run_id = evidence.run_id
                result = ws.releases.make(plan, version.title, repo, run_id=run_id)
                toast_later(result.sentence)
                # What was typed or found by itself becomes part of the address, so that a reload shows the same.
                set_params(prompt=version.title, run=run_id, repo=repo)
                st.rerun()


show_page()
