"""``workbench prompts list``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, opened
from workbench.cli.output import Output
from workbench.cli.prompts.data import version_data


def list_command(
    search: Annotated[
        str,
        typer.Option(
            "--search", metavar="WORDS", help="Only prompts with these words in name, description or tags."
        ),
    ] = "",
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """List the prompts with their newest version and their labels."""
    from workbench.cli.tables import columns, plain

    out = Output(json)
    words = search.casefold().split()
    with opened(workspace) as ws:
        found = [
            versions
            for versions in ws.prompts.overview()
            if all(word in _searched(versions[0]) for word in words)
        ]
        out.json([_row(versions) for versions in found])
        if not found:
            out.text(
                "No prompt fits."
                if words
                else "There is no prompt yet: `workbench prompts save FILE` adds one."
            )
            return
        table = columns("Prompt", "Newest", "Labels", "Description", right=("Newest",))
        for versions in found:
            newest = versions[0]
            labels = ", ".join(f"{label} → {number}" for label, number in _labels(versions).items())
            table.add_row(
                plain(newest.name, limit=60),
                str(newest.number),
                plain(labels),
                plain(newest.prompt.description, limit=200),
            )
        out.show(table)


def _searched(version: Any) -> str:
    return f"{version.name} {version.prompt.description} {' '.join(version.prompt.tags)}".casefold()


def _row(versions: list[Any]) -> dict[str, Any]:
    newest = versions[0]
    data = version_data(newest)
    data["labels"] = _labels(versions)
    return {
        **data,
        "versions": len(versions),
        "description": newest.prompt.description,
        "model": newest.prompt.model,
        "tags": list(newest.prompt.tags),
    }


def _labels(versions: list[Any]) -> dict[str, int]:
    return {label: version.number for version in versions for label in version.labels}
