"""``workbench judges``: the prompts that judges come with, and a copy of one to edit."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output
from workbench.workspace.judging import copy_judge_prompt, judge_prompts

app = new_app("The prompts that judges come with, and a copy of one to edit.")


@app.command("list")
def list_command(json: JsonFile = None) -> None:
    """List the judges that come with a prompt."""
    out = Output(json)
    found = judge_prompts()
    out.json({prompt.name: {"description": prompt.description, "sha256": prompt.sha256} for prompt in found})
    for prompt in found:
        out.text(f"{prompt.name}: {prompt.description}")


@app.command("copy")
def copy_command(
    judge: Annotated[str, typer.Argument(metavar="JUDGE", help="The judge, such as rubric.")],
    name: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="What the copy is called; by default JUDGE-judge."),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Save a copy of a judge's prompt in the library, to edit and to name as judge_prompt."""
    out = Output(json)
    with opened(workspace) as ws:
        version = copy_judge_prompt(ws.prompts, judge, name)
        out.json({"prompt": version.name, "version": version.number, "sha256": version.prompt.sha256})
        out.text(
            f"Saved {version.name}@{version.number}; a scorer uses it with `judge_prompt: {version.name}`."
        )
