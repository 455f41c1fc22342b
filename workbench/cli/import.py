"""``workbench import``: a config of another tool as a suite of the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output, sentence, warn
from workbench.cli.promptfoo_config import agreed_findings, workspace_for

app = new_app()


@app.command(name="import")
def import_(
    config: Annotated[Path, typer.Argument(metavar="FILE", help="The promptfoo config.")],
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="What the suite is called; by default the config's folder."
        ),
    ] = None,
    accept_losses: Annotated[
        bool,
        typer.Option(
            "--accept-losses", help="Take over the rest of a config of which parts cannot be honoured here."
        ),
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Make a promptfoo config a suite with its cases in a file, and its prompts versions of the library.

    What is not honoured is listed, and nothing is written unless somebody agrees. All is written, or nothing.
    """
    from workbench.errors import BadInput
    from workbench.workspace.promptfoo import import_config, is_promptfoo_file
    from workbench.workspace.promptfoo_import import take_over

    if not is_promptfoo_file(config):
        raise BadInput(
            "This is no promptfoo config", file=config, hint="name a file such as promptfooconfig.yaml"
        )
    with opened(workspace_for(str(config), workspace)) as ws:
        imported = import_config(config.resolve())
        agreed_findings(imported, config.name, accept_losses=accept_losses)
        made = take_over(ws, imported, source=config, name=name)
        shown = made.file.relative_to(ws.root) if made.file.is_relative_to(ws.root) else made.file
    for note in made.notes:
        warn(f"Note: {note}.")
    out = Output(json)
    out.json(
        {
            "suite": made.name,
            "file": str(shown),
            "cases": made.cases,
            "prompts": list(made.prompts),
            "findings": [finding.to_dict() for finding in imported.findings],
            "notes": list(made.notes),
        }
    )
    out.text(f"Wrote {sentence(str(shown))} with {made.cases:,} case{'s' if made.cases != 1 else ''}.")
    out.text(f"Prompts: {sentence(', '.join(made.prompts))}.")
    out.text(f"`workbench run {sentence(made.name)}` runs it.")
    return codes.PASSED
