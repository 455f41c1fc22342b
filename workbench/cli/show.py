"""``workbench show``: one run as it stands."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import GateFlag, JsonFile, RunId, WorkspaceDir, new_app, opened
from workbench.cli.outcome import present
from workbench.cli.output import Output
from workbench.workspace.reporting import report_of

app = new_app()


@app.command()
def show(
    run: RunId,
    slices: Annotated[bool, typer.Option("--slices", help="Show the scores of every slice, too.")] = False,
    gate: GateFlag = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Show a run: how far it is, its scores with intervals, its gate, and what failed.

    Exits with 3 while cells are missing or failed.
    """
    with opened(workspace) as ws:
        ws.runs.recover()
        return present(ws, report_of(ws, ws.runs.get(run).id), Output(json), gate=gate, slices=slices)
