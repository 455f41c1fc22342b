"""``workbench prompts label``."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, opened
from workbench.cli.output import Output
from workbench.cli.prompts.data import SELECTOR_HELP
from workbench.errors import BadInput, NotFound


def label_command(
    selector: Annotated[str, typer.Argument(metavar="SELECTOR", help=SELECTOR_HELP)],
    label: Annotated[
        str | None,
        typer.Argument(
            metavar="[LABEL]", help="The label to point at the version; without it, labels are listed."
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the label from the prompt.")] = False,
    message: Annotated[
        str, typer.Option("--message", "-m", metavar="TEXT", help="Why; kept in the label's history.")
    ] = "",
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Point a label such as production at a version, remove one, or list those of a prompt."""
    out = Output(json)
    with opened(workspace) as ws:
        version = ws.prompts.get(selector)
        if not version.number:
            raise BadInput(
                f"{selector} is a file outside the library", hint="save it first, then label the version"
            )
        before = _labels(ws, version.name)
        if label is None:
            if remove:
                raise BadInput("There is no label to remove", hint="name it after the prompt")
            for name, number in before.items():
                out.text(f"{name} → {version.name}@{number}")
            if not before:
                out.text(f"{version.name} has no label.")
        elif remove:
            if label not in before:
                raise NotFound(f'{version.name} has no label "{label}"', hint=_list_of(before))
            ws.prompts.set_label(version.name, label, None, message=message)
            out.text(f"{label} no longer points at {version.name}@{before[label]}.")
        elif before.get(label) == version.number:
            out.text(f"{label} points at {version.title} already.")
        else:
            ws.prompts.set_label(version.name, label, version.number, message=message)
            old = f", before at {version.name}@{before[label]}" if label in before else ""
            out.text(f"{label} points at {version.title} now{old}.")
        out.json({"prompt": version.name, "labels": _labels(ws, version.name)})


def _labels(ws, name: str) -> dict[str, int]:
    return {label: version.number for version in ws.prompts.versions(name) for label in version.labels}


def _list_of(labels: dict[str, int]) -> str:
    return f"it has {', '.join(labels)}" if labels else "it has none"
