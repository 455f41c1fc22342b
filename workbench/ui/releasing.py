"""What the Release page reads: which version, which runs stand behind it, and where it went before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from workbench.delivery.evidence import Evidence
from workbench.errors import NotFound

if TYPE_CHECKING:
    from workbench.store import RunRecord
    from workbench.workspace import PromptVersion, Workspace


def version_of(ws: Workspace, selector: str | None) -> PromptVersion:
    """Return the version that the address names, else the one saved last of all prompts.

    Raises:
        NotFound: It names nothing, or there is no prompt yet.
    """
    if selector:
        return ws.prompts.get(selector)
    newest = [versions[0] for versions in ws.prompts.overview() if versions]
    if not newest:
        raise NotFound("There is no prompt yet")
    return max(newest, key=lambda version: version.created_at)


def runs_with(ws: Workspace, version: PromptVersion) -> list[RunRecord]:
    """Return the complete runs that hold a version, newest first."""
    states = tuple((run.id, run.status) for run in ws.runs.list(limit=200))
    return _runs_with(str(ws.root), version.sha256, states, ws, version)


@st.cache_resource(max_entries=50, show_spinner=False)
def _runs_with(
    root: str, sha256: str, states: tuple[tuple[str, str], ...], _ws: Workspace, _version: PromptVersion
) -> list[RunRecord]:
    return _ws.releases.runs_with(_version)


def evidence(ws: Workspace, version: PromptVersion, run_id: str | None) -> Evidence:
    """Return what a run found about a version; an empty one where there is no run.

    Raises:
        BadInput: The run does not hold the version.
        NotFound: There is no such run.
    """
    if run_id is None:
        return Evidence()
    return _evidence(str(ws.root), version.sha256, ws.runs.fingerprint(run_id), ws, version)


@st.cache_resource(max_entries=50, show_spinner="Gathering the evidence…")
def _evidence(
    root: str,
    sha256: str,
    fingerprint: tuple[str | int | None, ...],
    _ws: Workspace,
    _version: PromptVersion,
) -> Evidence:
    return _ws.releases.evidence(_version, str(fingerprint[0])) or Evidence()


def remembered_repo(ws: Workspace, prompt: str) -> str:
    """Return the repository that this prompt, else any prompt, was last delivered to; empty where none was."""
    past = ws.releases.list()
    own = (record.repo for record in past if record.prompt == prompt)
    return next(own, past[0].repo if past else "")
