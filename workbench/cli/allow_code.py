"""``workbench allow-code``: let a workspace run its own scorers."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, find_root, new_app
from workbench.cli.output import Output

app = new_app()


@app.command("allow-code")
def allow_code_command(
    off: Annotated[bool, typer.Option("--off", help="Let it run no code from now on.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Only say whether it may.")] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Let the Python scorers in this workspace's evals/ run on this machine. Read them first: they run as you."""
    from workbench.evals.own.allowed import allow_code, code_allowed

    out, root = Output(json), find_root(workspace).resolve()
    if not show:
        allow_code(root, not off)
    allowed = code_allowed(root)
    out.json({"workspace": str(root), "code_allowed": allowed})
    out.text(f"{root} {'may run' if allowed else 'may not run'} code of its own.")
