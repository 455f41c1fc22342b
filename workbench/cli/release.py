"""``workbench release``: a version into a git repository, with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output, warn

app = new_app()


@app.command()
def release(
    selector: Annotated[
        str,
        typer.Argument(metavar="SELECTOR", help="The saved version, such as triage@7 or triage@production."),
    ],
    repo: Annotated[
        Path, typer.Option("--repo", metavar="DIR", help="The git repository, or a folder inside it.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the diff and the commit message, and change nothing.")
    ] = False,
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            metavar="RUN",
            help="The run that stands as evidence; by default the newest complete one with this version.",
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Option(
            "--path",
            metavar="PATH",
            help="The folder or .yml file in the repository, relative to --repo; by default prompts.",
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REV", help="The branch, tag or commit to build on; by default HEAD."),
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Deliver a version on a branch of its own, with its evidence in the commit. The working tree is left alone."""
    from workbench.cli import tables

    out = Output(json)
    with opened(workspace) as ws:
        plan = ws.releases.plan(selector, repo, run_id=run, target_path=path, base=base)
        out.show(*tables.release_page(plan))
        data = {**plan.to_dict(), "dry_run": dry_run, "commit": None, "created": False}
        if dry_run:
            out.json(data)
            out.text(plan.already or "Nothing was changed: without --dry-run this commit is made.")
            return
        result = ws.releases.make(plan, selector, repo, run_id=run)
        out.json({**data, "commit": result.commit, "created": result.created, "branch": result.branch})
        out.text(result.sentence)
        if result.created and plan.remotes:
            name = plan.remotes[0][0]
            warn(f"`git -C {plan.home} push {name} {result.branch}` sends it to {name}.")
