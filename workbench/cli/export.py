"""``workbench export``: a suite in the words of another tool."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output, warn

app = new_app()


class Target(StrEnum):
    """Tools that suites are written for."""

    promptfoo = "promptfoo"


@app.command()
def export(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="The suite's name, or a path to it.")],
    to: Annotated[Target, typer.Option("--to", help="The tool to write for: promptfoo.")] = Target.promptfoo,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this file; by default to stdout."),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Write a suite for another tool, and say on stderr what has no counterpart there."""
    from workbench.files import write_atomic
    from workbench.workspace.promptfoo_export import export_suite

    with opened(workspace) as ws:
        made = export_suite(ws, suite)
    for note in made.notes:
        warn(f"Note: {note}.")
    out = Output(json)
    out.json({"config": made.config, "notes": list(made.notes)})
    if output is not None:
        write_atomic(output, made.text)
    elif not out.quiet:
        print(made.text, end="")
    return codes.PASSED
