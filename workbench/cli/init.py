"""``workbench init``: a folder becomes a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import JsonFile, new_app
from workbench.cli.output import Output, warn
from workbench.errors import BadInput
from workbench.workspace.samples import PARTS, add_samples

app = new_app()

#: The sample to begin with: its newest version wins clearly.
_FIRST_SUITE = "support-triage"


@app.command()
def init(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The folder, made if missing; by default this one.")
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Make only the folders, without the sample prompts and suites.")
    ] = False,
    json: JsonFile = None,
) -> None:
    """Make a workspace: prompts/ and evals/ with samples to begin with, and a database. Nothing is overwritten."""
    from workbench.workspace import Workspace

    out = Output(json)
    root = (directory or Path()).expanduser().resolve()
    _refuse_what_is_there(root, filled=not empty)
    _make_folders(root)
    written = 0 if empty else add_samples(root)
    workspace = Workspace.open(root)
    try:
        prompts, suites = workspace.prompts.names(), [entry.name for entry in workspace.suites.list()[0]]
    finally:
        workspace.close()
    out.json({"workspace": str(root), "prompts": prompts, "suites": suites, "files": written})
    out.text(f"{root} is a workspace now.")
    if prompts:
        out.text(f"Prompts: {', '.join(prompts)}")
    if suites:
        out.text(f"Suites: {', '.join(suites)}")
    _say_next(root, directory, suites)


def _refuse_what_is_there(root: Path, *, filled: bool) -> None:
    if root.exists() and not root.is_dir():
        raise BadInput("This is a file, and a workspace is a folder", file=root, hint="give another name")
    for part in PARTS:
        place = root / part
        if place.exists() and (not place.is_dir() or (filled and any(place.iterdir()))):
            raise BadInput(
                f"There is a {part} here already, and nothing is overwritten",
                file=place,
                hint="give another folder" + (", or leave the samples out with --empty" if filled else ""),
            )


def _make_folders(root: Path) -> None:
    try:
        for part in PARTS:
            (root / part).mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise BadInput(
            f"The workspace cannot be made here ({problem.strerror or type(problem).__name__})",
            file=problem.filename or root,
            hint="choose a folder that can be written",
        ) from None


def _say_next(root: Path, given: Path | None, suites: list[str]) -> None:
    go = "" if root == Path.cwd() else f"`cd {given}`, then "
    first = _FIRST_SUITE if _FIRST_SUITE in suites else next(iter(suites), None)
    run = f"`workbench run {first}`, or " if first else ""
    warn(f"Next: {go}{run}`workbench app` for the browser.")
