"""``workbench prompts lint``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from workbench.analysis.wording import count
from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, opened, selector_here
from workbench.cli.output import Output
from workbench.cli.prompts.data import SELECTOR_HELP


def lint_command(
    selectors: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SELECTOR]...", help=f"{SELECTOR_HELP} By default every prompt's newest."),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Say what is likely to go wrong with prompts. Exits with 2 if there is an error; warnings are no reason to."""
    from workbench.cli.prompts.pages import findings_page
    from workbench.prompts.lint import lint

    out = Output(json)
    with opened(workspace) as ws:
        if selectors:
            versions = [ws.prompts.get(selector_here(selector, ws.root)) for selector in selectors]
            unreadable = []
        else:
            versions = [found[0] for found in ws.prompts.overview()]
            unreadable = list(ws.prompts.problems)
    rows: list[dict[str, Any]] = [
        {
            "prompt": version.name,
            "version": version.number or None,
            "findings": [vars(finding) for finding in lint(version.prompt)],
        }
        for version in versions
    ]
    out.json(rows)
    for row, version in zip(rows, versions, strict=True):
        out.show(*findings_page(version.title, row["findings"]))
    severities = [finding["severity"] for row in rows for finding in row["findings"]]
    errors, warnings = severities.count("error"), severities.count("warning")
    out.text(f"{count(len(rows), 'prompt')}, {count(errors, 'error')}, {count(warnings, 'warning')}.")
    return codes.BAD_INPUT if errors or unreadable else codes.PASSED
