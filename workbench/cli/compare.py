"""``workbench compare``: is B better than A?"""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import codes
from workbench.cli.options import JsonFile, WorkspaceDir, new_app, opened
from workbench.cli.output import Output, warn

app = new_app()
_SIDE = "a run, RUN:PROMPT-SELECTOR, or RUN:MODEL."


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=f"The baseline: {_SIDE}")],
    b: Annotated[str, typer.Argument(metavar="B", help=f"What is held against it: {_SIDE}")],
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="SCORER",
            help="The scorer that the verdict rests on; by default the gate's, else overall, else the first.",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            metavar="X",
            min=0,
            help="Differences smaller than this count as none, in the scorer's unit (0.01 is one point of a score); "
            "by default the gate's, else 0.",
        ),
    ] = None,
    slices: Annotated[
        bool, typer.Option("--slices", help="List slices that are undecided, too; --json always has all.")
    ] = False,
    json: JsonFile = None,
    workspace: WorkspaceDir = None,
) -> int:
    """Compare B with the baseline A on the same cases, and give the verdict.

    Exits with 0 when it is decided (better, worse or equivalent) and with 3 when it is not.
    """
    out = Output(json)
    with opened(workspace) as ws:
        comparison = ws.runs.compare(a, b, metric=metric, margin=margin)
        out.json(comparison.to_dict())
        if not out.quiet:
            from workbench.cli import tables

            out.show(*tables.comparison_page(comparison, slices=slices, width=out.width))
    for text in comparison.warnings if out.quiet else ():
        warn(f"Warning: {text}")
    return codes.PASSED if comparison.verdict in ("better", "worse", "equivalent") else codes.INCOMPLETE
