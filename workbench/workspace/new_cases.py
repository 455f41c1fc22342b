"""A case made of an answer in a run: as a new case, or as a regression test with the failing answer attached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import BadInput, NotFound
from workbench.evals.types import Case
from workbench.store.results import CellRecord

if TYPE_CHECKING:
    from workbench.workspace import Workspace

#: Characters of a failing answer that a regression test keeps.
MAX_OUTPUT = 4_000


@dataclass(frozen=True)
class AddedCase:
    """The case that was added, and the file that it was added to."""

    suite: str
    case: Case
    file: Path


def add_from_run(
    ws: Workspace,
    run_id: str,
    record: CellRecord,
    *,
    regression: bool = True,
    suite: str | None = None,
    case_id: str | None = None,
    expected: Any = None,
) -> AddedCase:
    """Add the case of a run's cell to a suite's file.

    A regression test keeps the failing answer, who gave it and what the scorers said, under ``regression`` in its
    metadata, and the word ``regression`` among its ``tags``.

    Args:
        ws: The workspace.
        run_id: The run.
        record: The cell.
        regression: Attach the answer as one that must not come again; else only what was asked is taken.
        suite: The suite to add to; by default the run's.
        case_id: The new case's id; by default made from the old one.
        expected: What is right, in place of what the old case expects.

    Raises:
        NotFound: The run has no such case, or there is no such suite.
        ConflictError: The suite has a case of that id.
        DatasetError: The suite's file cannot be added to.
    """
    run = ws.runs.get(run_id)
    plan = ws.runs.plan_of(run.id)
    old = next((case for case in plan.cases if case.id == record.cell.case_id), None)
    if old is None:
        raise NotFound(f"Run {run.id} has no case {record.cell.case_id}")
    metadata = dict(old.metadata)
    if regression:
        tags = metadata.get("tags")
        known = list(tags) if isinstance(tags, list) else tags.split() if isinstance(tags, str) else []
        metadata["tags"] = list(dict.fromkeys([*known, "regression"]))
        metadata["regression"] = {
            "run": run.id,
            "case": old.id,
            "prompt": plan.prompts[record.cell.prompt_index].title,
            "model": plan.models[record.cell.model_index].name,
            "output": record.completion.text[:MAX_OUTPUT],
            "failed": [score.scorer for score in record.scores if score.passed is False],
        }
    name = suite or run.suite
    new_id = case_id or _free_id(ws, name, f"{old.id}-{'regression' if regression else 'new'}")
    right = old.expected if expected is None else expected
    case = Case(new_id, old.vars, right, metadata, old.scorers)
    return AddedCase(name, case, ws.suites.add_case(name, case))


def _free_id(ws: Workspace, suite: str, wanted: str) -> str:
    found = ws.suites.cases(suite)
    if found is None:
        raise NotFound(f'There is no suite "{suite}"', hint="the suites are the folders in evals/")
    taken = {case.id for case in found.open(whole=True)}
    wanted = wanted[:190]
    for number in range(1, 1000):
        candidate = wanted if number == 1 else f"{wanted}-{number}"
        if candidate not in taken:
            return candidate
    raise BadInput(f'There are too many cases called "{wanted}"', hint="give an id")


def failing_cell(ws: Workspace, run_id: str, case_id: str, *, prompt: str | None = None) -> CellRecord:
    """Return the cell of a case in a run: the first that failed, or else the first.

    Args:
        ws: The workspace.
        run_id: The run.
        case_id: The case.
        prompt: Only cells of this version, such as ``triage@3``.

    Raises:
        NotFound: The run has no answer to the case.
    """
    run = ws.runs.get(run_id)
    plan = ws.runs.plan_of(run.id)
    scoring = ws.store.results.current_scoring(run.id)
    _, records = ws.store.results.page(
        run.id, scoring.id if scoring else None, case_ids=[case_id], limit=1000
    )
    if prompt is not None:
        records = [
            r
            for r in records
            if prompt in (plan.prompts[r.cell.prompt_index].title, plan.prompts[r.cell.prompt_index].name)
        ]
    if not records:
        about = f" by {prompt}" if prompt else ""
        raise NotFound(
            f"Run {run.id} has no answer to case {case_id}{about}", hint="`workbench show` lists its cases"
        )
    return next((r for r in records if any(score.passed is False for score in r.scores)), records[0])
