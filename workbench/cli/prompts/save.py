"""``workbench prompts save``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, opened, selector_here
from workbench.cli.output import Output
from workbench.cli.prompts.data import version_data
from workbench.errors import BadInput, NotFound

if TYPE_CHECKING:
    from workbench.prompts.content import Lineage, Prompt
    from workbench.workspace import SaveResult, Workspace


def save_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A prompt's name, whose file you edited; a file; - for a file on stdin; or an older version, "
            "such as triage@3, to go back to.",
        ),
    ],
    message: Annotated[
        str,
        typer.Option("--message", "-m", metavar="TEXT", help="What changed, and why; kept with the version."),
    ] = "",
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The prompt to save to; by default the file's name."),
    ] = None,
    parent: Annotated[
        int | None,
        typer.Option(
            "--parent",
            metavar="N",
            min=1,
            help="The version that was edited. Where a newer one exists nothing is saved. By default what the "
            "file says, else the newest.",
        ),
    ] = None,
    author: Annotated[
        str | None,
        typer.Option(
            "--author", metavar="NAME", help="Who saves; by default WORKBENCH_AUTHOR or your user name."
        ),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Save a prompt's content as its next version. Content that is the newest version's already makes no version."""
    out = Output(json)
    with opened(workspace) as ws:
        said: dict[str, Any] = {"author": author, "message": message}
        own = _own_file(ws, source) if name is None and parent is None else None
        if own is not None:
            result = ws.prompts.save_edited(own, **said)
        else:
            prompt, lineage = _content(ws, source, name)
            result = ws.prompts.save(prompt, parent=parent or _parent(ws, prompt.name, lineage), **said)
        out.json({**version_data(result.version), "created": result.created})
        out.text(_sentence(result))


def _sentence(result: SaveResult) -> str:
    version = result.version
    if result.created:
        return f"Saved as {version.title} ({version.prompt.sha8})."
    return f"{version.title} has this content already, so nothing was saved."


def _own_file(ws: Workspace, source: str) -> str | None:
    """Return the name of the prompt whose own file in the workspace ``source`` means, or None."""
    from workbench.prompts.prompt_file import prompt_name

    folder = ws.prompts.folder.root
    path = Path(selector_here(source, ws.root))
    if (folder / f"{source}.prompt.yml").is_file() or (folder / f"{source}.prompt.yaml").is_file():
        return source
    path = path if path.is_absolute() else ws.root / path
    return prompt_name(path) if path.is_file() and path.resolve().parent == folder.resolve() else None


def _content(ws: Workspace, source: str, name: str | None) -> tuple[Prompt, Lineage | None]:
    """Return the content to save under its name, with what its file says of where it comes from."""
    from dataclasses import replace

    from workbench.files import check_name
    from workbench.prompts.prompt_file import load_prompt_file, parse_prompt

    if source == "-":
        if name is None:
            raise BadInput("A prompt from stdin has no file to name it", hint="give --name")
        return parse_prompt(sys.stdin.read(), name=check_name(name, "prompt name"), file="stdin")
    path = Path(selector_here(source, ws.root))
    if path.is_file():
        _refuse_history(ws, path)
        prompt, lineage = load_prompt_file(path, name=name)
        check_name(prompt.name, "prompt name")
        return prompt, lineage
    if "/" in source or source.endswith((".yml", ".yaml")):
        raise NotFound("There is no such file", file=source, hint="check the path")
    version = ws.prompts.get(source)
    return replace(version.prompt, name=name or version.name), None


def _refuse_history(ws: Workspace, path: Path) -> None:
    history = ws.prompts.folder.root / "history"
    if path.resolve().is_relative_to(history.resolve()):
        raise BadInput(
            "This file is a stored version already",
            file=path,
            hint="to go back to it, save it by its number, such as triage@3",
        )


def _parent(ws: Workspace, name: str, lineage: Lineage | None) -> int | None:
    try:
        numbers = [version.number for version in ws.prompts.versions(name)]
    except NotFound:
        return None
    return lineage.version if lineage and lineage.version in numbers else numbers[0]
