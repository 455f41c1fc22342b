"""``workbench runs``: the list of runs."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output

app = new_app()


@app.command()
def runs(
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="NAME", help="Only runs of this suite.")
    ] = None,
    search: Annotated[
        str,
        typer.Option(
            "--search", metavar="WORDS", help="Only runs with these words in id, suite, status or author."
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many to list at most.")
    ] = 100,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """List runs, newest first."""
    from workbench.cli import tables
    from workbench.workspace.run_facts import run_to_dict

    out = Output(json)
    with opened(workspace) as ws:
        ws.runs.recover()
        found = ws.runs.list(suite=suite, search=search, limit=limit)
        out.json([{**run_to_dict(record), "gate": record.gate} for record in found])
        if found:
            out.show(tables.run_list(found))
        else:
            chosen = suite is not None or search
            out.text("No run fits." if chosen else "There is no run yet: `workbench run SUITE` starts one.")
