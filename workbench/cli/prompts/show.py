"""``workbench prompts show``."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, opened, selector_here
from workbench.cli.output import Output
from workbench.cli.prompts.data import SelectorArgument, content_data


def show_command(
    selector: SelectorArgument,
    yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the version as its file, and nothing else.")
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Show a version: its messages, settings, variables, and where it comes from."""
    out = Output(json)
    with opened(workspace) as ws:
        version = ws.prompts.get(selector_here(selector, ws.root))
        out.json(content_data(version))
        if yaml:
            from workbench.cli.tables import verbatim
            from workbench.prompts.prompt_file import prompt_to_yaml

            out.show(verbatim(prompt_to_yaml(version.prompt, version.lineage if version.number else None)))
            return
        from workbench.cli.prompts.pages import version_page

        out.show(*version_page(version))
