"""Cases that a model proposed, and what a person does with them: look, change, accept into the suite, or reject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from workbench.errors import BadInput, ConflictError, NotFound
from workbench.evals.proposed import Proposal, held_against, keep_proposals, proposals_in, taken_out
from workbench.evals.types import Case
from workbench.workspace.library import current_author

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_LOCK_S = 30.0


def proposed_cases(ws: Workspace, suite: str) -> list[Proposal]:
    """Return the cases that wait for a person, with what they repeat of the suite's cases and of each other.

    Raises:
        NotFound: There is no such suite.
    """
    found = proposals_in(_folder(ws, suite))
    return held_against(found, suite_and_cases(ws, suite)[1]) if found else []


def accept_cases(ws: Workspace, suite: str, ids: Sequence[str]) -> list[Case]:
    """Add proposed cases (``all`` is each) to the suite's own file and return them.

    Raises:
        NotFound: There is no such suite or proposal.
        DatasetError: The suite's file cannot be added to.
    """
    folder = _folder(ws, suite)
    with changing(ws):
        accepted, _ = taken_out(proposals_in(folder), ids)
        for proposal in accepted:
            ws.suites.add_case(suite, proposal.case)
            # One at a time, so that a fault leaves no case both accepted and waiting.
            keep_proposals(folder, taken_out(proposals_in(folder), [proposal.case.id])[1])
    return [proposal.case for proposal in accepted]


def reject_cases(ws: Workspace, suite: str, ids: Sequence[str]) -> list[Case]:
    """Drop proposed cases (``all`` is each) and return them.

    Raises:
        NotFound: There is no such suite or proposal.
    """
    folder = _folder(ws, suite)
    with changing(ws):
        rejected, left = taken_out(proposals_in(folder), ids)
        keep_proposals(folder, left)
    return [proposal.case for proposal in rejected]


def edit_proposal(ws: Workspace, suite: str, case_id: str, values: dict[str, Any], expected: Any) -> Proposal:
    """Change what a proposed case asks and expects, and return it. Its id stays; its metadata says who changed it.

    Raises:
        NotFound: There is no such suite or proposal.
        BadInput: The variables are others than the case had.
    """
    folder = _folder(ws, suite)
    with changing(ws):
        waiting = proposals_in(folder)
        old = taken_out(waiting, [case_id])[0][0]
        if set(values) != set(old.case.vars):
            raise BadInput("A proposed case keeps its variables", hint=f"fill {', '.join(old.case.vars)}")
        origin = old.case.metadata.get("generated")
        about = {**(origin if isinstance(origin, dict) else {}), "edited_by": current_author()}
        metadata = {**old.case.metadata, "generated": about}
        changed = Proposal(replace(old.case, vars=values, expected=expected, metadata=metadata))
        keep_proposals(folder, [changed if p.case.id == case_id else p for p in waiting])
    return changed


@contextmanager
def changing(ws: Workspace) -> Iterator[None]:
    """Keep other processes from changing what is proposed.

    Raises:
        ConflictError: Another one keeps it for long.
    """
    lock = FileLock(ws.state / "proposals.lock", timeout=_LOCK_S)
    try:
        lock.acquire()
    except Timeout:
        raise ConflictError(
            "Another process is changing the proposed cases", hint="try again in a moment"
        ) from None
    try:
        yield
    finally:
        lock.release()


def suite_and_cases(ws: Workspace, name: str) -> tuple[Path, list[Case]]:
    """Return the folder of a suite, and all cases of its file.

    Raises:
        NotFound: There is no such suite.
        BadInput: It has no case.
    """
    found = ws.suites.cases(name)
    if found is None:
        raise NotFound(f'There is no suite "{name}"', hint="the suites are the folders in evals/")
    cases = list(found.open(whole=True))
    if not cases:
        raise BadInput(f"{name} has no case that shows the form of its cases", hint="write the first by hand")
    return found.file.parent, cases


def _folder(ws: Workspace, name: str) -> Path:
    found = ws.suites.cases(name)
    if found is None:
        raise NotFound(f'There is no suite "{name}"', hint="the suites are the folders in evals/")
    return found.file.parent
