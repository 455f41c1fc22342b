"""``workbench resume``: go on with a run."""

from __future__ import annotations

from workbench.cli.options import (
    Concurrency,
    DetachFlag,
    GateFlag,
    JsonFile,
    MaxCost,
    RunId,
    WorkspaceDir,
    new_app,
    opened,
)
from workbench.cli.outcome import finish
from workbench.cli.output import Output

app = new_app()


@app.command()
def resume(
    run: RunId,
    concurrency: Concurrency = None,
    max_cost: MaxCost = None,
    detach: DetachFlag = False,
    gate: GateFlag = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Go on with a run that was cancelled, stopped or killed; only what is missing or failed is asked."""
    with opened(workspace) as ws:
        record = ws.runs.resume(run, max_cost_usd=max_cost, concurrency=concurrency)
        return finish(ws, record, Output(json), gate=gate, detach=detach)
