"""``workbench show``: one run as it stands."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.corpus import corpus_lines
from workbench.cli.limits import limit_lines
from workbench.cli.options import GateFlag, JsonFile, RunId, WorkspaceDir, new_app, opened
from workbench.cli.outcome import present
from workbench.cli.output import Output
from workbench.jobs.corpus import corpus_rows
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
        run_id = ws.runs.get(run).id
        changes = ws.runs.limits(run_id)
        out = Output(json)
        together = corpus_rows(ws.runs.outcome(run_id))
        report = {
            **report_of(ws, run_id),
            "corpus": [row.to_dict() for row in together],
            "limits": [vars(change) for change in changes],
        }
        code = present(ws, report, out, gate=gate, slices=slices)
        if not out.quiet:
            out.show(*corpus_lines(together), *limit_lines(changes))
        return code
