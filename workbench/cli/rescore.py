"""``workbench rescore``: score what a run answered again."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import (
    GateFlag,
    JsonFile,
    JudgeModel,
    MaxCost,
    RunId,
    WorkspaceDir,
    new_app,
    opened,
)
from workbench.cli.outcome import present
from workbench.cli.output import Output
from workbench.workspace.reporting import report_of

app = new_app()


@app.command()
def rescore(
    run: RunId,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite",
            metavar="SUITE",
            help="Take the scorers and the gate of this suite; by default the run's own.",
        ),
    ] = None,
    judge: JudgeModel = None,
    max_cost: MaxCost = None,
    gate: GateFlag = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Score a run's answers again with a suite's present scorers, and show which scores moved.

    No answering model is asked; judges are, for what they have not judged before.
    """
    with opened(workspace) as ws:
        record = ws.runs.rescore(run, suite, judge=judge, max_cost_usd=max_cost)
        moved, out = ws.runs.moved(record.id), Output(json)
        report = {**report_of(ws, record.id), "moved": [one.to_dict() for one in moved]}
        code = present(ws, report, out, gate=gate)
        if moved and not out.quiet:
            from workbench.cli.tables import moved_table

            out.show(*moved_table(moved))
        return code
