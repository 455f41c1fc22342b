"""``workbench baseline``: approve a run, show what is approved, or remove it."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output, warn

app = new_app("Approve a run as the baseline that a suite's later runs are held against.")
SuiteName = Annotated[str, typer.Argument(metavar="SUITE", help="The suite's name.")]


@app.command("set")
def set_command(
    side: Annotated[
        str,
        typer.Argument(metavar="RUN[:VERSION]", help="A complete run, and which of its versions is meant."),
    ],
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="Why it is approved, for those to come.")
    ] = "",
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Approve a version of a complete run, and write it to its suite's baseline.json."""
    out = Output(json)
    with opened(workspace) as ws:
        path, found = ws.baselines.set(side, why=why)
        out.json({**found.about(), "checksum": found.checksum, "file": str(path)})
        out.text(f"Approved {found.sentence}.")
        warn(f"Commit {path}: it is what later runs of {found.suite} are held against.")


@app.command("show")
def show_command(suite: SuiteName, json: JsonFile = None, workspace: WorkspaceDir = None) -> None:
    """Show a suite's baseline: who approved what, when and why, and what it scored."""
    from workbench.analysis.wording import amount, count

    out = Output(json)
    with opened(workspace) as ws:
        found = ws.baselines.get(suite)
        out.json({**found.about(), "checksum": found.checksum, "file": str(ws.baselines.path(suite))})
        out.text(f"{found.sentence}.")
        out.text(f"Models: {', '.join(found.model_names)}. {count(len(found.cases), 'case')} and model.")
        for name, mean in found.means.items():
            out.text(f"  {name}: {amount(mean, found.units.get(name, 'score'))}")
        totals = found.totals
        spent, took = amount(totals["cost_usd"], "usd"), amount(totals["latency_p50_s"], "seconds")
        out.text(f"Cost {spent}, latency p50 {took}.")


@app.command("remove")
def remove_command(suite: SuiteName, json: JsonFile = None, workspace: WorkspaceDir = None) -> None:
    """Remove a suite's baseline.json. Git keeps what was."""
    out = Output(json)
    with opened(workspace) as ws:
        path = ws.baselines.remove(suite)
        out.json({"removed": str(path)})
        out.text(f"Removed {path}.")
