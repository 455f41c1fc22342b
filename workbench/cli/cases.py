"""``workbench cases``: add to a suite's cases."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output

app = new_app("Add to a suite's cases.")


@app.callback()
def _group() -> None:
    """Add to a suite's cases."""


@app.command("add")
def add_command(
    run: Annotated[str, typer.Option("--from-run", metavar="RUN", help="The run that the answer is from.")],
    case: Annotated[str, typer.Option("--case", metavar="ID", help="The case that was answered.")],
    prompt: Annotated[
        str | None,
        typer.Option(
            "--prompt", metavar="VERSION", help="The version that answered; by default the first that failed."
        ),
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Take only what was asked, without the answer as a regression test.")
    ] = False,
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="NAME", help="The suite to add to; by default the run's.")
    ] = None,
    case_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="The new case's id; by default made from the old one."),
    ] = None,
    expected: Annotated[
        str | None,
        typer.Option("--expected", metavar="TEXT", help="What is right, in place of the old case's."),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Add a case of a run to a suite's file, as a regression test with its failing answer attached."""
    from workbench.evals.datasets.export import case_row
    from workbench.workspace.new_cases import add_from_run, failing_cell

    out = Output(json)
    with opened(workspace) as ws:
        record = failing_cell(ws, run, case, prompt=prompt)
        added = add_from_run(
            ws, run, record, regression=not new, suite=suite, case_id=case_id, expected=expected
        )
    out.json({"suite": added.suite, "file": str(added.file), "case": case_row(added.case)})
    out.text(f"Added {added.case.id} to {added.file}.")
