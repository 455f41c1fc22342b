"""``workbench dataset save``, ``versions`` and ``diff``."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.dataset.arguments import REF_HELP, Reading, Ref, dataset_here, told
from workbench.cli.options import JsonFile, WorkspaceDir, opened
from workbench.cli.output import Output, sentence


def save_command(
    dataset: Ref,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="What to keep it as; by default the suite's or file's."),
    ] = None,
    message: Annotated[
        str, typer.Option("--message", metavar="TEXT", help="What is new in it, for those to come.")
    ] = "",
    read: Reading = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """Keep a dataset as it is now as an immutable version. The same content again is no new version."""
    out = Output(json)
    with opened(workspace) as ws:
        version, new = ws.datasets.save(
            dataset_here(dataset, ws.root), name=name, message=message, **told(read)
        )
    out.json({**vars(version), "new": new})
    kept = "Kept" if new else "Nothing has changed since"
    out.text(f"{kept} {version.title}: {version.rows:,} cases, sha256 {version.sha256[:12]}")


def versions_command(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A dataset or suite; by default all of them.")
    ] = None,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """List kept versions, and the datasets that runs are pinned to, newest first."""
    out = Output(json)
    with opened(workspace) as ws:
        kept, pinned = ws.datasets.versions(name)
    for version in kept:
        said = f"  {sentence(version.message)}" if version.message else ""
        out.text(
            f"{version.title:<24} {version.sha256[:12]}  {version.rows:>9,} cases  {version.created_at[:16]}  "
            f"{sentence(version.author)}{said}"
        )
    for row in pinned:
        runs = f"{row['runs']} run{'s' if row['runs'] != 1 else ''}"
        out.text(f"{row['suite']:<24} {row['sha256'][:12]}  {runs:>15}  {row['last_at'][:16]}")
    if not kept and not pinned:
        out.text("No version is kept and no run was made. `workbench dataset save DATASET` keeps one.")
    out.json({"versions": [vars(version) for version in kept], "runs": pinned})


def diff_command(
    a: Annotated[str, typer.Argument(metavar="A", help=f"The earlier one: {REF_HELP}")],
    b: Annotated[str, typer.Argument(metavar="B", help="The later one.")],
    listed: Annotated[
        int,
        typer.Option("--cases", metavar="N", min=0, max=100_000, help="List N cases of each kind at most."),
    ] = 20,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> None:
    """List the cases that were added, removed and changed from A to B. Cases are matched by their ids."""
    out = Output(json)
    with opened(workspace) as ws:
        found = ws.datasets.diff(dataset_here(a, ws.root), dataset_here(b, ws.root), listed=listed)
    out.text(f"{found.sentence}.")
    for sign, cases in (("+", found.added), ("-", found.removed)):
        for case in cases:
            out.text(f"{sign} {case.id}  {sentence(str(case.vars))[:200]}")
    for change in found.changed:
        out.text(f"~ {change.id}  {sentence(', '.join(change.fields))}")
    out.json(found.to_dict())
