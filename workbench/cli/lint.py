"""``workbench lint``: look over all suites and prompts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workbench.analysis.wording import count
from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output
from workbench.reports.text import clean

app = new_app()


class Format(StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    github = "github"


@app.command()
def lint(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|CONFIG]",
            help="A suite or prompt to look over alone, or a promptfoo config: what of it is not honoured here.",
        ),
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="text, json, or github for annotations in a workflow's log.")
    ] = Format.text,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Look over all suites, cases and prompts. Exits with 2 if there is an error; warnings are no reason to."""
    from workbench.workspace.linting import lint_config, lint_workspace

    out = Output("-" if format is Format.json and json is None else json)
    if what is not None and (Path(what).suffix in (".yaml", ".yml", ".json") or Path(what).is_file()):
        remarks = lint_config(Path(what))
    else:
        with opened(workspace) as ws:
            remarks = lint_workspace(ws, what)
    out.json([remark.to_dict() for remark in remarks])
    for one in remarks:
        place = f"{one.file}:{one.line}" if one.line else one.file
        if format is Format.github:
            line = f",line={one.line}" if one.line else ""
            out.text(f"::{one.severity} file={_escaped(one.file, True)}{line}::{_escaped(one.message)}")
        else:
            out.text(clean(f"{place}: {one.severity}: {one.message}"))
    errors = sum(one.severity == "error" for one in remarks)
    if format is not Format.github:
        out.text(f"{count(errors, 'error')}, {count(len(remarks) - errors, 'warning')}.")
    return codes.BAD_INPUT if errors else codes.PASSED


def _escaped(text: str, property_: bool = False) -> str:
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(char, code)
    return text.replace(":", "%3A").replace(",", "%2C") if property_ else text
