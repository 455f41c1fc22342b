"""``workbench prompts log``."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, opened
from workbench.cli.output import Output
from workbench.cli.prompts.data import version_data


def log_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The prompt.")],
    labels: Annotated[
        bool, typer.Option("--labels", help="List the moves of its labels in place of its versions.")
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """List a prompt's versions, newest first: who saved which, when and why."""
    from workbench.cli.prompts import pages

    out = Output(json)
    with opened(workspace) as ws:
        versions = ws.prompts.versions(name)
        if not labels:
            out.json([version_data(version) for version in versions])
            out.show(pages.version_list(versions))
            return
        moves = ws.prompts.label_history(name)
        out.json(
            [
                {
                    "label": move.label,
                    "version": move.number,
                    "author": move.author,
                    "message": move.message,
                    "created_at": move.created_at,
                }
                for move in moves
            ]
        )
        out.show(pages.label_moves(moves) if moves else pages.plain(f"{name} never had a label."))
